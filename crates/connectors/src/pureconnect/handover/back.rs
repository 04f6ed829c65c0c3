//! The way back to a chat: over to the other server, after a lost answer, after a restart.

use connector::Failure;
use machine::Millis;

use super::{Doubt, Handover};
use crate::pureconnect::wire::{Batch, Retells, Seat, Trouble};

/// Before the next attempt to take a chat up: 3000 to 5000, as the vendor's own client waits.
const COME_BACK_MS: Millis = 3_000;
const COME_BACK_SPREAD_MS: u64 = 2_000;
/// How often the last words of an ended chat are asked for.
const LAST_TRIES: u32 = 6;

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
            (_, Retells::ByReconnect) => self.look_again(&seat).await,
            (Doubt::Chat, _) => self.come_back(&self.from(seat.server)).await,
        }
    }

    /// Before anything is taken up anew: what has not been told yet may be told only here, and
    /// the numbers tell what is missing.
    async fn look_again(&mut self, seat: &Seat) -> Result<(), Failure> {
        let shared = self.shared.clone();
        match self.ask(shared.wire.poll(seat)).await {
            Ok(batch) => self.heard(batch),
            Err(trouble) => return self.mend(trouble).await,
        }
        if !self.story.is_over() && !self.story.is_forgetful() {
            match self.come_back(&self.from(seat.server)).await {
                // It takes nothing up while the chat is well; so it tells nothing again either.
                Err(Failure::Refused { .. }) => self.story.be_forgetful(),
                back => return back,
            }
        }
        (self.doubt, self.silences) = (Doubt::No, 0);
        Ok(())
    }

    /// What is missing may be had another way, or else is waited for.
    pub(super) async fn fill_gap(&mut self, seat: &Seat) -> Result<(), Failure> {
        let filled = match self.shared.wire.retells() {
            Retells::Nothing => Ok(()),
            Retells::ByHistory => self.take_history(seat).await.map_err(Trouble::into_failure),
            Retells::ByReconnect => {
                let is_old = self.story.has_old_gap(self.shared.clock.now());
                if !is_old || self.story.is_forgetful() {
                    return Ok(());
                }
                self.come_back(&self.from(seat.server)).await
            }
        };
        match filled {
            Err(failure @ Failure::Gone { .. }) if self.story.is_over() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Makes a call. Until it is answered its answer is lost: the bridge may cut any call short.
    pub(super) async fn ask<T>(
        &mut self,
        call: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let (doubt, before) = (self.doubt, self.story.doubt(self.shared.clock.now()));
        if doubt == Doubt::No {
            self.doubt = Doubt::Answer;
        }
        let told = call.await;
        if told.as_ref().is_err_and(Trouble::is_loss) {
            self.story.doubt(self.shared.clock.now());
        } else {
            self.doubt = doubt;
            self.story.trust(before);
        }
        told
    }

    /// Does what there is to do about a failed call. When this is well, the call may be made again.
    pub(super) async fn mend(&mut self, trouble: Trouble) -> Result<(), Failure> {
        let here = self.seat()?.server;
        let there = self.other(here);
        match trouble {
            Trouble::Elsewhere(failure) if there == here => Err(failure),
            Trouble::Elsewhere(_) => self.come_back(&[there, here]).await,
            Trouble::Lost(_) => self.come_back(&self.from(here)).await,
            Trouble::Failed(failure) => {
                self.silences += 1;
                if self.silences < 2 || there == here {
                    return Err(failure);
                }
                self.come_back(&[there, here]).await
            }
        }
    }

    /// Takes the chat up on one of the servers, in this order. It is over when one that answers
    /// knows nothing of it and none has it.
    async fn come_back(&mut self, servers: &[usize]) -> Result<(), Failure> {
        let (shared, seat) = (self.shared.clone(), self.seat()?);
        let (mut lost, mut failed) = (None, None);
        for (place, server) in servers.iter().enumerate() {
            if servers[..place].contains(server) {
                continue;
            }
            // With its answer, all that is told from then on may be lost.
            match self.ask(shared.wire.reconnect(*server, &seat)).await {
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
                Err(self.over(detail))
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

    /// Both servers, this one first.
    fn from(&self, server: usize) -> [usize; 2] {
        [server, self.other(server)]
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
        if let Some(batch) = batch {
            self.story.take(&seat.participant, batch.events);
            self.story.be_whole();
        }
        Ok(())
    }

    /// What an ended chat has told nobody yet. Fails when it may be told next time.
    async fn take_last_words(&mut self, seat: &Seat) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let told = match shared.wire.retells() {
            Retells::ByHistory => self.take_history(seat).await.map(|()| Batch::default()),
            _ => self.ask(shared.wire.poll(seat)).await,
        };
        match told {
            Ok(batch) => self.heard(batch),
            Err(Trouble::Lost(_)) => {}
            Err(trouble) => {
                self.last_tries += 1;
                if self.last_tries < LAST_TRIES {
                    return Err(Failure::later(trouble.into_failure().detail()));
                }
                self.story.doubt(self.shared.clock.now());
            }
        }
        Ok(())
    }
}
