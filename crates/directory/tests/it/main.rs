//! The directory on real databases: what both engines promise runs on both.
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "../../../store/tests/it/backend.rs"]
mod backend;

mod audit;
mod documents;
mod managed;
mod secrets;
mod world;
