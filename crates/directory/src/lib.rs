//! What people set up: organizations, users, bots, routes, connectors and keys, as typed documents
//! with an immutable id, a name and a version.
//!
//! A [`document::Document`] is a state machine like a conversation, so the store gives it versions,
//! a history and idempotency. [`Directory`] is the only way to change one: it checks the settings,
//! seals the secrets, and tells the audit trail. Everything that runs reads a snapshot in memory.
#![forbid(unsafe_code)]

pub mod apply;
pub mod audit;
pub mod author;
pub mod changes;
mod directory;
pub mod document;
pub mod kind;
pub mod managed;
pub mod rights;
pub mod rules;
pub mod seal;
pub mod secrets;
pub mod settings;
mod snapshot;
pub mod trail;

pub use directory::{
    Directory, DirectoryError, FIRST_ORGANIZATION, HISTORY_PAGE_MAX, INSTALLATION, New,
};
pub use snapshot::{Held, Snapshot};
