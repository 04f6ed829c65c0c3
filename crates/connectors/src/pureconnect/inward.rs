//! What comes in from outside: calls of the server (`web-chat` 5) and visitors who download a
//! file. Both come to addresses that carry a code only we could have made.
//!
//! - `POST /connectors/{name}/webhook/{handover}/{code}`
//! - `GET /connectors/{name}/file/{handover}/{guid}/{code}/{file name}`, while the chat is open

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use axum::{body::Body, response::Response};
use connector::{Host, InboundRequest, text};
use edge::{http::ApiError, secrets};
use http::{HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use wire::problem::ProblemId;

use super::{
    Shared,
    event::{Event, Said},
    handover::seat_of,
    settings::Reach,
    wire::segment,
};

/// Most events a chat has not heard yet; what is more comes by the poll.
const MAIL_MAX: usize = 200;

/// Mailboxes of chats that are listened to, by the names of their handovers.
#[derive(Default)]
pub(super) struct Post(Mutex<HashMap<String, Weak<Mailbox>>>);

/// What the server has told a chat.
#[derive(Default)]
pub(super) struct Mailbox {
    events: Mutex<Vec<Event>>,
    came: Notify,
}

impl Post {
    pub(super) fn mailbox(&self, name: &str) -> Arc<Mailbox> {
        let mut boxes = self.0.lock();
        if let Some(mailbox) = boxes.get(name).and_then(Weak::upgrade) {
            return mailbox;
        }
        boxes.retain(|_, mailbox| mailbox.strong_count() > 0);
        let mailbox = Arc::new(Mailbox::default());
        boxes.insert(name.to_owned(), Arc::downgrade(&mailbox));
        mailbox
    }

    /// Nothing comes of it when nobody listens: the poll tells the same.
    fn put(&self, name: &str, events: Vec<Event>) {
        let Some(mailbox) = self.0.lock().get(name).and_then(Weak::upgrade) else { return };
        let mut kept = mailbox.events.lock();
        let room = MAIL_MAX.saturating_sub(kept.len());
        kept.extend(events.into_iter().take(room));
        mailbox.came.notify_one();
    }
}

impl Mailbox {
    pub(super) async fn arrived(&self) {
        self.came.notified().await;
    }

    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock())
    }
}

/// Where the server is to call for a handover.
pub(super) fn webhook_url(reach: Option<&Reach>, name: &str) -> Option<String> {
    let reach = reach.filter(|reach| reach.webhook)?;
    Some(format!("{}/webhook/{name}/{}", reach.base, code(reach, &["webhook", name])))
}

/// What was said as safe Markdown.
pub(super) fn words(reach: Option<&Reach>, name: &str, said: &Said) -> String {
    match said {
        Said::Plain(text) => text.clone(),
        Said::Html(html) => text::from_html(html),
        Said::Url(url) => text::link("", url),
        Said::File { guid, name: file } => {
            let label = file.trim_start_matches('-');
            let Some(reach) = reach else { return format!("\u{1f4ce} {label}") };
            let code = code(reach, &["file", name, guid]);
            let (guid, file) = (segment(guid), segment(file));
            text::link(label, &format!("{}/file/{name}/{guid}/{code}/{file}", reach.base))
        }
    }
}

pub(super) async fn receive(
    shared: &Shared,
    host: &Arc<dyn Host>,
    call: InboundRequest,
) -> Result<Response, ApiError> {
    let Some(reach) = &shared.reach else { return Err(nothing_here()) };
    let parts: Vec<&str> = call.path.split('/').collect();
    match (&call.method, parts.as_slice()) {
        (&Method::POST, ["webhook", name, presented]) => {
            check(presented, &code(reach, &["webhook", name]))?;
            host.find(name).ok_or_else(nothing_here)?;
            shared.mail.put(name, shared.wire.webhook(&call.body).unwrap_or_default());
            Ok(Response::new(Body::empty()))
        }
        (&Method::GET, ["file", name, guid, presented, file]) => {
            check(presented, &code(reach, &["file", name, guid]))?;
            download(shared, host, name, guid, file).await
        }
        _ => Err(nothing_here()),
    }
}

/// Never shown in the page it came from, whatever it is: it is somebody else's file.
async fn download(
    shared: &Shared,
    host: &Arc<dyn Host>,
    name: &str,
    guid: &str,
    file: &str,
) -> Result<Response, ApiError> {
    let handover = host.find(name).ok_or_else(nothing_here)?;
    let open = host.open().into_iter().find(|open| open.handover == handover);
    let seat = open.and_then(|open| seat_of(&open.checkpoint)).ok_or_else(nothing_here)?;
    let told = shared.wire.file(&seat, guid, file).await.map_err(|trouble| {
        tracing::info!(detail = trouble.into_failure().detail(), "a file could not be fetched");
        nothing_here()
    })?;
    let mut response = Response::new(Body::from(told.body));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Hashed twice with the key, so that nothing can be appended to what it stands for.
fn code(reach: &Reach, parts: &[&str]) -> String {
    let key = reach.key.expose_secret();
    let inner = secrets::hash_hex(&format!("{key}\n{}", parts.join("\n")));
    secrets::hash_hex(&format!("{key}\n{inner}"))[..32].to_owned()
}

fn check(presented: &str, expected: &str) -> Result<(), ApiError> {
    let is_right = secrets::matches(&expected.into(), presented);
    if is_right { Ok(()) } else { Err(nothing_here()) }
}

fn nothing_here() -> ApiError {
    ApiError::new(ProblemId::NotFound, "There is nothing here, or not any more.")
}
