//! The wire types from outside: every reader handles every body.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
