//! The meaning of each input. The functions here only record events; the state follows them.

use super::{
    BotAnswer, Control, Conversation, Event, Goodbye, HumanAgent, Input, JOINED_TEXT, Log,
    NewSession, NoticeKind, PauseChange, Policy, PushInput, Reason, Recalled, Refusal, RenewedBy,
    Reply, Side, Trigger, VISITOR_LEFT_TEXT, hold, left_text,
};
use crate::{Millis, Recorded};

pub(super) fn step(
    state: &mut Conversation,
    policy: &Policy,
    now: Millis,
    input: Input,
) -> Result<Vec<Recorded<Event>>, Refusal> {
    if let Input::VisitorSaid { said, .. } = &input
        && !state.has_room_for(said)
    {
        return Err(Refusal::TooManyWaiting);
    }
    let mut log = Log::new(state, now);
    expire(&mut log, policy);
    match input {
        Input::VisitorSaid { client_id, said } => {
            renew_session(&mut log, policy);
            log.record(Event::VisitorSaid { client_id, said });
        }
        Input::VisitorLeft => resume_bot(&mut log, policy, Reason::VisitorLeft, Goodbye::Own, None),
        Input::BotAnswered { turn, epoch, answer } => {
            bot_answered(&mut log, policy, turn, epoch, answer);
        }
        Input::BotFailed { turn, epoch, why } => bot_failed(&mut log, policy, turn, epoch, why),
        Input::WebhookReplied { turn, epoch, reply } => {
            webhook_replied(&mut log, policy, turn, epoch, reply);
        }
        Input::Pushed(push) => {
            pushed(&mut log, policy, push);
            hold::renew(&mut log);
        }
        Input::Woke => {}
    }
    expire(&mut log, policy);
    hold::renew_due(&mut log);
    while let Some(turn) = log.state.unanswerable_head().map(|head| head.turn) {
        log.record(Event::TurnDropped { turn });
    }
    Ok(log.into_events())
}

/// Ends the pause if its time is over. Called before anything else, so that nothing happens in a
/// pause that is over; and once more at the end, because the pause may have waited for the reply
/// that was just settled.
fn expire(log: &mut Log<'_>, policy: &Policy) {
    if log.state.pause_ends_at().is_some_and(|at| at <= log.now) {
        let name = agent_name(log.state.agent.as_ref());
        resume_bot(log, policy, Reason::Expired, Goodbye::Notice, name.as_deref());
    }
}

/// Starts a new session if the old one has expired. A session expires only while the bot has
/// control, so a live chat is never interrupted (contract 13.21); a query that is under way keeps
/// the session it was made in.
fn renew_session(log: &mut Log<'_>, policy: &Policy) {
    let is_idle = log.state.control == Control::Bot && log.state.queue.is_empty();
    if is_idle && has_expired(log, policy) {
        start_session(log, NewSession::Expired);
        if let Some(text) = policy.session_notice.clone() {
            log.record(Event::Noticed { kind: NoticeKind::SessionExpired, text });
        }
    }
}

fn has_expired(log: &Log<'_>, policy: &Policy) -> bool {
    let length = policy.session_length.unwrap_or(Millis::MAX);
    log.state.bot_active.is_some_and(|active| log.now - active >= length)
}

fn start_session(log: &mut Log<'_>, why: NewSession) {
    let session = log.state.session + 1;
    log.record(Event::SessionStarted { session, why });
}

fn bot_answered(log: &mut Log<'_>, policy: &Policy, turn: u64, epoch: u64, answer: BotAnswer) {
    match query_status(log.state, turn, epoch) {
        QueryStatus::Unknown => {}
        QueryStatus::Overtaken => {
            log.record(Event::BotSuppressed {
                turn,
                epoch,
                triggers: triggers(log.state, policy, &answer),
                messages: answer.messages,
            });
        }
        QueryStatus::Current => answer_shown(log, policy, turn, answer),
    }
}

fn answer_shown(log: &mut Log<'_>, policy: &Policy, turn: u64, answer: BotAnswer) {
    let Some(head) = log.state.queue.front() else {
        return;
    };
    let (said, resume) = (head.said.clone(), head.resume.clone());
    let triggers = triggers(log.state, policy, &answer);
    let response = policy.keep_responses.then(|| answer.response.clone());
    let nothing_shown = answer.messages.is_empty();
    for message in answer.messages {
        log.record(Event::BotSaid { turn, message });
    }
    if let Some(resume) = resume
        && nothing_shown
    {
        let text = left_text(agent_name(resume.agent.as_ref()).as_deref());
        log.record(Event::Noticed { kind: NoticeKind::AgentLeft, text });
    }
    // The trigger counts only while control is with the bot (contract, section 3 and 13.29).
    if log.state.control == Control::Bot && !triggers.is_empty() {
        let control = Control::Requested { turn, said, response: answer.response };
        log.record(Event::ControlChanged { control, reason: Reason::Trigger, agent: None });
    }
    // Last, because it frees the head of the queue: the next input goes to the side in control.
    let BotAnswer { memory, is_fallback, .. } = answer;
    log.record(Event::BotAnswered { turn, memory, triggers, is_fallback, response });
}

/// The chosen triggers that this answer carries.
fn triggers(state: &Conversation, policy: &Policy, answer: &BotAnswer) -> Vec<Trigger> {
    let carried = |trigger: &&Trigger| match trigger {
        Trigger::Fallbacks(enough) => answer.is_fallback && state.fallbacks + 1 >= *enough,
        Trigger::BotFailed => false,
        signal => answer.signals.contains(signal),
    };
    policy.triggers.iter().filter(carried).cloned().collect()
}

fn bot_failed(log: &mut Log<'_>, policy: &Policy, turn: u64, epoch: u64, why: String) {
    match query_status(log.state, turn, epoch) {
        QueryStatus::Unknown => {}
        QueryStatus::Overtaken => {
            log.record(Event::BotSuppressed {
                turn,
                epoch,
                messages: Vec::new(),
                triggers: Vec::new(),
            });
        }
        QueryStatus::Current => {
            let head = log.state.queue.front();
            let resume = head.and_then(|head| head.resume.clone());
            let said = head.map(|head| head.said.clone()).unwrap_or_default();
            let is_trigger = log.state.control == Control::Bot
                && resume.is_none()
                && policy.triggers.contains(&Trigger::BotFailed);
            if is_trigger {
                let control = Control::Requested { turn, said, response: String::new() };
                log.record(Event::ControlChanged { control, reason: Reason::Trigger, agent: None });
            }
            log.record(Event::BotFailed { turn, why });
            let (kind, text) = match resume {
                Some(resume) => {
                    let name = agent_name(resume.agent.as_ref());
                    (NoticeKind::AgentLeft, left_text(name.as_deref()))
                }
                None => (NoticeKind::BotFailed, policy.bot_failed_notice.clone()),
            };
            log.record(Event::Noticed { kind, text });
        }
    }
}

/// The state of a bot query when its answer arrives.
enum QueryStatus {
    /// The answer is awaited and may be shown.
    Current,
    /// A human took control after the query was made.
    Overtaken,
    /// The query was answered before, or never made.
    Unknown,
}

fn query_status(state: &Conversation, turn: u64, epoch: u64) -> QueryStatus {
    if state.recalled.contains(&Recalled { turn, epoch }) {
        return QueryStatus::Overtaken;
    }
    match state.queue.front().filter(|head| head.turn == turn).map(|head| head.side) {
        Some(Side::Bot { epoch: asked }) if asked == epoch => QueryStatus::Current,
        Some(Side::Forwarded { epoch: asked }) if asked == epoch => {
            if state.is_human() && state.epoch != epoch {
                QueryStatus::Overtaken
            } else {
                QueryStatus::Current
            }
        }
        _ => QueryStatus::Unknown,
    }
}

fn webhook_replied(log: &mut Log<'_>, policy: &Policy, turn: u64, epoch: u64, reply: Reply) {
    let requested =
        matches!(log.state.control, Control::Requested { turn: asked, .. } if asked == turn);
    if requested && log.state.epoch == epoch {
        step_one_replied(log, policy, turn, reply);
    } else if log.state.recalled.contains(&Recalled { turn, epoch }) {
        log.record(Event::CallIgnored { turn, epoch, reply });
    } else if log
        .state
        .queue
        .front()
        .is_some_and(|head| head.turn == turn && head.side == Side::Human { epoch })
    {
        step_two_replied(log, policy, turn, epoch, reply);
    }
}

/// Contract, section 8, step one: only a timely `paused: true` pauses.
fn step_one_replied(log: &mut Log<'_>, policy: &Policy, turn: u64, reply: Reply) {
    let length = match &reply {
        Reply::Paused { pause } => pause_length(policy, *pause),
        Reply::Refused | Reply::Late | Reply::Failed { .. } | Reply::Away { .. } => 0,
    };
    let (control, reason) = if length > 0 {
        let until = log.now + length;
        (Control::Human { until }, Reason::WebhookPaused)
    } else {
        (Control::Bot, end_reason(&reply))
    };
    let taken = matches!(control, Control::Human { .. });
    log.record(Event::CallSettled { turn, reply, forwarded: false });
    log.record(Event::ControlChanged { control, reason, agent: None });
    if !taken && let Some(text) = policy.unavailable_notice.clone() {
        let kind = NoticeKind::Unavailable;
        log.record(Event::Noticed { kind, text });
    }
}

/// Contract, section 8, step two. What a reply says about the pause counts only if no push has
/// said something about it since the call was made; the input is settled in any case.
fn step_two_replied(log: &mut Log<'_>, policy: &Policy, turn: u64, epoch: u64, reply: Reply) {
    if hold::keep(log, policy, turn, &reply) {
        return;
    }
    let current = log.state.is_human() && log.state.epoch == epoch;
    let pause = match &reply {
        Reply::Paused { pause } => Some(pause_length(policy, *pause)),
        Reply::Refused => policy.refusal_ends_pause.then_some(0),
        Reply::Late | Reply::Failed { .. } | Reply::Away { .. } => {
            policy.lateness_ends_pause.then_some(0)
        }
    };
    match pause {
        Some(length) if current && length > 0 => {
            log.record(Event::PauseRenewed { until: log.now + length, by: RenewedBy::Webhook });
        }
        Some(_) if current => {
            let name = agent_name(log.state.agent.as_ref());
            let reason = end_reason(&reply);
            resume_bot(log, policy, reason, Goodbye::Notice, name.as_deref());
        }
        _ => {}
    }
    // Last, because it frees the head of the queue: the next input goes to the side in control.
    let forwarded = !matches!(reply, Reply::Paused { .. });
    log.record(Event::CallSettled { turn, reply, forwarded });
}

fn pushed(log: &mut Log<'_>, policy: &Policy, mut push: PushInput) {
    let (PushInput::Message { pause, .. }
    | PushInput::Channel { pause, .. }
    | PushInput::Typing { pause, .. }) = &mut push;
    if matches!(pause, PauseChange::Pause(asked) if pause_length(policy, *asked) <= 0) {
        *pause = PauseChange::Resume(Goodbye::Notice);
    }
    match push {
        PushInput::Message { text, format, agent, pause } => {
            if let PauseChange::Pause(length) = pause {
                pause_or_renew(log, policy, length, Reason::AgentMessage, agent.clone());
            }
            let name = agent_name(agent.as_ref());
            let agent = agent.or_else(|| log.state.agent.clone());
            log.record(Event::AgentSaid { text, agent, format });
            if let PauseChange::Resume(goodbye) = pause {
                resume_bot(log, policy, Reason::AgentMessage, goodbye, name.as_deref());
            }
        }
        PushInput::Channel { agent, pause } => channel_updated(log, policy, agent, pause),
        PushInput::Typing { agent, pause } => match pause {
            PauseChange::Keep => {}
            PauseChange::Pause(length) => {
                pause_or_renew(log, policy, length, Reason::AgentTyping, agent);
            }
            PauseChange::Resume(goodbye) => {
                let name = agent_name(agent.as_ref());
                resume_bot(log, policy, Reason::AgentTyping, goodbye, name.as_deref());
            }
        },
    }
}

fn channel_updated(
    log: &mut Log<'_>,
    policy: &Policy,
    agent: Option<HumanAgent>,
    pause: PauseChange,
) {
    match pause {
        PauseChange::Keep => {}
        PauseChange::Pause(length) => {
            let was_human = log.state.is_human();
            let changed = agent.is_some() && agent != log.state.agent;
            let named = agent_name(agent.as_ref());
            let renamed = named.is_some() && named != agent_name(log.state.agent.as_ref());
            pause_or_renew(log, policy, length, Reason::Push, agent.clone());
            if was_human && changed {
                log.record(Event::ControlChanged {
                    control: log.state.control.clone(),
                    reason: Reason::AgentChanged,
                    agent,
                });
            }
            if !was_human || renamed {
                log.record(Event::Noticed {
                    kind: NoticeKind::AgentJoined,
                    text: JOINED_TEXT.to_owned(),
                });
            }
        }
        PauseChange::Resume(goodbye) => {
            let name = agent_name(agent.as_ref());
            resume_bot(log, policy, Reason::Push, goodbye, name.as_deref());
        }
    }
}

/// Pauses, or renews the pause.
fn pause_or_renew(
    log: &mut Log<'_>,
    policy: &Policy,
    length: Option<Millis>,
    reason: Reason,
    agent: Option<HumanAgent>,
) {
    let until = log.now + pause_length(policy, length);
    if log.state.is_human() {
        log.record(Event::PauseRenewed { until, by: RenewedBy::Push });
    } else {
        log.record(Event::ControlChanged { control: Control::Human { until }, reason, agent });
    }
}

/// Gives control back to the bot. The visitor is told only if a human had control.
fn resume_bot(
    log: &mut Log<'_>,
    policy: &Policy,
    reason: Reason,
    goodbye: Goodbye,
    name: Option<&str>,
) {
    let was_human = match log.state.control {
        Control::Bot => return,
        Control::Requested { .. } => false,
        Control::Human { .. } => true,
    };
    log.record(Event::ControlChanged { control: Control::Bot, reason, agent: None });
    if !was_human {
        return;
    }
    let is_asked =
        matches!(log.state.queue.front().map(|head| head.side), Some(Side::Forwarded { .. }));
    if !is_asked && (policy.new_session_on_resume || has_expired(log, policy)) {
        let why =
            if policy.new_session_on_resume { NewSession::Resumed } else { NewSession::Expired };
        start_session(log, why);
    }
    match goodbye {
        Goodbye::Nothing => {}
        Goodbye::Own => {
            let text = VISITOR_LEFT_TEXT.to_owned();
            log.record(Event::Noticed { kind: NoticeKind::VisitorLeft, text });
        }
        Goodbye::Notice => {
            log.record(Event::Noticed { kind: NoticeKind::AgentLeft, text: left_text(name) });
        }
        Goodbye::Event(event) => {
            let agent = name
                .map(|name| HumanAgent { name: Some(name.to_owned()), ..HumanAgent::default() });
            log.record(Event::ResumeEvent { name: event, agent });
        }
    }
}

fn pause_length(policy: &Policy, asked: Option<Millis>) -> Millis {
    asked.unwrap_or(policy.default_pause).min(policy.max_pause)
}

/// Why control is with the bot after a reply. A pause of no length is a refusal.
fn end_reason(reply: &Reply) -> Reason {
    match reply {
        Reply::Paused { .. } | Reply::Refused => Reason::WebhookRefused,
        Reply::Late => Reason::WebhookLate,
        Reply::Failed { .. } | Reply::Away { .. } => Reason::WebhookFailed,
    }
}

fn agent_name(agent: Option<&HumanAgent>) -> Option<String> {
    agent.and_then(|agent| agent.name.clone())
}
