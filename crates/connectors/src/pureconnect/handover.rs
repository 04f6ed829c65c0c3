//! The session of one chat: deliveries to the server, polls from it, and recovery ([`recovery`]).
//!
//! A reply that is lost may have carried events, and the APIs send each event once. So after a
//! lost reply and after a restart the session first has the server send these events again (by
//! `reconnect` or `message-history`), and the [`Sequencer`] drops those it knows. Where the server
//! sends nothing again, the sequencer finds the gap and tells the visitor.

use std::sync::Arc;

use connector::{Again, Attempt, ConnectorEvent, Failure, HandoverInfo, Session, Typing};
use machine::{
    Millis,
    chat::{Delivery, Opening},
};

use super::{
    Shared,
    api::{Batch, CallError, ChatRef, Replay},
    checkpoint::Checkpoint,
    event::Said,
    mailbox::Mailbox,
    opening, public_urls,
    sequencer::{Sequencer, Texts},
};

mod recovery;

/// Time between two polls when the server suggests none, in milliseconds.
const POLL_WAIT_MS: Millis = 2_000;
const POLL_WAIT_MS_MAX: Millis = 10_000;
/// Time between two polls while the server calls our webhook: the poll finds what that missed.
const POLL_WAIT_WEBHOOK_MS: Millis = 30_000;

pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    /// Set once the chat is started.
    chat_ref: Option<ChatRef>,
    sequencer: Sequencer,
    /// In order, and not yet returned to the bridge.
    events: Vec<ConnectorEvent>,
    missed: Missed,
    /// Parts of the transcript that were sent.
    parts_sent: usize,
    /// When to poll next.
    poll_at: Millis,
    /// Polls in a row that failed.
    failed_polls: u32,
    /// How often the last events of an ended chat could not be fetched.
    last_events_tries: u32,
    mailbox: Arc<Mailbox>,
}

/// Which events the server may have sent without our hearing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missed {
    Nothing,
    /// Those of a lost reply.
    Reply,
    /// Any: this process is new to the chat, or the server is.
    Any,
}

#[async_trait::async_trait]
impl Session for Handover {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        let done = match attempt.delivery {
            Delivery::Open { opening } => self.open(opening, attempt.since, again).await,
            Delivery::Say { text } => self.say(text, again).await,
            Delivery::Leave { .. } => self.leave().await,
        };
        match done {
            Ok(()) => Ok(std::mem::take(&mut self.events)),
            // The last events come first. They include the end of the chat.
            Err(Failure::Gone { detail }) if !self.events.is_empty() => Err(Failure::later(detail)),
            Err(failure) => Err(failure),
        }
    }

    fn checkpoint(&self) -> Option<String> {
        let (name, chat_ref) = (self.name(), self.chat_ref.clone()?);
        Checkpoint { name, chat_ref, sequencer: self.sequencer.clone() }.write()
    }

    fn listens(&self) -> bool {
        self.chat_ref.is_some()
    }

    async fn ready(&mut self) {
        if !self.events.is_empty() {
            return;
        }
        tokio::select! {
            () = self.shared.clock.sleep_until(self.poll_at) => {}
            () = self.mailbox.arrived() => {}
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        let heard = if self.events.is_empty() { self.listen().await } else { Ok(()) };
        let events = std::mem::take(&mut self.events);
        match heard {
            Err(failure) if events.is_empty() => return Err(failure),
            // When the chat is gone, `events` includes its end.
            Ok(()) | Err(Failure::Gone { .. }) => {}
            Err(_) => self.poll_at = self.shared.clock.now() + POLL_WAIT_MS,
        }
        Ok(events)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        let Some(chat_ref) = self.chat_ref.clone() else { return };
        if self.missed != Missed::Nothing {
            return;
        }
        let shared = self.shared.clone();
        match self.call(shared.api.types(&chat_ref, typing)).await {
            Ok(batch) => self.take(batch),
            Err(_) => self.poll_at = self.shared.clock.now(),
        }
    }
}

impl Handover {
    pub(super) fn new(shared: Arc<Shared>, chat: HandoverInfo, checkpoint: Option<&str>) -> Self {
        let (chat_ref, sequencer, missed) = match checkpoint.and_then(Checkpoint::read) {
            Some(Checkpoint { chat_ref, mut sequencer, .. }) => {
                // The process before this one may have heard events and not stored them.
                sequencer.note_lost_reply(shared.clock.now());
                (Some(chat_ref), sequencer, Missed::Any)
            }
            None => (None, Sequencer::default(), Missed::Nothing),
        };
        let mailbox = shared.mailboxes.mailbox(&name(&chat));
        Self {
            shared,
            chat,
            chat_ref,
            sequencer,
            events: Vec::new(),
            missed,
            parts_sent: 0,
            poll_at: 0,
            failed_polls: 0,
            last_events_tries: 0,
            mailbox,
        }
    }

    fn name(&self) -> String {
        name(&self.chat)
    }

    async fn open(&mut self, opening: &Opening, at: Millis, again: Again) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let mut start = opening::start(&shared.opening, &self.chat, opening, at);
        let parts = opening::messages(&shared.opening, &start.name, opening);
        if self.chat_ref.is_none() {
            start.webhook = shared.public_urls.as_ref().and_then(|urls| urls.webhook(&self.name()));
            shared.start_limit.wait_for_turn().await?;
            let started = match shared.api.start(0, &start).await {
                Err(CallError::OtherServer(_)) if shared.servers > 1 => {
                    shared.api.start(1, &start).await
                }
                started => started,
            };
            let (chat_ref, batch) = started.map_err(CallError::into_failure)?;
            self.chat_ref = Some(chat_ref);
            self.take(batch);
            self.poll_at = self.shared.clock.now();
        }
        while let Some(part) = parts.get(self.parts_sent) {
            self.say(part, again).await?;
            self.parts_sent += 1;
        }
        Ok(())
    }

    async fn say(&mut self, text: &str, again: Again) -> Result<(), Failure> {
        self.hear_missed().await?;
        if again == Again::MayHaveArrived && self.has_arrived(text).await? {
            self.sequencer.note_sent();
            return Ok(());
        }
        let shared = self.shared.clone();
        let chat_ref = self.chat_ref()?;
        let said = match self.call(shared.api.say(&chat_ref, text)).await {
            Err(error) => {
                let may_have_arrived = error.is_lost_reply();
                self.recover(error).await?;
                if may_have_arrived && self.has_arrived(text).await? {
                    self.sequencer.note_sent();
                    return Ok(());
                }
                let chat_ref = self.chat_ref()?;
                self.call(shared.api.say(&chat_ref, text)).await
            }
            said => said,
        };
        let batch = said.map_err(CallError::into_failure)?;
        self.sequencer.note_sent();
        // A reply without events does not count as a poll: a visitor who writes again and again
        // must not put off the next poll.
        let (poll_at, polled) = (self.poll_at, batch.wait_ms.is_some());
        self.take(batch);
        if !polled {
            self.poll_at = poll_at;
        }
        Ok(())
    }

    /// Whether a text whose reply was lost has arrived, as far as the server shows it.
    async fn has_arrived(&mut self, text: &str) -> Result<bool, Failure> {
        if !self.sequencer.has_arrived(text) && self.shared.api.replay() != Replay::History {
            self.poll().await?;
        }
        Ok(self.sequencer.has_arrived(text))
    }

    async fn leave(&mut self) -> Result<(), Failure> {
        let Some(chat_ref) = self.chat_ref.clone() else { return Ok(()) };
        let left = match self.shared.api.exit(&chat_ref).await {
            Err(error @ (CallError::UnknownChat(_) | CallError::OtherServer(_))) => {
                match self.recover(error).await {
                    Ok(()) => self.shared.api.exit(&self.chat_ref()?).await,
                    Err(failure) => Err(CallError::Failed(failure)),
                }
            }
            left => left,
        };
        match left.map_err(CallError::into_failure) {
            // The chat has ended, as it should.
            Err(Failure::Gone { .. }) => Ok(()),
            left => left,
        }
    }

    async fn listen(&mut self) -> Result<(), Failure> {
        self.hear_missed().await?;
        let events = self.mailbox.take();
        if !events.is_empty() {
            self.take(Batch { wait_ms: None, events });
            if !self.sequencer.has_gap() {
                return Ok(());
            }
        }
        self.poll().await
    }

    /// Polls once, and fills a gap where the server can send the missing events again.
    async fn poll(&mut self) -> Result<(), Failure> {
        let (shared, chat_ref) = (self.shared.clone(), self.chat_ref()?);
        let batch = match self.call(shared.api.poll(&chat_ref)).await {
            Ok(batch) => batch,
            Err(error) => return self.recover(error).await,
        };
        self.failed_polls = 0;
        self.sequencer.take(&chat_ref.participant, batch.events);
        if self.sequencer.has_gap() {
            self.fill_gap(&chat_ref).await?;
        }
        self.take(Batch { wait_ms: batch.wait_ms, events: Vec::new() });
        Ok(())
    }

    /// Takes in the events of a reply, and sets the time of the next poll.
    fn take(&mut self, batch: Batch) {
        let Some(chat_ref) = &self.chat_ref else { return };
        let now = self.shared.clock.now();
        self.sequencer.take(&chat_ref.participant, batch.events);
        self.collect(|sequencer, own, texts| sequencer.next_events(own, now, texts));
        let urls = self.shared.public_urls.as_ref();
        let webhook = urls.is_some_and(|urls| urls.webhook) && !self.sequencer.has_gap();
        let wait = match batch.wait_ms {
            _ if webhook => POLL_WAIT_WEBHOOK_MS,
            Some(wait) => wait.min(POLL_WAIT_MS_MAX),
            None => POLL_WAIT_MS,
        };
        self.poll_at = now + wait.max(self.shared.poll_wait_ms_min);
    }

    /// Adds the end of the chat to the events; the server does not know the chat any more.
    fn close(&mut self, detail: String) -> Failure {
        self.collect(Sequencer::close);
        Failure::Gone { detail }
    }

    /// Adds what `next` takes from the sequencer to the events.
    fn collect(
        &mut self,
        next: impl FnOnce(&mut Sequencer, &str, &Texts<'_>) -> Vec<ConnectorEvent>,
    ) {
        let Some(chat_ref) = &self.chat_ref else { return };
        let (urls, name) = (self.shared.public_urls.as_ref(), self.name());
        let said = |said: &Said| public_urls::markdown(urls, &name, said);
        let texts = Texts { said: &said, loss: &self.shared.loss_notice };
        let losses = self.sequencer.losses();
        self.events.extend(next(&mut self.sequencer, &chat_ref.participant, &texts));
        if self.sequencer.losses() > losses {
            tracing::warn!(
                chat.id = self.chat.chat,
                "events of PureConnect are missing: messages of a human agent may be lost, and \
                 the visitor is told"
            );
        }
    }

    fn chat_ref(&self) -> Result<ChatRef, Failure> {
        self.chat_ref.clone().ok_or_else(|| Failure::gone("no chat was started at PureConnect"))
    }
}

/// `{chat}.{opening}`.
fn name(chat: &HandoverInfo) -> String {
    format!("{}.{}", chat.chat, chat.opening)
}
