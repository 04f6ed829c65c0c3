//! ICWS `web-chat`: `start`, `messages`, `send-message`, `typing-state`, `reconnect`, `exit`,
//! `message-history`, `file`. Typed JSON objects; enumerations are numbers; statuses
//! 400 and 410 carry errors.

use connector::{
    Failure, Finding, Typing,
    client::{Request, Response},
};
use edge::time;
use machine::chat::{Line, Speaker};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    api::{
        Batch, CallError, ChatApi, ChatRef, Queue, Replay, Servers, StartRequest, number,
        number_of_event, or_default, segment,
    },
    event::{Event, Kind, Payload, SYSTEM, Said, State},
    settings::Fields,
};

/// Prefix of the names of all message types.
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
    /// Name of the bot in the history.
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
    #[serde(default, deserialize_with = "or_default")]
    messages: Vec<Value>,
}

/// Any message; its type decides which fields it has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(rename = "__type", default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    participant_id: String,
    sequence_number: Value,
    #[serde(default, deserialize_with = "or_default")]
    timestamp: String,
    #[serde(default, deserialize_with = "or_default")]
    content_type: String,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "or_default")]
    file_guid: String,
    #[serde(default, deserialize_with = "or_default")]
    file_name: String,
    state: Option<i64>,
    display_name: Option<String>,
    participant_type: Option<String>,
}

#[async_trait::async_trait]
impl ChatApi for Icws {
    async fn start(
        &self,
        server: usize,
        start: &StartRequest,
    ) -> Result<(ChatRef, Batch), CallError> {
        let response = self.post(server, "start", Some(&self.start_body(start))).await;
        let response = response.map_err(|error| match error {
            // No chat exists yet, so this server cannot mean ours.
            CallError::UnknownChat(detail) => CallError::OtherServer(Failure::later(detail)),
            error => error,
        })?;
        let Started { chat_id, participant_id } = response.json().map_err(CallError::Failed)?;
        let chat_ref = ChatRef { server, chat: chat_id, participant: participant_id };
        Ok((chat_ref, Batch::default()))
    }

    async fn poll(&self, chat_ref: &ChatRef) -> Result<Batch, CallError> {
        let response = self.get(chat_ref, "messages", "").await?;
        batch(&response)
    }

    async fn say(&self, chat_ref: &ChatRef, text: &str) -> Result<Batch, CallError> {
        let path = format!("send-message/{}", segment(&chat_ref.participant));
        let body = json!({ "message": text, "contentType": "text/plain" });
        self.post(chat_ref.server, &path, Some(&body)).await.map(|_| Batch::default())
    }

    async fn types(&self, chat_ref: &ChatRef, typing: Typing) -> Result<Batch, CallError> {
        let path = format!("typing-state/{}", segment(&chat_ref.participant));
        let body = json!({ "typingIndicator": typing == Typing::On });
        self.post(chat_ref.server, &path, Some(&body)).await.map(|_| Batch::default())
    }

    async fn exit(&self, chat_ref: &ChatRef) -> Result<(), CallError> {
        let path = format!("exit/{}", segment(&chat_ref.participant));
        self.post(chat_ref.server, &path, None).await.map(drop)
    }

    async fn reconnect(
        &self,
        server: usize,
        chat_ref: &ChatRef,
    ) -> Result<(ChatRef, Batch), CallError> {
        let body = json!({ "chatId": chat_ref.chat, "participantId": chat_ref.participant });
        self.post(server, "reconnect", Some(&body)).await?;
        Ok((ChatRef { server, ..chat_ref.clone() }, Batch::default()))
    }

    fn replay(&self) -> Replay {
        if self.version < 6 { Replay::None } else { Replay::History }
    }

    async fn history(&self, chat_ref: &ChatRef) -> Result<Option<Batch>, CallError> {
        if self.version < 6 {
            return Ok(None);
        }
        let path = format!("message-history/{}", segment(&chat_ref.participant));
        let response = self.servers.send(chat_ref.server, Request::get, &path).await?;
        // The server is older than the setting `web_chat` says.
        if response.status == 404 { Ok(None) } else { batch(&good(response)?).map(Some) }
    }

    async fn file(
        &self,
        chat_ref: &ChatRef,
        guid: &str,
        name: &str,
    ) -> Result<Response, CallError> {
        self.get(chat_ref, "file", &format!("/{}/{}", segment(guid), segment(name))).await
    }

    async fn agents_available(&self) -> Result<Option<u64>, CallError> {
        Ok(None)
    }

    fn webhook(&self, body: &[u8]) -> Option<Vec<Event>> {
        let messages = match wire::json::read(body).ok()? {
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
            "only the start of a chat can show whether the {} {name:?} exists, and whether the \
             server's `web-chat` is version {}",
            kind.as_str(),
            self.version
        )));
        findings
    }
}

impl Icws {
    fn start_body(&self, start: &StartRequest) -> Value {
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

    fn history_line(&self, start: &StartRequest, line: &Line) -> Value {
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
    ) -> Result<Response, CallError> {
        let make = |path| match body {
            Some(body) => Request::post(path).json(body),
            None => Request::post(path),
        };
        good(self.servers.send(server, make, path).await?)
    }

    async fn get(&self, chat_ref: &ChatRef, call: &str, rest: &str) -> Result<Response, CallError> {
        let path = format!("{call}/{}{rest}", segment(&chat_ref.participant));
        good(self.servers.send(chat_ref.server, Request::get, &path).await?)
    }

    /// Polls for a participant that does not exist: only a server with `web-chat` answers that it
    /// does not know the participant.
    async fn check_server(&self, server: usize) -> Finding {
        let url = self.servers.url(server);
        let chat_ref = ChatRef { server, chat: String::new(), participant: SYSTEM.to_owned() };
        match self.get(&chat_ref, "messages", "").await {
            Ok(_) | Err(CallError::UnknownChat(_)) => {
                Finding::good(format!("{url} has `web-chat`"))
            }
            Err(CallError::OtherServer(failure)) if server > 0 => {
                Finding::unsure(format!("{url}: {} (normal for a backup)", failure.detail()))
            }
            Err(error) => Finding::wrong(format!("{url}: {}", error.into_failure().detail())),
        }
    }
}

fn good(response: Response) -> Result<Response, CallError> {
    if response.is_success() {
        return Ok(response);
    }
    let error: Value = wire::json::read(&response.body).unwrap_or_default();
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, message) = (field("errorId"), field("message"));
    let text = format!("{id} {message}");
    Err(match response.status {
        410 => CallError::UnknownChat(text),
        400 if UNKNOWN.contains(&id) => CallError::UnknownChat(text),
        // The whole API is missing, not the chat: the server or its proxy is starting.
        404 => CallError::Failed(Failure::later(format!("status 404: {text}"))),
        _ => CallError::Failed(response.failure(text.trim())),
    })
}

fn batch(response: &Response) -> Result<Batch, CallError> {
    let Messages { poll_wait_suggestion, messages } = response.json().map_err(CallError::Failed)?;
    let wait_ms = number(&poll_wait_suggestion);
    Ok(Batch { wait_ms, events: messages.into_iter().filter_map(event).collect() })
}

/// `None` for JSON that is not a message.
fn event(message: Value) -> Option<Event> {
    let message: Message = serde_json::from_value(message).ok()?;
    Some(Event {
        number: number_of_event(&message.sequence_number)?,
        payload: payload(&message).unwrap_or(Payload::Other),
        participant: message.participant_id,
        name: message.display_name,
        kind: message.participant_type.as_deref().map(Kind::of),
        at: message.timestamp,
    })
}

fn payload(message: &Message) -> Option<Payload> {
    Some(match message.kind.strip_prefix(TYPE_PREFIX)? {
        "chatTextMessage" => {
            Payload::Said(Said::of(&message.content_type, message.value.as_str()?.to_owned()))
        }
        "chatTypingIndicatorMessage" => {
            let is_on = message.value.as_bool()?;
            Payload::Typing(if is_on { Typing::On } else { Typing::Off })
        }
        "chatFileMessage" => {
            let (guid, name) = (message.file_guid.clone(), message.file_name.clone());
            Payload::Said(Said::File { guid, name })
        }
        "chatParticipantStateChangedMessage" => Payload::State(match message.state? {
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
        assert_eq!(event.payload, Payload::Said(Said::Plain("hello".to_owned())));
        let none: Messages = serde_json::from_value(json!({ "messages": null })).unwrap();
        assert!(none.messages.is_empty());
    }
}
