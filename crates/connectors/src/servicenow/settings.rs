//! The settings for live agents and for tickets. The defaults fit a stock instance.

use std::collections::BTreeMap;

use edge::given::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tickets;

/// `[connectors.NAME.virtual_agent]`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VirtualAgentSettings {
    /// Static token of the message authentication.
    pub(super) token: Option<Secret>,
    /// Hash token: signs every request instead.
    pub(super) signing_key: Option<Secret>,
    /// Last part of the callback URL. It is a secret.
    pub(super) callback_key: Secret,
    /// A fixed header of the connection that callbacks must carry.
    pub(super) callback_header: Option<CallbackHeader>,
    /// Needed if several provider applications are configured.
    pub(super) app_inbound_id: Option<String>,
    /// `contextVariables`, beside those of the handover.
    #[serde(default)]
    pub(super) context: BTreeMap<String, String>,
    /// What agents read as the first message, after the history.
    #[serde(default = "default_opening")]
    pub(super) opening: String,
    /// IANA name, sent as `timezone`.
    pub(super) timezone: Option<String>,
    /// What an agent is called until its name is known.
    #[serde(default = "default_agent")]
    pub(super) agent_name: String,
    /// How a `System` text ends that says who entered the chat.
    #[serde(default = "default_entered")]
    pub(super) entered_text: String,
    /// How a `System` text ends that says the agent closed the session.
    #[serde(default = "default_closed")]
    pub(super) closed_text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackHeader {
    pub(super) name: String,
    pub(super) value: Secret,
}

fn default_opening() -> String {
    "The bot hands this visitor over to you.".to_owned()
}

fn default_agent() -> String {
    "Agent".to_owned()
}

fn default_entered() -> String {
    "has entered".to_owned()
}

fn default_closed() -> String {
    "has closed the support session".to_owned()
}

/// `[connectors.NAME.ticket]`; the defaults are those of a stock instance.
#[derive(Deserialize, JsonSchema, Clone)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TicketSettings {
    /// `incident`, `interaction`, or a table that extends `task`.
    pub(super) table: String,
    /// Name of the assignment group; without one the instance's own rules assign.
    pub(super) group: Option<String>,
    pub(super) group_field: String,
    /// The journal field that customers read and write.
    pub(super) comments_field: String,
    pub(super) correlation_field: String,
    pub(super) state_field: String,
    pub(super) held_states: Option<Vec<String>>,
    pub(super) over_states: Option<Vec<String>>,
    pub(super) resolution_field: String,
    /// `{reference}`, `{text}` and `{intent}` are filled in.
    pub(super) title: String,
    pub(super) description_chars_max: usize,
    /// Further fields of a new ticket.
    pub(super) fields: BTreeMap<String, String>,
    /// Fields that are set when the visitor leaves, such as a state.
    pub(super) leave_fields: BTreeMap<String, String>,
    /// The user whose entries are Baton's, if `username` is not configured.
    pub(super) own_user: Option<String>,
    pub(super) mark: String,
    pub(super) notice: String,
    pub(super) comment_chars_max: usize,
    pub(super) poll_seconds: f64,
    pub(super) gather_seconds: f64,
}

impl Default for TicketSettings {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            table: text("incident"),
            group: None,
            group_field: text("assignment_group"),
            comments_field: text("comments"),
            correlation_field: text("correlation_id"),
            state_field: text("state"),
            held_states: None,
            over_states: None,
            resolution_field: text("close_notes"),
            title: text("Chat: {text}"),
            description_chars_max: 4_000,
            fields: BTreeMap::new(),
            leave_fields: BTreeMap::new(),
            own_user: None,
            mark: tickets::default_label(),
            notice: tickets::default_notice(),
            comment_chars_max: 4_000,
            poll_seconds: 5.0,
            gather_seconds: tickets::GATHER_SECONDS,
        }
    }
}
