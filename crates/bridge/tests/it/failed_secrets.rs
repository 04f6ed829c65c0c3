//! Every wrong secret counts against the address that it comes from, and is found before there is
//! a body.

use std::sync::Arc;

use edge::limits::{Limits, Settings, identify};
use reqwest::Response;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::world::World;

/// A bridge with a tool, at an address where three secrets may be wrong.
async fn limited() -> (World, String) {
    let settings = |_: &str| {
        json!({ "kind": "webhook", "url": "http://127.0.0.1:9/hook", "allow_private": true,
                "signing_key": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "token": "tool's token" })
    };
    let world = World::with_tool(settings).await;
    let settings = Settings { failed_calls: "3/hour".parse().unwrap(), ..Settings::default() };
    let limits = Arc::new(Limits::new(&settings, &world.clock));
    let router = identify(world.unlimited.clone(), limits, super::world::trusted());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(edge::serve::serve(listener, router, CancellationToken::new()));
    (world, base)
}

#[tokio::test]
async fn j3_every_wrong_secret_counts_against_its_address() {
    let (world, base) = limited().await;
    let wrong = [
        ("/handover/desk", "authorization", "a guess"),
        ("/handover/nowhere", "authorization", "a guess"),
        ("/desk/api/session", "cookie", "baton_desk=dsk_guess"),
        ("/desk/api/chats", "cookie", "baton_desk=dsk_guess"),
        ("/desk/api/stream", "cookie", "baton_desk=dsk_guess"),
        ("/connectors/tool/events", "authorization", "a guess"),
        ("/connectors/tool/elsewhere", "authorization", "a guess"),
    ];
    for (n, (path, name, secret)) in wrong.into_iter().enumerate() {
        let call = async || -> Response {
            let url = format!("{base}{path}");
            let is_read = path.starts_with("/desk");
            let call = if is_read { world.http.get(url) } else { world.http.post(url) };
            let call = call.header("x-forwarded-for", format!("192.0.2.{n}")).header(name, secret);
            (if is_read { call } else { call.json(&json!({})) }).send().await.unwrap()
        };
        for _ in 0..3 {
            let status = call().await.status();
            assert!(status == 401 || status == 404, "{path}: {status}");
        }
        let refused = call().await;
        assert_eq!(refused.status(), 429, "{path}");
        let limit = refused.headers()["ratelimit"].to_str().unwrap();
        assert!(limit.starts_with("\"failed_calls\";r=0"), "{path}: {limit}");
    }
    // Without a cookie no secret was wrong.
    for _ in 0..5 {
        let call = world.http.get(format!("{base}/desk/api/session"));
        let answer = call.header("x-forwarded-for", "192.0.2.99").send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
}

/// The answer to the head of a request, whose body never comes.
async fn answer_to_head(base: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /connectors/tool/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-length: 200000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = vec![0; 12];
    let wait = std::time::Duration::from_secs(5);
    match tokio::time::timeout(wait, stream.read_exact(&mut heard)).await {
        Ok(read) => {
            read.unwrap();
            String::from_utf8(heard).unwrap()
        }
        Err(_) => "the body is waited for".to_owned(),
    }
}

#[tokio::test]
async fn a_tools_secret_is_checked_before_there_is_a_body() {
    let (_world, base) = limited().await;
    assert_eq!(answer_to_head(&base, "a guess").await, "HTTP/1.1 401");
    assert_eq!(answer_to_head(&base, "tool's token").await, "the body is waited for");
}
