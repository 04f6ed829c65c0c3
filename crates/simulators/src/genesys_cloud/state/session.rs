//! The sessions of Web Messaging: what is kept of a visitor between sockets.

use tokio::sync::mpsc::UnboundedSender;

/// What is kept of a visitor between sockets.
#[derive(Default)]
pub(in crate::genesys_cloud) struct Session {
    pub(in crate::genesys_cloud) sockets: Vec<Socket>,
    /// An agent ended the conversation, and the deployment forbids further messages.
    pub(in crate::genesys_cloud) read_only: bool,
    pub(in crate::genesys_cloud) expired: bool,
    /// The bearer token for its history.
    pub(in crate::genesys_cloud) jwt: Option<String>,
    /// Times of the latest messages, for the rate limit.
    pub(in crate::genesys_cloud) recent: Vec<i64>,
}

/// A socket that is connected and has configured its session.
pub(in crate::genesys_cloud) struct Socket {
    pub(in crate::genesys_cloud) id: u64,
    pub(in crate::genesys_cloud) sender: UnboundedSender<String>,
}
