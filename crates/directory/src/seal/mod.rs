//! Secrets that must be read again, sealed with XChaCha20-Poly1305. What a secret belongs to is
//! bound into it, so that a sealed text that is moved elsewhere cannot be opened.

mod keyring;

pub use keyring::{Keyring, KeyringError, SealError};

#[cfg(test)]
mod tests;
