//! The published libraries of Standard Webhooks for Node.js and Python, installed below
//! `target/signature-clients` from pinned lists, as judges of our signatures.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::shell::{self, Count};

const LISTS: &str = "crates/edge/tests/clients";
const INSTALLED: &str = "target/signature-clients";

/// Installs the libraries and runs `tests`, which need them.
pub(crate) fn judge(mut tests: Command) -> Result<Count> {
    let folder = std::path::absolute(INSTALLED)?;
    install_once(&folder.join("node"), &["package.json", "package-lock.json"], |folder| {
        ensure!(shell::has("npm"), "npm is missing: install Node 20 or newer");
        shell::run_in(folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    })?;
    install_once(&folder.join("python"), &["requirements.txt"], |folder| {
        let has_pip = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
        if !has_pip.is_ok_and(|output| output.status.success()) {
            shell::run("apt-get", &["update", "-q"])?;
            let python = ["install", "-y", "-q", "--no-install-recommends", "python3-venv"];
            shell::run("apt-get", &python)?;
        }
        shell::run_in(folder, "python3", &["-m", "venv", "."])?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let pinned = ["--require-hashes", "-r", "requirements.txt"];
        let python = folder.join("bin/python");
        let python = python.to_str().context("the path of the interpreter is no text")?;
        shell::run_in(folder, python, &[&pip[..], &pinned].concat())
    })?;
    shell::count(tests.env("BATON_TEST_SIGNATURE_CLIENTS", folder))
}

/// Copies the lists into `folder` and installs, unless that was done from these very lists.
fn install_once(
    folder: &Path,
    lists: &[&str],
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let mut wanted = String::new();
    for list in lists {
        wanted += &fs::read_to_string(Path::new(LISTS).join(list))?;
    }
    let mark = folder.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for list in lists {
        fs::copy(Path::new(LISTS).join(list), folder.join(list))?;
    }
    install(folder)?;
    Ok(fs::write(mark, wanted)?)
}
