//! ICWS `web-chat`: `start`, `messages`, `send-message`, `typing-state`, `reconnect`, `exit`,
//! `message-history`, `file`. Typed JSON objects; enumerations are numbers; 400 and 410 fail.

use connector::{
    Failure, Finding, Typing,
    client::{Request, Response},
};
use edge::time;
use machine::chat::{Line, Speaker};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    event::{Event, Happened, Kind, SYSTEM, Said, State},
    settings::{Fields, Queue},
    wire::{
        Batch, Retells, Seat, Servers, Start, Trouble, Wire, number, number_of_event, or_nothing,
        segment,
    },
};

/// What the names of all message types begin with.
const TYPE_PREFIX: &str = "urn:inin.com:webChat:";
/// Errors that say that a server knows no such chat.
const UNKNOWN: [&str; 2] =
    ["error.request.webChat.invalidParticipantId", "error.request.webChat.invalidChatId"];

pub(super) struct Icws {
    pub(super) servers: Servers,
    pub(super) queue: Queue,
    /// Version of the feature `web-chat`.
    pub(super) version: u8,
    pub(super) fields: Fields,
    /// Name of our lines in the history that are the bot's.
    pub(super) bot_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    chat_id: String,
    participant_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Messages {
    /// Milliseconds, as a string by the contract.
    #[serde(default)]
    poll_wait_suggestion: Value,
    #[serde(default, deserialize_with = "or_nothing")]
    messages: Vec<Value>,
}

/// Any message; which fields it has, its type says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(rename = "__type", default, deserialize_with = "or_nothing")]
    kind: String,
    #[serde(default, deserialize_with = "or_nothing")]
    participant_id: String,
    sequence_number: Value,
    #[serde(default, deserialize_with = "or_nothing")]
    timestamp: String,
    #[serde(default, deserialize_with = "or_nothing")]
    content_type: String,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "or_nothing")]
    file_guid: String,
    #[serde(default, deserialize_with = "or_nothing")]
    file_name: String,
    state: Option<i64>,
    display_name: Option<String>,
    participant_type: Option<String>,
}

#[async_trait::async_trait]
impl Wire for Icws {
    async fn start(&self, server: usize, start: &Start) -> Result<(Seat, Batch), Trouble> {
        let response = self.post(server, "start", Some(&self.start_body(start))).await;
        let response = response.map_err(|trouble| match trouble {
            // There is no chat yet that could be gone.
            Trouble::Lost(detail) => Trouble::Elsewhere(Failure::later(detail)),
            trouble => trouble,
        })?;
        let Started { chat_id, participant_id } = response.json().map_err(Trouble::Failed)?;
        let seat = Seat { server, chat: chat_id, participant: participant_id };
        Ok((seat, Batch::default()))
    }

    async fn poll(&self, seat: &Seat) -> Result<Batch, Trouble> {
        let response = self.get(seat, "messages", "").await?;
        batch(&response)
    }

    async fn say(&self, seat: &Seat, text: &str) -> Result<Batch, Trouble> {
        let path = format!("send-message/{}", segment(&seat.participant));
        let body = json!({ "message": text, "contentType": "text/plain" });
        self.post(seat.server, &path, Some(&body)).await.map(|_| Batch::default())
    }

    async fn types(&self, seat: &Seat, typing: Typing) -> Result<Batch, Trouble> {
        let path = format!("typing-state/{}", segment(&seat.participant));
        let body = json!({ "typingIndicator": typing == Typing::On });
        self.post(seat.server, &path, Some(&body)).await.map(|_| Batch::default())
    }

    async fn exit(&self, seat: &Seat) -> Result<(), Trouble> {
        let path = format!("exit/{}", segment(&seat.participant));
        self.post(seat.server, &path, None).await.map(drop)
    }

    async fn reconnect(&self, server: usize, seat: &Seat) -> Result<(Seat, Batch), Trouble> {
        let body = json!({ "chatId": seat.chat, "participantId": seat.participant });
        self.post(server, "reconnect", Some(&body)).await?;
        Ok((Seat { server, ..seat.clone() }, Batch::default()))
    }

    fn retells(&self) -> Retells {
        if self.version < 6 { Retells::Nothing } else { Retells::ByHistory }
    }

    async fn history(&self, seat: &Seat) -> Result<Option<Batch>, Trouble> {
        if self.version < 6 {
            return Ok(None);
        }
        let path = format!("message-history/{}", segment(&seat.participant));
        let response = self.servers.send(seat.server, Request::get, &path).await?;
        // Then the server is older than we were told.
        if response.status == 404 { Ok(None) } else { batch(&good(response)?).map(Some) }
    }

    async fn file(&self, seat: &Seat, guid: &str, name: &str) -> Result<Response, Trouble> {
        self.get(seat, "file", &format!("/{}/{}", segment(guid), segment(name))).await
    }

    async fn agents_available(&self) -> Result<Option<u64>, Trouble> {
        Ok(None)
    }

    fn webhook(&self, body: &[u8]) -> Option<Vec<Event>> {
        let messages = match serde_json::from_slice(body).ok()? {
            Value::Array(messages) => messages,
            Value::Object(mut body) => match body.remove("messages") {
                Some(Value::Array(messages)) => messages,
                _ => vec![Value::Object(body)],
            },
            _ => return None,
        };
        Some(messages.into_iter().filter_map(event).collect())
    }

    async fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for server in 0..self.servers.apis.len() {
            findings.push(self.check_server(server).await);
        }
        let Queue { name, kind, .. } = &self.queue;
        findings.push(Finding::unsure(format!(
            "whether the {} {name:?} exists shows only when a chat is begun, and so does \
             whether the server's `web-chat` is version {}",
            kind.as_str(),
            self.version
        )));
        findings
    }
}

impl Icws {
    fn start_body(&self, start: &Start) -> Value {
        let mut body = Map::new();
        body.insert("participantName".to_owned(), json!(start.name));
        body.insert("targetName".to_owned(), json!(self.queue.name));
        body.insert("targetType".to_owned(), json!(self.queue.kind.as_str()));
        body.insert("language".to_owned(), json!(start.language));
        if self.version < 2 {
            return Value::Object(body);
        }
        if !start.notes.is_empty() {
            body.insert("notes".to_owned(), json!(start.notes));
        }
        if !start.attributes.is_empty() {
            body.insert(self.fields.attributes.clone(), json!(start.attributes));
        }
        if !self.queue.contexts.is_empty() {
            body.insert(self.fields.contexts.clone(), json!(self.queue.contexts));
        }
        if !start.history.is_empty() {
            let lines = start.history.iter().map(|line| self.history_line(start, line));
            body.insert(self.fields.history.clone(), lines.collect());
        }
        if let Some(url) = start.webhook.as_ref().filter(|_| self.version >= 5) {
            body.insert("webhook".to_owned(), json!(url));
        }
        Value::Object(body)
    }

    fn history_line(&self, start: &Start, line: &Line) -> Value {
        let (name, kind) = match line.from {
            Speaker::Visitor => (start.name.as_str(), "WebUser"),
            Speaker::Bot => (self.bot_name.as_str(), "System"),
            Speaker::Agent => ("Agent", "Agent"),
        };
        json!({
            "timestamp": compact(line.at.unwrap_or(start.at)),
            "displayName": name,
            "participantType": kind,
            "message": line.text,
        })
    }

    async fn post(
        &self,
        server: usize,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Trouble> {
        let make = |path| match body {
            Some(body) => Request::post(path).json(body),
            None => Request::post(path),
        };
        good(self.servers.send(server, make, path).await?)
    }

    async fn get(&self, seat: &Seat, what: &str, more: &str) -> Result<Response, Trouble> {
        let path = format!("{what}/{}{more}", segment(&seat.participant));
        good(self.servers.send(seat.server, Request::get, &path).await?)
    }

    /// Nobody's messages: only a server with `web-chat` says that it knows no such participant.
    async fn check_server(&self, server: usize) -> Finding {
        let url = self.servers.url(server);
        let seat = Seat { server, chat: String::new(), participant: SYSTEM.to_owned() };
        match self.get(&seat, "messages", "").await {
            Ok(_) | Err(Trouble::Lost(_)) => Finding::good(format!("{url} answers as `web-chat`")),
            Err(Trouble::Elsewhere(failure)) if server > 0 => {
                Finding::unsure(format!("{url}: {} (as a backup may)", failure.detail()))
            }
            Err(trouble) => Finding::wrong(format!("{url}: {}", trouble.into_failure().detail())),
        }
    }
}

fn good(response: Response) -> Result<Response, Trouble> {
    if response.is_success() {
        return Ok(response);
    }
    let error: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, message) = (field("errorId"), field("message"));
    let words = format!("{id} {message}");
    Err(match response.status {
        410 => Trouble::Lost(words),
        400 if UNKNOWN.contains(&id) => Trouble::Lost(words),
        // It is not the chat that is missing here, but the whole API: a proxy on its way up.
        404 => Trouble::Failed(Failure::later(format!("status 404: {words}"))),
        _ => Trouble::Failed(response.failure(words.trim())),
    })
}

fn batch(response: &Response) -> Result<Batch, Trouble> {
    let Messages { poll_wait_suggestion, messages } = response.json().map_err(Trouble::Failed)?;
    let wait_ms = number(&poll_wait_suggestion);
    Ok(Batch { wait_ms, events: messages.into_iter().filter_map(event).collect() })
}

/// `None` for what is no message at all.
fn event(message: Value) -> Option<Event> {
    let message: Message = serde_json::from_value(message).ok()?;
    Some(Event {
        number: number_of_event(&message.sequence_number)?,
        what: happened(&message).unwrap_or(Happened::Other),
        participant: message.participant_id,
        name: message.display_name,
        kind: message.participant_type.as_deref().map(Kind::of),
        at: message.timestamp,
    })
}

fn happened(message: &Message) -> Option<Happened> {
    Some(match message.kind.strip_prefix(TYPE_PREFIX)? {
        "chatTextMessage" => {
            Happened::Said(Said::of(&message.content_type, message.value.as_str()?.to_owned()))
        }
        "chatTypingIndicatorMessage" => {
            let is_on = message.value.as_bool()?;
            Happened::Typing(if is_on { Typing::On } else { Typing::Off })
        }
        "chatFileMessage" => {
            let (guid, name) = (message.file_guid.clone(), message.file_name.clone());
            Happened::Said(Said::File { guid, name })
        }
        "chatParticipantStateChangedMessage" => Happened::State(match message.state? {
            2 => State::Active,
            3 => State::Held,
            4 => State::Disconnected,
            _ => State::Waiting,
        }),
        _ => return None,
    })
}

/// UTC as compact ISO 8601, for example `20260301T101500Z`.
fn compact(ms: machine::Millis) -> String {
    let long = time::rfc3339(ms);
    let seconds = long.split('.').next().unwrap_or_default();
    let digits: String = seconds.chars().filter(|c| !matches!(c, '-' | ':' | 'Z')).collect();
    format!("{digits}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_null_does_not_cost_a_message() {
        let message = json!({
            "__type": "urn:inin.com:webChat:chatTextMessage", "participantId": "p",
            "sequenceNumber": 7, "timestamp": null, "contentType": null, "value": "hello",
            "fileGuid": null, "fileName": null, "state": null, "displayName": null,
            "participantType": null,
        });
        let event = event(message).unwrap();
        assert_eq!(event.number, 7);
        assert_eq!(event.what, Happened::Said(Said::Plain("hello".to_owned())));
        let none: Messages = serde_json::from_value(json!({ "messages": null })).unwrap();
        assert!(none.messages.is_empty());
    }
}
