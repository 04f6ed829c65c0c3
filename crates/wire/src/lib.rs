//! The contract between platform and bridge, and the types of our own APIs.
//!
//! Reading is tolerant, writing is strict. What the contract passes on unchanged stays raw JSON.
//! Each module names its requests and the section of the contract that it follows. All tests of the
//! wire read the golden examples in `examples/`. "Agent" in this crate always means a human agent.
#![forbid(unsafe_code)]

pub mod answer;
pub mod desk;
pub mod examples;
mod format;
pub mod history;
pub mod json;
pub mod openapi;
pub mod problem;
pub mod profile;
pub mod push;
mod reading;
pub mod rich;
pub mod secret;
pub mod shapes;
pub mod tool;
pub mod visitor;
pub mod webhook;

pub use format::MessageFormat;
pub use reading::Invalid;
