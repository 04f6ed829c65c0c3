//! Bots that list the origins of their pages: CORS, calls and the stream.

use platform::Origins;
use reqwest::{
    Method, Response,
    header::{HeaderMap, ORIGIN},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest as _};

use crate::{
    stream::Socket,
    world::{Visitor, World, config},
};

const OWN: &str = "https://www.example.com";
const OTHERS: &str = "https://other.example";
const FOREIGN: &str = "https://evil.example";

/// `support` has pages at `OWN`, `other` at `OTHERS`.
async fn world() -> World {
    World::with(|bot, bridge| {
        let listed = |id: &str, origins: &[&str]| {
            let mut config = config(bot, &bridge.url, id, "script");
            config.origins = Origins::listed(origins).unwrap();
            config.webhook.as_mut().unwrap().endings = true;
            config
        };
        vec![listed("support", &["https://*.example.com"]), listed("other", &[OTHERS])]
    })
    .await
}

async fn call(
    world: &World,
    method: Method,
    path: &str,
    token: &str,
    origins: &[&str],
) -> (u16, HeaderMap, Value) {
    let mut request = world.http.request(method, format!("{}{path}", world.base));
    for origin in origins {
        request = request.header(ORIGIN, *origin);
    }
    let body = json!({ "clientId": "c", "text": "hi" });
    let answer: Response = request.bearer_auth(token).json(&body).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.json().await.unwrap_or_default())
}

fn paths() -> [(Method, &'static str); 5] {
    [
        (Method::POST, "/v1/bots/support/visitors"),
        (Method::POST, "/v1/conversation/messages"),
        (Method::POST, "/v1/conversation/typing"),
        (Method::GET, "/v1/conversation/events?after=0"),
        (Method::POST, "/v1/conversation/end"),
    ]
}

#[tokio::test]
async fn a_page_that_is_not_listed_is_refused_with_its_origin_and_the_setting() {
    let world = world().await;
    let token = world.visitor().await.token;
    for (method, path) in paths() {
        for origins in [&[FOREIGN][..], &["null"], &["https://example.com"], &[FOREIGN, OWN]] {
            let (status, headers, problem) =
                call(&world, method.clone(), path, &token, origins).await;
            assert_eq!((status, &problem["id"]), (403, &json!("forbidden")), "{path} {origins:?}");
            assert!(headers.get("access-control-allow-origin").is_none(), "{path} {origins:?}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(&origins.join(", ")), "{detail}");
            assert!(detail.contains("`allowed_origins`"), "{detail}");
        }
        // A page of another bot may read that this bot does not list it.
        let (status, headers, problem) =
            call(&world, method.clone(), path, &token, &[OTHERS]).await;
        assert_eq!((status, &problem["id"]), (403, &json!("forbidden")), "{path}");
        assert_eq!(headers["access-control-allow-origin"], OTHERS);
        for origins in [&[OWN][..], &[]] {
            let (status, headers, _) = call(&world, method.clone(), path, &token, origins).await;
            assert!(status < 300, "{path} {origins:?}: {status}");
            let told = headers.get("access-control-allow-origin");
            assert_eq!(told.map(|value| value.to_str().unwrap()), origins.first().copied());
            let vary = headers.get_all("vary").iter().any(|one| {
                one.to_str().unwrap().to_lowercase().split(',').any(|name| name.trim() == "origin")
            });
            assert!(vary, "caches must not mix up the origins");
        }
    }
}

#[tokio::test]
async fn a_preflight_allows_the_pages_of_any_bot_and_no_other() {
    let world = world().await;
    let preflight = async |origin: &str| {
        let url = format!("{}/v1/conversation/messages", world.base);
        let request = world.http.request(Method::OPTIONS, url).header(ORIGIN, origin);
        let request = request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let headers = request.send().await.unwrap().headers().clone();
        headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(preflight(OWN).await.as_deref(), Some(OWN));
    assert_eq!(preflight(OTHERS).await.as_deref(), Some(OTHERS));
    assert_eq!(preflight(FOREIGN).await, None);
    assert_eq!(preflight("null").await, None);
}

#[tokio::test]
async fn f6_a_stream_opens_for_pages_of_its_bot_only() {
    let world = world().await;
    let visitor = world.visitor().await;
    visitor.say("hello").await;
    assert_eq!(upgrade(&visitor, Some(FOREIGN)).await.err(), Some(403));
    assert_eq!(upgrade(&visitor, Some("null")).await.err(), Some(403));
    // The upgrade does not tell the bot yet, the first frame does.
    assert_eq!(upgrade(&visitor, Some(OTHERS)).await.unwrap().next().await, Err(4403));
    for origin in [Some(OWN), None] {
        let event = upgrade(&visitor, origin).await.unwrap().next().await.unwrap();
        assert_eq!(event["text"], "hello");
    }
}

async fn upgrade(visitor: &Visitor, origin: Option<&str>) -> Result<Socket, u16> {
    let url = format!("{}/v1/conversation/stream", visitor.base.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => {
            let first = json!({ "token": visitor.token, "after": 0 });
            Ok(Socket::greeting(socket, &first.to_string()).await)
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}
