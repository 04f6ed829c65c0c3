//! The human agents: who may sign in to the desk, and whether a password is theirs.
//!
//! Passwords come from the configuration, so there is no stored hash for a slow function to
//! protect; they are compared in constant time, for an unknown address against a password that
//! nobody knows, so that the time does not tell which addresses exist.

use std::collections::BTreeMap;

use edge::{ids, secrets};
use machine::chat::Agent;
use secrecy::{ExposeSecret, SecretString};
use wire::profile;

use crate::config::{ConfigError, HumanAgentConfig};

const PASSWORD_CHARS_MIN: usize = 8;

pub(crate) struct HumanAgents {
    by_email: BTreeMap<String, Member>,
    unknown: SecretString,
}

struct Member {
    agent: Agent,
    password: SecretString,
}

impl HumanAgents {
    pub(crate) fn new(agents: Vec<HumanAgentConfig>) -> Result<Self, ConfigError> {
        let mut by_email = BTreeMap::new();
        for HumanAgentConfig { email, name, avatar_url, password } in agents {
            let (email, name) = (folded(&email), profile::name(&name));
            if email.is_empty() || name.is_empty() || by_email.contains_key(&email) {
                return Err(ConfigError::HumanAgent(email));
            }
            if password.expose_secret().chars().count() < PASSWORD_CHARS_MIN {
                return Err(ConfigError::Password(email));
            }
            let avatar_url = profile::avatar_url(&avatar_url);
            let agent = Agent { email: email.clone(), name, avatar_url };
            by_email.insert(email, Member { agent, password });
        }
        Ok(Self { by_email, unknown: ids::new_secret("nobody") })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Agent> {
        self.by_email.values().map(|member| &member.agent)
    }

    /// The agent whose address and password these are.
    pub(crate) fn verify(&self, email: &str, password: &str) -> Option<&Agent> {
        let member = self.by_email.get(&folded(email));
        let expected = member.map_or(&self.unknown, |member| &member.password);
        let matches = secrets::matches(expected, password);
        member.filter(|_| matches).map(|member| &member.agent)
    }

    pub(crate) fn get(&self, email: &str) -> Option<&Agent> {
        self.by_email.get(email).map(|member| &member.agent)
    }

    /// Ties a session to the password it was opened with, so that a changed password ends it.
    /// Without the token, which is never stored, it says nothing about the password.
    pub(crate) fn binding(&self, email: &str, token: &str) -> Option<String> {
        let password = &self.by_email.get(email)?.password;
        Some(secrets::hash_hex(&format!("{token}\n{}", password.expose_secret())))
    }
}

/// Addresses are compared without regard to case.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}
