//! A running `baton demo` on an empty folder, for tests from outside.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::shell;

/// Stopped when dropped, and its folder removed.
pub(crate) struct Demo {
    process: Child,
    data: PathBuf,
    facts: String,
}

impl Demo {
    /// Builds the demo and starts it on a free port, with more arguments. `name` tells its folder
    /// from others.
    pub(crate) fn start(name: &str, args: &[&str]) -> Result<Self> {
        shell::build()?;
        let data = std::env::temp_dir().join(format!("baton-{name}-{}", std::process::id()));
        let mut process = Command::new("target/debug/baton")
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .args(args)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take();
        let mut demo = Self { process, data, facts: String::new() };
        let stdout = stdout.context("the demo has no output")?;
        BufReader::new(stdout).read_line(&mut demo.facts)?;
        Ok(demo)
    }

    /// A string from the line of JSON; none of them contains a quote.
    pub(crate) fn fact(&self, key: &str) -> Result<&str> {
        let found = self.facts.split_once(&format!("\"{key}\":\""));
        let value = found.and_then(|(_, rest)| rest.split_once('"'));
        let (value, _) = value.with_context(|| format!("the output of the demo has no {key}"))?;
        Ok(value)
    }

    /// The whole line of JSON.
    pub(crate) fn facts(&self) -> &str {
        &self.facts
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}
