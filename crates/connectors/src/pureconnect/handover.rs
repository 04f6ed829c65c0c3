//! One chat: deliveries out, polls in, and the way back to it after whatever went wrong.
//!
//! An answer that was lost may have told something, and the APIs tell it once only. So after any
//! loss, and after a restart, the chat is taken up anew before anything else: that tells it again,
//! or `message-history` does, and the [`Story`] drops what is known. Where nothing tells it again,
//! the story sees what is missing, and says so.

use std::{sync::Arc, time::Duration};

use connector::{Again, Attempt, ConnectorEvent, Failure, HandoverInfo, Session, Typing};
use machine::{
    Millis,
    chat::{Delivery, Opening},
};
use serde::{Deserialize, Serialize};

use super::{
    Shared,
    event::Said,
    inward::{self, Mailbox},
    opening,
    story::{Story, Words},
    wire::{Batch, Retells, Seat, Trouble},
};

/// Between two polls when the server suggests nothing.
const POLL_WAIT_MS: Millis = 2_000;
const POLL_WAIT_MS_MAX: Millis = 10_000;
/// The same while the server calls by itself; the poll is a safety net then.
const POLL_WAIT_CALLED_MS: Millis = 30_000;
/// Longest sleep without a look at the clock.
const NAP: Duration = Duration::from_millis(200);

mod back;

pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    seat: Option<Seat>,
    story: Story,
    /// Told by the server, and not yet handed over to the bridge.
    news: Vec<ConnectorEvent>,
    doubt: Doubt,
    /// Parts of the transcript that were sent.
    parts_sent: usize,
    /// When to poll next.
    due: Millis,
    /// Polls in a row that were not answered.
    silences: u32,
    /// How often its last words could not be had.
    last_tries: u32,
    mail: Arc<Mailbox>,
}

/// Whether something may have been told that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    No,
    /// An answer was lost.
    Answer,
    /// The process is another one, or the server.
    Chat,
}

/// What is stored with the chat.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    /// Of the handover, for calls of the server and downloads.
    name: String,
    seat: Seat,
    story: Story,
}

/// The name of the handover with this checkpoint.
pub(super) fn name_of(checkpoint: &str) -> Option<String> {
    serde_json::from_str::<Checkpoint>(checkpoint).ok().map(|checkpoint| checkpoint.name)
}

/// Where the chat with this checkpoint is.
pub(super) fn seat_of(checkpoint: &str) -> Option<Seat> {
    serde_json::from_str::<Checkpoint>(checkpoint).ok().map(|checkpoint| checkpoint.seat)
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
            Ok(()) => Ok(std::mem::take(&mut self.news)),
            // Its last words come first: hearing them will tell that it is over.
            Err(Failure::Gone { detail }) if !self.news.is_empty() => Err(Failure::later(detail)),
            Err(failure) => Err(failure),
        }
    }

    fn checkpoint(&self) -> Option<String> {
        let (name, seat) = (self.name(), self.seat.clone()?);
        serde_json::to_string(&Checkpoint { name, seat, story: self.story.clone() }).ok()
    }

    fn listens(&self) -> bool {
        self.seat.is_some()
    }

    async fn ready(&mut self) {
        if !self.news.is_empty() {
            return;
        }
        let (clock, due) = (self.shared.clock.clone(), self.due);
        let waits = async {
            loop {
                let left = due - clock.now();
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(NAP.min(Duration::from_millis(left.unsigned_abs()))).await;
            }
        };
        tokio::select! {
            () = waits => {}
            () = self.mail.arrived() => {}
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        let heard = if self.news.is_empty() { self.listen().await } else { Ok(()) };
        let news = std::mem::take(&mut self.news);
        match heard {
            Err(failure) if news.is_empty() => return Err(failure),
            // After an end, it is among the news.
            Ok(()) | Err(Failure::Gone { .. }) => {}
            Err(_) => self.due = self.shared.clock.now() + POLL_WAIT_MS,
        }
        Ok(news)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        let Some(seat) = self.seat.clone().filter(|_| self.doubt == Doubt::No) else { return };
        let shared = self.shared.clone();
        match self.ask(shared.wire.types(&seat, typing)).await {
            Ok(batch) => self.heard(batch),
            Err(_) => self.due = self.shared.clock.now(),
        }
    }
}

impl Handover {
    pub(super) fn new(shared: Arc<Shared>, chat: HandoverInfo, checkpoint: Option<&str>) -> Self {
        let checkpoint =
            checkpoint.and_then(|checkpoint| serde_json::from_str::<Checkpoint>(checkpoint).ok());
        let (seat, mut story) = checkpoint
            .map_or_else(Default::default, |Checkpoint { seat, story, .. }| (Some(seat), story));
        if seat.is_some() {
            // What the process before this one has heard, it may not have stored.
            story.doubt(shared.clock.now());
        }
        let mail = shared.mail.mailbox(&name(&chat));
        let doubt = if seat.is_some() { Doubt::Chat } else { Doubt::No };
        Self {
            shared,
            chat,
            seat,
            story,
            news: Vec::new(),
            doubt,
            parts_sent: 0,
            due: 0,
            silences: 0,
            last_tries: 0,
            mail,
        }
    }

    fn name(&self) -> String {
        name(&self.chat)
    }

    async fn open(&mut self, opening: &Opening, at: Millis, again: Again) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let mut start = opening::start(&shared.opening, &self.chat, opening, at);
        let parts = opening::messages(&shared.opening, &start.name, opening);
        if self.seat.is_none() {
            start.webhook = inward::webhook_url(shared.reach.as_ref(), &self.name());
            shared.starts.wait_for_turn().await;
            let begun = match shared.wire.start(0, &start).await {
                Err(Trouble::Elsewhere(_)) if shared.servers > 1 => {
                    shared.wire.start(1, &start).await
                }
                begun => begun,
            };
            let (seat, batch) = begun.map_err(Trouble::into_failure)?;
            self.seat = Some(seat);
            self.heard(batch);
            self.due = self.shared.clock.now();
        }
        while let Some(part) = parts.get(self.parts_sent) {
            self.say(part, again).await?;
            self.parts_sent += 1;
        }
        Ok(())
    }

    async fn say(&mut self, text: &str, again: Again) -> Result<(), Failure> {
        self.freshen().await?;
        if again == Again::MayHaveArrived && self.has_arrived(text).await? {
            self.story.sent();
            return Ok(());
        }
        let shared = self.shared.clone();
        let seat = self.seat()?;
        let batch = match self.ask(shared.wire.say(&seat, text)).await {
            Err(trouble) => {
                let lost = trouble.is_loss();
                self.mend(trouble).await?;
                if lost && self.has_arrived(text).await? {
                    self.story.sent();
                    return Ok(());
                }
                let seat = self.seat()?;
                self.ask(shared.wire.say(&seat, text)).await
            }
            said => said,
        };
        match batch {
            Ok(batch) => {
                self.story.sent();
                // An answer that tells nothing is no poll: whoever goes on writing must not keep
                // back what agents say.
                let (due, polled) = (self.due, batch.wait_ms.is_some());
                self.heard(batch);
                if !polled {
                    self.due = due;
                }
                Ok(())
            }
            Err(trouble) => Err(trouble.into_failure()),
        }
    }

    /// Whether the server tells us a text of ours that we do not know to have arrived.
    async fn has_arrived(&mut self, text: &str) -> Result<bool, Failure> {
        if !self.story.has_arrived(text) && self.shared.wire.retells() != Retells::ByHistory {
            self.poll().await?;
        }
        Ok(self.story.has_arrived(text))
    }

    async fn leave(&mut self) -> Result<(), Failure> {
        let Some(seat) = self.seat.clone() else { return Ok(()) };
        let left = match self.shared.wire.exit(&seat).await {
            Err(trouble @ (Trouble::Lost(_) | Trouble::Elsewhere(_))) => {
                match self.mend(trouble).await {
                    Ok(()) => self.shared.wire.exit(&self.seat()?).await,
                    Err(failure) => Err(Trouble::Failed(failure)),
                }
            }
            left => left,
        };
        match left.map_err(Trouble::into_failure) {
            // Then it is over, which is what was wanted.
            Err(Failure::Gone { .. }) => Ok(()),
            left => left,
        }
    }

    async fn listen(&mut self) -> Result<(), Failure> {
        self.freshen().await?;
        let mail = self.mail.take();
        if !mail.is_empty() {
            self.heard(Batch { wait_ms: None, events: mail });
            if !self.story.has_gap() {
                return Ok(());
            }
        }
        self.poll().await
    }

    /// Hears once what is new, and fills what is missing where the server keeps everything.
    async fn poll(&mut self) -> Result<(), Failure> {
        let (shared, seat) = (self.shared.clone(), self.seat()?);
        let batch = match self.ask(shared.wire.poll(&seat)).await {
            Ok(batch) => batch,
            Err(trouble) => return self.mend(trouble).await,
        };
        self.silences = 0;
        self.story.take(&seat.participant, batch.events);
        if self.story.has_gap() {
            self.fill_gap(&seat).await?;
        }
        self.heard(Batch { wait_ms: batch.wait_ms, events: Vec::new() });
        Ok(())
    }

    /// Takes in what a call has told, and when to poll next.
    fn heard(&mut self, batch: Batch) {
        let Some(seat) = &self.seat else { return };
        let now = self.shared.clock.now();
        self.story.take(&seat.participant, batch.events);
        self.tell(|story, own, words| story.tell(own, now, words));
        let reach = self.shared.reach.as_ref();
        let called = reach.is_some_and(|reach| reach.webhook) && !self.story.has_gap();
        let wait = match batch.wait_ms {
            _ if called => POLL_WAIT_CALLED_MS,
            Some(wait) => wait.min(POLL_WAIT_MS_MAX),
            None => POLL_WAIT_MS,
        };
        self.due = now + wait.max(self.shared.poll_wait_ms_min);
    }

    /// It is over at the tool.
    fn over(&mut self, detail: String) -> Failure {
        self.tell(Story::close);
        Failure::Gone { detail }
    }

    fn tell(&mut self, tell: impl FnOnce(&mut Story, &str, &Words<'_>) -> Vec<ConnectorEvent>) {
        let Some(seat) = &self.seat else { return };
        let (reach, name) = (self.shared.reach.as_ref(), name(&self.chat));
        let said = |said: &Said| inward::words(reach, &name, said);
        let words = Words { said: &said, loss: &self.shared.loss_notice };
        let losses = self.story.losses();
        self.news.extend(tell(&mut self.story, &seat.participant, &words));
        if self.story.losses() > losses {
            let chat = &self.chat.chat;
            tracing::warn!(
                chat.id = chat,
                "words of an agent may be lost, and the visitor is told"
            );
        }
    }

    fn seat(&self) -> Result<Seat, Failure> {
        self.seat.clone().ok_or_else(|| Failure::gone("no chat was begun"))
    }
}

/// `{chat}.{opening}`.
fn name(chat: &HandoverInfo) -> String {
    format!("{}.{}", chat.chat, chat.opening)
}
