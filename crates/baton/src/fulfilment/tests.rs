//! The caller against real sockets.

use std::time::Duration;

use axum::{Router, http::StatusCode, response::Redirect, routing::post};
use tokio::net::TcpListener;

use super::*;

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn call(url: &str, deadline: Duration) -> Result<(u16, usize), CallError> {
    let target = Target::parse(url, true).unwrap();
    let webhook = Webhook { egress: Egress::new().unwrap(), target };
    let headers = vec![("x-shop".to_owned(), SecretString::from("vienna"))];
    let request = Request { headers, body: b"{}".to_vec(), deadline, answer_bytes_max: 1000 };
    let reply = webhook.call(request).await?;
    Ok((reply.status, reply.body.len()))
}

#[tokio::test]
async fn every_end_of_a_call_has_a_name() {
    let long = Duration::from_secs(30);
    let router = Router::new()
        .route("/good", post(|| async { "{}" }))
        .route("/broken", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/elsewhere", post(|| async { Redirect::temporary("/good") }))
        .route("/huge", post(|| async { "x".repeat(1001) }))
        .route("/silent", post(std::future::pending::<()>));
    let url = listen(router).await;
    assert_eq!(call(&format!("{url}/good"), long).await, Ok((200, 2)));
    assert_eq!(call(&format!("{url}/broken"), long).await, Ok((500, 0)));
    assert_eq!(call(&format!("{url}/elsewhere"), long).await, Ok((307, 0)));
    assert_eq!(call(&format!("{url}/huge"), long).await, Err(CallError::TooLarge));
    let short = Duration::from_millis(50);
    assert_eq!(call(&format!("{url}/silent"), short).await, Err(CallError::Late));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = call(&format!("http://{gone}"), long).await;
    assert_eq!(refused, Err(CallError::Unreachable));
}

fn agent(webhook: &str) -> LocalAgent {
    let settings = format!(r#"{{ "language": "en", "webhook": {webhook} }}"#);
    LocalAgent::from_files("test", [("agent.json", settings)]).unwrap().0
}

fn refusal(webhook: &str, allowed: &config::Fulfilment) -> String {
    let built = of(&agent(webhook), allowed, &Egress::new().unwrap(), "bots.agent.fulfilment");
    built.err().map_or_else(String::new, |error| format!("{error:#}"))
}

#[test]
fn a_webhook_is_called_only_where_the_owner_of_the_bot_allows_it() {
    let exported = config::Fulfilment::default;
    let at = |url: &str| config::Fulfilment { url: Some(url.to_owned()), ..exported() };
    let inside = |url: &str| config::Fulfilment {
        allow_networks: edge::egress::Networks::parse(&["10.1.0.0/16".to_owned()]).unwrap(),
        ..at(url)
    };
    let secret = r#"{ "username": "u", "headers": { "": "" } }"#;
    for (webhook, allowed, expected) in [
        ("{}", exported(), "give its `url`"),
        (r#"{ "url": "https://example.com", "available": false }"#, exported(), "give its `url`"),
        (r#"{ "url": "https://example.com", "available": true }"#, exported(), ""),
        (r#"{ "url": "http://10.0.0.1", "available": true }"#, exported(), "not a public address"),
        ("{}", at("http://127.0.0.1:3000"), "allow_private = true"),
        ("{}", at("ftp://example.com"), "use http or https"),
        ("{}", at("http://example.com"), ""),
        (secret, at("http://example.com"), "without encryption: use https"),
        (secret, at("https://example.com"), ""),
        ("{}", inside("http://10.1.2.3"), ""),
        ("{}", inside("http://10.2.0.1"), "not a public address"),
        ("{}", inside("http://169.254.169.254"), "never called"),
        (secret, inside("http://10.1.2.3"), ""),
        (secret, config::Fulfilment::at("http://127.0.0.1:3000"), ""),
    ] {
        let why = refusal(webhook, &allowed);
        assert!(why.is_empty() == expected.is_empty() && why.contains(expected), "{why}");
    }
}
