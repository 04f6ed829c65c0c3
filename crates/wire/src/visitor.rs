//! The visitor API: `/v1/bots/{botId}/visitors`, `/v1/conversation/…`, and the events of the
//! stream and the long poll.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    MessageFormat, json,
    reading::{self, Invalid},
    rich::Element,
};

mod hints;

/// `POST /v1/bots/{botId}/visitors`; every field is optional, and so is the body. What cannot be
/// used counts as not said.
#[derive(Debug, Clone, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewVisitor {
    pub language: Option<String>,
    pub time_zone: Option<String>,
}

impl NewVisitor {
    /// [`Invalid`] only for a body that is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        if json::is_blank(body) || matches!(json::read(body), Ok(Value::Null)) {
            return Ok(Self::default());
        }
        let object = reading::object(body)?;
        let language = hints::language(object.get("language"));
        let time_zone = hints::time_zone(object.get("timeZone"));
        Ok(Self { language, time_zone })
    }
}

/// The response to a new visitor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitorCreated<'a> {
    pub user_id: &'a str,
    pub token: &'a str,
}

/// `POST /v1/conversation/messages`: a text, or a Dialogflow event with an optional visible label.
#[derive(Clone, PartialEq)]
pub struct NewMessage {
    pub client_id: String,
    pub text: String,
    pub event: Option<NewEvent>,
    /// Values of a form or of an action: session parameters for CX, parameters of the context
    /// `botcopy-form-context` for ES.
    pub parameters: Map<String, Value>,
    pub page: Option<Page>,
    /// Headers for the Dialogflow agent's own fulfilment webhook. They are sent with the next query
    /// and never stored, because they may hold the visitor's credentials.
    pub webhook_headers: Vec<(String, String)>,
}

#[derive(Clone, PartialEq)]
pub struct NewEvent {
    pub name: String,
    pub parameters: Map<String, Value>,
}

/// Where the visitor is; every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Value of the URL parameter `ref`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `data-snippet-ref` of the script tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<bool>,
}

impl NewMessage {
    /// The limits are in characters. [`Invalid`] names the field.
    pub fn parse(body: &[u8], text_chars_max: usize, id_chars_max: usize) -> Result<Self, Invalid> {
        let object = reading::object(body)?;
        let client_id = reading::id(&object, "clientId", "an id of your own for this message")?;
        within("clientId", &client_id, id_chars_max)?;
        let event = event(&object)?;
        let text = match event {
            Some(_) => reading::optional_text(&object, "label")?.unwrap_or_default(),
            None => reading::text(&object, "text", "what the visitor wrote, or an event")?,
        };
        let text = text.trim().to_owned();
        if event.is_none() && text.is_empty() {
            return Err(Invalid::field("text", "is blank: send what the visitor wrote"));
        }
        within(if event.is_some() { "label" } else { "text" }, &text, text_chars_max)?;
        Ok(Self {
            client_id,
            text,
            event,
            parameters: optional_object(&object, "parameters")?.cloned().unwrap_or_default(),
            page: hints::page(&object),
            webhook_headers: webhook_headers(&object)?,
        })
    }
}

fn optional_object<'a>(
    object: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a Map<String, Value>>, Invalid> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(found)) => Ok(Some(found)),
        Some(other) => {
            let found = reading::kind(other);
            Err(Invalid::field(field, format_args!("is {found}: send an object")))
        }
    }
}

const WEBHOOK_HEADERS_MAX: usize = 20;
/// Longest names and values of all headers together.
const WEBHOOK_HEADERS_BYTES_MAX: usize = 8 * 1024;

fn webhook_headers(object: &Map<String, Value>) -> Result<Vec<(String, String)>, Invalid> {
    const FIELD: &str = "webhookHeaders";
    let Some(headers) = optional_object(object, FIELD)? else { return Ok(Vec::new()) };
    if headers.len() > WEBHOOK_HEADERS_MAX {
        let message = format_args!("has over {WEBHOOK_HEADERS_MAX} headers: send fewer");
        return Err(Invalid::field(FIELD, message));
    }
    let bytes = |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(0, str::len);
    if headers.iter().map(bytes).sum::<usize>() > WEBHOOK_HEADERS_BYTES_MAX {
        let message = format_args!("has over {WEBHOOK_HEADERS_BYTES_MAX} bytes: send less");
        return Err(Invalid::field(FIELD, message));
    }
    let is_token = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let read = headers.iter().map(|(name, value)| match value {
        Value::String(value) if is_token(name) && !value.chars().any(char::is_control) => {
            Ok((name.clone(), value.clone()))
        }
        // Not shown: the value may be a secret, and so may a wrong name.
        _ => Err(Invalid::field(
            FIELD,
            "holds a header that cannot be sent: send names of letters, digits, - and _ with \
             plain strings",
        )),
    });
    read.collect()
}

fn within(field: &str, text: &str, chars_max: usize) -> Result<(), Invalid> {
    let chars = text.chars().count();
    if chars <= chars_max {
        return Ok(());
    }
    Err(Invalid::field(field, format_args!("has {chars} characters: send at most {chars_max}")))
}

fn event(object: &Map<String, Value>) -> Result<Option<NewEvent>, Invalid> {
    let event = match object.get("event") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(event)) => event,
        Some(other) => {
            let found = reading::kind(other);
            return Err(Invalid::field(
                "event",
                format_args!("is {found}: send an object with a name"),
            ));
        }
    };
    let name = match event.get("name") {
        Some(Value::String(name)) if !name.is_empty() => name.clone(),
        _ => {
            return Err(Invalid::missing("event.name", "the name of a Dialogflow event"));
        }
    };
    within("event.name", &name, 150)?;
    reading::printable("event.name", &name)?;
    let parameters = match event.get("parameters") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(parameters)) => parameters.clone(),
        Some(_) => {
            return Err(Invalid::field("event.parameters", "is not an object: send one"));
        }
    };
    Ok(Some(NewEvent { name, parameters }))
}

/// The response to a message: its number in the conversation.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = MessageAccepted)]
pub struct Accepted {
    pub seq: u64,
}

/// One event of the visitor's stream. `at`, `until` and `paused_until` are RFC 3339.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = VisitorEvent)]
pub struct Event<'a> {
    /// Numbered without gaps; absent on `typing`, which is not stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub at: &'a str,
    #[serde(flatten)]
    pub what: What<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
#[serde(rename_all_fields = "camelCase")]
#[schema(as = VisitorEventKind)]
pub enum What<'a> {
    #[schema(rename_all = "camelCase")]
    VisitorMessage {
        text: &'a str,
        client_id: &'a str,
        /// Name of the Dialogflow event that was sent instead of the text.
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
    },
    BotMessage {
        /// The message as text.
        text: &'a str,
        /// The message as elements to draw.
        content: Vec<Element>,
        /// The canonical Dialogflow message, if it is more than text.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Value>,
    },
    AgentMessage {
        text: &'a str,
        format: MessageFormat,
        agent: AgentView,
    },
    Notice {
        text: &'a str,
        kind: &'a str,
    },
    #[schema(rename_all = "camelCase")]
    Control {
        /// `bot`, `requested` or `human`.
        #[schema(value_type = Control)]
        control: &'a str,
        paused_until: Option<String>,
        reason: &'a str,
        agent: Option<AgentView>,
    },
    Typing {
        agent: Option<AgentView>,
        until: String,
    },
}

/// Who may answer now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    Bot,
    Requested,
    Human,
}

/// A human agent as the visitor sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentView {
    pub name: Option<String>,
    pub avatar_url: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_that_cannot_be_read_names_the_field() {
        let cases = [
            (json!({ "text": "t" }), "clientId"),
            (json!({ "clientId": "", "text": "t" }), "clientId"),
            (json!({ "clientId": "123456789", "text": "t" }), "clientId"),
            (json!({ "clientId": "c\0", "text": "t" }), "clientId"),
            (json!({ "clientId": "c\n", "text": "t" }), "clientId"),
            (json!({ "clientId": "c\u{9f}", "text": "t" }), "clientId"),
            (json!({ "clientId": "c" }), "text"),
            (json!({ "clientId": "c", "text": " " }), "text"),
            (json!({ "clientId": "c", "text": "12345678901" }), "text"),
            (json!({ "clientId": "c", "event": "WELCOME" }), "event"),
            (json!({ "clientId": "c", "event": {} }), "event.name"),
            (json!({ "clientId": "c", "event": { "name": "W\0" } }), "event.name"),
            (json!({ "clientId": "c", "event": { "name": "W\u{1f}" } }), "event.name"),
        ];
        for (body, field) in cases {
            let error = NewMessage::parse(body.to_string().as_bytes(), 10, 8).err().unwrap();
            assert_eq!(error.field.as_deref(), Some(field), "{body}");
            assert!(error.message.contains(field), "{}", error.message);
        }
        let read = |body: Value| NewMessage::parse(body.to_string().as_bytes(), 10, 8);
        let message = read(json!({ "clientId": "ü 1", "text": " a\nb " })).ok().unwrap();
        assert_eq!((message.client_id.as_str(), message.text.as_str()), ("ü 1", "a\nb"));
        assert!(read(json!({ "clientId": "c", "event": { "name": "SAY hi" } })).is_ok());
    }
}
