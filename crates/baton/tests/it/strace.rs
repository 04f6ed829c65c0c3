//! `strace` beside a running server: it records system calls, or lets them fail as a kernel would.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

pub(crate) struct Strace {
    process: Child,
}

impl Strace {
    /// Follows every thread of the process; returns once the first system call is seen or failed.
    pub(crate) async fn attach(pid: u32, args: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new("strace");
        command.args(["-f", "-p", &pid.to_string()]).args(args);
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("cannot start strace: is it installed?")?;
        let said = process.stderr.take().context("it has an output")?;
        let mut lines = BufReader::new(said).lines();
        let first = lines.next_line().await?.unwrap_or_default();
        ensure!(first.contains("attached"), "strace: {first}");
        // What it says afterwards is read, or it would wait.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { process })
    }

    /// Lets go of the process, which then goes on as if nothing had been.
    pub(crate) async fn detach(mut self) -> anyhow::Result<()> {
        let pid = self.process.id().context("it has ended")?.to_string();
        ensure!(Command::new("kill").args(["-INT", &pid]).status().await?.success());
        self.process.wait().await?;
        Ok(())
    }
}
