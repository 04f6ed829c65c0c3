//! One chat in a ticket: opened with the transcript, written into for every message, and left with
//! a last entry. What the agents do, the poll tells.

use std::{collections::HashSet, sync::Arc};

use connector::{Again, Attempt, ConnectorEvent, EventKind, Failure, HandoverInfo, Session};
use machine::{
    Millis,
    chat::{CloseReason, Delivery, Line, Opening, Speaker},
};

use super::{Case, Manner, Ticket, Tickets};

pub(crate) struct TicketSession {
    tickets: Arc<dyn Tickets>,
    brief: HandoverInfo,
    ticket: Option<Ticket>,
    /// How the chat is found from now on, where it was opened here.
    opened: Option<String>,
}

impl TicketSession {
    pub(crate) fn new(
        tickets: Arc<dyn Tickets>,
        brief: &HandoverInfo,
        checkpoint: Option<&str>,
    ) -> Self {
        let ticket = checkpoint.and_then(Ticket::of_checkpoint);
        Self { tickets, brief: brief.clone(), ticket, opened: None }
    }

    async fn open(&mut self, attempt: &Attempt<'_>, opening: &Opening, again: Again) -> Opened {
        let case = Case {
            reference: format!("{}.{}", self.brief.chat, self.brief.opening),
            brief: &self.brief,
            opening,
            lines: transcript(opening),
        };
        let before = match again {
            Again::First => None,
            Again::MayHaveArrived => self.tickets.find(&case).await?,
        };
        let ticket = match before {
            Some(ticket) => ticket,
            None => self.tickets.open(&case).await?,
        };
        let notice = self.tickets.manner().notice.replace("{number}", &ticket.number);
        self.opened = Some(ticket.checkpoint());
        self.ticket = Some(ticket);
        let id = format!("{}/notice", attempt.id);
        Ok(vec![ConnectorEvent::new(id, EventKind::Notice(notice))])
    }

    /// Writes what is not in the journal yet.
    async fn write(&self, attempt: &Attempt<'_>, words: &str, again: Again) -> Result<(), Failure> {
        let ticket = self.ticket()?;
        let Manner { mark, entry_chars_max, .. } = self.tickets.manner();
        let written = match again {
            Again::First => Vec::new(),
            Again::MayHaveArrived => self.tickets.written(ticket).await?,
        };
        let written: HashSet<&str> = written.iter().flat_map(|text| mark.places(text)).collect();
        let along = attempt.along.iter().map(|message| (&*message.id, &*message.text));
        let all = std::iter::once((&*attempt.id, words)).chain(along);
        let entries = all.flat_map(|(id, words)| mark.entries(id, words, *entry_chars_max));
        let missing = entries.filter(|entry| !written.contains(&*entry.places)).collect();
        let mut wrote = false;
        for entry in mark.join(missing, *entry_chars_max) {
            let text = mark.text(&entry);
            let writing = match attempt.delivery {
                Delivery::Leave { .. } => self.tickets.leave(ticket, &text).await,
                _ => self.tickets.write(ticket, &text).await,
            };
            match writing {
                Ok(()) => wrote = true,
                // The parts before it are there: the next attempt has to look.
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
        self.ticket.as_ref().ok_or_else(|| Failure::gone("no ticket is known for this chat"))
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
            Delivery::Leave { reason } => self.write(attempt, leaving(*reason), again).await?,
        }
        Ok(Vec::new())
    }

    fn gathers(&self) -> Millis {
        self.tickets.manner().gather
    }

    fn checkpoint(&self) -> Option<String> {
        self.opened.clone()
    }
}

/// A line for each line said before.
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
    // Of a time in RFC 3339, what a person reads: hours and minutes in UTC.
    let at = line.at.map(edge::time::rfc3339);
    let at = at.as_ref().and_then(|at| at.get(11..16)).map(|at| format!("[{at} UTC] "));
    format!("{}{from}: {}", at.unwrap_or_default(), line.text)
}

fn leaving(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::VisitorLeft => "The visitor left the chat.",
        CloseReason::QueueTimeout => "Nobody answered in time: the chat is over.",
        CloseReason::Idle => "Nobody wrote for too long: the chat is over.",
        CloseReason::PauseExpired => "The chat is over: the bot answers the visitor again.",
        _ => "The chat is over.",
    }
}
