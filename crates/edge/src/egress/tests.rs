use std::{collections::VecDeque, io};

use futures::future::BoxFuture;

use super::*;

fn blocked(url: &str) -> bool {
    matches!(Target::parse(url, false), Err(EgressError::Blocked(_)))
}

#[test]
fn every_spelling_of_a_private_address_is_blocked_unless_it_is_allowed() {
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "198.18.0.1",
        "[::ffff:10.0.0.1]",
    ];
    for host in hosts {
        assert!(blocked(&format!("http://{host}/hook")), "{host}");
        assert!(Target::parse(&format!("http://{host}/hook"), true).is_ok(), "{host}");
    }
    // Special, and in no private network.
    for host in ["0", "[::]", "[2002:7f00:1::]", "[2001::1]", "192.0.2.1", "[::127.0.0.1]"] {
        for allow_private in [false, true] {
            let parsed = Target::parse(&format!("http://{host}/hook"), allow_private);
            assert!(matches!(parsed, Err(EgressError::Blocked(_))), "{host}");
        }
    }
}

#[test]
fn metadata_services_are_refused_in_every_spelling() {
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "100.100.100.200",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        for allow_private in [false, true] {
            let parsed = Target::parse(&format!("http://{host}/latest"), allow_private);
            assert!(matches!(parsed, Err(EgressError::Forbidden(_))), "{host}");
        }
    }
}

#[test]
fn plain_calls_over_the_public_internet_are_known() {
    let plain = |url: &str| Target::parse(url, true).unwrap().public_and_plain();
    for (url, host) in [
        ("http://hooks.example.com/x", "hooks.example.com"),
        ("http://1.1.1.1:8080/x", "1.1.1.1"),
        ("http://[2606:4700::1111]/x", "[2606:4700::1111]"),
    ] {
        assert_eq!(plain(url).as_deref(), Some(host));
    }
    for url in [
        "https://hooks.example.com",
        "http://127.0.0.1:9",
        "http://10.0.0.1",
        "http://middleware:3000",
        "http://localhost",
        "http://bridge.internal/x",
    ] {
        assert_eq!(plain(url), None, "{url}");
    }
}

#[test]
fn public_addresses_and_names_pass_the_first_check() {
    for host in ["1.1.1.1", "8.8.8.8", "[2606:4700::1111]", "example.com", "172.32.0.1"] {
        assert!(Target::parse(&format!("https://{host}/hook"), false).is_ok(), "{host}");
    }
}

#[test]
fn other_schemes_and_credentials_are_refused() {
    for url in ["ftp://example.com", "file:///etc/passwd", "http://user:pw@example.com", "hook", ""]
    {
        assert!(matches!(Target::parse(url, true), Err(EgressError::BadUrl(_))), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_home_is_blocked_when_it_is_called() {
    let egress = Egress::new().unwrap();
    let target = Target::parse("http://localhost:9/hook", false).unwrap();
    let deadline = Duration::from_secs(5);
    let called = egress.post_json(&target, HeaderMap::new(), Bytes::new(), deadline, 1024).await;
    let Err(error) = called else { panic!("the call went out") };
    assert_eq!(error, EgressError::Blocked("localhost".to_owned()));
}

/// The test server is "ours" and would answer.
#[tokio::test]
async fn h5_own_listeners_are_reached_at_the_doors_of_the_contract_alone() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(async || "ours");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other_address = other.local_addr().unwrap();
    let router = axum::Router::new().fallback(async || "another");
    tokio::spawn(async move { axum::serve(other, router).await });
    let own = OwnListener { address, open: vec!["/handover/".to_owned()] };
    let here: IpAddr = [127, 0, 0, 1].into();
    let script = Script(Mutex::new((vec![vec![here]; 32].into(), 0)));
    let egress = Egress::with_lookup(Arc::new(script)).unwrap().beside(vec![own]);
    let call = async |url: &str| {
        let target = Target::parse(url, true).unwrap();
        let sent = (Method::POST, HeaderMap::new(), Bytes::new());
        let called = egress.call(&target, sent, Duration::from_secs(5), 1024).await;
        called.map(|reply| String::from_utf8(reply.body.to_vec()).unwrap())
    };
    let port = address.port();
    for host in ["127.0.0.1", "127.0.0.2", "[::ffff:127.0.0.1]", "localhost", "home.example.com"] {
        for path in ["", "desk/api/session", "handover", "x/../v1"] {
            let refused = call(&format!("http://{host}:{port}/{path}")).await;
            assert!(matches!(refused, Err(EgressError::Own(_))), "{host}/{path}: {refused:?}");
        }
    }
    for host in ["127.0.0.1", "home.example.com"] {
        assert_eq!(call(&format!("http://{host}:{port}/handover/r")).await.as_deref(), Ok("ours"));
    }
    let elsewhere = call(&format!("http://home.example.com:{}/desk", other_address.port())).await;
    assert_eq!(elsewhere.as_deref(), Ok("another"), "another server of this machine");
    let socket = Target::parse(&format!("http://127.0.0.1:{port}/desk/api/stream"), true).unwrap();
    let opened = egress.connect(&socket, HeaderMap::new(), Duration::from_secs(5), 16).await;
    assert!(matches!(opened.err(), Some(EgressError::Own(_))));
}

/// A listener whose queue of connections is full takes none, like a host that is off.
#[tokio::test]
async fn a_host_that_takes_no_connection_is_given_up_after_two_seconds() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    let connect = || tokio::net::TcpStream::connect(address);
    while let Ok(taken) = tokio::time::timeout(Duration::from_millis(300), connect()).await {
        queue.push(taken.unwrap());
        assert!(queue.len() < 100, "the queue has no end");
    }
    let (egress, start) = (Egress::new().unwrap(), std::time::Instant::now());
    let target = Target::parse(&format!("http://{address}/"), true).unwrap();
    let deadline = Duration::from_secs(30);
    let called = egress.post_json(&target, HeaderMap::new(), Bytes::new(), deadline, 16).await;
    let error = called.err();
    assert!(matches!(error, Some(EgressError::Unreachable(_))), "{error:?}");
    assert!((1_900..6_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn waiting_for_a_place_ends_with_the_deadline() {
    let egress = Egress::new().unwrap();
    let target = Target::parse("http://127.0.0.1:9/hook", true).unwrap();
    let all = u32::try_from(IN_FLIGHT_MAX).unwrap();
    let taken = target.in_flight.acquire_many(all).await.unwrap();
    let call = async |deadline| {
        let call = egress.post_json(&target, HeaderMap::new(), Bytes::new(), deadline, 1024);
        let ended = tokio::time::timeout(Duration::from_secs(20), call).await;
        ended.expect("the call waits for ever").err()
    };
    assert_eq!(call(Duration::from_millis(20)).await, Some(EgressError::NoTurn));
    drop(taken);
    assert!(matches!(call(Duration::from_secs(5)).await, Some(EgressError::Unreachable(_))));
}

/// A server of one connection: it greets, sends back what it hears, and closes on `bye`.
async fn echo() -> Target {
    use futures::{SinkExt as _, StreamExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/socket", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send("hello".into()).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.to_text().is_ok_and(|text| text == "bye") {
                break;
            }
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    Target::parse(&url, true).unwrap()
}

#[tokio::test]
async fn a_socket_carries_texts_both_ways_until_it_is_closed() {
    let (egress, target) = (Egress::new().unwrap(), echo().await);
    let deadline = Duration::from_secs(5);
    let mut socket = egress.connect(&target, HeaderMap::new(), deadline, 1024).await.unwrap();
    assert_eq!(socket.next().await, Ok(Heard::Text("hello".to_owned())));
    socket.send("שלום 🙂").await.unwrap();
    assert_eq!(socket.next().await, Ok(Heard::Text("שלום 🙂".to_owned())));
    socket.ping().await.unwrap();
    assert_eq!(socket.next().await, Ok(Heard::Life));
    socket.send("bye").await.unwrap();
    assert!(matches!(socket.next().await, Ok(Heard::Closed) | Err(_)));
}

#[tokio::test]
async fn a_socket_is_opened_only_where_a_call_may_go() {
    let egress = Egress::new().unwrap();
    let deadline = Duration::from_secs(5);
    let target = Target::parse("http://localhost:9/socket", false).unwrap();
    let error = egress.connect(&target, HeaderMap::new(), deadline, 1024).await.err();
    assert_eq!(error, Some(EgressError::Blocked("localhost".to_owned())));
}

#[tokio::test]
async fn what_is_no_socket_and_what_is_too_long_is_an_error() {
    let (egress, target) = (Egress::new().unwrap(), echo().await);
    let deadline = Duration::from_secs(5);
    let mut socket = egress.connect(&target, HeaderMap::new(), deadline, 16).await.unwrap();
    assert_eq!(socket.next().await, Ok(Heard::Text("hello".to_owned())));
    socket.send("x".repeat(17)).await.unwrap();
    assert!(matches!(socket.next().await, Err(EgressError::Network(_))));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", axum::routing::get(async || "a page"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let target = Target::parse(&url, true).unwrap();
    let error = egress.connect(&target, HeaderMap::new(), deadline, 16).await.err();
    assert_eq!(error, Some(EgressError::NoSocket(200)));
}

/// Gives the answers of a script, one for each look-up, and keeps count.
struct Script(Mutex<(VecDeque<Vec<IpAddr>>, usize)>);

impl Lookup for Script {
    fn lookup(&self, _host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut script = self.0.lock();
        script.1 += 1;
        let answer = script.0.pop_front().unwrap_or_default();
        Box::pin(async { Ok(answer) })
    }
}

/// The second address of the name is one of a server that would answer.
#[tokio::test]
async fn h2_a_name_that_changes_its_address_leads_only_to_what_was_checked() {
    let (good, evil) = ("127.0.0.2", "127.0.0.3");
    let listener = tokio::net::TcpListener::bind((good, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let elsewhere = tokio::net::TcpListener::bind((evil, port)).await.unwrap();
    let answer = |text: &'static str| {
        let closing = [(header::CONNECTION, "close")];
        axum::Router::new().fallback(async move || (closing, text))
    };
    tokio::spawn(async move { axum::serve(listener, answer("good")).await });
    tokio::spawn(async move { axum::serve(elsewhere, answer("evil")).await });
    let (good, evil): (IpAddr, IpAddr) = (good.parse().unwrap(), evil.parse().unwrap());
    let metadata: IpAddr = "169.254.169.254".parse().unwrap();
    let answers = [vec![good], vec![evil], vec![evil, good], vec![metadata], vec![metadata, evil]];
    let script = Arc::new(Script(Mutex::new((answers.into(), 0))));
    let egress = Egress::with_lookup(script.clone()).unwrap();
    let networks = Networks::parse(&[good.to_string()]).unwrap();
    let url = format!("http://flips.example.com:{port}/hook");
    let target = Target::parse(&url, (false, &networks)).unwrap();
    let call = async || {
        let sent = (Method::POST, HeaderMap::new(), Bytes::new());
        let called = egress.call(&target, sent, Duration::from_secs(5), 1024).await;
        called.map(|reply| String::from_utf8(reply.body.to_vec()).unwrap())
    };
    let host = "flips.example.com".to_owned();
    assert_eq!(call().await, Ok("good".to_owned()));
    assert_eq!(call().await, Err(EgressError::Blocked(host.clone())));
    assert_eq!(call().await, Ok("good".to_owned()), "what is allowed of several");
    assert_eq!(call().await, Err(EgressError::Forbidden(host.clone())));
    assert_eq!(call().await, Err(EgressError::Blocked(host)));
    assert_eq!(script.0.lock().1, 5, "one look-up for each connection");
}

#[test]
fn retry_after_is_a_number_or_a_date() {
    let read = |wanted: &str, date: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, wanted.parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    };
    let now = Some("Mon, 30 Nov 2026 17:00:00 GMT");
    assert_eq!(read(" 3 ", None), Some(3));
    assert_eq!(read("Mon, 30 Nov 2026 17:00:04 GMT", now), Some(4));
    assert_eq!(read("Mon, 30 Nov 2026 16:00:00 GMT", now), Some(0), "that time has passed");
    assert_eq!(read("Mon, 30 Nov 2026 17:00:04 GMT", None), None);
    for nonsense in ["soon", "-1", "", "1.5"] {
        assert_eq!(read(nonsense, now), None, "{nonsense:?}");
    }
}

/// Reads what came, answers `answer`, and closes the connection.
async fn ends_with(answer: &'static [u8]) -> Option<EgressError> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = [0; 4096];
        while !heard.ends_with(b"the end") {
            let read = stream.read(&mut heard).await.unwrap();
            heard.rotate_left(read);
        }
        stream.write_all(answer).await.unwrap();
    });
    let (egress, target) = (Egress::new().unwrap(), Target::parse(&url, true).unwrap());
    let (deadline, body) = (Duration::from_secs(5), Bytes::from_static(b"the end"));
    egress.post_json(&target, HeaderMap::new(), body, deadline, 1024).await.err()
}

#[tokio::test]
async fn a_connection_that_ends_early_is_told_from_a_broken_answer() {
    assert!(matches!(ends_with(b"").await, Some(EgressError::Unanswered(_))));
    for broken in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"this is no HTTP\r\n\r\n",
    ] {
        let error = ends_with(broken).await;
        assert!(matches!(error, Some(EgressError::Network(_))), "{error:?}");
    }
}
