//! What both HTTP sides need and neither owns: time and ids, secrets and how they are given, the
//! accept loop, bounded bodies, problems as answers, and the one guarded way out to other people's
//! servers.
//!
//! Nothing here knows what a conversation or a chat is.
#![forbid(unsafe_code)]

pub mod clock;
pub mod egress;
pub mod given;
pub mod http;
pub mod ids;
pub mod secrets;
pub mod serve;
pub mod signature;
pub mod time;
pub mod tls;

pub use clock::{Clock, ManualClock};
