//! A scripted human agent: a client of the desk API and its stream.

use std::time::Instant;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{Answer, Http},
    socket::Socket,
    visitor::{AgentView, PATIENCE},
};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    pub id: String,
    #[serde(default)]
    pub route: String,
    #[serde(default)]
    pub bot_id: String,
    pub visitor: ChatVisitor,
    pub status: String,
    pub agent: Option<AgentView>,
    pub close_reason: Option<String>,
    #[serde(default)]
    pub seq: u64,
    #[serde(default)]
    pub preview: String,
    #[serde(default)]
    pub pushed_through: u64,
    #[serde(default)]
    pub unpushed: u64,
    /// The transcript before the handover; only in answers about one chat.
    #[serde(default)]
    pub transcript: Vec<Line>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatVisitor {
    pub user_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Line {
    pub from: String,
    pub text: String,
}

/// One event of a chat; fields that its type does not have are empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatEvent {
    pub seq: u64,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub text: String,
    pub client_id: Option<String>,
    pub agent: Option<AgentView>,
    pub reason: Option<String>,
    pub detail: Option<String>,
}

/// What the desk's stream sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Frame {
    Chats {
        chats: Vec<Chat>,
    },
    Event {
        chat: String,
        event: ChatEvent,
    },
    Typing {
        chat: String,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Chats {
    chats: Vec<Chat>,
}

#[derive(Debug, Deserialize)]
struct Events {
    events: Vec<ChatEvent>,
    next: u64,
}

#[derive(Deserialize)]
struct Accepted {
    seq: u64,
}

#[derive(Debug, Clone)]
pub struct Desk {
    http: Http,
    base: String,
    cookie: String,
}

impl Desk {
    /// Signs in at `base`, for example `http://127.0.0.1:8080`.
    pub async fn sign_in(
        http: &Http,
        base: &str,
        email: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        let url = format!("{base}/desk/api/session");
        let who = json!({ "email": email, "password": password });
        let answer = http.post(&url, &[("x-baton-desk", "1")], &who).await?.expect(200)?;
        let cookie = answer
            .headers
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next())
            .context("the answer to the sign-in sets no cookie")?;
        Ok(Self { http: http.clone(), base: base.to_owned(), cookie: cookie.to_owned() })
    }

    /// Sends to `/desk/api/{path}` and returns the answer, whatever its status.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/desk/api/{path}", self.base);
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-baton-desk", "1"),
            ("content-type", "application/json"),
        ];
        let body = body.map_or(Bytes::new(), |body| body.to_string().into());
        self.http.send(method, &url, &headers, body).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, None).await?.expect(200)?.json()
    }

    pub async fn chats(&self) -> anyhow::Result<Vec<Chat>> {
        Ok(self.get::<Chats>("chats").await?.chats)
    }

    pub async fn chat(&self, id: &str) -> anyhow::Result<Chat> {
        self.get(&format!("chats/{id}")).await
    }

    /// Everything in the journal of a chat, oldest first.
    pub async fn events(&self, id: &str) -> anyhow::Result<Vec<ChatEvent>> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page: Events = self.get(&format!("chats/{id}/events?after={after}")).await?;
            if page.events.is_empty() {
                return Ok(all);
            }
            after = page.next;
            all.extend(page.events);
        }
    }

    /// Claims the chat; the status of the answer says whether it was still free.
    pub async fn claim(&self, id: &str) -> anyhow::Result<Answer> {
        self.call(Method::POST, &format!("chats/{id}/claim"), None).await
    }

    /// Says `text` in a claimed chat; returns its `seq`.
    pub async fn say(&self, id: &str, client_id: &str, text: &str) -> anyhow::Result<u64> {
        let body = json!({ "clientId": client_id, "text": text });
        let path = format!("chats/{id}/messages");
        let answer = self.call(Method::POST, &path, Some(&body)).await?.expect(202)?;
        Ok(answer.json::<Accepted>()?.seq)
    }

    pub async fn typing(&self, id: &str) -> anyhow::Result<()> {
        let answer = self.call(Method::POST, &format!("chats/{id}/typing"), None).await?;
        answer.expect(204)?;
        Ok(())
    }

    /// Hands back to the bot.
    pub async fn close(&self, id: &str) -> anyhow::Result<()> {
        let answer = self.call(Method::POST, &format!("chats/{id}/close"), None).await?;
        answer.expect(204)?;
        Ok(())
    }

    pub async fn set_available(&self, available: bool) -> anyhow::Result<()> {
        let body = json!({ "available": available });
        self.call(Method::PUT, "availability", Some(&body)).await?.expect(204)?;
        Ok(())
    }

    /// Opens the stream; it watches no chat yet.
    pub async fn stream(&self) -> anyhow::Result<DeskStream> {
        let url = format!("{}/desk/api/stream", self.base);
        let headers = [("cookie", self.cookie.as_str()), ("origin", origin(&self.base))];
        let socket = Socket::connect(&url, &headers).await?;
        Ok(DeskStream { socket })
    }

    /// The open chat of a visitor, as soon as the desk's stream shows it.
    pub async fn open_chat_of(&self, user_id: &str) -> anyhow::Result<Chat> {
        let mut stream = self.stream().await?;
        let theirs = |chat: &Chat| chat.visitor.user_id == user_id && chat.status != "closed";
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Frame::Chats { chats } = stream.soon().await?
                && let Some(chat) = chats.into_iter().find(theirs)
            {
                return Ok(chat);
            }
        }
        bail!("no chat of {user_id} within {PATIENCE:?}")
    }
}

pub struct DeskStream {
    socket: Socket,
}

impl DeskStream {
    /// Subscribes to the events of `chat` after `after`, including future ones.
    pub async fn watch(&mut self, chat: &str, after: u64) -> anyhow::Result<()> {
        let frame = json!({ "watch": chat, "after": after });
        self.socket.send(frame.to_string()).await
    }

    /// The next frame; waits without limit.
    pub async fn next(&mut self) -> anyhow::Result<Frame> {
        let frame = self.socket.next().await?;
        serde_json::from_str(&frame).with_context(|| format!("a frame: {frame}"))
    }

    /// The next frame, or an error after half a minute.
    pub async fn soon(&mut self) -> anyhow::Result<Frame> {
        let frame = self.socket.soon().await?;
        serde_json::from_str(&frame).with_context(|| format!("a frame: {frame}"))
    }

    /// The next event of a watched chat that `wanted` accepts, or an error after [`PATIENCE`].
    pub async fn wait_for(
        &mut self,
        wanted: impl Fn(&ChatEvent) -> bool,
    ) -> anyhow::Result<ChatEvent> {
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.soon().await? {
                Frame::Event { event, .. } if wanted(&event) => return Ok(event),
                frame => seen.push(frame),
            }
        }
        bail!("not within {PATIENCE:?}; came instead: {seen:#?}")
    }

    /// Raw frames for the load generator, which reads only what it needs.
    pub fn into_socket(self) -> Socket {
        self.socket
    }
}

/// Scheme and host of an address, as a browser sends them of a page there.
fn origin(base: &str) -> &str {
    let host = base.find("://").map_or(0, |at| at + 3);
    base[host..].find('/').map_or(base, |at| &base[..host + at])
}
