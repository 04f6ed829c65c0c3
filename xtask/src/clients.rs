//! Google's own Dialogflow clients for Python and Node.js, installed below `target/clients` from
//! pinned lists, as judges of the emulator and of the rendering of responses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::shell::{self, Count};

const SCRIPTS: &str = "crates/dialogflow/tests/clients";
const INSTALLED: &str = "target/clients";

/// Installs the clients and lets them judge.
pub(crate) fn judge() -> Result<Count> {
    let python = install_python()?;
    let packages = install_node()?;
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "dialogflow", "--example", "judges", "--"]);
    shell::count(command.arg(python).arg(packages))
}

/// A virtual environment with the pinned packages; its interpreter.
fn install_python() -> Result<PathBuf> {
    let folder = Path::new(INSTALLED).join("python");
    let python = folder.join("bin/python");
    let list = Path::new(SCRIPTS).join("requirements.txt");
    if !is_installed(&folder, &[&list])? {
        make_environment(&folder)?;
        let list = list.to_str().context("the path of the list is no text")?;
        let program = python.to_str().context("the path of the interpreter is no text")?;
        let options = ["--quiet", "--disable-pip-version-check"];
        shell::run(program, &[&["-m", "pip", "install"][..], &options, &["-r", list]].concat())?;
        remember(&folder, &[Path::new(list)])?;
    }
    // A virtual environment is known by the path it is called by: no links are followed.
    Ok(std::path::absolute(python)?)
}

/// Debian keeps the means to make an environment in a package of its own.
fn make_environment(folder: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(INSTALLED)?;
    let folder = folder.to_str().context("the path of the environment is no text")?;
    let has_pip = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if !has_pip.is_ok_and(|output| output.status.success()) {
        shell::run("apt-get", &["update", "-q"])?;
        let packages = ["python3", "python3-venv"];
        let options = ["install", "-y", "-q", "--no-install-recommends"];
        shell::run("apt-get", &[&options[..], &packages].concat())?;
    }
    shell::run("python3", &["-m", "venv", folder])
}

/// A folder with the locked packages, scripts off.
fn install_node() -> Result<PathBuf> {
    ensure!(shell::has("npm"), "npm is missing: install Node 20 or newer");
    let folder = Path::new(INSTALLED).join("node");
    let lists = ["package.json", "package-lock.json"].map(|name| Path::new(SCRIPTS).join(name));
    let lists: Vec<&Path> = lists.iter().map(PathBuf::as_path).collect();
    if !is_installed(&folder, &lists)? {
        fs::create_dir_all(&folder)?;
        for list in &lists {
            fs::copy(list, folder.join(list.file_name().unwrap_or_default()))?;
        }
        shell::run_in(&folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        remember(&folder, &lists)?;
    }
    Ok(std::path::absolute(folder)?)
}

/// Whether what is in `folder` was installed from these very lists.
fn is_installed(folder: &Path, lists: &[&Path]) -> Result<bool> {
    let installed = fs::read_to_string(folder.join("installed")).ok();
    Ok(installed == Some(contents(lists)?))
}

/// Written last, so that an installation cut short is none.
fn remember(folder: &Path, lists: &[&Path]) -> Result<()> {
    Ok(fs::write(folder.join("installed"), contents(lists)?)?)
}

fn contents(lists: &[&Path]) -> Result<String> {
    lists.iter().map(|list| Ok(fs::read_to_string(list)?)).collect()
}
