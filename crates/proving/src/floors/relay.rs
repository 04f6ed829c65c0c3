//! Passes a POST on to an open WebSocket, found by name.

use std::{collections::HashMap, sync::Arc};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use parking_lot::Mutex;
use tokio::sync::mpsc;

pub(super) type Outbox = mpsc::UnboundedSender<Utf8Bytes>;

#[derive(Clone, Default)]
pub(super) struct Relay(Arc<Mutex<HashMap<String, Outbox>>>);

impl Relay {
    pub(super) fn listen(&self, name: String, outbox: Outbox) {
        self.0.lock().insert(name, outbox);
    }

    pub(super) fn send(&self, name: &str, frame: String) {
        let listeners = self.0.lock();
        if let Some(outbox) = listeners.get(name) {
            // A floor ignores a client that has disconnected.
            let _sent = outbox.send(frame.into());
        }
    }
}

/// The smallest buffers per open connection.
pub(super) fn small(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(1024).write_buffer_size(0)
}

/// Sends frames until the client disconnects; calls `heard` for each incoming frame.
pub(super) async fn carry(mut socket: WebSocket, mut heard: impl FnMut(&str, &Outbox)) {
    let (outbox, mut frames) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { return };
                if socket.send(Message::Text(frame)).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => heard(&text, &outbox),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}
