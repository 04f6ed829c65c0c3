//! `baton listen`: a proxy between platform and middleware for authors of middleware. It forwards
//! every call unchanged and shows it. It needs no configuration and stores nothing.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::State, response::Response};
use bytes::Bytes;
use edge::{
    Clock,
    egress::{Egress, EgressError, Relayed, Target},
    http::{SentBy, json, read_body},
    time::rfc3339,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::serve;

pub(crate) mod answer;
pub(crate) mod call;
mod mask;
pub(crate) mod show;
#[cfg(test)]
mod tests;

use show::{Direction, Exchange, Shown};

/// Larger bodies are refused in either direction.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Time limit for an answer. It is far longer than a platform's, so that late answers are measured.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Webhook URL of the middleware
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// Address to listen on; set the bot's webhook URL at the platform to this address
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR")]
    listen: SocketAddr,
    /// URL of the platform; pushes that the middleware sends here are forwarded to it
    #[arg(long, value_name = "URL")]
    push_to: Option<String>,
    /// Print one line of JSON for each call
    #[arg(long)]
    json: bool,
}

struct Relay {
    middleware: Target,
    platform: Option<Target>,
    egress: Egress,
    clock: Clock,
    json: bool,
}

pub(crate) async fn listen(args: Args) -> anyhow::Result<()> {
    let relay = Relay {
        // Private addresses are allowed: the middleware usually runs on the author's machine.
        middleware: Target::parse(&args.forward_to, true)?,
        platform: args.push_to.as_deref().map(push_target).transpose()?,
        egress: Egress::new()?,
        clock: Clock::system(),
        json: args.json,
    };
    let listener = serve::bind(args.listen).await?;
    let base = format!("http://{}", listener.local_addr()?);
    relay.announce(&base)?;
    let router = Router::new().fallback(pass_on).with_state(Arc::new(relay));
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(edge::serve::serve(listener, router, shutdown.clone()));
    serve::told_to_stop().await;
    shutdown.cancel();
    serving.await??;
    Ok(())
}

/// The push endpoint of a platform. `url` is the platform's origin or the whole endpoint.
pub(crate) fn push_target(url: &str) -> Result<Target, EgressError> {
    let target = Target::parse(url, true)?;
    if target.url().path() != "/" {
        return Ok(target);
    }
    let base = target.url().as_str().trim_end_matches('/');
    Target::parse(&format!("{base}{}", wire::push::PATH), true)
}

async fn pass_on(
    State(relay): State<Arc<Relay>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let started = Instant::now();
    let body = match read_body(body, BODY_BYTES_MAX, SentBy::Known).await {
        Ok(body) => body,
        Err(error) => return axum::response::IntoResponse::into_response(error),
    };
    let direction = if uri.path() == wire::push::PATH {
        Direction::ToPlatform
    } else {
        Direction::ToMiddleware
    };
    // A task of its own, because the platform closes the connection after five seconds and the
    // call must still be shown.
    let call = async move { relay.call(started, direction, method, headers, body).await };
    tokio::spawn(call).await.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR, "failed"))
}

impl Relay {
    fn announce(&self, base: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        let push = self.platform.as_ref().map(|_| format!("{base}{}", wire::push::PATH));
        if self.json {
            return writeln!(out, "{}", json!({ "webhookUrl": base, "pushUrl": push }));
        }
        writeln!(out, "Set the bot's webhook URL to {base}/")?;
        match push {
            Some(push) => writeln!(out, "and send the middleware's pushes to {push}\n"),
            None => writeln!(out, "Pushes are not forwarded: add --push-to to see them too.\n"),
        }
    }

    async fn call(
        &self,
        started: Instant,
        direction: Direction,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let at = rfc3339(self.clock.now());
        let target = match direction {
            Direction::ToMiddleware => Some(&self.middleware),
            Direction::ToPlatform => self.platform.as_ref(),
        };
        let Some(target) = target else {
            return status(
                StatusCode::NOT_FOUND,
                "pushes are not forwarded: start `baton listen` with --push-to",
            );
        };
        let sent = (method, headers.clone(), body.clone());
        let relayed = self.egress.relay(target, sent, PATIENCE, BODY_BYTES_MAX).await;
        let why = relayed.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let outcome = match &relayed {
            Ok(answer) => Ok((answer.status, &*answer.body)),
            Err(_) => Err(why.as_str()),
        };
        let (headers, body) = (&headers, &*body);
        let took = started.elapsed();
        self.show(&Exchange { at: &at, direction, headers, body, outcome, took });
        relayed.map_or_else(|_| status(StatusCode::BAD_GATEWAY, &why), answered)
    }

    fn show(&self, exchange: &Exchange<'_>) {
        let shown = Shown::new(exchange);
        let mut out = std::io::stdout().lock();
        // A closed output is ignored: calls are still forwarded.
        let _ = if self.json {
            writeln!(out, "{}", shown.json())
        } else {
            write!(out, "{}", shown.lines())
        };
    }
}

fn answered(relayed: Relayed) -> Response {
    let mut response = Response::new(Body::from(relayed.body));
    *response.status_mut() =
        StatusCode::from_u16(relayed.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = relayed.headers;
    response
}

/// An answer of the relay itself. The header marks it, because the other side did not send it.
fn status(status: StatusCode, why: &str) -> Response {
    let mut response = json(status, &wire::push::refused("relay", why, None));
    let mark = HeaderName::from_static("x-baton-listen");
    response.headers_mut().insert(mark, HeaderValue::from_static("no answer"));
    response
}
