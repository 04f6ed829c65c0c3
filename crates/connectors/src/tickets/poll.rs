//! The poll reads all open tickets and tells each chat what is new in its ticket. What was told is
//! remembered only to save work: the store drops events it has heard before.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use connector::{ConnectorEvent, EventKind, Failure, HandoverRef, Host, TellError};
use machine::{Millis, chat::Agent, limits, retry};

use super::{Reply, Stage, Ticket, TicketQuery, TicketState, Tickets};

/// Tickets that are read with one call.
const BATCH: usize = 50;
/// A ticket that is missing in this many polls is gone.
const MISSES_MAX: u32 = 3;
/// Longest pause after a failed poll: a tool that works again is soon polled.
const RETRY_MAX_MS: Millis = 30 * limits::SECOND_MS;

/// What this process knows of a ticket.
#[derive(Default)]
struct Known {
    read: bool,
    told: HashSet<String>,
    assignee: Option<Agent>,
    held: bool,
    misses: u32,
    /// The chat could not store all of the last poll.
    behind: bool,
}

/// Whether a chat has stored what it was told.
type Told = Result<(), TellError>;

/// Polls until the bridge stops.
pub(crate) async fn poll_tickets(tickets: Arc<dyn Tickets>, host: Arc<dyn Host>) {
    let mut known: HashMap<String, Known> = HashMap::new();
    let mut failures = 0;
    loop {
        let interval = (tickets.rules().poll_seconds * 1_000.0) as Millis;
        let wait = match poll_once(&*tickets, &host, &mut known).await {
            Ok(()) => {
                failures = 0;
                interval
            }
            Err(failure) => {
                failures += 1;
                let detail = failure.detail();
                tracing::info!(failures, detail, "the poll of the tickets failed");
                match failure {
                    Failure::Later { after: Some(after), .. } => {
                        retry::delay_asked("tickets", failures, after)
                    }
                    _ => retry::delay("tickets", failures).min(RETRY_MAX_MS).max(interval),
                }
            }
        };
        let clock = host.clock();
        clock.sleep_until(clock.now() + wait).await;
    }
}

/// Reads every open ticket once; fails only if the tool fails.
async fn poll_once(
    tickets: &dyn Tickets,
    host: &Arc<dyn Host>,
    known: &mut HashMap<String, Known>,
) -> Result<(), Failure> {
    let open: Vec<(HandoverRef, Ticket)> = host
        .open()
        .into_iter()
        .filter_map(|open| Some((open.handover, Ticket::of_checkpoint(&open.checkpoint)?)))
        .collect();
    let ids: HashSet<&str> = open.iter().map(|(_, ticket)| ticket.id.as_str()).collect();
    known.retain(|id, _| ids.contains(id.as_str()));
    for batch in open.chunks(BATCH) {
        let asked: Vec<Ticket> = batch.iter().map(|(_, ticket)| ticket.clone()).collect();
        let whole =
            asked.iter().any(|ticket| known.get(&ticket.id).is_none_or(|k| !k.read || k.behind));
        let seen = {
            let is_known = |id: &str| known.values().any(|known| known.told.contains(id));
            tickets.read(&TicketQuery { tickets: &asked, whole, is_known: &is_known }).await?
        };
        for (handover, ticket) in batch {
            let known = known.entry(ticket.id.clone()).or_default();
            let told = match seen.iter().find(|seen| seen.id == ticket.id) {
                Some(seen) => tell(host, handover, seen, known).await,
                None => miss(host, handover, known).await,
            };
            known.behind = told.is_err();
            // A chat that cannot store more for now must not hold up the others.
            if let Err(error) = told {
                let chat = &handover.chat;
                tracing::info!(chat.id = chat, %error, "events of a ticket wait for the next poll");
            }
        }
    }
    Ok(())
}

/// Tells a chat what is new in its ticket, in an order that a visitor can follow.
async fn tell(
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    seen: &TicketState,
    known: &mut Known,
) -> Told {
    known.misses = 0;
    if let Some(agent) = &seen.assignee
        && known.assignee.as_ref() != Some(agent)
    {
        say(host, handover, ConnectorEvent::plain(EventKind::Joined(agent.clone()))).await?;
        known.assignee = Some(agent.clone());
    }
    for Reply { id, agent, text } in &seen.replies {
        if !known.told.contains(id) {
            let said = EventKind::Said { agent: agent.clone(), text: text.clone() };
            say(host, handover, ConnectorEvent::new(id, said)).await?;
            known.told.insert(id.clone());
        }
    }
    if seen.assignee.is_none() && known.assignee.is_some() {
        say(host, handover, ConnectorEvent::plain(EventKind::Left)).await?;
        known.assignee = None;
    }
    let held = seen.stage == Stage::Held;
    // The state before the first poll of this process is not known, so it tells no change.
    if held != known.held && known.read {
        say(host, handover, ConnectorEvent::plain(EventKind::Held { on: held })).await?;
    }
    (known.held, known.read) = (held, true);
    if let Stage::Closed { resolution } = &seen.stage {
        if !resolution.trim().is_empty() {
            let text = resolution.clone();
            let last = match seen.assignee.clone() {
                Some(agent) => EventKind::Said { agent, text },
                None => EventKind::Notice(text),
            };
            say(host, handover, ConnectorEvent::new("resolution", last)).await?;
        }
        say(host, handover, ConnectorEvent::plain(EventKind::Ended)).await?;
    }
    Ok(())
}

/// A missing ticket was deleted, or we have lost the right to read it.
async fn miss(host: &Arc<dyn Host>, handover: &HandoverRef, known: &mut Known) -> Told {
    known.misses += 1;
    if known.misses < MISSES_MAX {
        return Ok(());
    }
    tracing::warn!(chat.id = handover.chat, "a ticket is gone: its chat ends");
    say(host, handover, ConnectorEvent::plain(EventKind::Ended)).await
}

async fn say(host: &Arc<dyn Host>, handover: &HandoverRef, event: ConnectorEvent) -> Told {
    match host.tell(handover, event, None).await {
        // The chat would refuse the same event again.
        Err(TellError::Refused(_)) => Ok(()),
        told => told,
    }
}
