//! One chat as a ticket: opened with the transcript, an entry for every message of the visitor, and
//! a last entry when the visitor leaves. The poll reports what human agents do.

use std::{collections::HashSet, sync::Arc};

use connector::{Again, Attempt, ConnectorEvent, EventKind, Failure, HandoverInfo, Session};
use machine::{
    Millis,
    chat::{CloseReason, Delivery, Line, Opening, Speaker},
};

use super::{Ticket, TicketRequest, TicketRules, Tickets};

pub(crate) struct TicketSession {
    tickets: Arc<dyn Tickets>,
    handover: HandoverInfo,
    ticket: Option<Ticket>,
    /// The checkpoint after an opening.
    opened: Option<String>,
}

impl TicketSession {
    pub(crate) fn new(
        tickets: Arc<dyn Tickets>,
        handover: &HandoverInfo,
        checkpoint: Option<&str>,
    ) -> Self {
        let ticket = checkpoint.and_then(Ticket::of_checkpoint);
        Self { tickets, handover: handover.clone(), ticket, opened: None }
    }

    async fn open(&mut self, attempt: &Attempt<'_>, opening: &Opening, again: Again) -> Opened {
        let request = TicketRequest {
            reference: format!("{}.{}", self.handover.chat, self.handover.opening),
            handover: &self.handover,
            opening,
            lines: transcript(opening),
        };
        let before = match again {
            Again::First => None,
            Again::MayHaveArrived => self.tickets.find(&request).await?,
        };
        let ticket = match before {
            Some(ticket) => ticket,
            None => self.tickets.open(&request).await?,
        };
        let notice = self.tickets.rules().notice.replace("{number}", &ticket.number);
        self.opened = Some(ticket.checkpoint());
        self.ticket = Some(ticket);
        let id = format!("{}/notice", attempt.id);
        Ok(vec![ConnectorEvent::new(id, EventKind::Notice(notice))])
    }

    /// Writes the messages that are not in the journal yet.
    async fn write(&self, attempt: &Attempt<'_>, words: &str, again: Again) -> Result<(), Failure> {
        let ticket = self.ticket()?;
        let TicketRules { label, entry_chars_max, .. } = self.tickets.rules();
        let written = match again {
            Again::First => Vec::new(),
            Again::MayHaveArrived => self.tickets.written(ticket).await?,
        };
        let written: HashSet<&str> = written.iter().flat_map(|text| label.numbers(text)).collect();
        let along = attempt.along.iter().map(|message| (&*message.id, &*message.text));
        let all = std::iter::once((&*attempt.id, words)).chain(along);
        let entries = all.flat_map(|(id, words)| label.entries(id, words, *entry_chars_max));
        let missing = entries.filter(|entry| !written.contains(&*entry.numbers)).collect();
        let mut wrote = false;
        for entry in label.join(missing, *entry_chars_max) {
            let text = label.text(&entry);
            let writing = match attempt.delivery {
                Delivery::Leave { .. } => self.tickets.leave(ticket, &text).await,
                _ => self.tickets.write(ticket, &text).await,
            };
            match writing {
                Ok(()) => wrote = true,
                // Some parts were written, so the next attempt must look which.
                Err(Failure::Later { detail, .. } | Failure::Denied { detail }) if wrote => {
                    return Err(Failure::Unknown { detail });
                }
                Err(Failure::Refused { detail }) if wrote && !attempt.along.is_empty() => {
                    return Err(Failure::Unknown { detail });
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn ticket(&self) -> Result<&Ticket, Failure> {
        self.ticket.as_ref().ok_or_else(|| Failure::gone("this chat has no ticket"))
    }
}

type Opened = Result<Vec<ConnectorEvent>, Failure>;

#[async_trait::async_trait]
impl Session for TicketSession {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        match attempt.delivery {
            Delivery::Open { opening } => return self.open(attempt, opening, again).await,
            Delivery::Say { text } => {
                self.opened = None;
                self.write(attempt, text, again).await?;
            }
            Delivery::Leave { reason } => self.write(attempt, closing_note(*reason), again).await?,
        }
        Ok(Vec::new())
    }

    fn gathers(&self) -> Millis {
        self.tickets.rules().gather
    }

    fn checkpoint(&self) -> Option<String> {
        self.opened.clone()
    }
}

/// One line for each line of the transcript.
fn transcript(opening: &Opening) -> Vec<String> {
    let mut lines: Vec<String> = opening.transcript.iter().map(line).collect();
    if lines.is_empty() && !opening.text.is_empty() {
        lines.push(format!("Visitor: {}", opening.text));
    }
    lines
}

fn line(line: &Line) -> String {
    let from = match line.from {
        Speaker::Visitor => "Visitor",
        Speaker::Bot => "Bot",
        Speaker::Agent => "Agent",
    };
    // Hours and minutes of a time in RFC 3339.
    let at = line.at.map(edge::time::rfc3339);
    let at = at.as_ref().and_then(|at| at.get(11..16)).map(|at| format!("[{at} UTC] "));
    format!("{}{from}: {}", at.unwrap_or_default(), line.text)
}

fn closing_note(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::VisitorLeft => "The visitor left the chat.",
        CloseReason::QueueTimeout => "The chat has ended because no agent answered in time.",
        CloseReason::Idle => "The chat has ended because there were no new messages.",
        CloseReason::PauseExpired => "The chat has ended. The bot answers the visitor again.",
        _ => "The chat has ended.",
    }
}
