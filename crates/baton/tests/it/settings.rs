//! Settings of the process from the file and from the environment, as `baton config` shows them.

use std::{path::Path, process::Output};

use anyhow::ensure;
use kit::address::free_address;
use proving::{config::Setup, server::Server};
use tokio::process::Command;

use crate::world::BATON;

const DATABASE: &str = "postgres://baton:a-password@127.0.0.1/x";

async fn baton(args: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Output> {
    let mut command = Command::new(BATON);
    command.args(args).envs(variables.iter().copied());
    Ok(command.output().await?)
}

#[tokio::test]
async fn what_is_in_effect_is_shown_with_its_source_and_without_secrets() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, Setup::whole("http://127.0.0.1:9", 1).to_toml("127.0.0.1:7"))?;
    let file = file.display().to_string();
    let variables =
        [("BATON_DATABASE", DATABASE), ("BATON_LIMITS__MESSAGES", "5/second"), ("BATON_DATA", "")];
    let shown = baton(&["config", "show", "--config", &file], &variables).await?;
    let text = String::from_utf8(shown.stdout)?;
    ensure!(shown.status.success(), "{text}");
    for line in [
        "listen = \"127.0.0.1:7\"  # file",
        "data = \"data\"  # file",
        "database = \"(secret)\"  # BATON_DATABASE",
        "# operations is not set",
        "[limits]",
        "enabled = false  # file",
        "messages = \"5/second\"  # BATON_LIMITS__MESSAGES",
        "typing = \"120/minute\"  # default",
    ] {
        ensure!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    ensure!(!text.contains("a-password"), "{text}");

    let checked = baton(&["config", "check", "--config", &file], &[]).await?;
    let as_before = baton(&["check", "--config", &file], &[]).await?;
    ensure!(checked.status.success() && checked.stdout == as_before.stdout);
    let defaults = baton(&["config", "show", "--defaults"], &[]).await?;
    let text = String::from_utf8(defaults.stdout)?;
    for line in ["listen = \"127.0.0.1:8080\"", "# Variable: BATON_LIMITS__NEW_VISITORS"] {
        ensure!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_listens_where_a_variable_says() -> anyhow::Result<()> {
    let address = free_address()?;
    let setup = Setup::whole(&format!("http://{address}"), 1);
    let mut server =
        Server::baton_at(Path::new(BATON), &address, &setup)?.with_env("BATON_LISTEN", &address);
    let file = server.path("baton.toml");
    std::fs::write(&file, setup.to_toml("127.0.0.1:1"))?;
    server.start().await?;
    drop(server);

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, setup.to_toml(&address))?;
    let file = file.display().to_string();
    let refused = baton(&["serve", "--config", &file], &[("BATON_LISTN", "127.0.0.1:1")]).await?;
    let said = String::from_utf8(refused.stderr)?;
    ensure!(!refused.status.success());
    ensure!(said.contains("BATON_LISTN is no setting: did you mean BATON_LISTEN?"), "{said}");
    Ok(())
}
