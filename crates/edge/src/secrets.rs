//! Comparing secrets in constant time.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether `presented` is the expected secret. Both are hashed first, so that the time does not
/// depend on the length of the expected one.
#[must_use]
pub fn matches(expected: &SecretString, presented: &str) -> bool {
    let expected = Sha256::digest(expected.expose_secret().as_bytes());
    let presented = Sha256::digest(presented.as_bytes());
    expected.as_slice().ct_eq(presented.as_slice()).into()
}

/// SHA-256 in hexadecimal, for tokens that are stored only to recognize them.
#[must_use]
pub fn hash_hex(secret: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(secret.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Whether [`hash_hex`] of `presented` is `hash`.
#[must_use]
pub fn matches_hash(hash: &str, presented: &str) -> bool {
    same(hash, &hash_hex(presented))
}

/// Whether two hashes or codes are the same.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A secret that callers present, known as text or only as its hash (contract 13.19).
#[derive(Clone)]
pub enum KnownSecret {
    Clear(SecretString),
    /// As [`hash_hex`] writes it.
    Hash(String),
}

impl KnownSecret {
    /// As [`hash_hex`] writes it.
    #[must_use]
    pub fn hash(&self) -> String {
        match self {
            Self::Clear(secret) => hash_hex(secret.expose_secret()),
            Self::Hash(hash) => hash.clone(),
        }
    }

    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        match self {
            Self::Clear(expected) => matches(expected, presented),
            Self::Hash(hash) => matches_hash(hash, presented),
        }
    }
}

impl From<SecretString> for KnownSecret {
    fn from(secret: SecretString) -> Self {
        Self::Clear(secret)
    }
}

/// Whether one of the presented secrets is one of the known ones. All pairs are compared, so that
/// the time does not depend on which pair matches.
#[must_use]
pub fn any_matches(known: &[KnownSecret], presented: &[&str]) -> bool {
    let mut fits = false;
    for known in known {
        for presented in presented {
            fits |= known.is(presented);
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_enough_to_recognize_a_secret() {
        let known =
            [KnownSecret::Hash(hash_hex("s3cret")), KnownSecret::from(SecretString::from("other"))];
        assert!(any_matches(&known, &["wrong", "s3cret"]));
        assert!(any_matches(&known, &["other"]));
        assert!(!any_matches(&known, &["wrong", &hash_hex("s3cret"), ""]));
        assert!(!any_matches(&known, &[]) && !any_matches(&[], &["s3cret"]));
    }

    #[test]
    fn only_the_same_secret_matches() {
        let expected = SecretString::from("s3cret");
        assert!(matches(&expected, "s3cret"));
        for other in ["", "s3cre", "s3cret ", "S3cret"] {
            assert!(!matches(&expected, other));
            assert!(!matches_hash(&hash_hex("s3cret"), other));
        }
        assert!(matches_hash(&hash_hex("s3cret"), "s3cret"));
    }
}
