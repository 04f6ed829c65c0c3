//! The wire from outside: whatever comes, every reader gives an answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
