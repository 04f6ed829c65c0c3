//! One delivery to a tool, with what may go along with it, and what comes of it.

use std::time::Duration;

use connector::{Again, Attempt, ConnectorEvent, Failure, VisitorMessage};
use machine::{
    Millis, Position,
    chat::{Delivery, DeliveryFailure, Input, OwedDelivery},
};

use super::chat_task::{ChatTask, Next, cut};

/// Longest time one delivery may take; whatever takes longer counts as unknown.
const DELIVERY_MAX: Duration = Duration::from_secs(40);
/// How often a message is offered again to a chat that is over at the tool: what the agent said
/// last, and the tool's own word of the end, may still be on their way to us.
const GONE_TRIES: u32 = 3;
/// Most messages that go along with another.
const ALONG_MAX: usize = 20;

impl ChatTask {
    /// When a delivery is to be made: a first attempt waits for what may go along with it.
    pub(super) fn due_at(&self, owed: &OwedDelivery) -> Millis {
        let gathers = self.session.as_ref().map_or(0, |(_, session)| session.gathers());
        let says = |owed: &OwedDelivery| matches!(owed.delivery, Delivery::Say { .. });
        if owed.attempts == 0 && self.state.owed_deliveries().all(says) {
            owed.not_before.max(owed.since + gathers)
        } else {
            owed.not_before
        }
    }

    /// What goes along with a delivery.
    fn along(&self, first: &OwedDelivery) -> Vec<(Position, VisitorMessage)> {
        let gathers = self.session.as_ref().is_some_and(|(_, session)| session.gathers() > 0);
        let says = matches!(first.delivery, Delivery::Say { .. });
        if !gathers || !says || first.id.seq <= self.apart_through {
            return Vec::new();
        }
        let message = |owed: &OwedDelivery| match &owed.delivery {
            Delivery::Say { text } if owed.opening == first.opening => {
                Some((owed.id, VisitorMessage { id: self.name_of(owed.id), text: text.clone() }))
            }
            _ => None,
        };
        self.state.owed_deliveries().skip(1).map_while(message).take(ALONG_MAX).collect()
    }

    fn name_of(&self, id: Position) -> String {
        format!("{}/{}-{}", self.id, id.seq, id.sub)
    }

    pub(super) async fn deliver(&mut self, owed: &OwedDelivery) -> Next {
        let (ids, along): (Vec<_>, Vec<_>) = self.along(owed).into_iter().unzip();
        let id = self.name_of(owed.id);
        let Some((_, session)) = &mut self.session else { return Next::Rest };
        let attempt = Attempt { id, since: owed.since, delivery: &owed.delivery, along: &along };
        let doubtful = owed.doubtful || self.runtime.is_inherited(&self.id, owed.id.seq);
        let again = if doubtful { Again::MayHaveArrived } else { Again::First };
        let turn = tokio::time::timeout(DELIVERY_MAX, session.deliver(&attempt, again));
        let delivered = tokio::select! {
            delivered = turn => delivered.unwrap_or_else(|_| {
                Err(Failure::Unknown { detail: "it took too long".to_owned() })
            }),
            () = cut(&self.runtime) => return Next::Stop,
        };
        match delivered {
            Ok(events) => self.delivered(owed, &ids, events).await,
            Err(failure) => self.failed(owed, &ids, failure).await,
        }
    }

    async fn delivered(
        &mut self,
        owed: &OwedDelivery,
        along: &[Position],
        events: Vec<ConnectorEvent>,
    ) -> Next {
        let checkpoint = self.checkpoint();
        if owed.attempts > 0 {
            self.runtime.reached();
        }
        if matches!(owed.delivery, Delivery::Say { .. }) {
            self.typed_through = self.types_until;
        }
        let events = if let Delivery::Open { .. } = owed.delivery {
            let (runtime, route, id) = (&self.runtime, &self.route, &self.id);
            events.into_iter().flat_map(|event| runtime.stored(route, id, event.kind)).collect()
        } else {
            // By their ids, like all that is heard: some may have been told before a restart.
            self.unstored.extend(events);
            if let stopped @ Next::Stop = self.store_all_heard().await {
                return stopped;
            }
            Vec::new()
        };
        let first = Input::Delivered { id: owed.id, checkpoint, events };
        let delivered = |id: &Position| {
            let (checkpoint, events) = (None, Vec::new());
            Input::Delivered { id: *id, checkpoint, events }
        };
        self.step_through(std::iter::once(first).chain(along.iter().map(delivered))).await
    }

    async fn failed(&mut self, owed: &OwedDelivery, along: &[Position], failure: Failure) -> Next {
        tracing::info!(
            chat.id = self.id,
            connector = self.runtime.0.name,
            detail = failure.detail(),
            "a delivery failed"
        );
        if let (Failure::Refused { .. }, Some(last)) = (&failure, along.last()) {
            // Which of them it will not take, only each alone can tell.
            self.apart_through = last.seq;
            return Next::Again;
        }
        let failure = of_machine(failure, owed);
        let doubt = match &failure {
            DeliveryFailure::Retry { doubtful: true, .. } => Some(failure.clone()),
            _ => None,
        };
        let failed = |id, failure| Input::DeliveryFailed { id, failure };
        let first = failed(owed.id, failure);
        // Whatever may have arrived must be known to, should the first one be given up.
        let others = along.iter().filter_map(|id| Some(failed(*id, doubt.clone()?)));
        self.step_through(std::iter::once(first).chain(others)).await
    }

    async fn step_through(&mut self, inputs: impl Iterator<Item = Input> + Send) -> Next {
        for input in inputs {
            let next = self.step_until_stored(&input).await;
            if !matches!(next, Next::Again) {
                return next;
            }
        }
        Next::Again
    }
}

fn of_machine(failure: Failure, owed: &OwedDelivery) -> DeliveryFailure {
    match failure {
        Failure::Later { after, detail } => {
            DeliveryFailure::Retry { after, doubtful: false, detail }
        }
        Failure::Unknown { detail } => {
            DeliveryFailure::Retry { after: None, doubtful: true, detail }
        }
        // A visitor who asks for a human must not wait until an operator mends our credentials. A
        // message in an open chat can wait.
        Failure::Denied { detail } if matches!(owed.delivery, Delivery::Open { .. }) => {
            DeliveryFailure::Refused { detail }
        }
        Failure::Denied { detail } => {
            DeliveryFailure::Retry { after: None, doubtful: false, detail }
        }
        Failure::Refused { detail } => DeliveryFailure::Refused { detail },
        Failure::Gone { detail }
            if matches!(owed.delivery, Delivery::Say { .. }) && owed.attempts < GONE_TRIES =>
        {
            // Some tools begin another chat with it: look before it is offered again.
            DeliveryFailure::Retry { after: None, doubtful: true, detail }
        }
        Failure::Gone { detail } => DeliveryFailure::Gone { detail },
    }
}
