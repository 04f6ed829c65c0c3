//! Addresses on loopback for servers that a test starts.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::bail;

/// Ports that are tried: below the range from which the system takes the client ends of
/// connections, so that a port is still free when a killed server comes back.
const PORTS: std::ops::Range<u64> = 10_000..32_000;
const TRIES_MAX: usize = 1_000;
/// Spreads consecutive numbers over 64 bits (Fibonacci hashing).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// An address on loopback on which nothing listens. Processes that ask at the same time start at
/// different ports. Fails when none of 1,000 ports is free.
pub fn free_address() -> anyhow::Result<String> {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    for _ in 0..TRIES_MAX {
        let asked = ASKED.fetch_add(1, Ordering::Relaxed);
        let number = u64::from(std::process::id()) << 20 | asked;
        let spread = number.wrapping_mul(SPREAD) >> 32;
        let port = PORTS.start + spread % (PORTS.end - PORTS.start);
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free")
}
