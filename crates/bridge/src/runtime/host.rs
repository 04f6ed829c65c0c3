//! What connectors ask of the bridge.

use std::{borrow::Cow, sync::Arc};

use connector::{ConnectorEvent, EventKind, HandoverRef, Host, OpenHandover, TellError};
use edge::Clock;
use machine::chat::{self, Chat, Input, Refusal};
use store::{Key, StepError, Stepped};
use tokio_util::sync::CancellationToken;

use super::{ConnectorRuntime, heard};
use crate::route::Route;

#[async_trait::async_trait]
impl Host for ConnectorRuntime {
    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn stop(&self) -> &CancellationToken {
        &self.0.tasks.stop
    }

    fn find(&self, address: &str) -> Option<HandoverRef> {
        let work = self.0.work.lock();
        let chat = work.addresses.get(address)?;
        work.taken.get(chat).map(|taken| taken.handover.clone())
    }

    fn is_opening(&self, chat: &str) -> bool {
        self.0.work.lock().opening.contains(chat)
    }

    fn open(&self) -> Vec<OpenHandover> {
        let work = self.0.work.lock();
        let open = work.taken.values().map(|taken| OpenHandover {
            handover: taken.handover.clone(),
            checkpoint: taken.checkpoint.text.clone(),
        });
        open.collect()
    }

    async fn tell(
        &self,
        handover: &HandoverRef,
        event: ConnectorEvent,
        checkpoint: Option<String>,
    ) -> Result<(), TellError> {
        // A handover that is over changes nothing any more.
        let Some(route) = self.route_of(handover) else { return Ok(()) };
        let checkpoint = heard::checkpoint(checkpoint);
        let told = self.store_event(&route, handover, event, checkpoint).await;
        told.map(drop).map_err(tell_error)
    }
}

impl ConnectorRuntime {
    /// Stores a connector event in its chat; `None` for what is not stored.
    pub(super) async fn store_event(
        &self,
        route: &Arc<Route>,
        handover: &HandoverRef,
        event: ConnectorEvent,
        checkpoint: Option<String>,
    ) -> Result<Option<Stepped<Chat>>, StepError<Refusal>> {
        let HandoverRef { chat, opening, .. } = handover;
        let ConnectorEvent { id, kind } = event;
        let is_typing = matches!(kind, EventKind::Types(_));
        let mut parts = self.stored(route, chat, kind).into_iter().enumerate().peekable();
        if parts.peek().is_none() && !is_typing && checkpoint.is_some() {
            let input = Input::Heard { opening: *opening, event: None, checkpoint };
            return route.step(chat, None, input).await.map(Some);
        }
        let mut stepped = None;
        while let Some((part, event)) = parts.next() {
            let key = id.as_ref().map(|id| key(*opening, &id_of_part(id, part)));
            // The last part brings the position: after a crash the others are told again.
            let checkpoint = checkpoint.clone().filter(|_| parts.peek().is_none());
            let input = Input::Heard { opening: *opening, event: Some(event), checkpoint };
            stepped = Some(route.step(chat, key, input).await?);
        }
        Ok(stepped)
    }

    /// What is stored of what happened, in parts where it is long; typing is only passed on.
    pub(super) fn stored(
        &self,
        route: &Arc<Route>,
        chat: &str,
        kind: EventKind,
    ) -> Vec<chat::ConnectorEvent> {
        if let EventKind::Types(typing) = kind {
            self.0.typists.tell(&self.0.clock, route, chat, typing);
            return Vec::new();
        }
        heard::events(kind)
    }

    fn route_of(&self, handover: &HandoverRef) -> Option<Arc<Route>> {
        self.0.work.lock().routes.get(&handover.route)?.upgrade()
    }
}

/// The first part has the id of the whole, as it had before there were parts.
fn id_of_part(id: &str, part: usize) -> Cow<'_, str> {
    if part == 0 { Cow::Borrowed(id) } else { Cow::Owned(format!("{id}/part-{part}")) }
}

/// The same id is the same event, whatever else was sent with it.
fn key(opening: u64, id: &str) -> Key {
    Key { id: format!("heard:{opening}:{}", edge::secrets::hash_hex(id)), fingerprint: 0 }
}

fn tell_error(error: StepError<Refusal>) -> TellError {
    match error {
        StepError::NotFound => TellError::NotFound,
        StepError::Refused(Refusal::TooManyWaiting) => TellError::TooManyWaiting,
        StepError::Refused(refusal) => TellError::Refused(format!("{refusal:?}")),
        StepError::KeyReused => TellError::Refused("its id is another event's".to_owned()),
        StepError::Store(error) if error.is_temporary() => TellError::Unavailable(Box::new(error)),
        StepError::Store(error) => TellError::Failed(Box::new(error)),
    }
}
