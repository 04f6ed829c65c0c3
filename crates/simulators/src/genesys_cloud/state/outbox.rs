//! The queue of a conversation's webhook deliveries.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(in crate::genesys_cloud) struct Delivery {
    pub(in crate::genesys_cloud) url: String,
    pub(in crate::genesys_cloud) headers: Vec<(String, String)>,
    pub(in crate::genesys_cloud) body: String,
}

pub(in crate::genesys_cloud) type Queue = UnboundedReceiver<Delivery>;

/// Where the deliveries of a conversation are queued.
pub(in crate::genesys_cloud) struct Outbox(UnboundedSender<Delivery>);

pub(in crate::genesys_cloud) fn outbox() -> (Outbox, Queue) {
    let (sender, queue) = unbounded_channel();
    (Outbox(sender), queue)
}

impl Outbox {
    pub(in crate::genesys_cloud) fn queue(&self, delivery: Delivery) {
        // Fails only when the runtime ends, or when nothing reads the queue.
        let _ = self.0.send(delivery);
    }
}
