//! What is refused before there is a body, and before a secret was presented.

use kit::hostile::traps;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::world::{TOKEN, World};

/// The status of a POST of which only the head is sent. `None` when the body is waited for.
async fn status_of_head(world: &World, path: &str, headers: &str, length: usize) -> Option<String> {
    let mut stream = TcpStream::connect(&world.host).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\
         {headers}\r\n",
        world.host
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = vec![0; 12];
    stream.read_exact(&mut status).await.unwrap();
    let status = String::from_utf8(status).unwrap();
    // The server asks for the body only when it begins to read it.
    (status != "HTTP/1.1 100").then(|| status.trim_start_matches("HTTP/1.1 ").to_owned())
}

#[tokio::test]
async fn a_webhook_call_without_a_token_in_its_header_has_a_small_body() {
    let world = World::start().await;
    let status = async |path: &str, token: &str, length| {
        let headers = format!("authorization: {token}\r\n");
        status_of_head(&world, path, &headers, length).await
    };
    for route in ["/handover/desk", "/handover/nowhere"] {
        assert_eq!(status(route, "wrong", 500_000).await.as_deref(), Some("413"), "{route}");
        assert_eq!(status(route, "wrong", 200_000).await, None, "{route}");
    }
    assert_eq!(status("/handover/desk", TOKEN, 500_000).await, None);
    assert_eq!(status("/handover/desk", TOKEN, 2_000_000).await.as_deref(), Some("413"));
}

#[tokio::test]
async fn a_tool_with_a_wrong_token_is_refused_without_a_body() {
    let world = World::with_tool(|_| {
        json!({
            "kind": "webhook", "url": "http://127.0.0.1:9/hook", "allow_private": true,
            "signing_key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "token": "tool's token",
        })
    })
    .await;
    let path = "/connectors/tool/events";
    let status = async |path: &str, token: &str| {
        let headers = format!("authorization: {token}\r\n");
        status_of_head(&world, path, &headers, 500_000).await
    };
    assert_eq!(status(path, "wrong").await.as_deref(), Some("401"));
    assert_eq!(status("/connectors/tool/other", "wrong").await.as_deref(), Some("404"));
    assert_eq!(status(path, "tool's token").await, None);
}

#[tokio::test]
async fn a_body_of_many_keys_or_many_levels_is_answered() {
    let world = World::start().await;
    let keys: Vec<String> = (0..60_000).map(|n| format!("\"k{n}\":1")).collect();
    let mut bodies = vec![
        format!("{{{}}}", keys.join(",")).into_bytes(),
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)).into_bytes(),
    ];
    bodies.extend(traps());
    for body in bodies {
        let url = format!("{}/handover/desk", world.url);
        let answer = world.http.post(url).header("authorization", TOKEN).body(body);
        let status = answer.send().await.unwrap().status();
        assert!(status.is_client_error(), "{status}");
    }
}
