//! What an input means for a chat. Every function here only records events.

use super::{
    Chat, CloseReason, ConnectorEvent, Event, Input, Log, Opening, Owed, Phase, Policy,
    PushFailure, Refusal, tool_step,
};
use crate::{Machine, Millis, Position, Recorded, TextFormat, limits, retry};

pub(super) fn step(
    state: &mut Chat,
    policy: &Policy,
    now: Millis,
    input: Input,
) -> Result<Vec<Recorded<Event>>, Refusal> {
    if let Some(refusal) = refusal(state, &input) {
        return Err(refusal);
    }
    let mut log = Log::new(state, now);
    match input {
        Input::StepOne { opening, missed, .. } if log.state.is_open() => {
            // Its platform never heard our first answer, or has ended the pause by itself.
            tool_step::visitor_said(&mut log, policy, None, opening.text, missed);
        }
        Input::StepOne { opening, available, .. } => step_one(&mut log, policy, opening, available),
        Input::StepTwo { text, missed, call } => {
            if log.state.is_open() {
                tool_step::visitor_said(&mut log, policy, call, text, missed);
            }
        }
        Input::PlatformEnded { reason } => {
            if log.state.is_open() {
                let agent = log.state.agent().cloned();
                log.record(Event::Closed { reason, agent });
            }
        }
        Input::AnsweredLate => {
            if log.state.is_open() && !log.state.says_it_goes_on() {
                log.record(Event::KeptAlive);
            }
        }
        Input::Claim { agent } => {
            if log.state.agent().is_none() {
                log.record(Event::Claimed { agent });
            }
        }
        Input::AgentSaid { agent, client_id, text } => {
            let format = TextFormat::Plain;
            log.record(Event::AgentSaid { agent, client_id, text, format });
        }
        Input::Close { agent } => {
            log.record(Event::Closed { reason: CloseReason::AgentClosed, agent: Some(agent) });
        }
        Input::PushAccepted { id, paused_until } => {
            if waits(log.state, id).is_some() {
                log.record(Event::PushAccepted { id, paused_until });
            }
        }
        Input::PushFailed { id, failure } => push_failed(&mut log, policy, id, failure),
        Input::Promised => tool_step::promised(&mut log),
        Input::Delivered { id, checkpoint, events } => {
            tool_step::delivered(&mut log, policy, id, checkpoint.as_deref(), events);
        }
        Input::DeliveryFailed { id, failure } => tool_step::failed(&mut log, policy, id, failure),
        Input::Heard { opening, event, checkpoint } => {
            tool_step::heard(&mut log, policy, opening, event, checkpoint.as_deref());
        }
        Input::TakenUp => tool_step::taken_up(&mut log, policy),
        Input::Woke => woke(&mut log, policy),
    }
    Ok(log.into_events())
}

/// What a human agent may not do, and what there is no room for. What the visitor says is never
/// refused: the platform would take a refusal for a failed call and let the bot answer.
fn refusal(state: &Chat, input: &Input) -> Option<Refusal> {
    let full = state.outbox.len() >= limits::WAITING_PUSHES_MAX;
    let (agent, speaks) = match input {
        Input::Heard { event: Some(event), opening, .. } => {
            let current = state.is_open() && state.opening() == Some(*opening);
            let pushes = !matches!(event, ConnectorEvent::Ended);
            return (full && current && pushes).then_some(Refusal::TooManyWaiting);
        }
        Input::Delivered { events, .. } => {
            let tells = state.is_open() && !events.is_empty();
            return (full && tells).then_some(Refusal::TooManyWaiting);
        }
        Input::Claim { agent } | Input::Close { agent } => (agent, false),
        Input::AgentSaid { agent, .. } => (agent, true),
        _ => return None,
    };
    match &state.phase {
        Phase::New | Phase::Closed { .. } => Some(Refusal::Closed),
        Phase::Live { agent: owner } if owner.email != agent.email => {
            Some(Refusal::Taken { by: owner.clone() })
        }
        Phase::Queued { .. } if !matches!(input, Input::Claim { .. }) => Some(Refusal::NotClaimed),
        _ if speaks && full => Some(Refusal::TooManyWaiting),
        _ => None,
    }
}

fn step_one(log: &mut Log<'_>, policy: &Policy, opening: Opening, available: bool) {
    let connector = policy.connector.clone().filter(|_| available);
    log.record(Event::Opened { opening, clock: policy.clock, connector });
    if !available {
        log.record(Event::Closed { reason: CloseReason::NobodyAvailable, agent: None });
    }
}

fn push_failed(log: &mut Log<'_>, policy: &Policy, id: Position, failure: PushFailure) {
    let Some(owed) = waits(log.state, id) else {
        return;
    };
    let (attempts, since, not_before) = (owed.attempts + 1, owed.since, owed.not_before);
    match failure {
        PushFailure::Refused { detail } => {
            log.record(Event::Refused { push: id, detail });
        }
        // Before it is due nobody tries: this is an earlier failure, told twice.
        PushFailure::Retry { .. } if log.now < not_before => {}
        PushFailure::Retry { detail, .. } if log.now - since >= policy.push_give_up => {
            let detail = format!("given up after {attempts} attempts: {detail}");
            log.record(Event::Refused { push: id, detail });
        }
        PushFailure::Retry { after, detail } => {
            let name = format!("{}/{}.{}", log.state.peer, id.seq, id.sub);
            let wait = match after {
                Some(after) => retry::delay_asked(&name, attempts, after),
                None => retry::delay(&name, attempts),
            };
            log.record(Event::PushRetried { id, attempts, at: log.now + wait, detail });
        }
    }
}

fn woke(log: &mut Log<'_>, policy: &Policy) {
    let due = |at: Option<Millis>| at.is_some_and(|at| at <= log.now);
    if due(log.state.ends_at()) {
        let reason = match log.state.phase {
            Phase::Queued { .. } => CloseReason::QueueTimeout,
            _ => CloseReason::Idle,
        };
        tool_step::close_with_notice(log, policy, reason);
    } else if due(log.state.keep_alive_at()) {
        log.record(Event::KeptAlive);
    }
    debug_assert!(log.state.wake_at().is_none_or(|at| at > log.now), "a chat must fall asleep");
}

fn waits(state: &Chat, id: Position) -> Option<&Owed> {
    state.outbox.iter().find(|owed| owed.id == id)
}
