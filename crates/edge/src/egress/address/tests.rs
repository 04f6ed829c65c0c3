use super::{
    super::{NetworkError, Networks},
    *,
};

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn listed(networks: &[&str]) -> Allowed {
    let networks: Vec<String> = networks.iter().map(|&network| network.to_owned()).collect();
    Allowed::from((false, &Networks::parse(&networks).unwrap()))
}

/// Every range of the IANA special-purpose registries that is not globally reachable, and the
/// ranges outside of `2000::/3`: first and last address.
const SPECIAL: [(&str, &str); 32] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
    ("::", "::"),
    ("::1", "::1"),
    ("::ffff:0:0", "::ffff:ffff:ffff"),
    ("64:ff9b::", "64:ff9b::ffff:ffff"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("100::", "100::ffff:ffff:ffff:ffff"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fec0::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

/// The neighbours of those ranges that are public.
const PUBLIC: [&str; 34] = [
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2001:200::",
    "2001:db7:ffff::1",
    "2001:db9::",
    "2003::",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

#[test]
fn tables_hold_at_their_edges() {
    for (first, last) in SPECIAL {
        for address in [first, last] {
            assert!(!is_public(at(address)), "{address}");
            assert_ne!(Allowed::default().judge(at(address)), Verdict::Allowed, "{address}");
        }
    }
    for address in PUBLIC {
        assert!(is_public(at(address)), "{address}");
        assert_eq!(Allowed::default().judge(at(address)), Verdict::Allowed, "{address}");
    }
    assert!(is_public(at("3fff:1000::")), "behind the documentation block");
}

#[test]
fn private_networks_hold_at_their_edges() {
    let private = Allowed::from(true);
    for address in [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "::1",
        "fc00::",
        "fdff:ffff::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::1.1.1.1",
        "1.1.1.1",
    ] {
        assert_eq!(private.judge(at(address)), Verdict::Allowed, "{address}");
    }
    for address in [
        "0.0.0.0",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "::",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "5f00::1",
        "64:ff9b:1::10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::192.0.2.1",
        "fec0::1",
    ] {
        assert_eq!(private.judge(at(address)), Verdict::NotPublic, "{address}");
    }
}

#[test]
fn a_list_allows_what_it_names_and_nothing_beside_it() {
    let allowed = listed(&["10.1.0.0/16", "192.0.2.7", "fd12:3456::/32", "2001:db8::/32"]);
    for address in [
        "10.1.0.0",
        "10.1.255.255",
        "192.0.2.7",
        "fd12:3456::1",
        "2001:db8::1",
        "::ffff:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "1.1.1.1",
    ] {
        assert_eq!(allowed.judge(at(address)), Verdict::Allowed, "{address}");
    }
    for address in [
        "10.0.255.255",
        "10.2.0.0",
        "192.0.2.6",
        "192.0.2.8",
        "127.0.0.1",
        "::1",
        "fd12:3457::1",
        "192.168.0.1",
        "::ffff:10.2.0.0",
        "64:ff9b::10.2.0.0",
    ] {
        assert_eq!(allowed.judge(at(address)), Verdict::NotPublic, "{address}");
    }
}

/// Every form of an address that leads to the same host is the same host.
#[test]
fn metadata_services_and_the_own_link_are_never_called() {
    let everything = listed(&["0.0.0.0/0", "::/0"]);
    for host in [
        "169.254.169.254",
        "169.254.0.0",
        "169.254.255.255",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
    ] {
        let IpAddr::V4(v4) = at(host) else { panic!("{host}") };
        let [a, b, c, d] = v4.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let forms = [
            host.to_owned(),
            format!("::ffff:{host}"),
            format!("::ffff:0:{host}"),
            format!("64:ff9b::{host}"),
            format!("64:ff9b:1::{host}"),
            format!("64:ff9b:1:{high:x}:{c:x}:{:x}::", u16::from(d) << 8),
            format!("2002:{high:x}:{low:x}::1"),
            format!("2001:0:{high:x}:{low:x}::1"),
            format!("2001:0:1:1::{:x}:{:x}", !high, !low),
            format!("2a00::5efe:{host}"),
            format!("2a00::200:5efe:{host}"),
        ];
        for form in forms {
            let compatible = format!("::{host}");
            for address in [form.as_str(), compatible.as_str()] {
                for allowed in [&everything, &true.into(), &false.into()] {
                    assert_eq!(allowed.judge(at(address)), Verdict::Never, "{address}");
                }
            }
        }
    }
    for address in [
        "fe80::",
        "fe80::a9fe:a9fe",
        "febf:ffff::",
        "ff02::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
    ] {
        assert_eq!(everything.judge(at(address)), Verdict::Never, "{address}");
    }
    for address in [
        "169.253.255.255",
        "169.255.0.0",
        "223.255.255.255",
        "fe7f::",
        "fec0::1",
        "fd00:ec2::253",
        "100.100.100.199",
    ] {
        assert_eq!(everything.judge(at(address)), Verdict::Allowed, "{address}");
    }
}

#[test]
fn names_of_metadata_services_are_known_in_any_spelling() {
    for name in [
        "metadata",
        "Metadata.Google.Internal",
        "metadata.google.internal.",
        "instance-data",
        "instance-data.ec2.internal",
    ] {
        assert!(is_never_named(name), "{name}");
    }
    assert!(!is_never_named("metadata.example.com"));
}

#[test]
fn names_without_a_public_name_server_are_known() {
    for name in [
        "middleware",
        "localhost",
        "a.localhost",
        "bridge.internal",
        "hook.lan.",
        "bridge.default.svc",
        "Bridge.Default.Svc.Cluster.Local",
        "nas.home.arpa",
    ] {
        assert!(is_local_name(name), "{name}");
    }
    for name in ["example.com", "lan.example.com", "xlocal.org", "notlocalhost.net"] {
        assert!(!is_local_name(name), "{name}");
    }
}

#[test]
fn networks_are_read_and_refused_with_the_way_out() {
    let refused = |text: &str| Networks::parse(&[text.to_owned()]).unwrap_err().to_string();
    for text in ["", "10.0.0/8", "10.0.0.0/33", "example.com", "10.0.0.0/-1", "fd00::/129"] {
        assert!(refused(text).contains("for example 10.0.0.0/8"), "{text}");
    }
    assert!(refused("10.0.0.1/8").contains("write 10.0.0.0/8"));
    for text in [
        "169.254.0.0/16",
        "169.254.169.254",
        "169.254.169.254/32",
        "fe80::/10",
        "fd00:ec2::254",
        "168.63.129.16",
        "224.0.0.0/4",
    ] {
        assert!(refused(text).contains("never called"), "{text}");
    }
    let many = vec!["10.0.0.0/8".to_owned(); 65];
    assert_eq!(Networks::parse(&many), Err(NetworkError::TooMany));
    assert!(Networks::parse(&many[1..]).is_ok());
}
