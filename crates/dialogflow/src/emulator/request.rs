//! The body of a `detectIntent` call.

use serde_json::{Map, Value};

use secrecy::SecretString;

use super::{failure::Failure, proto::Fields};
use crate::{
    Context, Input,
    fulfilment::{SessionEntity, SessionEntityType},
    names::ENTITY_OVERRIDE_MODES,
};

pub(super) struct Detect {
    pub(super) input: Input,
    pub(super) language: String,
    pub(super) time_zone: Option<String>,
    pub(super) contexts: Vec<Context>,
    /// Delete all contexts before setting these.
    pub(super) reset: bool,
    pub(super) payload: Map<String, Value>,
    pub(super) webhook_headers: Vec<(String, SecretString)>,
    pub(super) session_entities: Vec<SessionEntityType>,
    /// Return only the messages for this platform.
    pub(super) platform: Option<String>,
}

const REQUEST: &[&str] = &[
    "session",
    "queryParams",
    "queryInput",
    "outputAudioConfig",
    "outputAudioConfigMask",
    "inputAudio",
];

const PARAMETERS: &[&str] = &[
    "timeZone",
    "geoLocation",
    "contexts",
    "resetContexts",
    "sessionEntityTypes",
    "payload",
    "sentimentAnalysisRequestConfig",
    "webhookHeaders",
    "platform",
];

pub(super) const CONTEXT: &[&str] = &["name", "lifespanCount", "parameters"];

const SESSION_ENTITY_TYPE: &[&str] = &["name", "entityOverrideMode", "entities"];

pub(super) fn read(body: &Value) -> Result<Detect, Failure> {
    let request = Fields::of("", body, REQUEST)?;
    let input = request.message("queryInput", &["text", "event", "audioConfig"])?;
    let input = input.ok_or_else(|| Failure::invalid_argument("Query input not set."))?;
    for speech in ["inputAudio", "outputAudioConfig"] {
        if request.get(speech).is_some() {
            return Err(Failure::unimplemented("speech"));
        }
    }
    let (input, language) = read_input(&input)?;
    let mut detect = Detect {
        input,
        language,
        time_zone: None,
        contexts: Vec::new(),
        reset: false,
        payload: Map::new(),
        webhook_headers: Vec::new(),
        session_entities: Vec::new(),
        platform: None,
    };
    if let Some(parameters) = request.message("queryParams", PARAMETERS)? {
        let given = |text: String| (!text.is_empty()).then_some(text);
        detect.time_zone = given(parameters.text("timeZone")?);
        detect.platform = given(parameters.text("platform")?);
        detect.reset = parameters.flag("resetContexts")?;
        detect.payload = parameters.object("payload")?;
        detect.webhook_headers = headers(&parameters)?;
        let entities = parameters.messages("sessionEntityTypes", SESSION_ENTITY_TYPE)?;
        detect.session_entities =
            entities.iter().map(session_entity_type).collect::<Result<_, _>>()?;
        let contexts = parameters.messages("contexts", CONTEXT)?;
        detect.contexts = contexts.iter().map(context).collect::<Result<_, _>>()?;
    }
    Ok(detect)
}

/// Text or event, and its language.
fn read_input(from: &Fields<'_>) -> Result<(Input, String), Failure> {
    let kinds = ["text", "event", "audioConfig"];
    let set = kinds.iter().filter(|kind| from.get(kind).is_some()).count();
    if set > 1 {
        let why = "Invalid value at 'query_input' (oneof), oneof field 'input' is already set.";
        return Err(Failure::invalid_field("query_input", why.to_owned()));
    }
    let (input, said) = if let Some(text) = from.message("text", &["text", "languageCode"])? {
        (Input::Text(text.text("text")?), text)
    } else if let Some(event) = from.message("event", &["name", "parameters", "languageCode"])? {
        let (name, parameters) = (event.text("name")?, event.object("parameters")?);
        (Input::Event { name, parameters }, event)
    } else if from.get("audioConfig").is_some() {
        return Err(Failure::unimplemented("speech"));
    } else {
        return Err(Failure::invalid_argument("Query input not set."));
    };
    let language = said.text("languageCode")?;
    if language.is_empty() {
        return Err(Failure::invalid_argument("Query input language code not set."));
    }
    Ok((input, language))
}

/// `webhookHeaders`, which may hold credentials.
fn headers(from: &Fields<'_>) -> Result<Vec<(String, SecretString)>, Failure> {
    let mut headers = Vec::new();
    for (name, value) in from.object("webhookHeaders")? {
        let Value::String(value) = value else {
            let path = from.path_of("webhookHeaders");
            let why = format!("Invalid value at '{path}': every header is a text.");
            return Err(Failure::invalid_field(&path, why));
        };
        headers.push((name, SecretString::from(value)));
    }
    Ok(headers)
}

fn session_entity_type(from: &Fields<'_>) -> Result<SessionEntityType, Failure> {
    let entity = |from: &Fields<'_>| {
        Ok(SessionEntity { value: from.text("value")?, synonyms: from.texts("synonyms")? })
    };
    let entities = from.messages("entities", &["value", "synonyms"])?;
    Ok(SessionEntityType {
        name: from.text("name")?,
        entity_override_mode: from.name_of("entityOverrideMode", ENTITY_OVERRIDE_MODES)?,
        entities: entities.iter().map(entity).collect::<Result<_, Failure>>()?,
    })
}

/// A context; its name must be a full path, as in the service.
pub(super) fn context(from: &Fields<'_>) -> Result<Context, Failure> {
    let name = from.text("name")?;
    let bare = name.rsplit_once("/contexts/").map(|(_, bare)| bare).unwrap_or_default();
    if bare.is_empty() || bare.contains('/') {
        let path = from.path_of("name");
        let why = "Resource name does not match 'projects/*/agent/sessions/*/contexts/*'.";
        return Err(Failure::invalid_field(&path, why.to_owned()));
    }
    let lifespan = u32::try_from(from.number("lifespanCount")?);
    let lifespan = lifespan
        .map_err(|_| Failure::invalid_argument("The lifespan of a context is negative."))?;
    Ok(Context { name, lifespan, parameters: from.object("parameters")? })
}
