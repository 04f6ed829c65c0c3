//! A bridge that answers webhook calls by the path it is called under, well or badly, and keeps
//! what it was sent.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures::stream;
use serde_json::Value;
use tokio::{net::TcpListener, sync::Semaphore};

#[derive(Clone)]
pub(crate) struct FakeBridge {
    pub(crate) url: String,
    pub(crate) seen: Arc<Seen>,
}

pub(crate) struct Seen {
    pub(crate) calls: Mutex<Vec<Call>>,
    /// Replies of the path `script`, in order; then `{"paused":true}`.
    pub(crate) script: Mutex<VecDeque<String>>,
    /// One permit lets one call of the path `held` go.
    pub(crate) gate: Semaphore,
    /// Calls of the path `held` that wait now, and the most that ever did at once.
    pub(crate) held: Mutex<(usize, usize)>,
}

#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// As it came.
    pub(crate) raw: Bytes,
}

impl Call {
    pub(crate) fn id(&self) -> &str {
        self.headers["idempotency-key"].to_str().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        self.body["queryInput"]["text"]["text"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_step_one(&self) -> bool {
        self.body.get("dialogflowResponse").is_some()
    }
}

impl FakeBridge {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            calls: Mutex::default(),
            script: Mutex::default(),
            gate: Semaphore::new(0),
            held: Mutex::default(),
        });
        let router = Router::new().route("/{path}", post(answer)).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    pub(crate) fn calls_of(&self, user: &str) -> Vec<Call> {
        let calls = self.seen.calls.lock().unwrap();
        calls.iter().filter(|call| call.body["userId"] == user).cloned().collect()
    }

    pub(crate) fn calls_under(&self, path: &str) -> usize {
        self.seen.calls.lock().unwrap().iter().filter(|call| call.path == path).count()
    }

    pub(crate) fn will_reply(&self, replies: &[&str]) {
        let replies = replies.iter().map(|reply| (*reply).to_owned());
        self.seen.script.lock().unwrap().extend(replies);
    }
}

async fn answer(
    State(seen): State<Arc<Seen>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call {
        path: path.clone(),
        headers,
        body: serde_json::from_slice(&body).unwrap(),
        raw: body,
    };
    seen.calls.lock().unwrap().push(call);
    let paused = r#"{"paused":true}"#;
    match path.as_str() {
        "script" => {
            let reply = seen.script.lock().unwrap().pop_front();
            json(200, &reply.unwrap_or_else(|| paused.to_owned()))
        }
        "held" => {
            hold(&seen, 1);
            seen.gate.acquire().await.unwrap().forget();
            hold(&seen, -1);
            json(200, paused)
        }
        "silent" => std::future::pending().await,
        "slow" => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            json(200, paused)
        }
        "drip" => Response::new(Body::from_stream(stream::unfold(0, |at| async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let next = br#"{"paused":true,                                     }"#.get(at)?;
            Some((Ok::<_, Infallible>(Bytes::copy_from_slice(&[*next])), at + 1))
        }))),
        "endless" => {
            let block = Bytes::from_static(&[b' '; 4096]);
            Response::new(Body::from_stream(stream::repeat(Ok::<_, Infallible>(block))))
        }
        "redirect" => {
            (axum::http::StatusCode::TEMPORARY_REDIRECT, [("location", "/trap")], paused.to_owned())
                .into_response()
        }
        "five_minutes" => json(200, r#"{"paused":true,"minutesPaused":5}"#),
        "ten_minutes" | "trap" => json(200, paused),
        "numeric_text" => json(200, r#"{"paused":true,"minutesPaused":"1.5"}"#),
        "no_number" => json(200, r#"{"paused":true,"minutesPaused":"soon"}"#),
        "no_minutes" => json(200, r#"{"paused":true,"minutesPaused":0}"#),
        "refused" => json(200, r#"{"paused":false}"#),
        "ended" => json(200, r#"{"paused":false,"minutesPaused":0}"#),
        "empty_object" => json(200, "{}"),
        "array" => json(200, "[]"),
        "text" => json(200, r#""x""#),
        "html" => json(200, "<html>"),
        "paused_text" => json(200, r#"{"paused":"true"}"#),
        "status_500" => json(500, paused),
        "status_404" => json(404, paused),
        other => panic!("no such path: {other}"),
    }
}

fn hold(seen: &Seen, change: isize) {
    let mut held = seen.held.lock().unwrap();
    held.0 = held.0.checked_add_signed(change).unwrap();
    held.1 = held.1.max(held.0);
}

fn json(status: u16, body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}
