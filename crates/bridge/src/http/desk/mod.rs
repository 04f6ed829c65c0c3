//! `/desk/api/…`: what the desk's page works with. One file for each group of endpoints.

mod attempt;
pub(super) mod chats;
mod cookie;
pub(super) mod guard;
pub(super) mod session;
pub(super) mod stream;
