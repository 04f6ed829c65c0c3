//! Plays a middleware and a visitor against a platform that has Baton's visitor API (docs/api.md).
//! The checker serves the webhook, with faults in the replies, and sends the pushes. Each case has
//! its own visitor, so cases run at the same time.

use std::{net::SocketAddr, time::Duration};

use secrecy::SecretString;

use super::{
    Case, Checked, Client, Miss, Redaction, Report, Selection,
    case::{broken, case, holds},
};
use crate::receiver::{Receiver, Reply};

mod calls;
mod notices;
mod pushes;
mod refusals;
mod step_one;
mod step_two;
mod typing;
mod visit;

use visit::Visit;

/// Cases that run at the same time. Most of them wait most of the time.
const AT_ONCE: usize = 24;

pub struct Options {
    /// Where the platform is, without a path.
    pub base: String,
    pub push_key: SecretString,
    pub bot: String,
    /// Where the checker serves the webhook; the platform's bot has its URL.
    pub listen: SocketAddr,
    /// The token that the platform sends to its webhook.
    pub webhook_token: SecretString,
    /// Name of the custom header the bot was given, when it was given one.
    pub custom_header: Option<String>,
    /// The visitor's text that triggers the handover.
    pub trigger: String,
    /// A question that the bot can answer.
    pub question: String,
    /// A Dialogflow event that the bot answers.
    pub event: String,
    /// Longest wait for an expected event; must exceed five seconds, because a call may be late.
    pub patience: Duration,
}

/// The platform under test.
pub struct Platform {
    client: Client,
    options: Options,
    hook: Receiver,
}

/// Every case, in the order of the report.
pub fn tables() -> [&'static [Case<Platform>]; 7] {
    [
        calls::CASES,
        step_one::CASES,
        step_two::CASES,
        pushes::CASES,
        notices::CASES,
        typing::CASES,
        refusals::CASES,
    ]
}

/// Runs the selected cases. An error means that no case could be run.
pub async fn check(mut options: Options, selection: &Selection) -> anyhow::Result<Report> {
    let base = options.base.trim_end_matches('/').to_owned();
    anyhow::ensure!(
        base.starts_with("http://") || base.starts_with("https://"),
        "the URL must look like https://host"
    );
    options.base.clone_from(&base);
    let redaction = Redaction::new(&[&options.push_key, &options.webhook_token]);
    let hook = Receiver::start_at(options.listen).await?;
    // Other visitors are refused, so they get no human agent.
    hook.always(Reply::refused());
    let world = Platform { client: Client::new()?, options, hook };
    if let Err(miss) = Visit::new(&world).await {
        let said = match miss {
            Miss::Broken { seen, .. } => seen,
            Miss::Skipped(why) => why,
        };
        let bot = &world.options.bot;
        anyhow::bail!("{base} has no visitors for bot {bot:?}: {}", redaction.of(&said));
    }
    let (cases, took) = super::run(&tables(), selection, AT_ONCE, &world, &redaction).await?;
    Ok(Report::new("platform", base, cases, took))
}
