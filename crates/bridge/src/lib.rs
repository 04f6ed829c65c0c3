//! The bridge: the contract's middleware between a chat platform and the tools human agents work
//! in.
//!
//! A webhook call becomes an input of a chat ([`machine::chat`]), is stored, and only then
//! answered. What human agents say is pushed back by the one driver, in order and until the
//! platform has accepted it. A route is attached either to Baton's own desk (`desk`) or to a
//! connector (`runtime`). Of connectors the bridge knows the seam only, the crate `connector`.
#![forbid(unsafe_code)]

mod access;
mod answer_time;
mod bridge;
mod config;
mod connectors;
mod desk;
mod driver;
mod http;
mod push;
mod queue;
mod route;
mod routes;
mod runtime;
mod tasks;
mod timer;

pub use access::Access;
pub use bridge::{Bridge, Running};
pub use config::{ConfigError, ConnectorChoice, HumanAgentConfig, PutError, RouteConfig};
pub use push::{KeyIn, PushConfig};
