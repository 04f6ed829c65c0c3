//! Recovery of a chat after a switch-over, a lost reply or a restart.

use connector::Failure;
use machine::Millis;

use super::{Handover, Missed};
use crate::pureconnect::api::{Batch, CallError, ChatRef, Replay};

/// Wait before the next attempt to reconnect: 3000 to 5000 ms, like the vendor's own client.
const RECONNECT_MS: Millis = 3_000;
const RECONNECT_SPREAD_MS: u64 = 2_000;
/// How often the last events of an ended chat are asked for.
const LAST_EVENTS_TRIES: u32 = 6;

impl Handover {
    /// Has the server send again what was missed. Must run before any other call of the chat.
    pub(super) async fn hear_missed(&mut self) -> Result<(), Failure> {
        let chat_ref = self.chat_ref()?;
        match (self.missed, self.shared.api.replay()) {
            (Missed::Nothing, _) => Ok(()),
            (Missed::Reply, Replay::None) => {
                self.missed = Missed::Nothing;
                Ok(())
            }
            (Missed::Reply, Replay::History) => {
                if let Err(error) = self.fetch_history(&chat_ref).await {
                    return self.recover(error).await;
                }
                self.missed = Missed::Nothing;
                self.take(Batch::default());
                Ok(())
            }
            (_, Replay::Reconnect) => self.poll_and_reconnect(&chat_ref).await,
            (Missed::Any, _) => self.reconnect(&self.servers_from(chat_ref.server)).await,
        }
    }

    /// Polls before it reconnects: events that were never sent may come only with this poll, and
    /// their numbers show what is missing.
    async fn poll_and_reconnect(&mut self, chat_ref: &ChatRef) -> Result<(), Failure> {
        let shared = self.shared.clone();
        match self.call(shared.api.poll(chat_ref)).await {
            Ok(batch) => self.take(batch),
            Err(error) => return self.recover(error).await,
        }
        if !self.sequencer.is_over() && !self.sequencer.replays_nothing() {
            match self.reconnect(&self.servers_from(chat_ref.server)).await {
                // This server refuses to reconnect a chat that is not broken, so it sends nothing
                // again.
                Err(Failure::Refused { .. }) => self.sequencer.set_replays_nothing(),
                reconnected => return reconnected,
            }
        }
        (self.missed, self.failed_polls) = (Missed::Nothing, 0);
        Ok(())
    }

    /// Asks for the missing events where the server can send them again; else waits for them.
    pub(super) async fn fill_gap(&mut self, chat_ref: &ChatRef) -> Result<(), Failure> {
        let filled = match self.shared.api.replay() {
            Replay::None => Ok(()),
            Replay::History => self.fetch_history(chat_ref).await.map_err(CallError::into_failure),
            Replay::Reconnect => {
                let is_old = self.sequencer.has_old_gap(self.shared.clock.now());
                if !is_old || self.sequencer.replays_nothing() {
                    return Ok(());
                }
                self.reconnect(&self.servers_from(chat_ref.server)).await
            }
        };
        match filled {
            Err(failure @ Failure::Gone { .. }) if self.sequencer.is_over() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Makes a call. Until the reply is here it counts as lost: the bridge may cut any call short.
    pub(super) async fn call<T>(
        &mut self,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let missed = self.missed;
        let lost_before = self.sequencer.note_lost_reply(self.shared.clock.now());
        if missed == Missed::Nothing {
            self.missed = Missed::Reply;
        }
        let reply = call.await;
        if reply.as_ref().is_err_and(CallError::is_lost_reply) {
            self.sequencer.note_lost_reply(self.shared.clock.now());
        } else {
            self.missed = missed;
            self.sequencer.restore_lost_reply(lost_before);
        }
        reply
    }

    /// Recovers from a failed call. After `Ok` the caller may make the call again.
    pub(super) async fn recover(&mut self, error: CallError) -> Result<(), Failure> {
        let here = self.chat_ref()?.server;
        let there = self.other(here);
        match error {
            CallError::OtherServer(failure) if there == here => Err(failure),
            CallError::OtherServer(_) => self.reconnect(&[there, here]).await,
            CallError::UnknownChat(_) => self.reconnect(&self.servers_from(here)).await,
            CallError::Failed(failure) => {
                self.failed_polls += 1;
                if self.failed_polls < 2 || there == here {
                    return Err(failure);
                }
                self.reconnect(&[there, here]).await
            }
        }
    }

    /// Reconnects the chat at the first of `servers` that takes it. The chat is over when a server
    /// answers that it does not know the chat and the other one does not take it either.
    async fn reconnect(&mut self, servers: &[usize]) -> Result<(), Failure> {
        let (shared, chat_ref) = (self.shared.clone(), self.chat_ref()?);
        let (mut unknown, mut failed) = (None, None);
        for (place, server) in servers.iter().enumerate() {
            if servers[..place].contains(server) {
                continue;
            }
            // When this reply is lost, everything the server sends again may be lost with it.
            match self.call(shared.api.reconnect(*server, &chat_ref)).await {
                Ok((now, batch)) => {
                    return self.continue_at(&chat_ref, now, batch).await;
                }
                Err(CallError::UnknownChat(detail)) => unknown = Some(detail),
                Err(CallError::OtherServer(_)) => {}
                Err(CallError::Failed(failure)) => failed = Some(failure),
            }
        }
        self.missed = Missed::Any;
        match (unknown, failed) {
            (_, Some(failure @ (Failure::Denied { .. } | Failure::Refused { .. }))) => Err(failure),
            (Some(detail), None) => {
                self.fetch_last_events(&chat_ref).await?;
                Err(self.close(detail))
            }
            _ => {
                let detail = "no PureConnect server reconnects the chat at present".to_owned();
                Err(Failure::Later { after: Some(self.reconnect_delay_ms()), detail })
            }
        }
    }

    /// Goes on at the server that has the chat now, after it was asked for what was missed.
    async fn continue_at(
        &mut self,
        before: &ChatRef,
        now: ChatRef,
        batch: Batch,
    ) -> Result<(), Failure> {
        if now.participant != before.participant {
            self.sequencer.restart_numbers();
        }
        self.chat_ref = Some(now.clone());
        self.missed = Missed::Any;
        self.fetch_history(&now).await.map_err(CallError::into_failure)?;
        (self.missed, self.failed_polls) = (Missed::Nothing, 0);
        self.take(batch);
        // Not every server sends the waiting events with its reply.
        self.poll_at = self.shared.clock.now();
        Ok(())
    }

    /// Different for each chat, so that they do not all reconnect at once after a switch-over.
    fn reconnect_delay_ms(&self) -> Millis {
        let spread = edge::ids::fingerprint(self.chat.chat.as_bytes()) % RECONNECT_SPREAD_MS;
        RECONNECT_MS + spread as Millis
    }

    /// Both servers, this one first.
    fn servers_from(&self, server: usize) -> [usize; 2] {
        [server, self.other(server)]
    }

    fn other(&self, server: usize) -> usize {
        if self.shared.servers > 1 { 1 - server.min(1) } else { server }
    }

    /// Takes in all messages of the chat, where the server keeps them. Fails when another attempt
    /// may succeed.
    pub(super) async fn fetch_history(&mut self, chat_ref: &ChatRef) -> Result<(), CallError> {
        let batch = match self.shared.api.history(chat_ref).await {
            // This server keeps no history, or does not give it to us.
            Err(CallError::Failed(Failure::Refused { .. } | Failure::Denied { .. })) => None,
            batch => batch?,
        };
        if let Some(batch) = batch {
            self.sequencer.take(&chat_ref.participant, batch.events);
            self.sequencer.mark_complete();
        }
        Ok(())
    }

    /// Takes in what an ended chat has not sent yet. Fails when another attempt may succeed.
    async fn fetch_last_events(&mut self, chat_ref: &ChatRef) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let fetched = match shared.api.replay() {
            Replay::History => self.fetch_history(chat_ref).await.map(|()| Batch::default()),
            _ => self.call(shared.api.poll(chat_ref)).await,
        };
        match fetched {
            Ok(batch) => self.take(batch),
            Err(CallError::UnknownChat(_)) => {}
            Err(error) => {
                self.last_events_tries += 1;
                if self.last_events_tries < LAST_EVENTS_TRIES {
                    return Err(Failure::later(error.into_failure().detail()));
                }
                self.sequencer.note_lost_reply(self.shared.clock.now());
            }
        }
        Ok(())
    }
}
