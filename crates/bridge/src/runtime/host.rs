//! What connectors ask of the bridge.

use std::sync::Arc;

use connector::{ConnectorEvent, EventKind, HandoverRef, Host, OpenHandover, TellError};
use edge::Clock;
use machine::chat::{self, Chat, Input, Refusal};
use store::{Key, StepError, Stepped};
use tokio_util::sync::CancellationToken;

use super::ConnectorRuntime;
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
        let Some(event) = self.stored(route, chat, kind) else { return Ok(None) };
        let key = id.map(|id| key(*opening, &id));
        let input = Input::Heard { opening: *opening, event: Some(event), checkpoint };
        route.step(chat, key, input).await.map(Some)
    }

    /// What is stored of what happened; typing is only passed on.
    pub(super) fn stored(
        &self,
        route: &Arc<Route>,
        chat: &str,
        kind: EventKind,
    ) -> Option<chat::ConnectorEvent> {
        use chat::ConnectorEvent;
        Some(match kind {
            EventKind::Joined(agent) => ConnectorEvent::Joined { agent },
            EventKind::Said { agent, text } => ConnectorEvent::Said { agent, text },
            EventKind::Left => ConnectorEvent::Left,
            EventKind::Held { on } => ConnectorEvent::Held { on },
            EventKind::Notice(text) => ConnectorEvent::Notice { text },
            EventKind::Ended => ConnectorEvent::Ended,
            EventKind::Types(typing) => {
                self.0.typists.tell(&self.0.clock, route, chat, typing);
                return None;
            }
        })
    }

    fn route_of(&self, handover: &HandoverRef) -> Option<Arc<Route>> {
        self.0.work.lock().routes.get(&handover.route)?.upgrade()
    }
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
