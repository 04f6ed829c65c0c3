//! The conformance kit: checks another company's middleware or platform over the wire.
//!
//! [`conformance`] has the cases and the report; `baton check` runs them. The other modules are
//! the scripted parties that cases and tests play: a visitor, a human agent at the desk, a webhook
//! receiver, a push client, and bodies that a hostile client sends.
//!
//! The kit knows the contract (`wire`) and nothing of how Baton serves it, so it can run against an
//! installation that is not ours.
#![forbid(unsafe_code)]

pub mod address;
pub mod agent;
pub mod conformance;
pub mod hostile;
pub mod http;
pub mod push;
pub mod receiver;
pub mod server;
pub mod socket;
pub mod visitor;
