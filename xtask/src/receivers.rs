//! Checks the example receivers of docs/receivers with `baton check middleware`.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    shell::{self, Count},
    web,
};

const TOKEN: &str = "webhook-token-of-the-receivers";
const FOLDER: &str = "docs/receivers";

/// One receiver: the program it needs, how to build it, and how to start it on a port.
struct Receiver {
    name: &'static str,
    needs: &'static str,
    build: fn() -> Result<()>,
    start: fn(u16) -> Command,
}

const RECEIVERS: [Receiver; 5] = [
    Receiver {
        name: "rust",
        needs: "cargo",
        build: || Ok(()),
        start: |_| Command::new("target/debug/echo-receiver"),
    },
    Receiver {
        name: "python",
        needs: "python3",
        build: || Ok(()),
        start: |_| command("python3", &["docs/receivers/python/receiver.py"]),
    },
    Receiver {
        name: "typescript",
        needs: "node",
        build: typescript,
        start: |_| command("node", &["target/receivers/receiver.js"]),
    },
    Receiver {
        name: "go",
        needs: "go",
        build: || {
            let output = shell::root().join("target/receivers/echo-go");
            let output = output.to_str().context("a path in UTF-8")?;
            shell::run_in(
                Path::new("docs/receivers/go"),
                "go",
                &["build", "-buildvcs=false", "-o", output, "."],
            )
        },
        start: |_| Command::new("target/receivers/echo-go"),
    },
    Receiver {
        name: "php",
        needs: "php",
        build: || Ok(()),
        start: |port| {
            let address = format!("127.0.0.1:{port}");
            let mut php =
                command("php", &["-q", "-S", &address, "docs/receivers/php/receiver.php"]);
            php.env("PHP_CLI_SERVER_WORKERS", "8").env("STATE", "target/receivers/php");
            php
        },
    },
];

/// Receivers that every machine can run that can build the rest.
const REQUIRED: [&str; 3] = ["rust", "python", "typescript"];

/// Starts and checks each receiver whose runtime is installed; a failed case is a failed test.
pub(crate) fn check() -> Result<Count> {
    shell::build()?;
    let mut total = Count::default();
    for receiver in &RECEIVERS {
        let name = receiver.name;
        if !shell::has(receiver.needs) {
            ensure!(!REQUIRED.contains(&name), "install {}: it is missing", receiver.needs);
            println!("receiver {name}: skipped, {} is not installed", receiver.needs);
            continue;
        }
        (receiver.build)().with_context(|| format!("{FOLDER}/{name}"))?;
        total.add(run(receiver).with_context(|| format!("{FOLDER}/{name}"))?);
    }
    Ok(total)
}

fn run(receiver: &Receiver) -> Result<Count> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = (receiver.start)(port);
    command.env("PORT", port.to_string()).env("WEBHOOK_TOKEN", TOKEN);
    let running = Running::start(command, port)?;
    let url = format!("http://127.0.0.1:{port}/");
    let checked = Command::new("target/debug/baton")
        .args(["check", "middleware", "--json", "--url", &url, "--token-env", "WEBHOOK_TOKEN"])
        .env("WEBHOOK_TOKEN", TOKEN)
        .stderr(Stdio::inherit())
        .output()?;
    drop(running);
    let count = count(&String::from_utf8_lossy(&checked.stdout))?;
    println!("receiver {}: {} passed, {} failed", receiver.name, count.passed, count.failed);
    if count.failed > 0 {
        print!("{}", String::from_utf8_lossy(&checked.stdout));
    }
    Ok(count)
}

/// The totals of the report.
fn count(report: &str) -> Result<Count> {
    let number = |name: &str| {
        let (_, rest) = report.split_once(&format!("\"{name}\":"))?;
        let digits = rest.trim_start();
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        digits[..end].parse::<u64>().ok()
    };
    let (Some(passed), Some(failed)) = (number("passed"), number("failed")) else {
        bail!("this is not a report: {report}");
    };
    ensure!(passed + failed > 0, "no case ran");
    Ok(Count { passed, failed })
}

fn typescript() -> Result<()> {
    web::install()?;
    let project = ["-p", "docs/receivers/typescript", "--outDir", "target/receivers"];
    let types = ["--typeRoots", "web/node_modules/@types"];
    shell::run("web/node_modules/.bin/tsc", &[&project[..], &types].concat())?;
    // Node.js decides by the nearest package.json what is a module.
    let manifest = Path::new(FOLDER).join("typescript/package.json");
    std::fs::copy(manifest, "target/receivers/package.json")?;
    Ok(())
}

fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// A running receiver; stopped when dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command, port: u16) -> Result<Self> {
        std::fs::create_dir_all("target/receivers/php")?;
        // A process group of its own: the workers of PHP do not end with their parent.
        let process = command.process_group(0).stdout(Stdio::piped()).spawn();
        let mut running = Self(process.with_context(|| format!("{command:?}"))?);
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(running);
            }
            if let Some(status) = running.0.try_wait()? {
                bail!("the receiver ended with {status}");
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let said = running.0.stdout.take().map(|out| BufReader::new(out).lines().next());
        bail!("the receiver does not listen after ten seconds: {said:?}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, count};

    #[test]
    fn the_totals_of_a_report_are_read() {
        let report = r#"{"cases":[],"passed": 41,"failed":2}"#;
        assert_eq!(count(report).ok(), Some(Count { passed: 41, failed: 2 }));
        assert!(count(r#"{"passed":0,"failed":0}"#).is_err());
        assert!(count("could not run").is_err());
    }
}
