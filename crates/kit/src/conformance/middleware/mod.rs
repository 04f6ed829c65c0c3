//! Plays a platform against any middleware: calls of every revision, and a conversation with the
//! operator behind it. Each case has its own visitors.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Context as _;
use http::Method;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::{
    Case, Checked, Client, Contract, Miss, Redaction, Report, Selection,
    case::{broken, case, holds},
};
use crate::receiver::{Receiver, Reply};

mod call;
mod calls;
mod malformed;
mod operator;
mod pushes;
mod secrets;
mod states;
mod texts;
mod transport;

pub use operator::{Operator, Task};

/// Cases that run at the same time. Few, because a middleware under test may be small.
const AT_ONCE: usize = 6;

pub struct Options {
    pub url: String,
    pub token: SecretString,
    pub bot: String,
    /// Where the middleware pushes to, when that is to be checked too.
    pub pushes: Option<Pushes>,
}

/// The checker's own push endpoint.
pub struct Pushes {
    pub listen: SocketAddr,
    pub key: SecretString,
    /// The operator behind the middleware.
    pub operator: Operator,
    /// How long one answer may take.
    pub patience: Duration,
}

/// The middleware under test.
pub struct Middleware {
    client: Client,
    url: String,
    token: SecretString,
    bot: String,
    /// Part of every visitor's id, so that two runs never share one.
    run: String,
    desk: Option<Desk>,
}

struct Desk {
    receiver: Receiver,
    key: SecretString,
    operator: Operator,
    patience: Duration,
    /// The one conversation that all push cases judge.
    conversation: OnceCell<Checked<pushes::Conversation>>,
}

/// Every case, in the order of the report.
pub fn tables() -> [&'static [Case<Middleware>]; 7] {
    [
        calls::CASES,
        secrets::CASES,
        states::CASES,
        texts::CASES,
        malformed::CASES,
        transport::CASES,
        pushes::CASES,
    ]
}

/// Runs the selected cases. An error means that no case could be run.
pub async fn check(options: Options, selection: &Selection) -> anyhow::Result<Report> {
    let target = without_secrets(&options.url)?;
    let redaction = redaction(&options);
    let client = Client::new()?;
    // Any answer will do: another case judges the answer to a GET.
    let reached = client.send(Method::GET, &options.url, &[], "").await;
    reached.map(drop).with_context(|| format!("{target} cannot be reached"))?;
    let desk = match options.pushes {
        None => None,
        Some(pushes) => {
            let receiver = Receiver::start_at(pushes.listen).await?;
            receiver.always(Reply::Json(r#"{"ok":true}"#.to_owned()));
            let Pushes { key, operator, patience, .. } = pushes;
            Some(Desk { receiver, key, operator, patience, conversation: OnceCell::new() })
        }
    };
    let run = format!("{:08x}", RandomState::new().hash_one(0_u8) as u32);
    let Options { url, token, bot, .. } = options;
    let world = Middleware { client, url, token, bot, run, desk };
    if pushes::CASES.iter().any(|case| selection.takes(case)) {
        // The conversation runs before all cases: a person may take longer than the time limit of a
        // case, and the operator must find only one chat. The cases report the result.
        let _held = world.conversation().await;
    }
    let (cases, took) = super::run(&tables(), selection, AT_ONCE, &world, &redaction).await?;
    Ok(Report::new("middleware", target, cases, took))
}

fn redaction(options: &Options) -> Redaction {
    let (_, query) = options.url.split_once('?').unwrap_or_default();
    let query = SecretString::from(query);
    let mut secrets = vec![&options.token, &query];
    secrets.extend(options.pushes.as_ref().map(|pushes| &pushes.key));
    Redaction::new(&secrets)
}

/// Scheme, host and path: a query or a password may be secret.
fn without_secrets(url: &str) -> anyhow::Result<String> {
    let wrong = || "the URL must look like https://host/path";
    let (scheme, rest) = url.split_once("://").with_context(wrong)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    anyhow::ensure!(matches!(scheme, "http" | "https") && !host.is_empty(), wrong());
    Ok(format!("{scheme}://{host}/{path}"))
}
