//! Records and the fields that may be written.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    Options,
    journal::{self, Entry},
    profile::Profile,
};

/// Fields of type list of String: one item for each line.
const LISTS: [&str; 2] = ["Description", "Solution"];

/// An incident or interaction; fields go by the standard names of an incident.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) journal: Vec<Entry>,
    pub(super) opened_at: i64,
    pub(super) updated_at: i64,
    pub(super) locked: bool,
}

/// The caller's fields under standard names; the error says what is wrong.
pub(super) fn read(body: &[u8], profile: &Profile) -> Result<Map<String, Value>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Some(fields) = body[&profile.resource].as_object() else {
        return Err(format!("The body has no {}", profile.resource));
    };
    let mut read = Map::new();
    for (name, value) in fields {
        let standard = profile.standard(name);
        let is_list = LISTS.contains(&standard) || standard == "JournalUpdates";
        let fits = if is_list { is_lines(value) } else { value.is_string() || value.is_null() };
        if !fits {
            return Err(format!("The type of {name} is wrong"));
        }
        // A standard name that was given to another field is unknown.
        if standard != name || !profile.names.contains_key(name.as_str()) {
            read.insert(standard.to_owned(), value.clone());
        }
    }
    Ok(read)
}

fn is_lines(value: &Value) -> bool {
    let is_line = |line: &Value| line.is_string() || line.is_null();
    value.as_array().is_some_and(|lines| lines.iter().all(is_line))
}

impl Record {
    pub(super) fn open(id: String, fields: Map<String, Value>, options: &Options) -> Self {
        let now = options.time.now();
        let mut record = Self {
            id,
            fields: BTreeMap::new(),
            journal: Vec::new(),
            opened_at: now,
            updated_at: now,
            locked: false,
        };
        record.set("Status", &options.profile.opened);
        record.set("OpenedBy", &options.operator);
        record.set("Category", "incident");
        record.change(fields, &options.operator, now);
        record
    }

    /// Applies changed fields; a text for the journal becomes one entry.
    pub(super) fn change(&mut self, fields: Map<String, Value>, operator: &str, now: i64) {
        for (name, value) in fields {
            match name.as_str() {
                "JournalUpdates" => {
                    let lines = value.as_array().cloned().unwrap_or_default();
                    let text = |line: &Value| line.as_str().unwrap_or_default().to_owned();
                    // An item may hold several lines; the journal stores single lines.
                    let lines = lines.iter().map(text);
                    let lines: Vec<_> = lines
                        .flat_map(|item| item.split('\n').map(str::to_owned).collect::<Vec<_>>())
                        .collect();
                    self.journal.push(Entry { at: now, operator: operator.to_owned(), lines });
                }
                "IncidentID" | "OpenTime" | "OpenedBy" | "UpdatedTime" | "UpdatedBy" => {}
                list if LISTS.contains(&list) => {
                    let lines = value.as_array().cloned().unwrap_or_default();
                    let blank = |line: Value| if line == "" { Value::Null } else { line };
                    self.fields.insert(name, lines.into_iter().map(blank).collect());
                }
                _ => {
                    self.fields.insert(name, value);
                }
            }
        }
        self.set("UpdatedBy", operator);
        self.updated_at = now;
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.fields.insert(name.to_owned(), json!(value));
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The lines of a list, a blank one for each `null`.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.fields.get(name).and_then(Value::as_array);
        let text = |line: &Value| line.as_str().unwrap_or_default().to_owned();
        lines.into_iter().flatten().map(text).collect()
    }

    /// All fields under the installation's names.
    pub(super) fn full(&self, profile: &Profile) -> Value {
        let mut full = self.key(profile);
        for (name, value) in &self.fields {
            full[profile.name(name)] = value.clone();
        }
        full[profile.name("OpenTime")] = json!(iso(self.opened_at));
        full[profile.name("UpdatedTime")] = json!(iso(self.updated_at));
        if !self.journal.is_empty() {
            full[profile.name("JournalUpdates")] = json!(journal::lines(&self.journal, profile));
        }
        full
    }

    pub(super) fn summary(&self, profile: &Profile) -> Value {
        let mut summary = self.key(profile);
        for name in ["Title", "Status", "AssignmentGroup", "Assignee"] {
            summary[profile.name(name)] = json!(self.text(name));
        }
        summary
    }

    pub(super) fn key(&self, profile: &Profile) -> Value {
        json!({ profile.name("IncidentID"): self.id })
    }

    /// A field as queries compare it; times as milliseconds.
    pub(super) fn compared(&self, name: &str) -> String {
        match name {
            "IncidentID" => self.id.clone(),
            "OpenTime" => self.opened_at.to_string(),
            "UpdatedTime" => self.updated_at.to_string(),
            _ => self.text(name).to_owned(),
        }
    }
}

/// ISO 8601 with offset, to the second.
fn iso(at: i64) -> String {
    let time = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
