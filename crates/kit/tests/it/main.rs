//! The conformance kit against small servers that are correct, or have one flaw each.
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod docs;
mod flaws;
mod middleware;
mod platform;
