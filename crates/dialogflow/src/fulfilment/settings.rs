//! The settings of a webhook in an agent's export.

use secrecy::SecretString;

/// Where an agent has its webhook, and how the webhook knows the caller.
#[derive(Clone, Default)]
pub struct WebhookSettings {
    /// Empty when the agent has none.
    pub url: String,
    /// Whether the agent's fulfilment is switched on (`available`).
    pub is_on: bool,
    /// Empty when there is none.
    pub username: String,
    pub password: Option<SecretString>,
    /// Valid names and values.
    pub headers: Vec<(String, SecretString)>,
}

impl WebhookSettings {
    /// Whether requests carry something that others must not read.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.has_login() || !self.headers.is_empty()
    }

    pub(super) fn has_login(&self) -> bool {
        !self.username.is_empty() || self.password.is_some()
    }
}
