//! The way back to a chat: over to the other server, after a lost answer, after a restart.

use machine::Millis;

use super::{Doubt, Handover};
use crate::{
    connectors::pureconnect::wire::{Batch, Retells, Seat, Trouble},
    tool::Failure,
};

/// Before the next attempt to take a chat up: 3000 to 5000, as the vendor's own client waits.
const COME_BACK_MS: Millis = 3_000;
const COME_BACK_SPREAD_MS: u64 = 2_000;
impl Handover {
    /// After a loss or a restart: hears again what may have been told, before anything else.
    pub(super) async fn freshen(&mut self) -> Result<(), Failure> {
        let seat = self.seat()?;
        match (self.doubt, self.shared.wire.retells()) {
            (Doubt::No, _) => Ok(()),
            (Doubt::Answer, Retells::Nothing) => {
                self.doubt = Doubt::No;
                Ok(())
            }
            (Doubt::Answer, Retells::ByHistory) => {
                if let Err(trouble) = self.take_history(&seat).await {
                    return self.mend(trouble).await;
                }
                self.doubt = Doubt::No;
                self.heard(Batch::default());
                Ok(())
            }
            (Doubt::Answer, Retells::ByReconnect) | (Doubt::Chat, _) => {
                self.come_back(&[seat.server, self.other(seat.server)]).await
            }
        }
    }

    /// Does what there is to do about a failed call. When this is well, the call may be made again.
    pub(super) async fn mend(&mut self, trouble: Trouble) -> Result<(), Failure> {
        self.note(&trouble);
        let here = self.seat()?.server;
        let there = self.other(here);
        match trouble {
            Trouble::Elsewhere(failure) if there == here => Err(failure),
            Trouble::Elsewhere(_) => self.come_back(&[there, here]).await,
            Trouble::Lost(_) => self.come_back(&[here, there]).await,
            Trouble::Failed(failure) => {
                self.silences += 1;
                if self.silences < 2 || there == here {
                    return Err(failure);
                }
                self.come_back(&[there, here]).await
            }
        }
    }

    /// Remembers when an answer was lost.
    pub(super) fn note(&mut self, trouble: &Trouble) {
        if is_loss(trouble) && self.doubt == Doubt::No {
            self.doubt = Doubt::Answer;
        }
    }

    /// Takes the chat up on one of the servers, in this order. It is over when one that answers
    /// knows nothing of it and none has it.
    async fn come_back(&mut self, servers: &[usize]) -> Result<(), Failure> {
        let seat = self.seat()?;
        let (mut lost, mut failed) = (None, None);
        for (place, server) in servers.iter().enumerate() {
            if servers[..place].contains(server) {
                continue;
            }
            match self.shared.wire.reconnect(*server, &seat).await {
                Ok((now, batch)) => {
                    return self.sit_down(&seat, now, batch).await;
                }
                Err(Trouble::Lost(detail)) => lost = Some(detail),
                Err(Trouble::Elsewhere(_)) => {}
                Err(Trouble::Failed(failure)) => failed = Some(failure),
            }
        }
        self.doubt = Doubt::Chat;
        match (lost, failed) {
            (_, Some(failure @ (Failure::Denied { .. } | Failure::Refused { .. }))) => Err(failure),
            (Some(detail), None) => {
                self.take_last_words(&seat).await?;
                Err(Failure::Gone { detail })
            }
            _ => {
                let detail = "no server takes the chat up at the moment".to_owned();
                Err(Failure::Later { after: Some(self.come_back_after()), detail })
            }
        }
    }

    /// Goes on where the chat is now, once it is known what was missed.
    async fn sit_down(&mut self, before: &Seat, now: Seat, batch: Batch) -> Result<(), Failure> {
        if now.participant != before.participant {
            self.story.renew();
        }
        self.seat = Some(now.clone());
        self.doubt = Doubt::Chat;
        self.take_history(&now).await.map_err(Trouble::into_failure)?;
        (self.doubt, self.silences) = (Doubt::No, 0);
        self.heard(batch);
        // Whatever waited there was not told with the reply on every server.
        self.due = self.shared.clock.now();
        Ok(())
    }

    /// Spread, so that not all chats come back at once after a switch-over.
    fn come_back_after(&self) -> Millis {
        let spread = edge::ids::fingerprint(self.chat.chat.as_bytes()) % COME_BACK_SPREAD_MS;
        COME_BACK_MS + spread as Millis
    }

    fn other(&self, server: usize) -> usize {
        if self.shared.servers > 1 { 1 - server.min(1) } else { server }
    }

    /// Everything there was, where the server keeps it. Fails when it may be there next time.
    pub(super) async fn take_history(&mut self, seat: &Seat) -> Result<(), Trouble> {
        let batch = match self.shared.wire.history(seat).await {
            // It is not kept after all, or not for us.
            Err(Trouble::Failed(Failure::Refused { .. } | Failure::Denied { .. })) => None,
            batch => batch?,
        };
        let events = batch.map(|batch| batch.events).unwrap_or_default();
        self.story.take(&seat.participant, events);
        Ok(())
    }

    /// What an ended chat has told nobody yet.
    async fn take_last_words(&mut self, seat: &Seat) -> Result<(), Failure> {
        if self.shared.wire.retells() == Retells::ByHistory {
            self.take_history(seat).await.map_err(Trouble::into_failure)?;
            self.heard(Batch::default());
        } else if let Ok(batch) = self.shared.wire.poll(seat).await {
            self.heard(batch);
        }
        Ok(())
    }
}

/// Whether the call may have been worked off, and its answer told us something.
pub(super) fn is_loss(trouble: &Trouble) -> bool {
    let (Trouble::Failed(failure) | Trouble::Elsewhere(failure)) = trouble else { return false };
    matches!(failure, Failure::Unknown { .. })
}
