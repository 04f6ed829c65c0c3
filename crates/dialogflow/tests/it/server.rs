//! Servers on loopback: the emulator of an agent, and one with a fixed answer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
};
use dialogflow::emulator;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::script::{NOON, bot};

/// The emulator of an agent with its own clock.
pub(crate) async fn emulate(agent: &str) -> (String, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(NOON));
    let hand = Arc::clone(&clock);
    let now: emulator::Now = Arc::new(move || clock.load(Ordering::SeqCst));
    (listen(emulator::router(bot(agent), now, None)).await, hand)
}

pub(crate) async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// One received request.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// Gives every request the same answer and keeps the requests.
#[derive(Clone)]
pub(crate) struct Scripted {
    status: StatusCode,
    answer: Arc<str>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Scripted {
    pub(crate) async fn start(status: u16, answer: impl Into<String>) -> (Self, String) {
        let server = Self {
            status: StatusCode::from_u16(status).unwrap(),
            answer: answer.into().into(),
            heard: Arc::default(),
        };
        let hearing = server.clone();
        let router =
            Router::new().fallback(async move |uri: Uri, headers: HeaderMap, body: Bytes| {
                let path = uri.path().to_owned();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                hearing.heard.lock().unwrap().push(Heard { path, headers, body });
                let json = [("content-type", "application/json")];
                (hearing.status, json, hearing.answer.to_string())
            });
        let address = listen(router).await;
        (server, address)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{:?}", heard.iter().map(|h| &h.path).collect::<Vec<_>>());
        heard.into_iter().next().unwrap()
    }
}
