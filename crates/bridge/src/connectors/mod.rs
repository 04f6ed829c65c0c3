//! The seam to the tools agents work in. A connector says whether anybody could take a chat, and
//! hears of everything that happens in the chats of its routes, after it was stored; what its
//! agents do comes back as inputs through [`crate::session::Driver::step`].

use std::sync::Arc;

use machine::{Millis, chat::Chat};
use store::{Ledger, Stepped, StoreError};

mod desk;

pub(crate) use desk::{ClosedChat, DeskConnector};

/// Which tool a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connector {
    /// Baton's own agent console.
    Desk,
}

/// A connector in use.
pub(crate) enum Attached {
    Desk(Arc<DeskConnector>),
}

impl Attached {
    /// Whether anybody could take a chat right now.
    pub(crate) async fn is_available(&self, now: Millis) -> Result<bool, StoreError> {
        match self {
            Self::Desk(desk) => desk.presence.anybody(now).await,
        }
    }

    /// Tells what was stored in a chat of `route`.
    pub(crate) fn happened(&self, route: &str, stepped: &Stepped<Chat>) {
        match self {
            Self::Desk(desk) => desk.happened(route, stepped),
        }
    }

    /// Tells that the visitor types, until a time.
    pub(crate) fn visitor_types(&self, ledger: &Ledger<Chat>, chat: &str, until: Millis) {
        match self {
            Self::Desk(_) => ledger.whisper(chat, "visitor", until),
        }
    }
}
