//! `baton config`: shows what is set and where, checks a file, prints the schema of the file.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use crate::{
    config::{Config, show},
    serve,
};

/// Show the settings of the process, check a configuration, or print the schema of the file
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show every setting of the process, and whether it comes from the file, a variable or by
    /// default; secrets are masked
    Show {
        /// Configuration file; see docs/configuration.md
        #[arg(
            long,
            env = "BATON_CONFIG",
            value_name = "FILE",
            required_unless_present = "defaults"
        )]
        config: Option<PathBuf>,
        /// Show every setting with its meaning, default and variable instead
        #[arg(long)]
        defaults: bool,
    },
    /// Check a configuration without serving it, as `baton check` does
    Check {
        /// Configuration file to check
        #[arg(long, env = "BATON_CONFIG", value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the JSON schema of the configuration file, for editors
    Schema,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let text = match args.command {
        Command::Show { defaults: true, .. } => show::defaults()?,
        Command::Show { config, .. } => show::in_effect(&config.context("give --config")?)?,
        Command::Check { config } => return serve::check(&Config::load(&config)?).await,
        Command::Schema => show::schema(),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}
