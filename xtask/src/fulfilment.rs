//! Tests fulfilment with Google's own libraries for webhooks in Node.js, installed below
//! `target/fulfilment-libraries` from a pinned list: the real program runs the agents, the
//! libraries answer for them.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    install,
    shell::{self, Count},
};

const LISTS: &str = "crates/dialogflow/tests/fulfilment";
const INSTALLED: &str = "target/fulfilment-libraries";

/// Installs the libraries and runs the tests with them.
pub(crate) fn judge() -> Result<Count> {
    let packages = install::node(Path::new(LISTS), Path::new(INSTALLED))?;
    shell::build()?;
    let mut judge = Command::new("node");
    judge.arg(Path::new(LISTS).join("judge.mjs")).arg(packages);
    shell::count(judge.args(["target/debug/baton", "agents"]))
}
