//! How a call to a webhook went, in the words of the service (`webhookStatus`).

use serde_json::{Value, json};

use super::CallError;
use crate::shapes::Misfit;

/// Longest quotation from an answer, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// A `google.rpc.Status` of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// A `google.rpc.Code`.
    code: u8,
    why: String,
}

pub(crate) fn success() -> Value {
    json!({ "message": "Webhook execution successful" })
}

impl Failure {
    pub(crate) fn to_json(&self) -> Value {
        let message = format!("Webhook call failed. Error: {}.", self.why);
        json!({ "code": self.code, "message": message })
    }

    fn new(code: u8, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// For an answer with something that cannot be done.
    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self::new(3, why)
    }

    pub(super) fn empty() -> Self {
        Self::invalid("Webhook response was empty")
    }

    pub(super) fn not_a_message(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let word: String = text.split_whitespace().next().unwrap_or_default().to_owned();
        let word: String = word.chars().take(QUOTED_CHARS_MAX).collect();
        Self::unreadable(&format!("Expect message object but got: \"{word}\""))
    }

    pub(super) fn unreadable(why: &str) -> Self {
        Self::invalid(format!("Failed to parse webhook JSON response: {why}"))
    }

    /// `status` is not one of success.
    pub(super) fn http(status: u16) -> Self {
        let (code, error, state, reason) = match status {
            500..=599 => (14, "UNAVAILABLE", "URL_UNREACHABLE", "UNREACHABLE_5xx"),
            400 => (3, "INVALID_ARGUMENT", "URL_ERROR", "ERROR_OTHER"),
            401 => (16, "UNAUTHENTICATED", "URL_ERROR", "ERROR_AUTHENTICATION"),
            403 => (7, "PERMISSION_DENIED", "URL_ERROR", "ERROR_OTHER"),
            404 => (5, "NOT_FOUND", "URL_ERROR", "ERROR_NOT_FOUND"),
            429 => (8, "RESOURCE_EXHAUSTED", "URL_ERROR", "ERROR_OTHER"),
            _ => (2, "UNKNOWN", "URL_ERROR", "ERROR_OTHER"),
        };
        let why = format!("{error}, State: {state}, Reason: {reason}, HTTP status code: {status}");
        Self::new(code, why)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Late => {
                Self::new(4, "DEADLINE_EXCEEDED, State: URL_TIMEOUT, Reason: TIMEOUT_WEB")
            }
            CallError::Unreachable => {
                Self::new(14, "UNAVAILABLE, State: URL_UNREACHABLE, Reason: UNREACHABLE_ERROR")
            }
            CallError::NotAllowed => {
                Self::new(14, "UNAVAILABLE, State: URL_REJECTED, Reason: REJECTED_ADDRESS")
            }
            CallError::TooLarge => {
                let bytes = super::ANSWER_BYTES_MAX;
                Self::new(8, format!("Webhook response exceeds {bytes} bytes"))
            }
        }
    }
}

impl From<Misfit> for Failure {
    fn from(misfit: Misfit) -> Self {
        let message = "google.cloud.dialogflow.v2.WebhookResponse";
        Self::unreadable(&format!("{misfit} in message {message}"))
    }
}
