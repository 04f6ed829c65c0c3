//! The bridge: the contract's middleware between a chat platform and the tools agents work in.
//!
//! A webhook call becomes an input of a chat ([`machine::chat`]), is stored, and only then
//! answered. What agents say is pushed back by one driver (`session`), in order and until the
//! platform has it. Connectors lead to the tools; Baton's own desk is one of them, and what
//! the others have in common is in `tool`.
#![forbid(unsafe_code)]

mod access;
mod app;
mod connectors;
mod desk;
mod http;
mod problems;
mod push;
mod session;
mod timer;
mod tool;

pub use access::Access;
pub use app::{AgentConfig, Bridge, ConfigError, RouteConfig, Running};
pub use connectors::{Connector, Settings as ConnectorSettings, SettingsError};
pub use push::{KeyIn, PushConfig};
pub use tool::{Finding, Verdict};
