//! `baton trigger`: sends one call of the contract in the shape of any revision, and shows what its
//! answer means. It is for authors of a middleware or a platform.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use edge::{
    Clock,
    egress::{Egress, Target},
    ids,
    signature::SigningKeys,
    time::rfc3339,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::listen::{
    push_target,
    show::{Direction, Exchange, Shown},
};

mod body;

use body::{Fields, Kind, Revision};

/// Time limit for an answer. It is far longer than a platform's, so that late answers are measured.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    kind: Kind,
    /// Webhook URL of the middleware; for pushes, the platform's origin or its push URL
    #[arg(long, value_name = "URL", required_unless_present = "print")]
    url: Option<String>,
    /// Webhook token, or push key for pushes; other users of this machine may see it here
    #[arg(long, value_name = "SECRET")]
    token: Option<SecretString>,
    /// Environment variable that holds the token or key
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    token_env: Option<String>,
    /// Send the call in the shape of this revision of the contract
    #[arg(long, value_enum, default_value = "r3.1")]
    contract: Revision,
    #[arg(long, value_name = "ID", default_value = "usr_test")]
    user: String,
    #[arg(long, value_name = "ID", default_value = "support")]
    bot: String,
    /// Text of the visitor or the human agent
    #[arg(long)]
    text: Option<String>,
    /// `minutesPaused` of a push
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// Name of the human agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Id of the call, to send the same call again; a new id by default
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Environment variable that holds a `whsec_…` key to sign the call with
    #[arg(long, value_name = "NAME")]
    sign_env: Option<String>,
    /// Print the body with its secret masked, and do not send it
    #[arg(long)]
    print: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn trigger(args: Args) -> anyhow::Result<()> {
    let token = args.secret()?;
    let fields = Fields {
        token: token.as_ref().map_or("", |token| token.expose_secret()),
        user: &args.user,
        bot: &args.bot,
        text: args.text.as_deref(),
        minutes: args.minutes,
        agent: args.agent.as_deref(),
    };
    let (authorization, body) = body::write(args.kind, args.contract, &fields)?;
    let now = Clock::system().now();
    let id = args.id.clone().unwrap_or_else(|| ids::new_id("try", now));
    let mut headers = headers(authorization.as_deref(), &id)?;
    if let Some(keys) = args.signing_keys()? {
        keys.sign(&mut headers, &id, now, body.as_bytes())?;
    }
    let direction =
        if args.kind.is_push() { Direction::ToPlatform } else { Direction::ToMiddleware };
    let mut exchange = Exchange {
        at: &rfc3339(now),
        direction,
        headers: &headers,
        body: body.as_bytes(),
        outcome: Err("not sent"),
        took: Duration::ZERO,
    };
    let Some(url) = args.url.as_deref().filter(|_| !args.print) else {
        let body = Shown::new(&exchange).shown(body.as_bytes());
        writeln!(std::io::stdout().lock(), "{body:#}")?;
        return Ok(());
    };
    ensure!(!fields.token.is_empty(), "give the secret with --token or --token-env");
    let target = if args.kind.is_push() { push_target(url)? } else { Target::parse(url, true)? };
    let started = Instant::now();
    let sent = (http::Method::POST, headers.clone(), body.clone().into());
    let answered = Egress::new()?.relay(&target, sent, PATIENCE, ANSWER_BYTES_MAX).await;
    exchange.took = started.elapsed();
    let why = answered.as_ref().err().map(ToString::to_string).unwrap_or_default();
    exchange.outcome = match &answered {
        Ok(answer) => Ok((answer.status, &*answer.body)),
        Err(_) => Err(&why),
    };
    let shown = Shown::new(&exchange);
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", shown.json())?;
    } else {
        write!(out, "{}", shown.lines())?;
        if let Ok(answer) = &answered {
            writeln!(out, "{:#}", shown.shown(&answer.body))?;
        }
    }
    ensure!(shown.meaning.good, "the answer does not meet the contract");
    Ok(())
}

impl Args {
    fn secret(&self) -> anyhow::Result<Option<SecretString>> {
        match &self.token_env {
            Some(name) => from_environment("--token-env", name).map(Some),
            None => Ok(self.token.clone()),
        }
    }

    fn signing_keys(&self) -> anyhow::Result<Option<SigningKeys>> {
        let Some(name) = &self.sign_env else { return Ok(None) };
        let key = from_environment("--sign-env", name)?;
        Ok(Some(SigningKeys::new(&[key]).context("--sign-env")?))
    }
}

fn from_environment(option: &str, name: &str) -> anyhow::Result<SecretString> {
    let value = std::env::var(name);
    Ok(value.with_context(|| format!("{option}: `{name}` cannot be read"))?.into())
}

fn headers(authorization: Option<&str>, id: &str) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if let Some(value) = authorization {
        let value = HeaderValue::from_str(value)
            .context("the secret has characters that are not allowed in a header")?;
        headers.insert(header::AUTHORIZATION, value);
    }
    let id = HeaderValue::from_str(id)
        .context("--id has characters that are not allowed in a header")?;
    for name in ["idempotency-key", "x-request-id"] {
        headers.insert(HeaderName::from_static(name), id.clone());
    }
    Ok(headers)
}
