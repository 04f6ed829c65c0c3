//! What both HTTP sides need: time and ids, secrets and how settings give them, the accept loop,
//! request bodies with a limit, problems as responses, and guarded calls to other servers.
//!
//! Nothing here knows what a conversation or a chat is.
#![forbid(unsafe_code)]

pub mod base_path;
mod body;
mod bounds;
pub mod clock;
pub mod cookie;
pub mod egress;
pub mod given;
mod head_timer;
pub mod http;
pub mod ids;
pub mod limits;
pub mod origins;
pub mod own_page;
pub mod password;
pub mod request_id;
pub mod secrets;
pub mod serve;
pub mod signature;
pub mod socket;
pub mod time;
pub mod tls;
mod unread;

pub use clock::{Clock, ManualClock};
