//! Typing of human agents, repeated to the platform while it lasts: an indicator there ends by
//! itself after ten seconds (contract r3, section 6.6).

use std::{collections::HashMap, sync::Arc, time::Duration};

use connector::Typing;
use edge::Clock;
use machine::{Millis, limits::SECOND_MS};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{route::Route, tasks::Tasks};

/// Between two typing pushes of one chat.
const REPEAT: Duration = Duration::from_secs(9);
/// Typing ends after this time, in milliseconds, unless the tool reports it again.
const LASTS_MS: Millis = 60 * SECOND_MS;

/// The chats whose human agent types.
#[derive(Clone)]
pub(super) struct Typists {
    typing: Arc<Mutex<HashMap<String, Typist>>>,
    tasks: Tasks,
}

struct Typist {
    /// When it is over at the latest.
    until: Millis,
    over: CancellationToken,
}

impl Typists {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self { typing: Arc::default(), tasks }
    }

    /// The agent of a chat began to type, or stopped.
    pub(super) fn tell(&self, clock: &Clock, route: &Arc<Route>, chat: &str, typing: Typing) {
        if typing == Typing::Off {
            return self.stop(chat);
        }
        let until = clock.now() + LASTS_MS;
        let mut typists = self.typing.lock();
        if let Some(typist) = typists.get_mut(chat) {
            typist.until = until;
            return;
        }
        let (shared, route, id) = (self.clone(), route.clone(), chat.to_owned());
        let (clock, over) = (clock.clone(), self.tasks.stop.child_token());
        typists.insert(chat.to_owned(), Typist { until, over: over.clone() });
        self.tasks.spawn(async move {
            shared.repeat(&clock, &route, &id, &over).await;
            if !over.is_cancelled() {
                shared.stop(&id);
            }
        });
    }

    /// What is under way is not cut: a push that ends the pause waits for it, and must not be
    /// overtaken by it.
    pub(super) fn stop(&self, chat: &str) {
        if let Some(typist) = self.typing.lock().remove(chat) {
            typist.over.cancel();
        }
    }

    async fn repeat(&self, clock: &Clock, route: &Route, chat: &str, over: &CancellationToken) {
        while !over.is_cancelled() && self.lasts(chat, clock.now()) {
            route.tell_typing(chat).await;
            tokio::select! {
                () = tokio::time::sleep(REPEAT) => {}
                () = over.cancelled() => return,
            }
        }
    }

    fn lasts(&self, chat: &str, now: Millis) -> bool {
        self.typing.lock().get(chat).is_some_and(|typist| typist.until > now)
    }
}
