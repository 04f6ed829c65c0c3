//! The one hash of this bot: the same in every process, so that the same agent and the same query
//! always give the same answer.

/// FNV-1a with 64 bits, continued from `seed`.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
