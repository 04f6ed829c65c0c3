//! Comparing secrets so that the time it takes tells nothing.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether `presented` is the expected secret. Both are hashed first, so that not even the length
/// of the expected one shows.
#[must_use]
pub fn matches(expected: &SecretString, presented: &str) -> bool {
    let expected = Sha256::digest(expected.expose_secret().as_bytes());
    let presented = Sha256::digest(presented.as_bytes());
    expected.as_slice().ct_eq(presented.as_slice()).into()
}

/// SHA-256 in hexadecimal: how a token is kept that only has to be recognized.
#[must_use]
pub fn hash_hex(secret: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(secret.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Whether `presented` hashes to `hash`, as [`hash_hex`] wrote it.
#[must_use]
pub fn matches_hash(hash: &str, presented: &str) -> bool {
    hash.as_bytes().ct_eq(hash_hex(presented).as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
