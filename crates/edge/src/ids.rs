//! Ids that sort by time and say what they are; secrets that say what they open.

use machine::Millis;
use secrecy::SecretString;
use ulid::Ulid;

/// `prefix_` and a ULID in small letters: 26 characters, 48 bits of time and 80 of chance.
#[must_use]
pub fn new_id(prefix: &str, now: Millis) -> String {
    format!("{prefix}_{}", letters(Ulid::from_parts(now as u64, u128::from_be_bytes(random()))))
}

/// `prefix_` and 128 bits of chance, for what is not sorted by time.
#[must_use]
pub fn random_id(prefix: &str) -> String {
    format!("{prefix}_{}", letters(Ulid::from_bytes(random())))
}

/// A random UUID (version 4), for protocols that want one.
#[must_use]
pub fn uuid() -> String {
    uuid_of(&format!("{:032x}", u128::from_be_bytes(random())))
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
    let half = || letters(Ulid::from_bytes(random()));
    SecretString::from(format!("{prefix}_{}{}", half(), half()))
}

/// Tells two contents apart; the same in every process (FNV-1a, 64 bits).
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Crockford's base 32, in small letters.
fn letters(bits: Ulid) -> String {
    bits.to_string().to_ascii_lowercase()
}

fn random() -> [u8; 16] {
    random_bytes()
}

/// Bytes of chance, for salts and keys.
#[must_use]
#[expect(clippy::expect_used, reason = "without the system's randomness nothing can be safe")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
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
        assert!(new_id("cnv", 1_795_341_600_000).starts_with("cnv_01m81b5h80"), "time comes first");
        assert_eq!(letters(Ulid::from_bytes([0xff; 16])), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_ne!(new_id("cnv", 1_000), early);
        assert_ne!(new_secret("pk").expose_secret(), new_secret("pk").expose_secret());
        assert_eq!(new_secret("pk").expose_secret().len(), 55);
    }
}
