//! The notification channels and their sockets.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// Every channel by its id.
#[derive(Default)]
pub(in crate::genesys_cloud) struct Hub(pub(in crate::genesys_cloud) BTreeMap<String, Channel>);

pub(in crate::genesys_cloud) struct Channel {
    pub(in crate::genesys_cloud) expires: i64,
    pub(in crate::genesys_cloud) topics: Vec<String>,
    /// The connected socket, at most one.
    pub(in crate::genesys_cloud) socket: Option<UnboundedSender<String>>,
}

impl Hub {
    pub(in crate::genesys_cloud) fn close_sockets(&mut self) {
        for channel in self.0.values_mut() {
            channel.socket = None;
        }
    }

    pub(in crate::genesys_cloud) fn is_listened_to(&self) -> bool {
        self.0.values().any(|channel| channel.socket.is_some())
    }

    pub(in crate::genesys_cloud) fn forget(&mut self) {
        self.0.clear();
    }

    /// Sends to every socket whose channel subscribes to the topic.
    pub(in crate::genesys_cloud) fn publish(&mut self, topic: &str, body: &Value) {
        let frame = frame(topic, body);
        for channel in self.0.values_mut() {
            let Some(socket) = &channel.socket else { continue };
            if channel.topics.iter().any(|wanted| wanted == topic)
                && socket.send(frame.clone()).is_err()
            {
                channel.socket = None;
            }
        }
    }
}

/// One frame of a notification socket.
pub(in crate::genesys_cloud) fn frame(topic: &str, body: &Value) -> String {
    let metadata = json!({ "CorrelationId": "c0220000-0000-4000-8000-000000000000" });
    json!({ "topicName": topic, "version": "2", "eventBody": body, "metadata": metadata })
        .to_string()
}
