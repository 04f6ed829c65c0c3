//! The poll: what is new in all open tickets, told to their chats. What was told is remembered here
//! only to save work; the store drops whatever it has heard before.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use connector::{ConnectorEvent, EventKind, Failure, HandoverRef, Host, TellError};
use edge::Clock;
use machine::{Millis, chat::Agent, limits, retry};

use super::{Reply, Seen, Stage, Ticket, Tickets, Wanted};

/// Tickets in one question to the tool.
const BATCH: usize = 50;
/// After so many polls without a ticket it is taken to be gone.
const MISSES_MAX: u32 = 3;
/// A tool that is back must not wait long until it is heard.
const RETRY_MAX_MS: Millis = 30 * limits::SECOND_MS;
/// Longest sleep without a look at the clock, which may jump.
const NAP: Duration = Duration::from_millis(50);

/// What this process knows of a ticket.
#[derive(Default)]
struct Known {
    read: bool,
    told: HashSet<String>,
    assignee: Option<Agent>,
    held: bool,
    misses: u32,
    /// The chat could not take all of the last look.
    behind: bool,
}

/// Whether a chat has taken what it was told.
type Told = Result<(), TellError>;

/// Polls until the bridge stops.
pub(crate) async fn follow(tickets: Arc<dyn Tickets>, host: Arc<dyn Host>) {
    let mut known: HashMap<String, Known> = HashMap::new();
    let mut failures = 0;
    loop {
        let poll = (tickets.manner().poll_seconds * 1_000.0) as Millis;
        let wait = match round(&*tickets, &host, &mut known).await {
            Ok(()) => {
                failures = 0;
                poll
            }
            Err(failure) => {
                failures += 1;
                let detail = failure.detail();
                tracing::info!(failures, detail, "the tickets could not be read");
                match failure {
                    Failure::Later { after: Some(after), .. } => {
                        retry::delay_asked("tickets", failures, after)
                    }
                    _ => retry::delay("tickets", failures).min(RETRY_MAX_MS).max(poll),
                }
            }
        };
        pause(host.clock(), wait).await;
    }
}

/// Reads every open ticket once; fails only where the tool does.
async fn round(
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
            tickets.look(&Wanted { tickets: &asked, whole, is_known: &is_known }).await?
        };
        for (handover, ticket) in batch {
            let known = known.entry(ticket.id.clone()).or_default();
            let told = match seen.iter().find(|seen| seen.id == ticket.id) {
                Some(seen) => tell(host, handover, seen, known).await,
                None => miss(host, handover, known).await,
            };
            known.behind = told.is_err();
            // A chat that can take no more for now must not hold up the others.
            if let Err(error) = told {
                tracing::info!(chat.id = handover.chat, %error, "news of a ticket wait a poll");
            }
        }
    }
    Ok(())
}

/// Tells a chat what is new in its ticket, in the order in which a visitor can follow it.
async fn tell(
    host: &Arc<dyn Host>,
    handover: &HandoverRef,
    seen: &Seen,
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
    // How it stood before this process looked, nobody knows: no change is told of it.
    if held != known.held && known.read {
        say(host, handover, ConnectorEvent::plain(EventKind::Held { on: held })).await?;
    }
    (known.held, known.read) = (held, true);
    if let Stage::Over { resolution } = &seen.stage {
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

/// Somebody may have deleted it, or taken our right to see it.
async fn miss(host: &Arc<dyn Host>, handover: &HandoverRef, known: &mut Known) -> Told {
    known.misses += 1;
    if known.misses < MISSES_MAX {
        return Ok(());
    }
    tracing::warn!(chat.id = handover.chat, "a ticket is not there any more");
    say(host, handover, ConnectorEvent::plain(EventKind::Ended)).await
}

async fn say(host: &Arc<dyn Host>, handover: &HandoverRef, news: ConnectorEvent) -> Told {
    match host.tell(handover, news, None).await {
        // What a chat refuses for good it need not be told again.
        Err(TellError::Refused(_)) => Ok(()),
        told => told,
    }
}

/// Until `wait` milliseconds have passed on the bridge's clock.
async fn pause(clock: &Clock, wait: Millis) {
    let end = clock.now() + wait;
    loop {
        let left = end - clock.now();
        if left <= 0 {
            // Others are let in even where no time passes.
            return tokio::task::yield_now().await;
        }
        tokio::time::sleep(NAP.min(Duration::from_millis(left.unsigned_abs()))).await;
    }
}
