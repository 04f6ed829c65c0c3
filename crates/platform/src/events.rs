//! The events of a conversation in the form that the visitor's page reads. Notes are for operators
//! and are left out.

use edge::time::rfc3339;
use machine::{
    Event as _, Millis, Recorded, TextFormat,
    conversation::{Control, Event, HumanAgent},
};
use wire::{
    MessageFormat,
    visitor::{self, AgentView, What},
};

/// One event as JSON; `None` for what a visitor must not see.
pub(crate) fn encode(recorded: &Recorded<Event>) -> Option<String> {
    if recorded.event.is_note() {
        return None;
    }
    let what = match &recorded.event {
        Event::VisitorSaid { client_id, said } => What::VisitorMessage {
            text: &said.text,
            client_id,
            event: said.event.as_ref().map(|event| event.name.as_str()),
        },
        Event::BotSaid { message, .. } => {
            let rich = message.rich.as_deref().and_then(|rich| serde_json::from_str(rich).ok());
            let content = wire::answer::content(&message.text, rich.as_ref());
            What::BotMessage { text: &message.text, content, message: rich }
        }
        Event::AgentSaid { text, agent, format } => What::AgentMessage {
            text,
            format: format_of(*format),
            agent: agent.as_ref().map(view).unwrap_or_default(),
        },
        Event::Noticed { kind, text } => What::Notice { text, kind: kind.as_str() },
        Event::ControlChanged { control, reason, agent } => {
            let (control, paused_until) = match control {
                Control::Bot => ("bot", None),
                Control::Requested { .. } => ("requested", None),
                Control::Human { until } => ("human", Some(rfc3339(*until))),
            };
            let agent = agent.as_ref().map(view);
            What::Control { control, paused_until, reason: reason.as_str(), agent }
        }
        _ => return None,
    };
    write(Some(recorded.position.seq), recorded.at, what)
}

/// The human agent types; this is not stored and has no number.
pub(crate) fn typing(agent: Option<&HumanAgent>, now: Millis, until: Millis) -> Option<String> {
    let agent = agent.map(view);
    write(None, now, What::Typing { agent, until: rfc3339(until) })
}

fn write(seq: Option<u64>, at: Millis, what: What<'_>) -> Option<String> {
    let at = rfc3339(at);
    serde_json::to_string(&visitor::Event { seq, at: &at, what }).ok()
}

pub(crate) fn format_of(format: TextFormat) -> MessageFormat {
    match format {
        TextFormat::Markdown => MessageFormat::Markdown,
        TextFormat::Plain => MessageFormat::Plain,
    }
}

fn view(agent: &HumanAgent) -> AgentView {
    AgentView { name: agent.name.clone(), avatar_url: agent.avatar_url.clone() }
}
