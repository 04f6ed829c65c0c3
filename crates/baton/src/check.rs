//! `baton check`: checks a configuration, one of its connectors, a middleware, or a platform. The
//! cases are in `kit::conformance`; this file has the command line and the output.

use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use connector::{Finding, Verdict};
use directory::kind::Kind;
use edge::{Clock, egress::Egress};
use kit::conformance::{
    Contract, Report, Selection,
    middleware::{self, Operator, Pushes},
    platform,
    report::Paint,
};
use secrecy::SecretString;

use crate::{config::Config, serve, telemetry};

/// Every selected case passed, or was skipped with a reason.
const PASSED: u8 = 0;
const FAILED: u8 = 1;
/// The cases could not be run.
const NOT_RUN: u8 = 2;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Check {
    /// Configuration file to check
    #[arg(long, env = "BATON_CONFIG", value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    other_side: Option<OtherSide>,
}

#[derive(Subcommand)]
enum OtherSide {
    /// Act as a platform and check any middleware; see docs/check.md
    Middleware(Middleware),
    /// Test the settings of a connector against the real tool: credentials, queues, rights
    Connector(Connector),
    /// Act as a middleware and a visitor and check a platform; see docs/check.md
    Platform(Platform),
}

#[derive(Args)]
struct Middleware {
    /// Webhook URL of the middleware
    #[arg(long)]
    url: String,
    /// Webhook token; may be read from the environment instead
    #[arg(long, required_unless_present = "token_env", conflicts_with = "token_env")]
    token: Option<SecretString>,
    /// Name of the environment variable that holds the webhook token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// `botId` of the calls
    #[arg(long, default_value = "check", value_name = "ID")]
    bot: String,
    /// Serve a push endpoint here and hold a conversation with the operator
    #[arg(long, value_name = "ADDR", requires = "push_base")]
    listen: Option<SocketAddr>,
    /// URL at which the middleware reaches that address
    #[arg(long, value_name = "URL", requires = "listen")]
    push_base: Option<String>,
    /// Push key that the middleware uses
    #[arg(long, conflicts_with = "push_key_env", value_name = "KEY")]
    push_key: Option<SecretString>,
    /// Name of the environment variable that holds the push key
    #[arg(long, value_name = "NAME")]
    push_key_env: Option<String>,
    /// Run this command for each action of the operator, instead of asking a person
    #[arg(long, value_name = "COMMAND", requires = "listen")]
    operator_command: Option<String>,
    /// Time limit for one answer of the operator
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    patience: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Platform {
    /// URL of the platform, for example `https://chat.example.com`
    #[arg(long, value_name = "BASE")]
    url: String,
    /// Push key of the bot
    #[arg(long, required_unless_present = "push_key_env", conflicts_with = "push_key_env")]
    push_key: Option<SecretString>,
    /// Name of the environment variable that holds the push key
    #[arg(long, value_name = "NAME")]
    push_key_env: Option<String>,
    /// Webhook token of the bot
    #[arg(long, required_unless_present = "webhook_token_env")]
    #[arg(conflicts_with = "webhook_token_env", value_name = "TOKEN")]
    webhook_token: Option<SecretString>,
    /// Name of the environment variable that holds the webhook token
    #[arg(long, value_name = "NAME")]
    webhook_token_env: Option<String>,
    #[arg(long, value_name = "ID")]
    bot: String,
    /// Serve the bot's webhook here
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "ADDR")]
    listen: SocketAddr,
    /// Name of the bot's custom header
    #[arg(long, value_name = "NAME")]
    custom_header: Option<String>,
    /// Text that makes the bot ask for a human agent
    #[arg(long, default_value = "talk to a person", value_name = "TEXT")]
    trigger: String,
    /// Text that the bot can answer
    #[arg(long, default_value = "what is your purpose?", value_name = "TEXT")]
    question: String,
    /// Dialogflow event that the bot can answer
    #[arg(long, default_value = "WELCOME", value_name = "NAME")]
    event: String,
    /// Time limit for each expected call or message
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    patience: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Connector {
    /// The name in `[connectors.NAME]`
    #[arg(value_name = "NAME")]
    name: String,
    /// Configuration file
    #[arg(long, env = "BATON_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
struct Common {
    /// Run only cases whose name matches, with `*` and `?`; may be repeated
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Run only the cases of this revision: r1, r2, r2.2, r2.3, r3, r3.1 or all
    #[arg(long, default_value = "all", value_name = "REVISION")]
    contract: Contract,
    /// Print one JSON document instead of the report
    #[arg(long)]
    json: bool,
    /// Also write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(crate) async fn run(check: Check) -> anyhow::Result<ExitCode> {
    let done = match (check.other_side, check.config) {
        (Some(OtherSide::Middleware(options)), _) => check_middleware(options).await,
        (Some(OtherSide::Platform(options)), _) => check_platform(options).await,
        (Some(OtherSide::Connector(options)), _) => check_connector(&options).await,
        (None, config) => {
            let config =
                config.context("give --config, or `connector`, `middleware` or `platform`")?;
            serve::check(&Config::load(&config)?).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    Ok(done.unwrap_or_else(|error| {
        eprintln!("baton: {error:#}");
        ExitCode::from(NOT_RUN)
    }))
}

async fn check_middleware(options: Middleware) -> anyhow::Result<ExitCode> {
    let token = secret("--token", options.token, options.token_env)?;
    let pushes = match (options.listen, options.push_base) {
        (Some(listen), Some(base)) => {
            let key = secret("--push-key", options.push_key, options.push_key_env)?;
            let operator = match options.operator_command {
                Some(command) => Operator::Command(command),
                None => Operator::Person,
            };
            let base = base.trim_end_matches('/');
            eprintln!("check: pushes must go to {base}{}", wire::push::PATH);
            let patience = Duration::from_secs(options.patience);
            Some(Pushes { listen, key, operator, patience })
        }
        _ => None,
    };
    let selection = options.common.selection();
    let settings = middleware::Options { url: options.url, token, bot: options.bot, pushes };
    options.common.tell(&middleware::check(settings, &selection).await?)
}

async fn check_platform(options: Platform) -> anyhow::Result<ExitCode> {
    let selection = options.common.selection();
    let settings = platform::Options {
        base: options.url,
        push_key: secret("--push-key", options.push_key, options.push_key_env)?,
        bot: options.bot,
        listen: options.listen,
        webhook_token: secret("--webhook-token", options.webhook_token, options.webhook_token_env)?,
        custom_header: options.custom_header,
        trigger: options.trigger,
        question: options.question,
        event: options.event,
        patience: Duration::from_secs(options.patience),
    };
    options.common.tell(&platform::check(settings, &selection).await?)
}

/// Prints one line for each finding.
async fn check_connector(options: &Connector) -> anyhow::Result<ExitCode> {
    let Connector { name, config } = options;
    let config = Config::load(config)?;
    let connectors = config.documents.iter().filter(|new| new.kind == Kind::Connector);
    let Some(found) = connectors.clone().find(|new| new.slug == *name) else {
        let known: Vec<&str> = connectors.map(|new| &*new.slug).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        anyhow::bail!("there is no [connectors.{name}]; known: {known}");
    };
    let settings = serde_json::Value::Object(found.settings.clone());
    let settings: connectors::Settings = serde_json::from_value(settings)?;
    let findings = settings.check(name, Egress::new()?, Clock::system()).await?;
    let mut out = std::io::stdout().lock();
    for Finding { verdict, words } in &findings {
        let mark = match verdict {
            Verdict::Good => "good",
            Verdict::Unsure => "unsure",
            Verdict::Wrong => "wrong",
        };
        writeln!(out, "{mark:>6}  {words}")?;
    }
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    Ok(ExitCode::from(if wrong { FAILED } else { PASSED }))
}

/// A secret from the command line, or from the environment variable that it names.
fn secret(
    option: &str,
    given: Option<SecretString>,
    variable: Option<String>,
) -> anyhow::Result<SecretString> {
    let secret = match (given, variable) {
        (Some(secret), _) => secret,
        (None, Some(name)) => {
            let value = std::env::var(&name);
            SecretString::from(value.with_context(|| format!("{option}-env: no variable {name}"))?)
        }
        (None, None) => anyhow::bail!("give {option} or {option}-env"),
    };
    anyhow::ensure!(!secrecy::ExposeSecret::expose_secret(&secret).is_empty(), "{option} is empty");
    Ok(secret)
}

impl Common {
    fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), contract: Some(self.contract) }
    }

    /// Prints the report and returns the exit code.
    fn tell(&self, report: &Report) -> anyhow::Result<ExitCode> {
        if let Some(path) = &self.junit {
            std::fs::write(path, report.to_junit())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", report.to_json())?;
        } else {
            let paint = if telemetry::colours(&out) { Paint::Colours } else { Paint::Plain };
            write!(out, "{}", report.to_text(paint))?;
        }
        Ok(ExitCode::from(if report.failed == 0 { PASSED } else { FAILED }))
    }
}
