//! The bridge from outside: real HTTP on loopback, a real SQLite file, a clock moved by hand, and
//! a scripted platform that receives the pushes.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod before;
mod connectors;
mod desk;
mod dropped;
mod failed_secrets;
mod hostile;
mod missed;
mod page;
mod panics;
mod platform;
mod pushes;
mod queue;
mod revisions;
mod scripted;
mod sign_in;
mod signatures;
mod stream;
mod time;
mod webhook;
mod words;
mod world;
