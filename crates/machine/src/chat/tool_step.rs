//! What an input from the tool's side means for a chat.

use super::{
    Chat, CloseReason, ConnectorEvent, Delivery, DeliveryFailure, Event, Line, Log, Phase, Policy,
    tool::{OwedDelivery, ToolSide, id_of_missed},
};
use crate::{Millis, Position, TextFormat, limits, retry};

/// What the visitor says is recorded once. Where too much waits for the tool already, it is not
/// delivered, and the visitor gets a notice.
pub(super) fn visitor_said(
    log: &mut Log<'_>,
    policy: &Policy,
    call: Option<u64>,
    text: String,
    missed: Vec<Line>,
) {
    if log.state.was_told(call) {
        return;
    }
    let (missed, known) = log.state.unheard(missed);
    let has_room = log.state.has_room_for_tool(&text, &missed);
    let seq = log.record(Event::VisitorSaid { text, missed, call, known });
    if has_room {
        return;
    }
    let message = Position { seq, sub: 0 };
    for delivery in [id_of_missed(message), message] {
        if waits(log.state, delivery).is_some() {
            let detail = "too many messages wait for the tool".to_owned();
            log.record(Event::DeliveryRefused { delivery, detail });
        }
    }
    let undelivered = &policy.tool.notices.undelivered;
    // With a full outbox, one waiting notice stands for all: the state must stay bounded.
    let is_full = log.state.outbox.len() >= limits::WAITING_PUSHES_MAX;
    if !is_full || !log.state.owes_notice(undelivered) {
        notice(log, undelivered.clone(), policy);
    }
}

/// The platform is about to be told to pause although the tool has not answered yet.
pub(super) fn promised(log: &mut Log<'_>) {
    if log.state.is_unanswered() {
        log.record(Event::Promised);
    }
}

pub(super) fn delivered(
    log: &mut Log<'_>,
    policy: &Policy,
    id: Position,
    checkpoint: Option<&str>,
    events: Vec<ConnectorEvent>,
) {
    let Some(tool) = &log.state.tool else { return };
    let owed = waits(log.state, id).map(|owed| owed.opening);
    if owed.is_none() && !tool.abandoned.contains(&id) {
        return;
    }
    log.record(Event::Delivered { id, checkpoint: None });
    if let Some(tool) = &mut log.state.tool {
        tool.move_checkpoint(checkpoint);
    }
    for event in events {
        if owed.is_some_and(|opening| is_heard(log, opening)) {
            of_tool(log, policy, event);
        }
    }
}

/// A chat stays with the connector it was opened at. Where the route leads to another one now, no
/// agent can answer any more: the visitor goes back to the bot, with a notice.
pub(super) fn taken_up(log: &mut Log<'_>, policy: &Policy) {
    let connector = policy.connector.as_deref();
    if log.state.is_open() && log.state.connector() != connector {
        // While the tool has not answered, the platform was promised no agent.
        if !log.state.is_unanswered() {
            notice(log, policy.tool.notices.unavailable.clone(), policy);
        }
        close(log, CloseReason::ConnectorChanged);
    }
    while log.state.owes_elsewhere(connector)
        && let Some(delivery) = log.state.owed_delivery().map(|owed| owed.id)
    {
        let detail = "the route leads to another connector now".to_owned();
        log.record(Event::DeliveryRefused { delivery, detail });
    }
}

pub(super) fn failed(log: &mut Log<'_>, policy: &Policy, id: Position, why: DeliveryFailure) {
    let Some(owed) = waits(log.state, id).cloned() else { return };
    match why {
        // An early attempt, or a repeated input: the time of the next attempt stays.
        DeliveryFailure::Retry { doubtful, detail, .. } if log.now < owed.not_before => {
            if doubtful && !owed.doubtful {
                let (attempts, at) = (owed.attempts, owed.not_before);
                log.record(Event::DeliveryRetried { id, attempts, at, doubtful, detail });
            }
        }
        DeliveryFailure::Retry { after, doubtful, detail } => {
            let attempts = owed.attempts + 1;
            if log.now - owed.since >= give_up(log, policy, &owed) {
                let detail = format!("given up after {attempts} attempts: {detail}");
                return refused(log, policy, &owed, detail, CloseReason::ToolUnreachable);
            }
            let name = format!("{}/{}.{}/tool", log.state.peer, id.seq, id.sub);
            let wait = match after {
                Some(after) => retry::delay_asked(&name, attempts, after),
                None => retry::delay(&name, attempts),
            };
            let (at, doubtful) = (log.now + wait, doubtful || owed.doubtful);
            log.record(Event::DeliveryRetried { id, attempts, at, doubtful, detail });
        }
        DeliveryFailure::Refused { detail } => {
            refused(log, policy, &owed, detail, CloseReason::ToolRefused);
        }
        DeliveryFailure::Gone { detail } => {
            let says = matches!(owed.delivery, Delivery::Say { .. });
            refused(log, policy, &owed, detail, CloseReason::ToolRefused);
            if says && is_current(log, &owed) {
                close(log, CloseReason::AgentClosed);
            }
        }
    }
}

/// How long a delivery is tried. A visitor waits for an opening, and so for what an earlier
/// handover still owes. A message in an open chat is worth trying as long as the chat lasts.
fn give_up(log: &Log<'_>, policy: &Policy, owed: &OwedDelivery) -> Millis {
    let is_in_the_way = log.state.is_open() && log.state.opening() != Some(owed.opening);
    match owed.delivery {
        Delivery::Say { .. } | Delivery::Leave { .. } if !is_in_the_way => policy.push_give_up,
        _ => policy.tool.open_give_up,
    }
}

fn refused(
    log: &mut Log<'_>,
    policy: &Policy,
    owed: &OwedDelivery,
    detail: String,
    reason: CloseReason,
) {
    log.record(Event::DeliveryRefused { delivery: owed.id, detail });
    if !is_current(log, owed) {
        return;
    }
    match owed.delivery {
        Delivery::Open { .. } => {
            // Without a promise, the answer to the webhook says no.
            if log.state.tool.as_ref().is_some_and(|tool| tool.promised) {
                notice(log, policy.tool.notices.unavailable.clone(), policy);
            }
            close(log, reason);
        }
        Delivery::Say { .. } => notice(log, policy.tool.notices.undelivered.clone(), policy),
        Delivery::Leave { .. } => {}
    }
}

/// It is about the handover that goes on.
fn is_current(log: &Log<'_>, owed: &OwedDelivery) -> bool {
    log.state.is_open() && log.state.opening() == Some(owed.opening)
}

/// A connector event of an opening, with the checkpoint from now on.
pub(super) fn heard(
    log: &mut Log<'_>,
    policy: &Policy,
    opening: u64,
    event: Option<ConnectorEvent>,
    checkpoint: Option<&str>,
) {
    if !is_heard(log, opening) {
        return;
    }
    if let Some(event) = event {
        of_tool(log, policy, event);
    }
    if let Some(tool) = &mut log.state.tool {
        tool.move_checkpoint(checkpoint);
    }
}

/// The tool has this opening, and it goes on.
fn is_heard(log: &Log<'_>, opening: u64) -> bool {
    let current = |tool: &ToolSide| tool.opening == opening && tool.is_taken();
    log.state.is_open() && log.state.tool.as_ref().is_some_and(current)
}

fn of_tool(log: &mut Log<'_>, policy: &Policy, event: ConnectorEvent) {
    match event {
        ConnectorEvent::Joined { agent } => {
            if log.state.agent().is_none_or(|now| *now != agent) {
                log.record(Event::Claimed { agent });
            }
        }
        ConnectorEvent::Said { agent, text } => {
            // Some tools tell of an agent only by what it says.
            if log.state.agent().is_none() {
                log.record(Event::Claimed { agent: agent.clone() });
            }
            let (client_id, format) = (String::new(), TextFormat::Markdown);
            log.record(Event::AgentSaid { agent, client_id, text, format });
        }
        ConnectorEvent::Left => {
            if matches!(log.state.phase, Phase::Live { .. }) {
                log.record(Event::Requeued);
                notice(log, policy.tool.notices.requeued.clone().unwrap_or_default(), policy);
            }
        }
        ConnectorEvent::Held { on } => {
            log.record(Event::Held { on });
            if on {
                notice(log, policy.tool.notices.held.clone().unwrap_or_default(), policy);
            }
        }
        ConnectorEvent::Notice { text } => notice(log, text, policy),
        ConnectorEvent::Ended => close_with_notice(log, policy, CloseReason::AgentClosed),
    }
}

/// A message to the visitor that is no agent's. An empty one is left out.
fn notice(log: &mut Log<'_>, text: String, policy: &Policy) {
    if !text.trim().is_empty() {
        log.record(Event::Notice { name: policy.tool.notices.name.clone(), text });
    }
}

/// Says honestly that something was still on its way when it ended.
pub(super) fn close_with_notice(log: &mut Log<'_>, policy: &Policy, reason: CloseReason) {
    let undelivered = log.state.tool.as_ref().is_some_and(|tool| {
        let lost = |owed: &OwedDelivery| matches!(owed.delivery, Delivery::Say { .. });
        tool.deliveries.iter().any(lost)
    });
    if undelivered {
        notice(log, policy.tool.notices.undelivered.clone(), policy);
    }
    close(log, reason);
}

fn close(log: &mut Log<'_>, reason: CloseReason) {
    let agent = log.state.agent().cloned();
    log.record(Event::Closed { reason, agent });
}

fn waits(state: &Chat, id: Position) -> Option<&OwedDelivery> {
    state.tool.as_ref()?.deliveries.iter().find(|owed| owed.id == id)
}
