//! Builds the pages: packages from the lock file, and a build when a source is newer than the last.

use std::{fs, path::Path, time::SystemTime};

use anyhow::{Result, ensure};

use crate::shell;

const WEB: &str = "web";

/// Builds `web/dist` unless it is newer than all its sources.
pub(crate) fn build() -> Result<()> {
    let built = modified(Path::new("web/dist/widget.js"));
    if built.is_some_and(|built| newest(Path::new(WEB)).is_some_and(|source| source <= built)) {
        return Ok(());
    }
    install()?;
    npm(&["run", "build"])
}

/// Installs what the lock file names, scripts off.
pub(crate) fn install() -> Result<()> {
    ensure!(shell::has("npm"), "npm is missing: install Node 20 or newer");
    let lock = modified(Path::new("web/package-lock.json"));
    if modified(Path::new("web/node_modules/.package-lock.json")) >= lock {
        return Ok(());
    }
    npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
}

pub(crate) fn npm(args: &[&str]) -> Result<()> {
    shell::run_in(Path::new(WEB), "npm", args)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// The newest change below `folder`, leaving out what is installed or built.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let kept = entries.filter(|entry| {
        let name = entry.file_name();
        name != "node_modules" && name != "dist" && name != "shots"
    });
    kept.filter_map(|entry| {
        let path = entry.path();
        if path.is_dir() { newest(&path) } else { modified(&path) }
    })
    .max()
}
