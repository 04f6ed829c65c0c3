//! Lets vendors' own clients judge the simulated tools: each script in `tests/vendors` is given a
//! fresh simulator, drives it with the client, and prints `ok` or `not ok` for every check.
//! `cargo xtask test` installs the clients and runs this with the Python to use and the folder of
//! the Node.js packages. Another judge is another entry of [`judges`].

use std::{path::PathBuf, process::ExitCode, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use simulators::{
    Simulator,
    genesys_cloud::{GenesysCloud, Options},
    servicenow::{self, ServiceNow},
};
use tokio::process::Command;

/// What a script is run with, and what it is told about the simulator beside its address.
struct Judge {
    program: String,
    script: &'static str,
    simulator: Simulator,
    facts: Value,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let (python, packages) = args.next().zip(args.next()).context("vendors PYTHON NODE_FOLDER")?;
    let (mut passed, mut failed) = (0, 0);
    for judge in judges(&python).await? {
        let (good, bad) = ask(&judge, &packages).await?;
        ensure!(good > 0, "{} checked nothing", judge.script);
        (passed, failed) = (passed + good, failed + bad);
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn judges(python: &str) -> Result<Vec<Judge>> {
    let mut judges = Vec::new();
    for (program, script) in [(python, "genesys_cloud.py"), ("node", "genesys_cloud.mjs")] {
        let options = Options::default();
        let facts = json!({
            "clientId": options.client_id,
            "clientSecret": options.client_secret,
            "integrationId": options.integration_id,
            "queueId": options.queue_id,
        });
        let simulator = Simulator::start(GenesysCloud::new(options)).await?;
        judges.push(Judge { program: program.to_owned(), script, simulator, facts });
    }
    judges.push(servicenow(python).await?);
    Ok(judges)
}

async fn servicenow(python: &str) -> Result<Judge> {
    let options = servicenow::Options::default();
    let facts = json!({
        "username": options.username,
        "password": options.password,
        "clientId": options.client_id,
        "clientSecret": options.client_secret,
    });
    let simulator = Simulator::start(ServiceNow::new(options)).await?;
    Ok(Judge { program: python.to_owned(), script: "servicenow.py", simulator, facts })
}

/// How many checks of a script passed and failed. A script that stops half way failed once more.
async fn ask(judge: &Judge, packages: &str) -> Result<(usize, usize)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(judge.script);
    let mut facts = judge.facts.clone();
    facts["base"] = json!(judge.simulator.base);
    facts["packages"] = json!(packages);
    let output = Command::new(&judge.program)
        .arg(script)
        .arg(facts.to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("cannot run {}", judge.program))?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut good, mut bad) = (0, usize::from(!output.status.success()));
    for line in said.lines() {
        println!("{}: {line}", judge.script);
        good += usize::from(line.starts_with("ok "));
        bad += usize::from(line.starts_with("not ok "));
    }
    Ok((good, bad))
}
