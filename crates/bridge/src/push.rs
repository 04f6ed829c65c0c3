//! The push client: one owed push becomes one call to the platform's push endpoint (contract,
//! sections 4.6 and 12), and its outcome becomes what the chat is told.
//!
//! Every attempt of one push carries the same id, `<chat id>/<seq>-<sub>`, as `Idempotency-Key`
//! and as `messageId`, so a receiver that already has it can say so. Where pushes are signed, it
//! is their `webhook-id` too, with `-` for the full stop.

use std::time::Duration;

use bytes::Bytes;
use edge::{
    Clock,
    egress::{Egress, EgressError, Reply, Target},
    ids,
    signature::SigningKeys,
    time,
};
use http::{HeaderMap, HeaderValue, header};
use machine::{
    Millis, Position, TextFormat,
    chat::{Agent, Chat, Owed, Push, PushFailure},
    limits::PUSH_TIMEOUT_MS,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use wire::{
    MessageFormat,
    push::{AgentProfileBody, PushBody},
};

/// Most bytes of an answer that are read; the contract asks for none of them.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// A typing push is worth nothing later: by then the next one is due.
const TYPING_TIMEOUT: Duration = Duration::from_secs(2);
/// Typing pushes of one route at a time; they must leave the way free for what agents say.
const TYPING_IN_FLIGHT_MAX: usize = 8;

/// Where pushes go, and what they present.
pub struct PushConfig {
    pub target: Target,
    pub key: SecretString,
    pub key_in: KeyIn,
    pub signing: Option<SigningKeys>,
    /// `unpauseChatEvent` of every push that ends a chat.
    pub resume_event: Option<String>,
}

impl PushConfig {
    /// As a platform of any revision takes pushes.
    #[must_use]
    pub fn new(target: Target, key: SecretString) -> Self {
        Self { target, key, key_in: KeyIn::Both, signing: None, resume_event: None }
    }
}

/// Where the push key travels. A platform of any revision finds it with [`KeyIn::Both`]; the
/// others are for receivers that turn away what they do not expect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyIn {
    /// Bare in `Authorization`, and in `accessToken`.
    #[default]
    Both,
    /// After `Bearer` in `Authorization`, and in `accessToken`.
    BothBearer,
    Header,
    HeaderBearer,
    Body,
}

impl KeyIn {
    fn header(self, key: &str) -> Option<String> {
        match self {
            Self::Both | Self::Header => Some(key.to_owned()),
            Self::BothBearer | Self::HeaderBearer => Some(format!("Bearer {key}")),
            Self::Body => None,
        }
    }

    fn is_in_body(self) -> bool {
        matches!(self, Self::Both | Self::BothBearer | Self::Body)
    }
}

/// Pushes to one target with one key.
pub(crate) struct PushClient {
    egress: Egress,
    config: PushConfig,
    clock: Clock,
    authorization: Option<HeaderValue>,
    typing: Semaphore,
}

impl PushClient {
    /// `None` when the key is empty or cannot travel in a header.
    pub(crate) fn new(egress: Egress, clock: Clock, config: PushConfig) -> Option<Self> {
        let key = config.key.expose_secret();
        if key.trim().is_empty() {
            return None;
        }
        let authorization = match config.key_in.header(key) {
            Some(value) => {
                let mut value = HeaderValue::from_str(&value).ok()?;
                value.set_sensitive(true);
                Some(value)
            }
            None => None,
        };
        let typing = Semaphore::new(TYPING_IN_FLIGHT_MAX);
        Some(Self { egress, config, clock, authorization, typing })
    }

    /// Pushes what `chat` owes first; gives when the pause ends, where the platform tells.
    pub(crate) async fn send(
        &self,
        id: &str,
        chat: &Chat,
        owed: &Owed,
    ) -> Result<Option<Millis>, PushFailure> {
        // A typing push still under way would pause again what a resume is to end.
        let _quiet = match owed.push {
            Push::Resume { .. } => self.typing.acquire_many(TYPING_IN_FLIGHT_MAX as u32).await.ok(),
            _ => None,
        };
        let message_id = push_id(id, owed.id);
        let body = self.body(chat, &owed.push, &message_id);
        let deadline = Duration::from_millis(PUSH_TIMEOUT_MS);
        outcome(self.post(&body, Some(&message_id), &message_id, deadline).await)
    }

    /// Tells once that the agent of `chat` types, unless too many are told so already; nothing
    /// comes of it when it fails. It keeps the pause alive too (contract r3, section 6.6), so the
    /// chat is looked at only now: a push that ends its pause is seen here, or waits for this one.
    pub(crate) async fn send_typing(&self, chat: impl Future<Output = Option<(Chat, Agent)>>) {
        let Ok(_place) = self.typing.try_acquire() else { return };
        let Some((chat, agent)) = chat.await else { return };
        let body = PushBody {
            event_type: "user_typing",
            agent_profile: Some(profile(&agent)),
            message_id: None,
            ..self.body(&chat, &Push::Pause { agent: None }, "")
        };
        let signed_as = ids::new_id("typ", self.clock.now());
        if let Err(error) = self.post(&body, None, &signed_as, TYPING_TIMEOUT).await {
            tracing::debug!(%error, "a typing push was lost");
        }
    }

    async fn post(
        &self,
        body: &PushBody<'_>,
        id: Option<&str>,
        signed_as: &str,
        deadline: Duration,
    ) -> Result<Reply, EgressError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| EgressError::Network(format!("the push is no JSON: {error}")))?;
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(keys) = &self.config.signing {
            // Signed anew at every attempt: a receiver turns old signatures away.
            let signed = keys.sign(&mut headers, signed_as, self.clock.wall(), &body);
            signed.map_err(|error| EgressError::Network(format!("it was not signed: {error}")))?;
        }
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert("idempotency-key", id);
        }
        let body = Bytes::from(body);
        self.egress.post_json(&self.config.target, headers, body, deadline, REPLY_BYTES_MAX).await
    }

    fn body<'a>(&'a self, chat: &'a Chat, push: &'a Push, message_id: &'a str) -> PushBody<'a> {
        let minutes = chat.pause() as f64 / 60_000.0;
        let key = self.config.key.expose_secret();
        let resume_event = self.config.resume_event.as_deref();
        let format = match push {
            Push::Message { format: TextFormat::Plain, .. } => Some(MessageFormat::Plain),
            _ => None,
        };
        let (event_type, text, paused, agent) = match push {
            Push::Message { text, agent, .. } => {
                ("message", Some(text.as_str()), true, Some(agent))
            }
            // A keep-alive shows the agent who has the chat when it is sent (contract, section 12).
            Push::Pause { agent } => {
                ("channel_update", None, true, agent.as_ref().or(chat.agent()))
            }
            Push::Resume { agent } => ("channel_update", None, false, agent.as_ref()),
        };
        PushBody {
            access_token: self.config.key_in.is_in_body().then_some(key),
            event_type,
            user_id: chat.user_id(),
            bot_id: chat.bot_id(),
            text,
            format,
            paused: Some(paused),
            minutes_paused: paused.then_some(minutes),
            unpause_chat_event: resume_event.filter(|_| !paused),
            agent_profile: agent.map(profile),
            message_id: Some(message_id),
        }
    }
}

fn profile(agent: &Agent) -> AgentProfileBody<'_> {
    AgentProfileBody { name: &agent.name, avatar_url: &agent.avatar_url }
}

fn push_id(chat: &str, id: Position) -> String {
    format!("{chat}/{}-{}", id.seq, id.sub)
}

/// What an answer means (contract, section 15): a body the platform cannot take is not sent
/// again; everything that may pass, a wrong key among it, is.
fn outcome(answer: Result<Reply, EgressError>) -> Result<Option<Millis>, PushFailure> {
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) => return Err(PushFailure::Retry { after: None, detail: error.to_string() }),
    };
    let detail = describe(&reply);
    match reply.status {
        200..=299 => Ok(paused_until(&reply)),
        401 | 403 | 408 | 409 | 425 | 429 => Err(retry(&reply, detail)),
        400..=499 => Err(PushFailure::Refused { detail }),
        _ => Err(retry(&reply, detail)),
    }
}

/// `pausedUntil`, which our platform tells and others need not.
fn paused_until(reply: &Reply) -> Option<Millis> {
    let body: serde_json::Value = wire::json::read(&reply.body).ok()?;
    time::parse_rfc3339(body.get("pausedUntil")?.as_str()?)
}

fn retry(reply: &Reply, detail: String) -> PushFailure {
    let after = reply.retry_after.map(|after| after.as_millis().min(86_400_000) as Millis);
    PushFailure::Retry { after, detail }
}

/// The status, and the platform's own words where it answers in the contract's shape.
fn describe(reply: &Reply) -> String {
    let body: serde_json::Value = wire::json::read(&reply.body).unwrap_or_default();
    let words = body.pointer("/error/message").and_then(serde_json::Value::as_str);
    match words {
        Some(words) if reply.status >= 400 => {
            let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
            format!("status {}: {words}", reply.status)
        }
        _ => format!("status {}", reply.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Reply {
        Reply { status, body: Bytes::new(), retry_after: None }
    }

    #[test]
    fn every_status_has_one_meaning() {
        for status in 200..600 {
            let expected = match status {
                200..=299 => "accepted",
                401 | 403 | 408 | 409 | 425 | 429 => "retry",
                400..=499 => "refused",
                _ => "retry",
            };
            let found = match outcome(Ok(answer(status))) {
                Ok(_) => "accepted",
                Err(PushFailure::Retry { .. }) => "retry",
                Err(PushFailure::Refused { .. }) => "refused",
            };
            assert_eq!(found, expected, "status {status}");
        }
    }

    #[test]
    fn an_acceptance_may_tell_how_long_the_pause_is() {
        for (body, expected) in [
            (r#"{"ok":true,"pausedUntil":"2026-11-22T10:00:00.000Z"}"#, Some(1_795_341_600_000)),
            (r#"{"pausedUntil":"2026-11-22T11:00:00+01:00"}"#, Some(1_795_341_600_000)),
            (r#"{"pausedUntil":null}"#, None),
            (r#"{"pausedUntil":"soon"}"#, None),
            (r#"{"pausedUntil":5}"#, None),
            ("[]", None),
            ("OK", None),
            ("", None),
        ] {
            let reply = Reply { status: 200, body: body.into(), retry_after: None };
            assert_eq!(outcome(Ok(reply)), Ok(expected), "{body}");
        }
    }

    /// A client to a platform that never answers.
    async fn unanswered() -> (PushClient, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let config = PushConfig::new(Target::parse(&url, true).unwrap(), "key".into());
        let client = PushClient::new(Egress::new().unwrap(), Clock::system(), config);
        (client.unwrap(), listener)
    }

    fn typist() -> (Chat, Agent) {
        let (email, name) = ("jane@example.com".to_owned(), "Jane".to_owned());
        (Chat::new("bot", "visitor"), Agent { email, name, avatar_url: String::new() })
    }

    #[tokio::test]
    async fn the_end_waits_for_typing_that_is_under_way() {
        let (client, listener) = unanswered().await;
        let (looked, mut look) = tokio::sync::oneshot::channel::<()>();
        let typing = client.send_typing(async {
            look.close();
            std::future::pending().await
        });
        let mut typing = Box::pin(typing);
        assert!(futures::poll!(&mut typing).is_pending());
        assert!(looked.is_closed(), "the chat is looked at with the place taken");
        let (id, push) = (Position { seq: 1, sub: 0 }, Push::Resume { agent: None });
        let owed = Owed { id, push, attempts: 0, since: 0, not_before: 0 };
        let chat = Chat::new("bot", "visitor");
        let mut end = Box::pin(client.send("cht_1", &chat, &owed));
        assert!(futures::poll!(&mut end).is_pending());
        let called = tokio::time::timeout(Duration::from_millis(100), listener.accept());
        tokio::select! {
            called = called => assert!(called.is_err(), "the end has overtaken it"),
            _ = &mut end => panic!("nobody answers"),
        }
        drop(typing);
        tokio::select! {
            called = listener.accept() => assert!(called.is_ok()),
            _ = &mut end => panic!("nobody answers"),
        }
    }

    #[tokio::test]
    async fn typing_does_not_pile_up() {
        let (client, _listener) = unanswered().await;
        let mut under_way = Vec::new();
        for _ in 0..20 {
            let mut typing = Box::pin(client.send_typing(async { Some(typist()) }));
            if futures::poll!(&mut typing).is_pending() {
                under_way.push(typing);
            }
        }
        assert_eq!(under_way.len(), 8, "the others are dropped at once");
        under_way.pop();
        let mut typing = Box::pin(client.send_typing(async { Some(typist()) }));
        assert!(futures::poll!(&mut typing).is_pending(), "a place is free again");
    }

    #[test]
    fn no_answer_is_worth_another_try() {
        for error in [EgressError::Late, EgressError::Network("reset".to_owned())] {
            assert!(matches!(outcome(Err(error)), Err(PushFailure::Retry { after: None, .. })));
        }
    }

    #[test]
    fn the_platforms_words_are_kept_short_and_plain() {
        let body = format!(r#"{{"error":{{"message":"no\u001b[31m {}"}}}}"#, "x".repeat(500));
        let reply = Reply { status: 422, body: body.into(), retry_after: None };
        let detail = describe(&reply);
        assert!(detail.starts_with("status 422: no[31m xxx"), "{detail}");
        assert!(detail.len() < 230);
    }
}
