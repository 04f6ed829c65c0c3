//! Which addresses may be called: the public internet, and the networks that an owner lists.
//!
//! The services where clouds keep the credentials of a machine are never called, in no list and in
//! no spelling, and neither is anything that only the own link or a group of hosts answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What `allow_private = true` allows: the own machine and the networks that are nobody else's.
const PRIVATE: [IpNet; 8] = [
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
];

/// Link-local addresses, groups of hosts, and the metadata services of clouds, most of which are
/// link-local: Alibaba, Azure, Oracle, Amazon (also for pods), Google, Oracle, Scaleway.
const NEVER: [IpNet; 13] = [
    v4([169, 254, 0, 0], 16),
    v4([224, 0, 0, 0], 4),
    v4([255, 255, 255, 255], 32),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
    v4([100, 100, 100, 200], 32),
    v4([168, 63, 129, 16], 32),
    v4([192, 0, 0, 192], 32),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
    v6([0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128),
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128),
];

/// Names under which clouds serve metadata.
const NEVER_NAMED: [&str; 5] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Ends of names that no public name server answers for.
const LOCAL_NAMES: [&str; 9] =
    ["localhost", "local", "internal", "intranet", "private", "lan", "home.arpa", "test", "svc"];

const fn v4(octets: [u8; 4], bits: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), bits))
}

const fn v6(segments: [u16; 8], bits: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), bits))
}

/// What may be called besides the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Allowed(Vec<IpNet>);

/// What a call to an address comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// Its owner may allow it.
    NotPublic,
    Never,
}

impl From<bool> for Allowed {
    fn from(allow_private: bool) -> Self {
        Self(if allow_private { PRIVATE.to_vec() } else { Vec::new() })
    }
}

impl Allowed {
    pub(super) fn with(mut self, networks: &[IpNet]) -> Self {
        self.0.extend(networks);
        self
    }

    pub(super) fn judge(&self, address: IpAddr) -> Verdict {
        // An IPv4-mapped address is the IPv4 address: that is where the system connects.
        let address = address.to_canonical();
        if is_never(address) {
            return Verdict::Never;
        }
        let listed = |address: IpAddr| self.0.iter().any(|network| network.contains(&address));
        if is_public(address) || listed(address) {
            return Verdict::Allowed;
        }
        // A host of the IPv4 internet, or a listed one, behind the translator of an IPv6 network.
        let translated = translated(address).map(IpAddr::V4);
        match translated {
            Some(host) if !self.0.is_empty() && (is_public(host) || listed(host)) => {
                Verdict::Allowed
            }
            _ => Verdict::NotPublic,
        }
    }
}

/// Whether `network` holds nothing that may ever be called.
pub(super) fn is_all_never(network: &IpNet) -> bool {
    NEVER.iter().any(|never| never.contains(network))
}

/// Whether a name is one of a metadata service.
pub(super) fn is_never_named(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    NEVER_NAMED.iter().any(|never| name.eq_ignore_ascii_case(never))
}

/// Whether a name is evidently one of an own network: without a dot, or with an end of its own.
pub(super) fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || LOCAL_NAMES.iter().any(ends)
}

fn is_never(address: IpAddr) -> bool {
    let within = |address: IpAddr| NEVER.iter().any(|never| never.contains(&address));
    let embedded = match address {
        IpAddr::V4(_) => [None; EMBEDDED_MAX],
        IpAddr::V6(address) => embedded(address),
    };
    within(address) || embedded.into_iter().flatten().any(|host| within(IpAddr::V4(host)))
}

/// False for loopback, private, link-local, shared, documentation, benchmark, multicast and
/// reserved addresses, for Azure's metadata service, and for every IPv6 address that embeds an
/// IPv4 address. The source is the IANA special-purpose address registries (RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    !is_never(address)
        && match address {
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => is_public_v6(address),
        }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is global unicast. Within it, the tunnels (Teredo and the rest of 2001::/23,
    // 6to4), the documentation blocks and SRv6 are not public hosts.
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    global && !special
}

/// The IPv4 host that a translator at `64:ff9b::/96` (RFC 6052) connects to.
fn translated(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(host(high, low)),
        _ => None,
    }
}

const EMBEDDED_MAX: usize = 3;

/// Every IPv4 address that an IPv6 address may lead to: compatible, mapped and translated ones
/// (RFC 4291, 6145), those of translators (RFC 6052, 8215), 6to4 (RFC 3056), Teredo (RFC 4380, its
/// server and its client), and ISATAP (RFC 5214).
fn embedded(address: Ipv6Addr) -> [Option<Ipv4Addr>; EMBEDDED_MAX] {
    let segments = address.segments();
    let [.., high, low] = segments;
    let last = host(high, low);
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, ..] => {
            [Some(last), None, None]
        }
        // A prefix of 48 bits: the address goes around bits 64 to 71.
        [0x64, 0xff9b, 1, first, middle, end, ..] => {
            let around = host(first, (middle & 0xff) << 8 | end >> 8);
            [Some(last), Some(around), None]
        }
        [0x2002, first, second, ..] => [Some(host(first, second)), isatap(segments), None],
        [0x2001, 0, first, second, ..] => {
            [Some(host(first, second)), Some(host(!high, !low)), isatap(segments)]
        }
        _ => [isatap(segments), None, None],
    }
}

fn isatap(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let [_, _, _, _, flags, mark, high, low] = segments;
    (flags & 0xfdff == 0 && mark == 0x5efe).then(|| host(high, low))
}

fn host(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests;
