//! What a connector may ask of the bridge.

use std::sync::Arc;

use edge::Clock;
use machine::chat::{Chat, Input, Refusal};
use store::{Key, StepError, Stepped};
use tokio_util::sync::CancellationToken;

use super::{News, What, line::Line};
use crate::{app::Route, session::Driver};

/// One handover of one chat.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) route: Arc<Route>,
    pub(crate) chat: String,
    pub(crate) opening: u64,
}

/// The bridge, as a connector sees it. Clones are the same.
#[derive(Clone)]
pub(crate) struct Host {
    pub(super) line: Arc<Line>,
    pub(super) driver: Driver,
    pub(super) clock: Clock,
    pub(super) stop: CancellationToken,
}

impl Host {
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Cancelled when the bridge stops.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The open chat with this address; see [`super::Tool::address`].
    pub(crate) fn find(&self, address: &str) -> Option<Place> {
        self.line.find(address)
    }

    /// Whether the tool's answer to the opening of a chat is not stored yet.
    pub(crate) fn awaits(&self, chat: &str) -> bool {
        self.line.awaits(chat)
    }

    /// Every open chat the tool has, with its link.
    pub(crate) fn open(&self) -> Vec<(Place, String)> {
        self.line.open()
    }

    /// Tells a chat what happened at its tool: stored when this returns, and not before. `link` is
    /// how the chat is found from now on, where that has changed.
    pub(crate) async fn tell(
        &self,
        place: &Place,
        news: News,
        link: Option<String>,
    ) -> Result<(), StepError<Refusal>> {
        self.tell_stepped(place, news, link).await.map(drop)
    }

    /// The same; gives nothing for what is not stored.
    pub(super) async fn tell_stepped(
        &self,
        place: &Place,
        news: News,
        link: Option<String>,
    ) -> Result<Option<Stepped<Chat>>, StepError<Refusal>> {
        let Place { route, chat, opening } = place;
        let News { id, what } = news;
        let Some(news) = self.stored(place, what) else { return Ok(None) };
        let key = id.map(|id| key(*opening, &id));
        let input = Input::Heard { opening: *opening, news: Some(news), link };
        self.driver.step(route, chat, key, input).await.map(Some)
    }

    /// What is stored of what happened; typing is only passed on.
    pub(super) fn stored(&self, place: &Place, what: What) -> Option<machine::chat::News> {
        use machine::chat::News;
        Some(match what {
            What::Joined(agent) => News::Joined { agent },
            What::Said { agent, text } => News::Said { agent, text },
            What::Left => News::Left,
            What::Held { on } => News::Held { on },
            What::Notice(text) => News::Notice { text },
            What::Ended => News::Ended,
            What::Types(typing) => {
                self.line.agent_types(&place.route, &place.chat, typing);
                return None;
            }
        })
    }
}

/// The same id is the same news, whatever else was sent with it.
fn key(opening: u64, id: &str) -> Key {
    Key { id: format!("heard:{opening}:{}", edge::secrets::hash_hex(id)), print: 0 }
}
