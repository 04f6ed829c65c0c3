//! Installs packages of Python and Node.js below `target` from pinned lists, once for each list.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::shell;

/// Installs what `requirements.txt` in `lists` names into a virtual environment in `folder`, and
/// returns its interpreter. Hashes in the list must match.
pub(crate) fn python(lists: &Path, folder: &Path) -> Result<PathBuf> {
    // A virtual environment depends on the path of the interpreter: do not follow links.
    let folder = std::path::absolute(folder)?;
    let python = folder.join("bin/python");
    let program = python.to_str().context("the path of the interpreter is not UTF-8")?;
    once(lists, &folder, &["requirements.txt"], |list| {
        make_environment_possible()?;
        shell::run_in(&folder, "python3", &["-m", "venv", "."])?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let hashes = if list.contains("--hash=") { &["--require-hashes"][..] } else { &[] };
        shell::run_in(&folder, program, &[&pip[..], hashes, &["-r", "requirements.txt"]].concat())
    })?;
    Ok(python)
}

/// Installs what `package-lock.json` in `lists` locks into `folder`, without running scripts.
pub(crate) fn node(lists: &Path, folder: &Path) -> Result<PathBuf> {
    ensure!(shell::has("npm"), "npm is missing: install Node 20 or newer");
    let folder = std::path::absolute(folder)?;
    once(lists, &folder, &["package.json", "package-lock.json"], |_| {
        shell::run_in(&folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    })?;
    Ok(folder)
}

/// Installs what virtual environments need; Debian has it in a package of its own.
fn make_environment_possible() -> Result<()> {
    let has_pip = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if has_pip.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    shell::run("apt-get", &["update", "-q"])?;
    let install = ["install", "-y", "-q", "--no-install-recommends"];
    shell::run("apt-get", &[&install[..], &["python3", "python3-venv"]].concat())
}

/// Copies the lists into `folder` and installs, unless that was done with the same lists. The mark
/// is written last, so that an interrupted installation does not count.
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
