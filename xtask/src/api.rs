//! Tests the API that a running demo serves against the document that it serves, with schemathesis
//! in its strict form, installed below `target/openapi-judge` from a pinned list.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    demo::Demo,
    install,
    shell::{self, Count},
};

const JUDGE: &str = "crates/baton/tests/openapi_judge";
const INSTALLED: &str = "target/openapi-judge";

/// E7: installs schemathesis and lets it call every operation as each party. No input may end in an
/// error of the server, and every answer must be a documented one.
pub(crate) fn e7_every_answer_is_documented() -> Result<Count> {
    let python = install::python(Path::new(JUDGE), Path::new(INSTALLED))?;
    let demo = Demo::start("api", &[])?;
    shell::count(Command::new(python).arg(format!("{JUDGE}/judge.py")).arg(demo.facts()))
}
