//! What holds for every schedule: long random ones, every short one, and both machines together.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod both;
mod chat;
mod chat_formats;
mod conversation;
mod exhaustive;
mod formats;
mod tool;
mod world;
