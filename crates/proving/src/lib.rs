//! The proving ground: runs whole installations of Baton and measures or breaks them.
//!
//! It starts, stops and kills processes ([`server`]), checks that SIGKILL loses nothing that was
//! acknowledged ([`kill`]), compares what visitor, platform, bridge, tool and human agents hold
//! ([`transcript`]), attacks a server with hostile sockets ([`hostile`]), and measures speed
//! ([`load`], [`bench`]) relative to the least work that any design must do ([`floors`]).
//!
//! It sees Baton as `kit` does, from outside. The product never links this crate.
#![forbid(unsafe_code)]

pub mod bench;
pub mod config;
pub mod floors;
pub mod hostile;
pub mod kill;
pub mod load;
mod memory;
mod postgres;
pub mod quantiles;
pub mod server;
pub mod transcript;
mod wait;
