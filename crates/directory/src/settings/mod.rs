//! The settings of documents as types: what a file says, and what is stored.
//!
//! The same types read `[[bots]]` of a file and the document of a bot. Their JSON schemas mark the
//! secrets, help editors, and make the forms of pages.

mod agent;
mod api_key;
mod bot;
mod connector;
mod fulfilment;
mod human_agent;
mod keys;
mod list;
mod membership;
mod nearest;
mod organization;
mod route;
mod rule;
mod user;

use serde::de::DeserializeOwned;

pub use agent::{BotAgent, CxAgent, EsAgent, ExportAgent};
pub use api_key::ApiKey;
pub use bot::{Bot, MoreTriggers, OnLate, OnRefused, Send, SendIp, Session, Webhook, WhenAway};
pub use connector::ConnectorRule;
pub use edge::given::Secret;
pub use fulfilment::Fulfilment;
pub use human_agent::HumanAgent;
pub use keys::{Key, Keys};
pub use list::{OneOrMore, Secrets};
pub use membership::Membership;
pub use nearest::suggestion;
pub use organization::Organization;
pub use route::{Connector, Header, KeyIn, Notices, Push, Route, Signing};
pub use rule::SettingsRule;
use schemars::JsonSchema;
pub use user::User;

use crate::{kind::Kind, rules::Wrong};

/// Settings of one kind of document.
pub trait Settings: DeserializeOwned + JsonSchema + Sized {
    const KIND: Kind;

    /// Checks the rules that the types cannot express.
    ///
    /// # Errors
    /// Names the setting and what to do.
    fn validate(&self) -> Result<(), Wrong>;
}

fn ensure<S: Into<String>>(holds: bool, detail: impl FnOnce() -> S) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong::of(detail().into())) }
}

/// Checks an id, which becomes part of URLs.
///
/// # Errors
/// When it has other characters, or too many.
pub fn identifier(key: &str, id: &str) -> Result<(), Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    ensure(!id.is_empty() && id.len() <= 64 && id.chars().all(plain), || {
        format!("`{key}` is {id:?}: use 1 to 64 letters, digits, - and _")
    })
}

/// Most characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// Checks a name for people.
fn named(key: &str, name: &str) -> Result<(), Wrong> {
    let fits = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    ensure(fits && !name.chars().any(char::is_control), || {
        format!("`{key}` is {name:?}: use 1 to {NAME_CHARS_MAX} characters in one line")
    })
}

fn minutes(key: &str, minutes: Option<f64>) -> Result<(), Wrong> {
    let fits = minutes.is_none_or(|minutes| minutes > 0.0 && minutes <= 1_440.0);
    ensure(fits, || {
        format!("`{key}` must be more than 0 and at most 1440 minutes; fractions are fine")
    })
}
