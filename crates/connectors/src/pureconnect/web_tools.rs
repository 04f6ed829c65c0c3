//! Interaction Web Tools (`websvcs`): `chat/start`, `poll`, `sendMessage`, `setTypingState`,
//! `reconnect`, `exit`, `getFile`; `queue/query` and `serverConfiguration`. States are words, and
//! what fails is told with status 200 in an envelope. Every reply may carry events.

use connector::{
    Failure, Finding, Typing,
    client::{Request, Response},
};
use http::header::ACCEPT;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    event::{Event, Happened, Kind, Said, State},
    settings::Queue,
    wire::{
        Batch, Retells, Seat, Servers, Start, Trouble, Wire, number, number_of_event, or_nothing,
        segment,
    },
};

const JSON: &str = "application/json; charset=utf-8";
/// What this connector calls, by the names of the server's configuration.
const NEEDED: [&str; 6] = ["start", "reconnect", "poll", "sendMessage", "setTypingState", "exit"];
/// Calls that come too fast are answered with 404; this long they rest.
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
    #[serde(default, deserialize_with = "or_nothing")]
    events: Vec<Value>,
}

/// Any event; which fields it has, its type says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "type", default, deserialize_with = "or_nothing")]
    kind: String,
    #[serde(rename = "participantID", default, deserialize_with = "or_nothing")]
    participant_id: String,
    sequence_number: Value,
    state: Option<String>,
    participant_name: Option<String>,
    display_name: Option<String>,
    participant_type: Option<String>,
    #[serde(default)]
    value: Value,
    #[serde(default, deserialize_with = "or_nothing")]
    content_type: String,
}

#[async_trait::async_trait]
impl Wire for WebTools {
    async fn start(&self, server: usize, start: &Start) -> Result<(Seat, Batch), Trouble> {
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
        seated(server, "", chat)
    }

    async fn poll(&self, seat: &Seat) -> Result<Batch, Trouble> {
        self.work(seat, "poll", None).await
    }

    async fn say(&self, seat: &Seat, text: &str) -> Result<Batch, Trouble> {
        let body = json!({ "message": text, "contentType": "text/plain" });
        self.work(seat, "sendMessage", Some(&body)).await
    }

    async fn types(&self, seat: &Seat, typing: Typing) -> Result<Batch, Trouble> {
        let body = json!({ "typingIndicator": typing == Typing::On });
        self.work(seat, "setTypingState", Some(&body)).await
    }

    async fn exit(&self, seat: &Seat) -> Result<(), Trouble> {
        self.work(seat, "exit", Some(&json!({}))).await.map(drop)
    }

    async fn reconnect(&self, server: usize, seat: &Seat) -> Result<(Seat, Batch), Trouble> {
        if server != seat.server && !self.capabilities(server).await?.contains(&"reconnect") {
            let detail = format!("{} cannot take chats up", self.servers.url(server));
            return Err(Trouble::Failed(Failure::later(detail)));
        }
        let body = json!({ "chatID": seat.chat });
        let response = self.call(server, "chat/reconnect", Some(&body)).await?;
        let chat = chat(&response)?;
        seated(server, &seat.chat, chat)
    }

    fn retells(&self) -> Retells {
        Retells::ByReconnect
    }

    async fn history(&self, _seat: &Seat) -> Result<Option<Batch>, Trouble> {
        Ok(None)
    }

    async fn file(&self, seat: &Seat, guid: &str, name: &str) -> Result<Response, Trouble> {
        let own = segment(&seat.participant);
        let path = format!("chat/getFile/{own}/{}/{}", segment(guid), segment(name));
        good(self.servers.send(seat.server, Request::get, &path).await?)
    }

    async fn agents_available(&self) -> Result<Option<u64>, Trouble> {
        let response = match self.query_queue(0).await {
            Err(Trouble::Elsewhere(_)) if self.servers.apis.len() > 1 => self.query_queue(1).await,
            response => response,
        }?;
        let body: Value = response.json().map_err(Trouble::Failed)?;
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
                    Finding::good(format!("{url} answers as Web Tools and can all we need"))
                }
                Ok(missing) => Finding::wrong(format!("{url} cannot {}", missing.join(", "))),
                Err(Trouble::Elsewhere(failure)) if server > 0 => {
                    Finding::unsure(format!("{url}: {} (as a backup may)", failure.detail()))
                }
                Err(trouble) => {
                    Finding::wrong(format!("{url}: {}", trouble.into_failure().detail()))
                }
            });
        }
        findings.push(self.check_queue().await);
        findings
    }
}

impl WebTools {
    /// A call in a chat; the reply carries what is new.
    async fn work(&self, seat: &Seat, what: &str, body: Option<&Value>) -> Result<Batch, Trouble> {
        let path = format!("chat/{what}/{}", segment(&seat.participant));
        let response = self.call(seat.server, &path, body).await?;
        Ok(batch(chat(&response)?))
    }

    /// POSTs a body, or GETs where there is none.
    async fn call(
        &self,
        server: usize,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Trouble> {
        let make = |path| match body {
            Some(body) => Request::post(path).body(JSON, body.to_string()).header(ACCEPT, JSON),
            None => Request::get(path).header(ACCEPT, JSON),
        };
        good(self.servers.send(server, make, path).await?)
    }

    async fn query_queue(&self, server: usize) -> Result<Response, Trouble> {
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
            Ok(None) => Finding::unsure(format!("{name}: the server does not tell who is there")),
            Err(Trouble::Failed(Failure::Refused { detail })) if detail.contains("badTarget") => {
                Finding::wrong(format!("{name} does not exist"))
            }
            // Many servers let nobody ask without an account.
            Err(trouble) => Finding::unsure(format!("{name}: {}", trouble.into_failure().detail())),
        }
    }

    /// What a server says it can do in chats.
    async fn capabilities(&self, server: usize) -> Result<Vec<&'static str>, Trouble> {
        let response = self.call(server, "serverConfiguration", None).await?;
        let body: Value = response.json().map_err(Trouble::Failed)?;
        let known = body.pointer("/0/serverConfiguration/capabilities/chat");
        let known = known.and_then(Value::as_array).cloned().unwrap_or_default();
        let can = |name: &&str| known.iter().any(|known| known == *name);
        Ok(NEEDED.into_iter().filter(can).collect())
    }
}

/// What HTTP and the envelope say of a call.
fn good(response: Response) -> Result<Response, Trouble> {
    match response.status {
        200..=299 => {}
        404 => {
            let detail = "status 404: not there, or too many calls".to_owned();
            return Err(Trouble::Failed(Failure::Later { after: Some(FLOOD_MS), detail }));
        }
        410 => return Err(Trouble::Lost("status 410".to_owned())),
        _ => return Err(Trouble::Failed(response.failure(""))),
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let content = body.as_object().and_then(|body| body.values().next());
    let status = content.and_then(|content| content.get("status"));
    let word = |name: &str| status.and_then(|status| status.get(name)).and_then(Value::as_str);
    if word("type") != Some("failure") {
        return Ok(response);
    }
    let reason = word("reason").unwrap_or_default().to_owned();
    Err(match reason.strip_prefix("error.websvc.").unwrap_or_default() {
        "unknownEntity.session" | "unknownEntity.participant" => Trouble::Lost(reason),
        "unavailable" => Trouble::Elsewhere(Failure::later(reason)),
        "" | "general" => Trouble::Failed(Failure::Unknown { detail: reason }),
        name if name.starts_with("userdb.") => Trouble::Failed(Failure::Denied { detail: reason }),
        _ => Trouble::Failed(Failure::refused(reason)),
    })
}

fn seated(server: usize, known: &str, chat: Chat) -> Result<(Seat, Batch), Trouble> {
    let Some(participant) = chat.participant_id.clone() else {
        let detail = "the reply names no participant".to_owned();
        return Err(Trouble::Failed(Failure::Unknown { detail }));
    };
    let id = chat.chat_id.clone().unwrap_or_else(|| known.to_owned());
    Ok((Seat { server, chat: id, participant }, batch(chat)))
}

fn chat(response: &Response) -> Result<Chat, Trouble> {
    response.json::<Envelope>().map(|envelope| envelope.chat).map_err(Trouble::Failed)
}

fn batch(chat: Chat) -> Batch {
    let wait_ms = number(&chat.poll_wait_suggestion);
    Batch { wait_ms, events: chat.events.into_iter().filter_map(event).collect() }
}

/// `None` for what is no event at all.
fn event(entry: Value) -> Option<Event> {
    let entry: Entry = serde_json::from_value(entry).ok()?;
    Some(Event {
        number: number_of_event(&entry.sequence_number)?,
        what: happened(&entry).unwrap_or(Happened::Other),
        participant: entry.participant_id,
        name: entry.display_name.or(entry.participant_name),
        kind: entry.participant_type.as_deref().map(Kind::of),
        at: String::new(),
    })
}

fn happened(entry: &Entry) -> Option<Happened> {
    let text = || entry.value.as_str().map(str::to_owned);
    Some(match entry.kind.as_str() {
        "participantStateChanged" => Happened::State(match entry.state.as_deref()? {
            "active" | "voicemail" => State::Active,
            "held" => State::Held,
            "disconnected" => State::Disconnected,
            _ => State::Waiting,
        }),
        "typingIndicator" => {
            let is_on = entry.value.as_bool()?;
            Happened::Typing(if is_on { Typing::On } else { Typing::Off })
        }
        "text" => Happened::Said(Said::of(&entry.content_type, text()?)),
        "url" => Happened::Said(Said::Url(text()?)),
        "file" => Happened::Said(file(&text()?)),
        _ => return None,
    })
}

/// From `/websvcs/chat/getfile/{participant}/{guid}/-{name}`; the participant may be another one
/// by the time the file is fetched.
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
        let what = batch.events.iter().map(|event| (event.number, &event.what));
        let checkpoint = Happened::Said(Said::Url("x".to_owned()));
        assert_eq!(what.collect::<Vec<_>>(), [(7, &checkpoint), (8, &Happened::Other)]);
        let none: Chat = serde_json::from_value(json!({ "events": null })).unwrap();
        assert!(none.events.is_empty());
    }
}
