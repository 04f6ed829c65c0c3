//! What a bridge is made of, and why that cannot be used.

use machine::chat::{Clock, Notices};
use secrecy::SecretString;
use store::StoreError;

use crate::{access::Access, push::PushConfig};

/// One webhook URL, one push target, one connector.
pub struct RouteConfig {
    /// Last segment of the webhook URL `/handover/{id}`: letters, digits, `-` and `_`.
    pub id: String,
    /// What the platform presents.
    pub access: Access,
    pub push: PushConfig,
    pub connector: ConnectorChoice,
    /// The times of chats that open from now on.
    pub clock: Clock,
    /// Most chats that may wait for a human agent; further ones are refused at step one.
    pub queued_max: usize,
}

/// Which tool a route leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectorChoice {
    /// Baton's own agent console.
    Desk,
    /// One of the configured connectors, by its name.
    Named { name: String, notices: Notices },
}

/// A human agent who may sign in to the desk.
pub struct HumanAgentConfig {
    pub email: String,
    pub name: String,
    pub avatar_url: String,
    pub password: SecretString,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("route `{route}`: there is no `[connectors.{name}]`")]
    NoConnector { route: String, name: String },
    #[error("route `{0}`: use letters, digits, `-` and `_` for its id, each id once")]
    RouteId(String),
    #[error("route `{0}`: a webhook token is missing, or a token or header value is empty")]
    EmptyToken(String),
    #[error("route `{0}`: the push key is empty or holds characters no header can carry")]
    PushKey(String),
    #[error("route `{0}`: pause, queue and idle must each be at least one second")]
    Times(String),
    #[error("agent `{0}`: give an email address and a name, each address once")]
    HumanAgent(String),
    #[error("agent `{0}`: the password needs at least eight characters")]
    Password(String),
    #[error("agent `{0}`: the password is one of the first that are guessed: choose another")]
    CommonPassword(String),
    #[error(
        "agent `{0}`: the password hash cannot be read: write one of argon2id, such as \
         `$argon2id$v=19$m=19456,t=2,p=1$…`, with at most 256 MiB and 16 passes"
    )]
    PasswordHash(String),
}

/// Why a route was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is served, but its open chats could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RouteConfig {
    /// Everything that can be checked of one route alone, but for its push key.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let (id, clock) = (&self.id, &self.clock);
        if id.is_empty() || !id.chars().all(plain) {
            return Err(ConfigError::RouteId(id.clone()));
        }
        if !self.access.is_closed() {
            return Err(ConfigError::EmptyToken(id.clone()));
        }
        if [clock.pause, clock.queue, clock.idle].iter().any(|ms| *ms < 1_000) {
            return Err(ConfigError::Times(id.clone()));
        }
        Ok(())
    }
}
