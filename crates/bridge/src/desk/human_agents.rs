//! The human agents: who may sign in to the desk, and whether a password is theirs. An unknown
//! address is compared with a password that nobody knows, so that the time does not tell which
//! addresses exist.

use std::{collections::BTreeMap, time::Duration};

use edge::{
    ids,
    password::{Password, Unusable},
    secrets,
};
use machine::chat::Agent;
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::profile;

use crate::config::{ConfigError, HumanAgentConfig};

/// How long a sign-in waits for others whose hashes are computed.
const TURN_WAIT: Duration = Duration::from_secs(5);

pub(crate) struct HumanAgents {
    by_email: BTreeMap<String, Member>,
    unknown: Password,
    /// Some hash, if there is any: what every attempt has to compute.
    slow: Option<Password>,
    of_known_devices: Semaphore,
    of_strangers: Semaphore,
}

struct Member {
    agent: Agent,
    password: Password,
}

impl HumanAgents {
    pub(crate) fn new(agents: Vec<HumanAgentConfig>) -> Result<Self, ConfigError> {
        let (mut by_email, mut slow) = (BTreeMap::new(), None);
        for HumanAgentConfig { email, name, avatar_url, password } in agents {
            let (email, name) = (folded(&email), profile::name(&name));
            if email.is_empty() || name.is_empty() || by_email.contains_key(&email) {
                return Err(ConfigError::HumanAgent(email));
            }
            let read = || {
                let (account, joined) = (email.split('@').next(), name.replace(' ', ""));
                let known = [&*email, account.unwrap_or_default(), &*name, &*joined];
                Password::new(password.clone(), &known).map_err(|unusable| {
                    let email = email.clone();
                    match unusable {
                        Unusable::TooShort => ConfigError::Password(email),
                        Unusable::Common => ConfigError::CommonPassword(email),
                        Unusable::Hash => ConfigError::PasswordHash(email),
                    }
                })
            };
            let password = read()?;
            if slow.is_none() && password.is_hash() {
                slow = Some(read()?);
            }
            let avatar_url = profile::avatar_url(&avatar_url);
            let agent = Agent { email: email.clone(), name, avatar_url };
            by_email.insert(email, Member { agent, password });
        }
        Ok(Self {
            by_email,
            unknown: Password::Text(ids::new_secret("nobody")),
            slow,
            of_known_devices: Semaphore::new(1),
            of_strangers: Semaphore::new(1),
        })
    }

    pub(crate) fn emails(&self) -> impl Iterator<Item = &str> {
        self.by_email.keys().map(String::as_str)
    }

    /// Whether [`Self::verify`] takes long, so that it needs a thread and a turn of its own.
    pub(crate) fn are_slow(&self) -> bool {
        self.slow.is_some()
    }

    /// One hash is computed at a time for strangers and one for known devices, so strangers hold up
    /// no agent who was here before, and take no more than one core and the memory of one hash.
    /// `None` when it was waited for in vain.
    pub(crate) async fn turn(&self, is_known_device: bool) -> Option<SemaphorePermit<'_>> {
        let turns = if is_known_device { &self.of_known_devices } else { &self.of_strangers };
        tokio::time::timeout(TURN_WAIT, turns.acquire()).await.ok()?.ok()
    }

    /// The agent whose address and password these are.
    pub(crate) fn verify(&self, email: &str, password: &str) -> Option<&Agent> {
        let member = self.by_email.get(&folded(email));
        let expected = member.map_or(&self.unknown, |member| &member.password);
        let matches = expected.is(password);
        if let Some(slow) = &self.slow
            && !expected.is_hash()
        {
            // For its time alone.
            std::hint::black_box(slow.is(password));
        }
        member.filter(|_| matches).map(|member| &member.agent)
    }

    pub(crate) fn get(&self, email: &str) -> Option<&Agent> {
        self.by_email.get(email).map(|member| &member.agent)
    }

    /// Ties a session to the password it was opened with, so that a changed password ends it.
    /// Without the token, which is never stored, it says nothing about the password.
    pub(crate) fn binding(&self, email: &str, token: &str) -> Option<String> {
        let password = &self.by_email.get(email)?.password;
        Some(secrets::hash_hex(&format!("{token}\n{}", password.as_given())))
    }
}

/// Addresses are compared without regard to case.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
