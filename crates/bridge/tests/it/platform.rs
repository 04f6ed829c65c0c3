//! A platform's push endpoint that does as it is told: accepts, fails, loses its answers.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::stream;
use machine::Millis;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accept,
    /// Accepted, and told when the pause ends.
    PausedUntil(Millis),
    /// Nothing is done, and the status says so.
    Fail(u16),
    /// As `Fail(429)` with `Retry-After` in seconds.
    Busy(u64),
    /// It is done, but the connection is cut before the answer is complete.
    LoseAnswer,
    /// Nothing ever comes back.
    Hang,
}

#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) raw: Bytes,
    pub(crate) authorization: String,
    pub(crate) headers: HeaderMap,
    pub(crate) fate: Fate,
}

type Script = Box<dyn FnMut(&Attempt) -> Fate + Send>;

#[derive(Clone)]
pub(crate) struct Platform {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    script: Mutex<Script>,
    attempts: Mutex<Vec<Attempt>>,
    count: watch::Sender<usize>,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{}", listener.local_addr().unwrap(), wire::push::PATH);
        let inner = Arc::new(Inner {
            script: Mutex::new(Box::new(|_| Fate::Accept)),
            attempts: Mutex::default(),
            count: watch::channel(0).0,
        });
        let router = Router::new().route(wire::push::PATH, post(receive)).with_state(inner.clone());
        tokio::spawn(edge::serve::serve(listener, router, CancellationToken::new()));
        Self { url, inner }
    }

    /// From now on `script` decides; typing pushes are always accepted.
    pub(crate) fn script(&self, script: impl FnMut(&Attempt) -> Fate + Send + 'static) {
        *self.inner.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.inner.attempts.lock().unwrap().clone()
    }

    /// What a platform that drops repeats by their id has taken in, in order.
    pub(crate) fn taken(&self) -> Vec<Value> {
        let mut seen = HashSet::new();
        let done = |attempt: &Attempt| {
            matches!(attempt.fate, Fate::Accept | Fate::PausedUntil(_) | Fate::LoseAnswer)
        };
        let attempts = self.attempts().into_iter().filter(done);
        attempts.filter(|attempt| seen.insert(attempt.id.clone())).map(|a| a.body).collect()
    }

    /// The texts of the agents' messages among [`Platform::taken`].
    pub(crate) fn texts(&self) -> Vec<String> {
        let texts = self.taken().into_iter().filter(|body| body["eventType"] == "message");
        texts.map(|body| body["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for attempts until `enough` says so.
    pub(crate) async fn wait(&self, enough: impl Fn(&[Attempt]) -> bool) -> Vec<Attempt> {
        let mut count = self.inner.count.subscribe();
        let waiting = async {
            loop {
                count.borrow_and_update();
                let attempts = self.attempts();
                if enough(&attempts) {
                    return attempts;
                }
                count.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(super::world::PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| {
            let attempts = self.attempts();
            let seen = attempts.iter().map(|a| format!("{} {} {:?}", a.id, a.body, a.fate));
            panic!("the pushes did not come; seen: {:#?}", seen.collect::<Vec<_>>())
        })
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, raw: Bytes) -> Response {
    let header = |name| {
        headers.get(name).map_or("", |value: &axum::http::HeaderValue| value.to_str().unwrap())
    };
    let body: Value = serde_json::from_slice(&raw).unwrap();
    let mut attempt = Attempt {
        id: header("idempotency-key").to_owned(),
        body,
        raw,
        authorization: header("authorization").to_owned(),
        headers: headers.clone(),
        fate: Fate::Accept,
    };
    if attempt.body["eventType"] != "user_typing" {
        let fate = (inner.script.lock().unwrap())(&attempt);
        attempt.fate = fate;
    }
    let fate = attempt.fate;
    inner.attempts.lock().unwrap().push(attempt);
    inner.count.send_modify(|count| *count += 1);
    match fate {
        Fate::Accept => axum::Json(wire::push::accepted(None)).into_response(),
        Fate::PausedUntil(until) => {
            axum::Json(wire::push::accepted(Some(&edge::time::rfc3339(until)))).into_response()
        }
        Fate::Fail(status) => {
            let body = wire::push::refused("scripted", "as the script says", None);
            (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
        }
        Fate::Busy(seconds) => {
            let after = [("retry-after", seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after, axum::Json(json!({}))).into_response()
        }
        Fate::LoseAnswer => {
            let cut = std::io::Error::other("cut");
            Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(cut)]))
                .into_response()
        }
        Fate::Hang => std::future::pending().await,
    }
}
