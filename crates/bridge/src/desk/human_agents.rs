//! Who may sign in to the desk, and whether a password is theirs.
//!
//! Passwords come from the configuration, so there is no stored hash for a slow function to
//! protect; they are compared in constant time, for an unknown address against a password that
//! nobody knows, so that the time does not tell which addresses exist.

use std::collections::BTreeMap;

use edge::{ids, secrets};
use machine::chat::Agent;
use secrecy::{ExposeSecret, SecretString};

use crate::app::{AgentConfig, ConfigError};

const PASSWORD_CHARS_MIN: usize = 8;

pub(crate) struct Agents {
    by_email: BTreeMap<String, Member>,
    nobody: SecretString,
}

struct Member {
    agent: Agent,
    password: SecretString,
}

impl Agents {
    pub(crate) fn new(agents: Vec<AgentConfig>) -> Result<Self, ConfigError> {
        let mut by_email = BTreeMap::new();
        for AgentConfig { email, name, avatar_url, password } in agents {
            let email = folded(&email);
            if email.is_empty() || name.trim().is_empty() || by_email.contains_key(&email) {
                return Err(ConfigError::Agent(email));
            }
            if password.expose_secret().chars().count() < PASSWORD_CHARS_MIN {
                return Err(ConfigError::Password(email));
            }
            let agent = Agent { email: email.clone(), name: name.trim().to_owned(), avatar_url };
            by_email.insert(email, Member { agent, password });
        }
        Ok(Self { by_email, nobody: ids::new_secret("nobody") })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.by_email.values().map(|member| &member.agent)
    }

    /// The agent whose address and password these are.
    pub(super) fn verify(&self, email: &str, password: &str) -> Option<&Agent> {
        let member = self.by_email.get(&folded(email));
        let expected = member.map_or(&self.nobody, |member| &member.password);
        let matches = secrets::matches(expected, password);
        member.filter(|_| matches).map(|member| &member.agent)
    }

    pub(super) fn get(&self, email: &str) -> Option<&Agent> {
        self.by_email.get(email).map(|member| &member.agent)
    }

    /// Ties a session to the password it was opened with, so that a changed password ends it.
    /// Without the token, which is never stored, it says nothing about the password.
    pub(super) fn binding(&self, email: &str, token: &str) -> Option<String> {
        let password = &self.by_email.get(email)?.password;
        Some(secrets::hash_hex(&format!("{token}\n{}", password.expose_secret())))
    }
}

/// Addresses are compared without regard to case.
pub(super) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}
