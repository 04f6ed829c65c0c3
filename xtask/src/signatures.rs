//! Tests our signatures with the published libraries of Standard Webhooks for Node.js and Python,
//! installed below `target/signature-clients` from pinned lists.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    install,
    shell::{self, Count},
};

const LISTS: &str = "crates/edge/tests/clients";
const INSTALLED: &str = "target/signature-clients";

/// Installs the libraries and runs `tests`, which need them.
pub(crate) fn judge(mut tests: Command) -> Result<Count> {
    let (lists, folder) = (Path::new(LISTS), std::path::absolute(INSTALLED)?);
    install::node(lists, &folder.join("node"))?;
    install::python(lists, &folder.join("python"))?;
    shell::count(tests.env("BATON_TEST_SIGNATURE_CLIENTS", folder))
}
