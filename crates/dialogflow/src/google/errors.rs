//! Errors of a query for an operator: Google's message, and what to do about it. They contain
//! nothing that the visitor said or sent, and no body that is not Google's.

use std::{fmt::Display, time::Duration};

use google_cloud_gax::error::Error;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{ES_TEXT_CHARS_MAX, cut};
use crate::{BotError, Edition, GoogleError, Input, Query};

/// Longest message that is kept.
const MESSAGE_CHARS_MAX: usize = 500;

/// Turns errors of Google's client into errors of a bot; knows the bot's settings.
pub(super) struct ErrorReader {
    pub(super) edition: Edition,
    pub(super) project: String,
    pub(super) location: String,
    pub(super) address: String,
    pub(super) timeout: Duration,
}

impl ErrorReader {
    pub(super) fn bot_error(&self, error: &Error, query: &Query) -> BotError {
        if error.is_binding() {
            let path = "the session path is not one of Dialogflow's";
            return BotError::Refused(path.to_owned());
        }
        let http = error.http_status_code();
        let (status, message) = self.words(error);
        let message = cut(&without_visitor(message, query), MESSAGE_CHARS_MAX);
        let hint = self.hint(&status, &message, error);
        BotError::Google(GoogleError { http, status, message, hint })
    }

    /// The status and Google's message, or ours where there is none.
    fn words(&self, error: &Error) -> (String, String) {
        if let Some(status) = error.status() {
            return (status.code.name().to_owned(), status.message.clone());
        }
        let (status, message) = if error.is_timeout() {
            ("DEADLINE_EXCEEDED", format!("no answer within {:?}", self.timeout))
        } else if error.is_authentication() {
            ("UNAUTHENTICATED", "no access token could be obtained".to_owned())
        } else if error.is_connect() {
            ("UNAVAILABLE", format!("{} cannot be reached", self.address))
        } else if error.is_deserialization() {
            ("UNKNOWN", "the response is not one of Dialogflow's".to_owned())
        } else if let Some(http) = error.http_status_code() {
            (status_of(http), "the response is not in Google's form".to_owned())
        } else {
            ("UNAVAILABLE", "the connection broke".to_owned())
        };
        (status.to_owned(), message)
    }

    fn hint(&self, status: &str, message: &str, error: &Error) -> String {
        let project = &self.project;
        match status {
            "UNAUTHENTICATED" => "is the key of the service account still valid, and is the clock \
                                  of this machine right?"
                .to_owned(),
            "PERMISSION_DENIED" if is_disabled(message) => {
                format!(
                    "enable the Dialogflow API (dialogflow.googleapis.com) in project {project}"
                )
            }
            "PERMISSION_DENIED" => format!(
                "give the service account the role Dialogflow API Client \
                 (roles/dialogflow.client) in project {project}"
            ),
            "NOT_FOUND" => format!(
                "is there {} in project {project}, location {}?",
                match self.edition {
                    Edition::Es => "an ES agent, and the environment",
                    Edition::Cx => "a CX agent of this id, and the environment",
                },
                self.location
            ),
            "RESOURCE_EXHAUSTED" => {
                format!("the quota of project {project} is used up: see its quotas page")
            }
            "INVALID_ARGUMENT" | "FAILED_PRECONDITION" => {
                "do location, environment and language fit the agent?".to_owned()
            }
            "UNAVAILABLE" if error.is_connect() => {
                "check the name service, the firewall and the proxy".to_owned()
            }
            "DEADLINE_EXCEEDED" | "INTERNAL" | "UNAVAILABLE" => {
                "usually passes by itself; a slow fulfilment webhook of the agent can be the reason"
                    .to_owned()
            }
            "UNKNOWN" => {
                format!(
                    "something else answers at {}, not Dialogflow: check the endpoint",
                    self.address
                )
            }
            _ => String::new(),
        }
    }
}

/// The error for a response that cannot be written as JSON.
pub(super) fn unreadable(error: impl Display) -> BotError {
    BotError::Unavailable(format!("the response cannot be written as JSON: {error}"))
}

fn is_disabled(message: &str) -> bool {
    message.contains("has not been used") || message.contains("is disabled")
}

/// The closest name of the `google.rpc` codes.
fn status_of(http: u16) -> &'static str {
    match http {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        502 | 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500 => "INTERNAL",
        _ => "UNKNOWN",
    }
}

/// Removes what the visitor said: Google's messages quote what they cannot read.
fn without_visitor(message: String, query: &Query) -> String {
    let mut said: Vec<String> = Vec::new();
    match &query.input {
        // Also as it was sent, which is the beginning only.
        Input::Text(text) => {
            let beginning: String = text.chars().take(ES_TEXT_CHARS_MAX).collect();
            said.extend([text.clone(), beginning]);
        }
        Input::Event { parameters, .. } => {
            parameters.values().for_each(|value| strings(value, &mut said));
        }
    }
    let contexts = query.contexts.iter().flat_map(|context| context.parameters.values());
    let sent = query.parameters.values().chain(query.payload.values()).chain(contexts);
    sent.for_each(|value| strings(value, &mut said));
    said.extend(query.webhook_headers.iter().map(|(_, value)| value.expose_secret().to_owned()));
    // Also as in JSON, without the quotes.
    let escaped = said.iter().map(|text| Value::from(text.as_str()).to_string());
    let escaped: Vec<String> = escaped.map(|text| text[1..text.len() - 1].to_owned()).collect();
    said.extend(escaped);
    // Whole sentences before the words in them.
    said.sort_by_key(|text| std::cmp::Reverse(text.len()));
    said.into_iter().filter(|text| !text.is_empty()).fold(message, |message, text| {
        // A short text can be part of other words, so it is removed only in quotes.
        let quoted = message.replace(&format!("\"{text}\""), "\"…\"");
        if text.chars().count() < 4 { quoted } else { quoted.replace(&text, "…") }
    })
}

/// Every string and number in a value, as text.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(map) => map.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
