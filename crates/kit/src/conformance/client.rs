//! The HTTP client of the cases: TLS as the system trusts it, no proxy, no redirects.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// Longer than the contract allows, so that a late answer is reported as late.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Characters of an answer that a report shows.
const SHOWN_CHARS: usize = 300;

/// Clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
}

/// A complete answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// From connecting to the last byte.
    pub took: Duration,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Status and the beginning of the body, for a report.
    pub fn shown(&self) -> String {
        let mut body: String = self.body.chars().take(SHOWN_CHARS).collect();
        if body.len() < self.body.len() {
            body.push('…');
        }
        format!("{} {body}", self.status).trim_end().to_owned()
    }
}

impl Client {
    pub fn new() -> anyhow::Result<Self> {
        Self::built(reqwest::Client::builder())
    }

    /// Writes `Authorization` where others write `authorization`.
    pub fn with_capitals() -> anyhow::Result<Self> {
        Self::built(reqwest::Client::builder().http1_title_case_headers())
    }

    fn built(builder: reqwest::ClientBuilder) -> anyhow::Result<Self> {
        // `Err` says that this process has a provider of cryptography already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = builder.no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = builder.timeout(ANSWER_WAIT).user_agent("baton-check").build();
        Ok(Self { http: http.context("cannot set up TLS")? })
    }

    /// Sends one request; `headers` are pairs of name and value.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Answer> {
        let body = reqwest::Body::from(body.into());
        self.deliver(method, url, headers, body).await
    }

    /// The same with a body of unknown length, in pieces.
    pub async fn send_in_pieces(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Answer> {
        let bytes = body.as_bytes().chunks(64);
        let pieces: Vec<_> = bytes.map(|piece| std::io::Result::Ok(piece.to_vec())).collect();
        let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
        self.deliver(Method::POST, url, headers, body).await
    }

    async fn deliver(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: reqwest::Body,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let began = Instant::now();
        // The URL may hold a secret, and the report names the target already.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(reqwest::Error::without_url)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, headers, body, took: began.elapsed() })
    }
}
