//! Whose forwarded addresses are believed: only those of the networks in `trusted_proxies`.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Deserializer, de};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// IPv6 hosts choose the lower half of their address themselves.
const IPV6_PREFIX: u8 = 64;

/// The proxies in front of this server.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

/// A list of networks, such as `10.0.0.0/8`, or of addresses.
impl<'de> Deserialize<'de> for Proxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let network = |text: String| {
            let network = text.parse().ok();
            let network = network.or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
            network.ok_or_else(|| {
                de::Error::custom(format!(
                    "{text:?} is no network: write one such as \"10.0.0.0/8\" or an address"
                ))
            })
        };
        let networks = Vec::<String>::deserialize(deserializer)?;
        networks.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl Proxies {
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether `peer` forwards for others and is not believed.
    pub(super) fn ignores(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let forwards =
            headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        forwards && !self.trusts(peer.to_canonical())
    }

    /// The address of the client: of the hops in `X-Forwarded-For`, or else in `Forwarded`, the
    /// last that is not a trusted proxy. An entry that is no address ends the search, because
    /// what stands before it comes from a proxy that is not known.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        // A proxy that sets one of them passes the other one on as the client sent it. The usual
        // one counts.
        let hops: Vec<Option<IpAddr>> = if headers.contains_key(&FORWARDED_FOR) {
            list(headers, &FORWARDED_FOR).into_iter().map(address).collect()
        } else {
            list(headers, &header::FORWARDED).into_iter().map(forwarded_for).collect()
        };
        for hop in hops.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Some(hop) = hop else { break };
            client = hop.to_canonical();
        }
        client
    }
}

/// The network that stands for an address when it is counted: all of IPv4, half of IPv6.
#[must_use]
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => match Ipv6Net::new(address, IPV6_PREFIX) {
            Ok(network) => IpAddr::V6(network.network()),
            Err(_) => IpAddr::V6(address),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// All entries of a header that may be given several times.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Proxies::new(trusted.to_vec()).client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_trusted_proxy() {
        let xff = "x-forwarded-for";
        for (peer, headers, expected) in [
            ("192.0.2.1", vec![(xff, "198.51.100.7")], "192.0.2.1"),
            ("10.0.0.1", vec![(xff, "198.51.100.7")], "198.51.100.7"),
            ("::ffff:10.0.0.1", vec![(xff, "198.51.100.7")], "198.51.100.7"),
            ("10.0.0.1", vec![(xff, "::ffff:198.51.100.7")], "198.51.100.7"),
            ("10.0.0.1", vec![(xff, "1.1.1.1, 198.51.100.7, 10.0.0.2")], "198.51.100.7"),
            ("10.0.0.1", vec![(xff, "1.1.1.1"), (xff, "198.51.100.7")], "198.51.100.7"),
            ("10.0.0.1", vec![(xff, "198.51.100.7:4711")], "198.51.100.7"),
            ("10.0.0.1", vec![(xff, "[2001:db8::7]:4711")], "2001:db8::7"),
            ("10.0.0.1", vec![(xff, "1.1.1.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", vec![(xff, "")], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec![("forwarded", "for=198.51.100.7;proto=https")], "198.51.100.7"),
            ("10.0.0.1", vec![("forwarded", "proto=https;For=\"[2001:db8::7]\"")], "2001:db8::7"),
            ("10.0.0.1", vec![("forwarded", "for=_hidden")], "10.0.0.1"),
            // The client wrote the first, and the proxy passed it on.
            ("10.0.0.1", vec![("forwarded", "for=1.1.1.1"), (xff, "198.51.100.7")], "198.51.100.7"),
            ("2001:db8:1::1", vec![(xff, "10.1.1.1,10.0.0.2")], "10.1.1.1"),
        ] {
            assert_eq!(client(peer, &headers), expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn half_of_an_ipv6_address_is_counted() {
        for (address, counted) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), counted);
        }
    }
}
