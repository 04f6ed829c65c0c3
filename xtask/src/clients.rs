//! Tests the emulator and the rendering of responses with Google's Dialogflow clients for Python
//! and Node.js, installed below `target/clients` from pinned lists.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    install,
    shell::{self, Count},
};

const LISTS: &str = "crates/dialogflow/tests/clients";
const INSTALLED: &str = "target/clients";

/// Installs the clients and runs the tests with them.
pub(crate) fn judge() -> Result<Count> {
    let (lists, installed) = (Path::new(LISTS), Path::new(INSTALLED));
    let python = install::python(lists, &installed.join("python"))?;
    let packages = install::node(lists, &installed.join("node"))?;
    shell::build()?;
    shell::count(Command::new("target/debug/examples/judges").arg(python).arg(packages))
}
