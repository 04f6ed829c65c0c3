//! Typing of agents, told to the platform again and again while it lasts: an indicator there goes
//! out by itself after ten seconds (contract r3, section 6.6).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use machine::{Millis, limits::SECOND_MS};
use tokio_util::sync::CancellationToken;

use super::Typing;
use crate::{app::Route, session::Driver};

/// How often it is told.
const REPEAT: Duration = Duration::from_secs(9);
/// Nobody types for longer than this without the tool saying so again.
const LASTS_MS: Millis = 60 * SECOND_MS;

/// Chats whose agent types.
#[derive(Default)]
pub(super) struct Typists(Mutex<HashMap<String, Typist>>);

struct Typist {
    /// When it is over at the latest.
    until: Millis,
    over: CancellationToken,
}

impl Typists {
    /// The agent of a chat began to type, or stopped.
    pub(super) fn tell(
        self: &Arc<Self>,
        driver: &Driver,
        route: &Arc<Route>,
        chat: &str,
        typing: Typing,
    ) {
        if typing == Typing::Off {
            return self.stop(chat);
        }
        let until = driver.clock().now() + LASTS_MS;
        let mut typists = self.lock();
        if let Some(typist) = typists.get_mut(chat) {
            typist.until = until;
            return;
        }
        let (shared, route, id) = (self.clone(), route.clone(), chat.to_owned());
        let driver = driver.clone();
        let over = driver.stop_token().child_token();
        typists.insert(chat.to_owned(), Typist { until, over: over.clone() });
        driver.tasks().clone().spawn(async move {
            shared.repeat(&driver, &route, (&id, &over)).await;
            if !over.is_cancelled() {
                shared.stop(&id);
            }
        });
    }

    /// What is under way is not cut: a push that ends the pause waits for it, and must not be
    /// overtaken by it.
    pub(super) fn stop(&self, chat: &str) {
        if let Some(typist) = self.lock().remove(chat) {
            typist.over.cancel();
        }
    }

    async fn repeat(
        &self,
        driver: &Driver,
        route: &Route,
        (chat, over): (&str, &CancellationToken),
    ) {
        while !over.is_cancelled() && self.lasts(chat, driver.clock().now()) {
            route.tell_typing(chat).await;
            tokio::select! {
                () = tokio::time::sleep(REPEAT) => {}
                () = over.cancelled() => return,
            }
        }
    }

    fn lasts(&self, chat: &str, now: Millis) -> bool {
        self.lock().get(chat).is_some_and(|typist| typist.until > now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Typist>> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
