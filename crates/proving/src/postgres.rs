//! A PostgreSQL server of one run, on a free port and in a temporary folder, that may be stopped
//! and started again. The tests' common server must not be: others use it.

use std::{
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
};

use anyhow::{Context as _, ensure};
use kit::address::free_address;
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    address: String,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Sessions are ended first.
    Fast,
    /// As in a crash: the next start recovers from the log.
    Immediate,
}

impl Postgres {
    /// A running server with these empty databases.
    pub(crate) async fn start(databases: &[&str]) -> anyhow::Result<Self> {
        let programs = programs()
            .context("PostgreSQL is not installed: install Debian's package postgresql")?;
        let folder = TempDir::with_prefix("proving-postgres-")?;
        if is_root() {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(folder.path())).await?;
        }
        let postgres = Self { programs, folder, address: free_address()? };
        let data = postgres.data();
        let initdb = ["--auth=trust", "--username=baton", "--encoding=UTF8", "--locale=C", "-D"];
        run(postgres.program("initdb").args(initdb).arg(data)).await?;
        postgres.go_on().await?;
        let (host, port) = postgres.address.split_once(':').context("a port")?;
        for database in databases {
            let mut createdb = postgres.program("createdb");
            run(createdb.args(["-h", host, "-p", port, "-U", "baton", database])).await?;
        }
        Ok(postgres)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://baton@{}/{database}", self.address)
    }

    pub(crate) async fn stop(&self, how: Stop) -> anyhow::Result<()> {
        let how = if how == Stop::Fast { "fast" } else { "immediate" };
        run(self.control().args(["-m", how, "stop"])).await
    }

    /// Starts it again.
    pub(crate) async fn go_on(&self) -> anyhow::Result<()> {
        let (host, port) = self.address.split_once(':').context("a port")?;
        let folder = self.folder.path();
        let options = format!("-h {host} -p {port} -k {} -c max_connections=60", folder.display());
        let log = folder.join("log");
        run(self.control().arg("-l").arg(log).args(["-o", &options, "start"])).await
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self) -> Command {
        let mut control = self.program("pg_ctl");
        control.arg("-D").arg(self.data()).args(["-w", "-s"]);
        control
    }

    fn program(&self, name: &str) -> Command {
        as_postgres(&self.programs.join(name))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing needs to be kept, and it may be stopped already.
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _killed = Blocking::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// Folder with the programs of the newest server from Debian's packages.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let found = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    found.filter(|folder| folder.join("initdb").exists()).max()
}

fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let id = Blocking::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// The output is thrown away: a server that was started would keep a pipe open.
async fn run(command: &mut Command) -> anyhow::Result<()> {
    let command = command.current_dir("/").stdin(Stdio::null());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().await?;
    ensure!(status.success(), "{:?} failed", command.as_std());
    Ok(())
}
