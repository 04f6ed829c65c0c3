//! Other people's packages, installed below `target` from pinned lists, once for each list.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::shell;

/// A virtual environment with what `requirements.txt` in `lists` names; its interpreter. Where the
/// list has hashes they must be right.
pub(crate) fn python(lists: &Path, folder: &Path) -> Result<PathBuf> {
    // A virtual environment is known by the path it is called by: no links are followed.
    let folder = std::path::absolute(folder)?;
    let python = folder.join("bin/python");
    let program = python.to_str().context("the path of the interpreter is no text")?;
    once(lists, &folder, &["requirements.txt"], |list| {
        make_environment_possible()?;
        shell::run_in(&folder, "python3", &["-m", "venv", "."])?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let hashes = if list.contains("--hash=") { &["--require-hashes"][..] } else { &[] };
        shell::run_in(&folder, program, &[&pip[..], hashes, &["-r", "requirements.txt"]].concat())
    })?;
    Ok(python)
}

/// A folder with what `package-lock.json` in `lists` locks, scripts off.
pub(crate) fn node(lists: &Path, folder: &Path) -> Result<PathBuf> {
    ensure!(shell::has("npm"), "npm is missing: install Node 20 or newer");
    let folder = std::path::absolute(folder)?;
    once(lists, &folder, &["package.json", "package-lock.json"], |_| {
        shell::run_in(&folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    })?;
    Ok(folder)
}

/// Debian keeps the means to make an environment in a package of its own.
fn make_environment_possible() -> Result<()> {
    let has_pip = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if has_pip.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    shell::run("apt-get", &["update", "-q"])?;
    let install = ["install", "-y", "-q", "--no-install-recommends"];
    shell::run("apt-get", &[&install[..], &["python3", "python3-venv"]].concat())
}

/// Copies the lists into `folder` and installs, unless that was done from these very lists. The
/// mark is written last, so that an installation cut short is none.
fn once(
    lists: &Path,
    folder: &Path,
    names: &[&str],
    install: impl FnOnce(&str) -> Result<()>,
) -> Result<()> {
    let mut wanted = String::new();
    for name in names {
        let list = lists.join(name);
        wanted += &fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    }
    let mark = folder.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for name in names {
        fs::copy(lists.join(name), folder.join(name))?;
    }
    install(&wanted)?;
    Ok(fs::write(mark, wanted)?)
}
