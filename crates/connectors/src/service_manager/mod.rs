//! OpenText Service Manager 9 (HP, HPE, Micro Focus): a chat becomes an incident or interaction,
//! and its journal holds the messages of both sides. Every name that an installation may change is
//! a setting. Setup and limits: docs/connectors/opentext-service-manager.md.

use std::{collections::BTreeMap, sync::Arc};

use connector::{
    Connector, Finding, HandoverInfo, Host, Kind, Parts, Session, SettingsError,
    client::PacedClient,
};
use edge::{egress::Networks, given::Secret};
use machine::chat;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::tickets::{self, TicketRules, TicketSession, poll_tickets};

mod journal;
mod records;
mod rest;

use journal::DateOrder;
use records::Records;

/// `[connectors.NAME]` with `kind = "service-manager"`; the defaults are those of an incident.
#[derive(Deserialize, JsonSchema, Clone)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// URL of the REST interface, such as `http://sm.example.org:13080/SM/9/rest`.
    url: String,
    allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    allow_networks: Networks,
    /// The operator that Baton signs in as.
    username: String,
    /// A demo system may have no password.
    password: Option<Secret>,
    /// At most this many calls per second.
    calls_per_second: Option<f64>,
    collection: String,
    resource: String,
    id_field: String,
    title_field: String,
    description_field: String,
    status_field: String,
    group_field: String,
    assignee_field: String,
    journal_field: String,
    solution_field: String,
    /// Name of the assignment group.
    group: Option<String>,
    /// A collection whose keys are the groups, if the installation publishes one.
    group_collection: Option<String>,
    /// Further fields of a new record.
    fields: BTreeMap<String, String>,
    held_status: Vec<String>,
    over_status: Vec<String>,
    /// Made unique by `{reference}`: if the answer to an opening is lost, the record is found by
    /// its title.
    title: String,
    update_method: UpdateMethod,
    /// An action that is called when the visitor leaves, such as `close`, and its fields.
    leave_action: Option<String>,
    leave_fields: BTreeMap<String, String>,
    leave_solution: Vec<String>,
    /// How the journal names Baton's operator, if not as `username`.
    journal_operator: Option<String>,
    date_order: DateOrder,
    /// Entries that begin with one of these are not shown to the visitor.
    internal_marks: Vec<String>,
    mark: String,
    notice: String,
    entry_chars_max: usize,
    poll_seconds: f64,
    gather_seconds: f64,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum UpdateMethod {
    #[default]
    Put,
    Post,
}

impl Default for Settings {
    fn default() -> Self {
        let text = str::to_owned;
        let texts = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        Self {
            url: String::new(),
            allow_private: false,
            allow_networks: Networks::default(),
            username: String::new(),
            password: None,
            calls_per_second: None,
            collection: text("incidents"),
            resource: text("Incident"),
            id_field: text("IncidentID"),
            title_field: text("Title"),
            description_field: text("Description"),
            status_field: text("Status"),
            group_field: text("AssignmentGroup"),
            assignee_field: text("Assignee"),
            journal_field: text("JournalUpdates"),
            solution_field: text("Solution"),
            group: None,
            group_collection: None,
            fields: BTreeMap::new(),
            held_status: texts(&["Pending Customer"]),
            over_status: texts(&["Resolved", "Closed"]),
            title: text("Chat {reference}"),
            update_method: UpdateMethod::default(),
            leave_action: None,
            leave_fields: BTreeMap::new(),
            leave_solution: Vec::new(),
            journal_operator: None,
            date_order: DateOrder::default(),
            internal_marks: texts(&["[internal]"]),
            mark: tickets::default_label(),
            notice: tickets::default_notice(),
            entry_chars_max: 4_000,
            poll_seconds: 5.0,
            gather_seconds: tickets::GATHER_SECONDS,
        }
    }
}

impl Kind for ServiceManager {
    const KEY: &'static str = "service-manager";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        settings.password.iter_mut().collect()
    }

    fn clock(_settings: &Settings) -> chat::Clock {
        tickets::clock()
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let target = parts.target(
            "url",
            &settings.url,
            (settings.allow_private, &settings.allow_networks),
        )?;
        let password = match &settings.password {
            Some(password) => password.read(&parts.key("password"))?,
            None => SecretString::from(""),
        };
        if settings.username.is_empty() {
            return Err(parts.wrong("username", "is missing"));
        }
        if !settings.title.contains("{reference}") {
            return Err(parts.wrong("title", "has no {reference}, by which records are told apart"));
        }
        for (setting, name) in
            [("collection", &settings.collection), ("resource", &settings.resource)]
        {
            if name.is_empty() || name.contains(['/', '?', '#', '%']) {
                return Err(parts.wrong(setting, "is not a name"));
            }
        }
        if settings.internal_marks.iter().any(|mark| mark.trim().is_empty()) {
            return Err(
                parts.wrong("internal_marks", "has an empty mark, with which every entry begins")
            );
        }
        let rules = TicketRules::new(
            &settings.mark,
            &settings.notice,
            settings.entry_chars_max,
            settings.poll_seconds,
        )
        .map_err(|wrong| parts.wrong("poll_seconds", wrong))?
        .gathering(settings.gather_seconds)
        .map_err(|wrong| parts.wrong("gather_seconds", wrong))?;
        let pace = parts.pace(settings.calls_per_second)?;
        let api = PacedClient::new(parts.egress, target).paced(pace);
        let records = Records::new(api, password, rules, settings.clone());
        Ok(ServiceManager(Arc::new(records)))
    }
}

/// The connector of one installation.
pub(crate) struct ServiceManager(Arc<Records>);

#[async_trait::async_trait]
impl Connector for ServiceManager {
    fn session(&self, chat: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session> {
        Box::new(TicketSession::new(self.0.clone(), chat, checkpoint))
    }

    async fn run(&self, host: Arc<dyn Host>) {
        poll_tickets(self.0.clone(), host).await;
    }

    async fn check(&self) -> Vec<Finding> {
        self.0.check().await
    }
}
