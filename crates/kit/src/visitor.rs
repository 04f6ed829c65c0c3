//! A scripted visitor: the widget's side of the visitor API, by long poll and by stream.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{Answer, Http},
    socket::Socket,
};

/// Longest wait for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One event, read tolerantly: fields that its type does not have are empty.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub seq: Option<u64>,
    #[serde(default)]
    pub at: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub text: String,
    pub client_id: Option<String>,
    pub event: Option<String>,
    pub message: Option<Value>,
    pub agent: Option<AgentView>,
    /// `kind` of a notice; the event's own kind is its type.
    #[serde(default, rename = "kind")]
    pub notice: String,
    #[serde(default)]
    pub control: String,
    pub paused_until: Option<String>,
    #[serde(default)]
    pub reason: String,
    pub until: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentView {
    pub name: Option<String>,
    #[serde(default)]
    pub avatar_url: String,
}

impl Event {
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// True for a change of control to `control`.
    pub fn gives(&self, control: &str) -> bool {
        self.kind == "control" && self.control == control
    }

    pub fn agent_name(&self) -> Option<&str> {
        self.agent.as_ref()?.name.as_deref()
    }
}

#[derive(Debug, Deserialize)]
pub struct Page {
    pub events: Vec<Event>,
    pub next: u64,
}

#[derive(Debug, Clone)]
pub struct Visitor {
    http: Http,
    base: String,
    pub user_id: String,
    pub token: String,
    authorization: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    user_id: String,
    token: String,
}

#[derive(Deserialize)]
struct Accepted {
    seq: u64,
}

/// How often a call is made again that a busy server refused, and the longest wait before it.
const TRIES_AGAIN: u32 = 5;
const WAIT_MAX_SECONDS: u64 = 2;

/// Asks again after the time that a busy server named, as a page does.
async fn when_there_is_room(
    ask: impl AsyncFn() -> anyhow::Result<Answer>,
) -> anyhow::Result<Answer> {
    for _ in 0..TRIES_AGAIN {
        let answer = ask().await?;
        let wait = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
        match wait.and_then(|wait| wait.parse::<u64>().ok()) {
            Some(seconds) if answer.status.as_u16() == 503 => {
                tokio::time::sleep(Duration::from_secs(seconds.min(WAIT_MAX_SECONDS))).await;
            }
            _ => return Ok(answer),
        }
    }
    ask().await
}

impl Visitor {
    /// A new visitor of `bot_id` at `base`, for example `http://127.0.0.1:8080`.
    pub async fn create(http: &Http, base: &str, bot_id: &str) -> anyhow::Result<Self> {
        let url = format!("{base}/v1/bots/{bot_id}/visitors");
        let about = json!({ "language": "en", "timeZone": "Europe/Vienna" });
        let created = when_there_is_room(async || http.post(&url, &[], &about).await).await?;
        let created: Created = created.expect(201)?.json()?;
        Ok(Self::known(http, base, &created.user_id, &created.token))
    }

    /// A visitor who has a token already.
    pub fn known(http: &Http, base: &str, user_id: &str, token: &str) -> Self {
        Self {
            http: http.clone(),
            base: base.to_owned(),
            user_id: user_id.to_owned(),
            authorization: format!("Bearer {token}"),
            token: token.to_owned(),
        }
    }

    /// POSTs `body` to `/v1/conversation/{path}` and returns the answer, whatever its status.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let url = format!("{}/v1/conversation/{path}", self.base);
        let authorization = [("authorization", self.authorization.as_str())];
        self.http.post(&url, &authorization, body).await
    }

    /// Says `text`; returns its `seq`.
    pub async fn say(&self, client_id: &str, text: &str) -> anyhow::Result<u64> {
        let body = json!({ "clientId": client_id, "text": text });
        let said = when_there_is_room(async || self.post("messages", &body).await).await?;
        let accepted: Accepted = said.expect(202)?.json()?;
        Ok(accepted.seq)
    }

    /// Sends a Dialogflow event without a visible label.
    pub async fn event(&self, client_id: &str, name: &str) -> anyhow::Result<u64> {
        let body = json!({ "clientId": client_id, "event": { "name": name, "parameters": {} } });
        let accepted: Accepted = self.post("messages", &body).await?.expect(202)?.json()?;
        Ok(accepted.seq)
    }

    pub async fn typing(&self) -> anyhow::Result<()> {
        self.post("typing", &json!({})).await?.expect(204)?;
        Ok(())
    }

    /// One long poll: events after `after`; waits up to `wait` seconds for the first.
    pub async fn poll(&self, after: u64, wait: u64) -> anyhow::Result<Page> {
        let path = format!("/v1/conversation/events?after={after}&wait={wait}");
        let url = format!("{}{path}", self.base);
        let authorization = [("authorization", self.authorization.as_str())];
        let answer = self.http.send(Method::GET, &url, &authorization, "").await?;
        answer.expect(200)?.json()
    }

    /// Everything said so far, oldest first.
    pub async fn history(&self) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = self.poll(after, 0).await?;
            if page.events.is_empty() {
                return Ok(events);
            }
            after = page.next;
            events.extend(page.events);
        }
    }

    /// The first event after `after` that `wanted` accepts, by long poll; fails with the events
    /// that came instead when there is none within [`PATIENCE`].
    pub async fn wait_for(
        &self,
        after: u64,
        wanted: impl Fn(&Event) -> bool,
    ) -> anyhow::Result<Event> {
        let deadline = Instant::now() + PATIENCE;
        let (mut next, mut seen) = (after, Vec::new());
        while Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now()).as_secs();
            let page = self.poll(next, left.min(25)).await?;
            next = page.next;
            for event in page.events {
                if wanted(&event) {
                    return Ok(event);
                }
                seen.push(event);
            }
        }
        bail!("not within {PATIENCE:?}; came instead: {seen:#?}")
    }

    /// Opens the stream and asks for everything after `after`.
    pub async fn stream(&self, after: u64) -> anyhow::Result<VisitorStream> {
        let url = format!("{}/v1/conversation/stream", self.base);
        let mut socket = Socket::connect(&url, &[]).await?;
        let first = json!({ "token": self.token, "after": after });
        socket.send(first.to_string()).await?;
        Ok(VisitorStream { socket, last: after })
    }
}

/// A live stream; its cursor follows the events.
pub struct VisitorStream {
    socket: Socket,
    /// `seq` of the last numbered event, where a new stream would resume.
    pub last: u64,
}

impl VisitorStream {
    /// The next event; waits without limit. Fails when its number is not the next one.
    pub async fn next(&mut self) -> anyhow::Result<Event> {
        let frame = self.socket.next().await?;
        self.read(&frame)
    }

    /// The next event that `wanted` accepts, or an error after [`PATIENCE`].
    pub async fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) -> anyhow::Result<Event> {
        let mut seen = Vec::new();
        let found = async {
            loop {
                let event = self.next().await?;
                if wanted(&event) {
                    return anyhow::Ok(event);
                }
                seen.push(event);
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.with_context(|| format!("not within {PATIENCE:?}; came instead: {seen:#?}"))?
    }

    fn read(&mut self, frame: &str) -> anyhow::Result<Event> {
        let event: Event = serde_json::from_str(frame).context("an event")?;
        if let Some(seq) = event.seq {
            anyhow::ensure!(seq == self.last + 1, "seq {seq} came after {}: {frame}", self.last);
            self.last = seq;
        }
        Ok(event)
    }

    /// Raw frames for the load generator, which reads only what it needs.
    pub fn into_socket(self) -> Socket {
        self.socket
    }
}

#[cfg(test)]
mod tests;
