//! The platform from outside: real HTTP, a real store, time moved by hand, a bot and a bridge
//! that do what the test says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it is surprised")]

mod attempts;
mod bot;
mod bridge;
mod calls;
mod dropped;
mod exclusive;
mod hold;
mod hostile;
mod jumps;
mod keys;
mod limits;
mod misbehaving;
mod missing;
mod origins;
mod overload;
mod panics;
mod push;
mod replies;
mod restart;
mod revisions;
mod sessions;
mod signatures;
mod stream;
mod visitors;
mod world;
