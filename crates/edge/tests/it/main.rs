//! What stands outside of this crate and judges it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod signature_clients;
