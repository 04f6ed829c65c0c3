//! Ids that sort by time and say what they are; secrets that say what they open.

use machine::Millis;
use secrecy::SecretString;

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `prefix_` and 26 characters: 48 bits of time, 80 of chance.
#[must_use]
pub fn new_id(prefix: &str, now: Millis) -> String {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes[6..]);
    bytes[..6].copy_from_slice(&(now as u64).to_be_bytes()[2..]);
    format!("{prefix}_{}", encode(u128::from_be_bytes(bytes)))
}

/// A random UUID (version 4), for protocols that want one.
#[must_use]
pub fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes);
    uuid_of(&format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A UUID of 32 hexadecimal digits or more, such as a hash has.
#[must_use]
pub fn uuid_of(hex: &str) -> String {
    let (head, tail) = (format!("{}-{}", &hex[..8], &hex[8..12]), &hex[20..32]);
    format!("{head}-4{}-8{}-{tail}", &hex[13..16], &hex[17..20])
}

/// `prefix_` and 256 bits of chance.
#[must_use]
pub fn new_secret(prefix: &str) -> SecretString {
    let mut bytes = [0_u8; 32];
    fill(&mut bytes);
    let (high, low) = bytes.split_at(16);
    let half = |bytes: &[u8]| bytes.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    SecretString::from(format!("{prefix}_{}{}", encode(half(high)), encode(half(low))))
}

/// Tells two contents apart; the same in every process (FNV-1a, 64 bits).
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn encode(mut number: u128) -> String {
    let mut digits = [0_u8; 26];
    for digit in digits.iter_mut().rev() {
        *digit = CROCKFORD[(number & 31) as usize];
        number >>= 5;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[expect(clippy::expect_used, reason = "without the system's randomness nothing can be safe")]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn ids_sort_by_time_and_differ() {
        let early = new_id("cnv", 1_000);
        let late = new_id("cnv", 2_000);
        assert!(early < late);
        assert_eq!(early.len(), 30);
        assert_ne!(new_id("cnv", 1_000), early);
        assert_ne!(new_secret("pk").expose_secret(), new_secret("pk").expose_secret());
        assert_eq!(new_secret("pk").expose_secret().len(), 55);
    }
}
