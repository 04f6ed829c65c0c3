//! The seam between the bridge and the tools in which human agents work: what a connector has to
//! do, what it may ask of the bridge, and what several connectors need. Nothing here is specific to
//! a vendor.
//!
//! A [`Connector`] is one tool, built from one `[connectors.NAME]` of the configuration by its
//! [`Kind`](settings::Kind). It makes a [`Session`] for every chat. The bridge owns the sessions:
//! it retries, gives up, sends notices, repeats typing and restarts. A connector only delivers what
//! it is given and reports what it hears. It reaches the bridge through the trait [`Host`] and
//! never sees the store.
#![forbid(unsafe_code)]

pub mod client;
mod connector;
mod event;
mod failure;
mod finding;
mod host;
pub mod inbound;
pub mod oauth;
mod session;
pub mod settings;
pub mod text;

pub use connector::Connector;
pub use event::{ConnectorEvent, EventKind, Typing};
pub use failure::Failure;
pub use finding::{Finding, Verdict};
pub use host::{HandoverRef, Host, OpenHandover, TellError};
pub use inbound::{InboundRequest, Proof};
pub use session::{Again, Attempt, HandoverInfo, Session, VisitorMessage};
pub use settings::{Kind, Parts, SettingsError};
