//! OpenText Service Manager 9 (once HP, HPE and Micro Focus), simulated: the REST interface to
//! incidents or interactions and their journal. There is no push, no typing and no presence.
//!
//! It is written from published descriptions and from what clients in the field send. Where those
//! say nothing, it can be set either way, or the harder choice for a caller is taken.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

use crate::{Act, Chat, Tool, time::Time};

mod agent;
mod envelope;
mod journal;
mod profile;
mod query;
mod records;
mod rest;

#[cfg(test)]
mod tests;

pub use profile::{DateOrder, Profile};
use records::Record;

/// `ReturnCode` of success.
const SUCCESS: u16 = 0;
/// Another operator has the record open.
const LOCKED: u16 = 3;
const NO_RECORD: u16 = 9;
/// The record changed since it was read.
const CHANGED: u16 = 51;
const INVALID: u16 = 71;

/// Options of an installation.
#[derive(Debug, Clone)]
pub struct Options {
    /// The integration's operator.
    pub operator: String,
    pub password: String,
    pub profile: Profile,
    /// Mandatory fields of a new record, by their names in [`Profile`].
    pub required: Vec<&'static str>,
    /// Assignment groups; others are refused.
    pub groups: Vec<String>,
    /// Whether an update must have a journal entry.
    pub journal_required: bool,
    /// Longer entries of the journal are refused.
    pub journal_chars_max: usize,
    /// HTTP status of a refusal other than 401 and 404; some gateways make it 200.
    pub refusal_status: u16,
    /// What an agent writes as the solution.
    pub solution: Vec<String>,
    pub time: Time,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operator: "integration".to_owned(),
            password: "integration's password".to_owned(),
            profile: Profile::default(),
            required: vec!["Title", "Description", "AssignmentGroup"],
            groups: vec!["Service Desk".to_owned(), "Network".to_owned()],
            journal_required: false,
            journal_chars_max: usize::MAX,
            refusal_status: 400,
            solution: vec!["The client was restarted.".to_owned()],
            time: Time::default(),
        }
    }
}

/// An installation; clones are the same one.
#[derive(Clone)]
pub struct ServiceManager(Arc<Inner>);

struct Inner {
    options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    /// How many updates are still refused because the record changed.
    conflicts: u32,
}

impl ServiceManager {
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Inner { options, state: Mutex::default() }))
    }

    /// Another operator opens the record: it cannot be written until [`Self::unlock`].
    pub fn lock_record(&self, id: &str) {
        self.set_locked(id, true);
    }

    pub fn unlock(&self, id: &str) {
        self.set_locked(id, false);
    }

    /// The next `updates` are refused because the record changed since it was read.
    pub fn conflict(&self, updates: u32) {
        self.lock().conflicts = updates;
    }

    /// The record as its own REST interface would show it.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<Value> {
        let state = self.lock();
        let record = state.records.iter().find(|record| record.id == id)?;
        Some(record.full(&self.0.options.profile))
    }

    fn set_locked(&self, id: &str, locked: bool) {
        let mut state = self.lock();
        if let Some(record) = state.records.iter_mut().find(|record| record.id == id) {
            record.locked = locked;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

impl Tool for ServiceManager {
    fn title(&self) -> &'static str {
        "Service Manager"
    }

    fn router(&self) -> Router {
        let collection = get(rest::list).post(rest::create);
        let record = get(rest::one).put(rest::update).post(rest::update);
        let action = axum::routing::post(rest::action).put(rest::action);
        let base = "/SM/9/rest";
        Router::new()
            .route(&format!("{base}/"), get(rest::service))
            .route(&format!("{base}/{{collection}}"), collection)
            .route(&format!("{base}/{{collection}}/{{key}}"), record)
            .route(&format!("{base}/{{collection}}/{{key}}/action/{{name}}"), action)
            .with_state(self.clone())
    }

    fn chats(&self) -> Vec<Chat> {
        let options = &self.0.options;
        self.lock().records.iter().map(|record| agent::chat(record, options)).collect()
    }

    fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        let mut state = self.lock();
        let record = state.records.iter_mut().find(|record| record.id == chat);
        agent::act(record.ok_or("there is no such record")?, act, &self.0.options)
    }

    /// A proxy in front of an installation answers in HTML.
    fn failure(&self, status: StatusCode) -> Response {
        let html = format!("<html><body><h1>{status}</h1></body></html>");
        (status, [("content-type", "text/html")], html).into_response()
    }
}

/// A refusal of the interface.
fn refusal(status: u16, code: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({ "Messages": [message], "ReturnCode": code }))).into_response()
}
