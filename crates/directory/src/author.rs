//! Who made a change or read something: an entry of the audit trail and of a document's history.

use serde::{Deserialize, Serialize};

/// Who acted, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub by: By,
    /// The address of the client, when the change came over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum By {
    /// A person who signed in.
    User { id: String, email: String },
    /// A program with an API key.
    ApiKey { id: String, name: String },
    /// `serve --config` took over what the file says.
    File,
    /// A command on the machine of the server.
    Command { name: String },
    /// Baton itself, for example a retention timer.
    System,
}

impl Author {
    #[must_use]
    pub fn file() -> Self {
        Self { by: By::File, address: None }
    }

    #[must_use]
    pub fn system() -> Self {
        Self { by: By::System, address: None }
    }

    #[must_use]
    pub fn command(name: &str) -> Self {
        Self { by: By::Command { name: name.to_owned() }, address: None }
    }
}
