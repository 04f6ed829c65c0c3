//! Tests the simulated tools with the vendors' own clients, installed below `target/vendor-clients`
//! from pinned lists.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    install,
    shell::{self, Count},
};

const LISTS: &str = "crates/simulators/tests/vendors";
const INSTALLED: &str = "target/vendor-clients";

/// Installs the clients and runs the tests with them.
pub(crate) fn judge() -> Result<Count> {
    let (lists, installed) = (Path::new(LISTS), Path::new(INSTALLED));
    let python = install::python(lists, &installed.join("python"))?;
    let packages = install::node(lists, &installed.join("node"))?;
    shell::build()?;
    shell::count(Command::new("target/debug/examples/vendors").arg(python).arg(packages))
}
