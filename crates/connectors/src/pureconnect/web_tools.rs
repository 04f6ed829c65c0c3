//! Interaction Web Tools (`websvcs`): `chat/start`, `poll`, `sendMessage`, `setTypingState`,
//! `reconnect`, `exit`, `getFile`; `queue/query` and `serverConfiguration`. States are
//! strings, and errors come with status 200 in an envelope. Every reply may carry events.

use connector::{
    Failure, Finding, Typing,
    client::{Request, Response},
};
use http::header::ACCEPT;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    api::{
        Batch, CallError, ChatApi, ChatRef, Queue, Replay, Servers, StartRequest, number,
        number_of_event, or_default, segment,
    },
    event::{Event, Kind, Payload, Said, State},
};

const JSON: &str = "application/json; charset=utf-8";
/// What this connector calls, by the names of `serverConfiguration`.
const NEEDED: [&str; 6] = ["start", "reconnect", "poll", "sendMessage", "setTypingState", "exit"];
/// The server answers 404 to calls that come too fast. Wait before the next one.
const FLOOD_MS: machine::Millis = 2_000;

pub(super) struct WebTools {
    pub(super) servers: Servers,
    pub(super) queue: Queue,
}

#[derive(Deserialize)]
struct Envelope {
    chat: Chat,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chat {
    /// A number; a numeric string is taken as well.
    #[serde(default)]
    poll_wait_suggestion: Value,
    #[serde(rename = "participantID")]
    participant_id: Option<String>,
    #[serde(rename = "chatID")]
    chat_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    events: Vec<Value>,
}

/// Any event; its type decides which fields it has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    kind: String,
    #[serde(rename = "participantID", default, deserialize_with = "or_default")]
    participant_id: String,
    sequence_number: Value,
    state: Option<String>,
    participant_name: Option<String>,
    display_name: Option<String>,
    participant_type: Option<String>,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "or_default")]
    content_type: String,
}

#[async_trait::async_trait]
impl ChatApi for WebTools {
    async fn start(
        &self,
        server: usize,
        start: &StartRequest,
    ) -> Result<(ChatRef, Batch), CallError> {
        let contexts = self.queue.contexts.iter().map(|context| {
            json!({ "context": context.context, "category": context.category.to_string() })
        });
        let body = json!({
            "supportedContentTypes": "text/plain",
            "participant": { "name": start.name, "credentials": null },
            "transcriptRequired": false,
            "emailAddress": "",
            "target": self.queue.name,
            "targettype": self.queue.kind.as_str(),
            "language": start.language,
            "customInfo": start.notes,
            "attributes": start.attributes,
            "routingContexts": contexts.collect::<Vec<_>>(),
            "clientToken": "deprecated",
        });
        let response = self.call(server, "chat/start", Some(&body)).await?;
        let chat = chat(&response)?;
        joined(server, "", chat)
    }

    async fn poll(&self, chat_ref: &ChatRef) -> Result<Batch, CallError> {
        self.call_chat(chat_ref, "poll", None).await
    }

    async fn say(&self, chat_ref: &ChatRef, text: &str) -> Result<Batch, CallError> {
        let body = json!({ "message": text, "contentType": "text/plain" });
        self.call_chat(chat_ref, "sendMessage", Some(&body)).await
    }

    async fn types(&self, chat_ref: &ChatRef, typing: Typing) -> Result<Batch, CallError> {
        let body = json!({ "typingIndicator": typing == Typing::On });
        self.call_chat(chat_ref, "setTypingState", Some(&body)).await
    }

    async fn exit(&self, chat_ref: &ChatRef) -> Result<(), CallError> {
        self.call_chat(chat_ref, "exit", Some(&json!({}))).await.map(drop)
    }

    async fn reconnect(
        &self,
        server: usize,
        chat_ref: &ChatRef,
    ) -> Result<(ChatRef, Batch), CallError> {
        if server != chat_ref.server && !self.capabilities(server).await?.contains(&"reconnect") {
            let detail = format!("{} cannot reconnect chats", self.servers.url(server));
            return Err(CallError::Failed(Failure::later(detail)));
        }
        let body = json!({ "chatID": chat_ref.chat });
        let response = self.call(server, "chat/reconnect", Some(&body)).await?;
        let chat = chat(&response)?;
        joined(server, &chat_ref.chat, chat)
    }

    fn replay(&self) -> Replay {
        Replay::Reconnect
    }

    async fn history(&self, _seat: &ChatRef) -> Result<Option<Batch>, CallError> {
        Ok(None)
    }

    async fn file(
        &self,
        chat_ref: &ChatRef,
        guid: &str,
        name: &str,
    ) -> Result<Response, CallError> {
        let own = segment(&chat_ref.participant);
        let path = format!("chat/getFile/{own}/{}/{}", segment(guid), segment(name));
        good(self.servers.send(chat_ref.server, Request::get, &path).await?)
    }

    async fn agents_available(&self) -> Result<Option<u64>, CallError> {
        let response = match self.query_queue(0).await {
            Err(CallError::OtherServer(_)) if self.servers.apis.len() > 1 => {
                self.query_queue(1).await
            }
            response => response,
        }?;
        let body: Value = response.json().map_err(CallError::Failed)?;
        Ok(body.pointer("/queue/agentsAvailable").and_then(Value::as_u64))
    }

    fn webhook(&self, _body: &[u8]) -> Option<Vec<Event>> {
        None
    }

    async fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for server in 0..self.servers.apis.len() {
            let url = self.servers.url(server);
            let found = self.capabilities(server).await.map(|known| {
                NEEDED.iter().filter(|name| !known.contains(name)).copied().collect::<Vec<_>>()
            });
            findings.push(match found {
                Ok(missing) if missing.is_empty() => {
                    Finding::good(format!("{url} has Web Tools with everything that is needed"))
                }
                Ok(missing) => Finding::wrong(format!("{url} cannot {}", missing.join(", "))),
                Err(CallError::OtherServer(failure)) if server > 0 => {
                    Finding::unsure(format!("{url}: {} (normal for a backup)", failure.detail()))
                }
                Err(error) => Finding::wrong(format!("{url}: {}", error.into_failure().detail())),
            });
        }
        findings.push(self.check_queue().await);
        findings
    }
}

impl WebTools {
    /// A call in a chat; the reply carries new events.
    async fn call_chat(
        &self,
        chat_ref: &ChatRef,
        call: &str,
        body: Option<&Value>,
    ) -> Result<Batch, CallError> {
        let path = format!("chat/{call}/{}", segment(&chat_ref.participant));
        let response = self.call(chat_ref.server, &path, body).await?;
        Ok(batch(chat(&response)?))
    }

    /// A POST with a body, or a GET without one.
    async fn call(
        &self,
        server: usize,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, CallError> {
        let make = |path| match body {
            Some(body) => Request::post(path).body(JSON, body.to_string()).header(ACCEPT, JSON),
            None => Request::get(path).header(ACCEPT, JSON),
        };
        good(self.servers.send(server, make, path).await?)
    }

    async fn query_queue(&self, server: usize) -> Result<Response, CallError> {
        let body = json!({
            "queueName": self.queue.name,
            "queueType": self.queue.kind.as_str(),
            "participant": { "username": "", "password": "" },
        });
        self.call(server, "queue/query", Some(&body)).await
    }

    async fn check_queue(&self) -> Finding {
        let name = format!("the {} {:?}", self.queue.kind.as_str(), self.queue.name);
        match self.agents_available().await {
            Ok(Some(agents)) => Finding::good(format!("{name} has {agents} agents available")),
            Ok(None) => Finding::unsure(format!(
                "{name}: the server does not say how many agents are available"
            )),
            Err(CallError::Failed(Failure::Refused { detail })) if detail.contains("badTarget") => {
                Finding::wrong(format!("{name} does not exist"))
            }
            // Many servers answer this only to users with an account.
            Err(error) => Finding::unsure(format!("{name}: {}", error.into_failure().detail())),
        }
    }

    /// Those of [`NEEDED`] that a server says it has.
    async fn capabilities(&self, server: usize) -> Result<Vec<&'static str>, CallError> {
        let response = self.call(server, "serverConfiguration", None).await?;
        let body: Value = response.json().map_err(CallError::Failed)?;
        let known = body.pointer("/0/serverConfiguration/capabilities/chat");
        let known = known.and_then(Value::as_array).cloned().unwrap_or_default();
        let can = |name: &&str| known.iter().any(|known| known == *name);
        Ok(NEEDED.into_iter().filter(can).collect())
    }
}

/// Reads the HTTP status and the status in the envelope.
fn good(response: Response) -> Result<Response, CallError> {
    match response.status {
        200..=299 => {}
        404 => {
            let detail = "status 404: not found, or too many calls".to_owned();
            return Err(CallError::Failed(Failure::Later { after: Some(FLOOD_MS), detail }));
        }
        410 => return Err(CallError::UnknownChat("status 410".to_owned())),
        _ => return Err(CallError::Failed(response.failure(""))),
    }
    let body: Value = wire::json::read(&response.body).unwrap_or_default();
    let content = body.as_object().and_then(|body| body.values().next());
    let status = content.and_then(|content| content.get("status"));
    let field = |name: &str| status.and_then(|status| status.get(name)).and_then(Value::as_str);
    if field("type") != Some("failure") {
        return Ok(response);
    }
    let reason = field("reason").unwrap_or_default().to_owned();
    Err(match reason.strip_prefix("error.websvc.").unwrap_or_default() {
        "unknownEntity.session" | "unknownEntity.participant" => CallError::UnknownChat(reason),
        "unavailable" => CallError::OtherServer(Failure::later(reason)),
        "" | "general" => CallError::Failed(Failure::Unknown { detail: reason }),
        name if name.starts_with("userdb.") => {
            CallError::Failed(Failure::Denied { detail: reason })
        }
        _ => CallError::Failed(Failure::refused(reason)),
    })
}

fn joined(server: usize, known: &str, chat: Chat) -> Result<(ChatRef, Batch), CallError> {
    let Some(participant) = chat.participant_id.clone() else {
        let detail = "the reply names no participant".to_owned();
        return Err(CallError::Failed(Failure::Unknown { detail }));
    };
    let id = chat.chat_id.clone().unwrap_or_else(|| known.to_owned());
    Ok((ChatRef { server, chat: id, participant }, batch(chat)))
}

fn chat(response: &Response) -> Result<Chat, CallError> {
    response.json::<Envelope>().map(|envelope| envelope.chat).map_err(CallError::Failed)
}

fn batch(chat: Chat) -> Batch {
    let wait_ms = number(&chat.poll_wait_suggestion);
    Batch { wait_ms, events: chat.events.into_iter().filter_map(event).collect() }
}

/// `None` for JSON that is not an event.
fn event(entry: Value) -> Option<Event> {
    let entry: Entry = serde_json::from_value(entry).ok()?;
    Some(Event {
        number: number_of_event(&entry.sequence_number)?,
        payload: payload(&entry).unwrap_or(Payload::Other),
        participant: entry.participant_id,
        name: entry.display_name.or(entry.participant_name),
        kind: entry.participant_type.as_deref().map(Kind::of),
        at: String::new(),
    })
}

fn payload(entry: &Entry) -> Option<Payload> {
    let text = || entry.value.as_str().map(str::to_owned);
    Some(match entry.kind.as_str() {
        "participantStateChanged" => Payload::State(match entry.state.as_deref()? {
            "active" | "voicemail" => State::Active,
            "held" => State::Held,
            "disconnected" => State::Disconnected,
            _ => State::Waiting,
        }),
        "typingIndicator" => {
            let is_on = entry.value.as_bool()?;
            Payload::Typing(if is_on { Typing::On } else { Typing::Off })
        }
        "text" => Payload::Said(Said::of(&entry.content_type, text()?)),
        "url" => Payload::Said(Said::Url(text()?)),
        "file" => Payload::Said(file(&text()?)),
        _ => return None,
    })
}

/// From `/websvcs/chat/getfile/{participant}/{guid}/-{name}`; the participant may have another id
/// when the file is fetched.
fn file(path: &str) -> Said {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default().to_owned();
    let guid = parts.next().unwrap_or_default().to_owned();
    Said::File { guid, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_null_does_not_cost_an_event() {
        let response = json!({ "pollWaitSuggestion": "50", "events": [
            { "type": "url", "participantID": null, "sequenceNumber": "7", "value": "x",
              "contentType": null, "displayName": null, "participantType": "Agent" },
            { "type": null, "participantID": "p", "sequenceNumber": 8 },
            { "type": "text", "participantID": "p", "value": "no number" },
            { "type": "text", "participantID": "p", "sequenceNumber": -1, "value": "x" },
            "nonsense", null,
        ] });
        let batch = batch(serde_json::from_value(response).unwrap());
        assert_eq!(batch.wait_ms, Some(50));
        let payload = batch.events.iter().map(|event| (event.number, &event.payload));
        let checkpoint = Payload::Said(Said::Url("x".to_owned()));
        assert_eq!(payload.collect::<Vec<_>>(), [(7, &checkpoint), (8, &Payload::Other)]);
        let none: Chat = serde_json::from_value(json!({ "events": null })).unwrap();
        assert!(none.events.is_empty());
    }
}
