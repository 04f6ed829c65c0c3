//! The directory on real databases: what both engines promise runs on both.
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "../../../store/tests/it/backend.rs"]
#[expect(dead_code, reason = "the store's own tests use more of it")]
mod backend;

mod audit;
mod documents;
mod managed;
mod secrets;
mod world;
