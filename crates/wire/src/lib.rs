//! The contract between platform and bridge, and the types of our own APIs.
//!
//! Reading is tolerant, writing is strict. What the contract passes through stays raw JSON. Each
//! module names the requests it is for and the section of the contract it follows; the golden
//! examples in `examples/` are read by every test that speaks of the wire.
#![forbid(unsafe_code)]

pub mod desk;
pub mod examples;
pub mod history;
pub mod openapi;
pub mod problem;
pub mod push;
mod reading;
pub mod rich;
pub mod secret;
pub mod tool;
pub mod visitor;
pub mod webhook;

pub use reading::Invalid;
