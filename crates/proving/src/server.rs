//! Processes under test: start, stop, kill, start again on the same data folder.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use kit::{address::free_address, http::Http};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::config::Setup;

/// How long a server may take from its start to its first answer.
const START_WAIT: Duration = Duration::from_mins(1);
/// Time between two requests to a starting server.
const START_LOOK: Duration = Duration::from_millis(10);
/// How long a server may take to end when asked to.
const STOP_WAIT: Duration = Duration::from_secs(20);

/// The `baton` binary: `BATON_BIN`, or the one that was built beside this executable.
pub fn baton_binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("BATON_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("baton"));
    let found = beside.into_iter().find(|path| path.is_file());
    found.context("no `baton` beside this executable: build it or set BATON_BIN")
}

/// One program with a folder of its own, running or not.
pub struct Server {
    binary: PathBuf,
    args: Vec<String>,
    envs: Vec<(String, String)>,
    folder: TempDir,
    http: Http,
    pub base: String,
    process: Option<Child>,
}

impl Server {
    /// `baton serve` with this setup, not started yet; `setup` is given the base URL.
    pub fn baton(binary: &Path, setup: impl FnOnce(&str) -> Setup) -> anyhow::Result<Self> {
        let address = free_address()?;
        let base = format!("http://{address}");
        Self::baton_at(binary, &address, &setup(&base))
    }

    /// `baton serve` at a given address.
    pub fn baton_at(binary: &Path, address: &str, setup: &Setup) -> anyhow::Result<Self> {
        let mut server = Self::program(binary, address, &[])?;
        let config = server.path("baton.toml");
        std::fs::write(&config, setup.to_toml(address))?;
        server.args = vec!["serve".into(), "--config".into(), config.display().to_string()];
        Ok(server)
    }

    /// Any program that will serve HTTP at `address`.
    pub fn program(binary: &Path, address: &str, args: &[&str]) -> anyhow::Result<Self> {
        // The process starts in another folder, so the path must be absolute.
        let binary = binary.canonicalize().with_context(|| binary.display().to_string())?;
        Ok(Self {
            binary,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            envs: Vec::new(),
            folder: TempDir::with_prefix("proving-")?,
            http: Http::new(),
            base: format!("http://{address}"),
            process: None,
        })
    }

    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.envs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the server's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server has written to its standard output and error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    /// Starts and waits for the first answer.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        ensure!(self.process.is_none(), "it runs already");
        let log = File::options().append(true).create(true).open(self.path("log"))?;
        let process = Command::new(&self.binary)
            .args(&self.args)
            .envs(self.envs.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let process = self.process.insert(process);
        let deadline = Instant::now() + START_WAIT;
        let url = format!("{}/livez", self.base);
        while Instant::now() < deadline {
            if let Some(status) = process.try_wait()? {
                self.process = None;
                bail!("it ended with {status} instead of serving:\n{}", self.log());
            }
            if self.http.get(&url, &[]).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(START_LOOK).await;
        }
        bail!("no answer within {START_WAIT:?}:\n{}", self.log())
    }

    /// Sends SIGKILL: the process cannot flush or answer.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("it does not run")?;
        process.kill().await?;
        Ok(())
    }

    /// Waits for the end of a process that was told to stop.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let mut process = self.process.take().context("it does not run")?;
        let ended = tokio::time::timeout(STOP_WAIT, process.wait()).await;
        Ok(ended.with_context(|| format!("still running:\n{}", self.log()))??)
    }

    /// SIGTERM; returns how it ended and how long it took.
    pub async fn stop(&mut self) -> anyhow::Result<(ExitStatus, Duration)> {
        let mut process = self.process.take().context("it does not run")?;
        let pid = process.id().context("it has ended already")?;
        let asked = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        match tokio::time::timeout(STOP_WAIT, process.wait()).await {
            Ok(status) => Ok((status?, asked.elapsed())),
            Err(_) => bail!("still running {STOP_WAIT:?} after SIGTERM:\n{}", self.log()),
        }
    }
}
