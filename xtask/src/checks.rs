//! All checks, cheapest first. Missing programs are installed; started programs are stopped.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{
    api, clients,
    demo::Demo,
    fulfilment,
    postgres::{self, Postgres},
    receivers,
    shell::{self, Count},
    signatures, tidy, vendors, web,
};

/// All checks, for a developer before merging and for CI.
pub(crate) fn test() -> Result<()> {
    install_missing()?;
    rules()?;
    web::install()?;
    web::npm(&["run", "check"])?;
    web::build()?;
    shell::run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    let mut total = Count::default();
    total.add(shell::count(Command::new("npm").args(["test"]).current_dir("web"))?);
    let postgres = Postgres::start()?;
    total.add(shell::count(tests(&[]).env("BATON_TEST_POSTGRES", postgres.url()))?);
    drop(postgres);
    total.add(examples()?);
    total.add(clients::judge()?);
    total.add(vendors::judge()?);
    total.add(fulfilment::judge()?);
    total.add(browser()?);
    total.add(api::e7_every_answer_is_documented()?);
    total.add(signatures::judge(tests(&[
        "--workspace",
        "--",
        "--ignored",
        "signature_clients::",
    ]))?);
    total.add(receivers::check()?);
    total.add(mutants()?);
    conclude(total)
}

/// The checks for every day: seconds once everything is built.
pub(crate) fn quick() -> Result<()> {
    rules()?;
    shell::run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    let mut total = shell::count(tests(&[]).env("BATON_TEST_SKIP_POSTGRES", "1"))?;
    total.add(examples()?);
    conclude(total)
}

fn rules() -> Result<()> {
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    tidy::tidy()
}

pub(crate) fn conclude(total: Count) -> Result<()> {
    println!("{} passed, {} failed", total.passed, total.failed);
    ensure!(total.failed == 0, "tests failed");
    ensure!(total.passed > 0, "no test ran");
    Ok(())
}

/// Installs the Debian packages of programs that the tests start.
fn install_missing() -> Result<()> {
    let mut packages = Vec::new();
    if !postgres::is_installed() {
        packages.push("postgresql");
    }
    // The last three run the example receivers.
    for (program, package) in [
        ("chromium", "chromium"),
        ("strace", "strace"),
        ("python3", "python3"),
        ("go", "golang-go"),
        ("php", "php-cli"),
    ] {
        if !shell::has(program) {
            packages.push(package);
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    shell::run("apt-get", &["update", "-q"])?;
    let args = ["install", "-y", "-q", "--no-install-recommends"];
    let args: Vec<&str> = args.into_iter().chain(packages).collect();
    shell::run("apt-get", &args)
}

/// The Rust tests, with nextest if it is installed.
fn tests(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    if shell::has("cargo-nextest") {
        command.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        command.args(["test", "--no-fail-fast"]);
    }
    command.args(if args.is_empty() { &["--workspace"] } else { args });
    command
}

/// The examples in documentation, which nextest does not run.
fn examples() -> Result<Count> {
    shell::count(Command::new("cargo").args(["test", "--doc", "-p", "machine"]))
}

/// Tests with guarantees broken on purpose; they pass when the checkers notice. They run for the
/// whole workspace, so that cargo rebuilds only what the feature changes.
fn mutants() -> Result<Count> {
    let mut command = tests(&["--workspace", "--features", "baton/mutants"]);
    command.env("BATON_TEST_SKIP_POSTGRES", "1").args(["--", "kill::", "mutants::"]);
    shell::count(&mut command)
}

/// Tests of the widget and the desk in Chromium, with their own demo.
fn browser() -> Result<Count> {
    shell::build()?;
    let demo = Demo::start("browser", &["--base-path", "/support-chat"])?;
    let mut command = Command::new("npm");
    command.args(["run", "e2e"]).current_dir("web");
    for (name, key) in [
        ("BATON_URL", "baseUrl"),
        ("BATON_AGENT_EMAIL", "agentEmail"),
        ("BATON_AGENT_PASSWORD", "agentPassword"),
    ] {
        command.env(name, demo.fact(key)?);
    }
    shell::count(&mut command)
}
