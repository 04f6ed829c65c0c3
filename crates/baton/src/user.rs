//! `baton user`: makes an owner, or gives a user a new password, without a browser and while no
//! server runs on the database.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;

use crate::{config::Config, serve};

/// Make an owner of the first organization, or give an existing user a new password
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Configuration file of the server
    #[arg(long, env = "BATON_CONFIG", value_name = "FILE")]
    config: PathBuf,
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[arg(long, value_name = "NAME")]
    name: String,
}

/// The password comes from standard input, so that no other user of the machine sees it.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Args { config, email, name } = args;
    let config = Config::load(&config)?;
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .context("give the password on standard input")?;
    let password = SecretString::from(password.trim_end_matches(['\r', '\n']));
    serve::make_owner(&config, &email, &name, password).await
}
