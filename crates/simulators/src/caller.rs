//! How a simulated tool calls the bridge: POST over plain HTTP/1 to an address it was given.
//!
//! Separate from the client in `kit`, so that both crates compile at the same time and a tool
//! shares no code with the parties it is tested against.

use axum::http::{Request, StatusCode, header::CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use std::time::Duration;

/// How long connecting may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long one call may take, from its start to the last byte of the answer.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_WAIT));
        Self { client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// POSTs `body` as it is; `headers` are pairs of name and value. Returns the status once the
    /// whole answer has come, or `None` when there was no answer within 40 seconds.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<StatusCode> {
        let mut request = Request::post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).ok()?;
        let answered = async {
            let answer = self.client.request(request).await.ok()?;
            let status = answer.status();
            answer.into_body().collect().await.ok()?;
            Some(status)
        };
        tokio::time::timeout(ANSWER_WAIT, answered).await.ok()?
    }

    /// The same with a body of JSON.
    pub(crate) async fn post_json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<StatusCode> {
        let mut all = Vec::with_capacity(headers.len() + 1);
        all.push((CONTENT_TYPE.as_str(), "application/json"));
        all.extend_from_slice(headers);
        self.post(url, &all, body.to_string()).await
    }
}
