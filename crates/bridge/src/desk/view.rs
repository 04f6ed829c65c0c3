//! Chats, events and agents as the desk API shows them.

use edge::time::rfc3339;
use machine::{
    Machine, Recorded, TextFormat,
    chat::{self, Chat, Event, Line, Phase, Speaker},
};
use wire::{
    MessageFormat,
    desk::{Agent, ChatEvent, ChatWhat, TranscriptLine, Visitor},
    visitor::AgentView,
};

/// `closer` is who had a chat that is closed by now, which its state does not tell.
pub(crate) fn chat(
    route: &str,
    id: &str,
    state: &Chat,
    closer: Option<&chat::Agent>,
) -> wire::desk::Chat {
    let (status, waiting_since, close_reason) = match state.phase() {
        Phase::Queued { since } => ("queued", Some(rfc3339(*since)), None),
        Phase::Live { .. } => ("live", None, None),
        Phase::Closed { reason } => ("closed", None, Some(reason.as_str())),
        Phase::New => ("closed", None, None),
    };
    wire::desk::Chat {
        id: id.to_owned(),
        route: route.to_owned(),
        bot_id: state.bot_id().to_owned(),
        visitor: visitor(state.user_id()),
        language: state.language().to_owned(),
        status,
        waiting_since,
        agent: state.agent().or(closer).map(agent),
        close_reason,
        seq: state.position().seq,
        preview: state.preview().to_owned(),
        pushed_through: state.pushed_through(),
        unpushed: state.unpushed(),
    }
}

/// A name that is short to say and tells two visitors of a queue apart.
fn visitor(user_id: &str) -> Visitor {
    let plain: Vec<char> = user_id.chars().filter(char::is_ascii_alphanumeric).collect();
    let suffix: String = plain[plain.len().saturating_sub(4)..].iter().collect();
    let name = format!("Visitor {}", suffix.to_uppercase());
    Visitor { user_id: user_id.to_owned(), name: name.trim_end().to_owned() }
}

pub(crate) fn agent(agent: &chat::Agent) -> Agent {
    let chat::Agent { email, name, avatar_url } = agent.clone();
    Agent { email, name, avatar_url }
}

fn agent_view(agent: &chat::Agent) -> AgentView {
    AgentView { name: Some(agent.name.clone()), avatar_url: agent.avatar_url.clone() }
}

/// `None` for notes, which are not for the desk.
pub(crate) fn event(recorded: &Recorded<Event>) -> Option<ChatEvent> {
    let what = match &recorded.event {
        Event::Opened { opening, .. } => {
            ChatWhat::Opened { text: opening.text.clone(), reason: opening.intent.clone() }
        }
        Event::VisitorSaid { text, missed, .. } => {
            let missed = missed.iter().map(line).collect();
            ChatWhat::VisitorMessage { text: text.clone(), missed }
        }
        Event::AgentSaid { agent, client_id, text, format } => ChatWhat::AgentMessage {
            text: text.clone(),
            format: format_of(*format),
            agent: agent_view(agent),
            client_id: client_id.clone(),
        },
        Event::Claimed { agent } => ChatWhat::Claimed { agent: agent_view(agent) },
        Event::Closed { reason, agent } => {
            ChatWhat::Closed { reason: reason.as_str(), agent: agent.as_ref().map(agent_view) }
        }
        Event::Refused { push, detail } => {
            ChatWhat::Refused { message: push.seq, detail: detail.clone() }
        }
        // Notes, and what only happens to chats that are not at the desk.
        _ => return None,
    };
    Some(ChatEvent { seq: recorded.position.seq, at: rfc3339(recorded.at), what })
}

pub(crate) fn format_of(format: TextFormat) -> MessageFormat {
    match format {
        TextFormat::Markdown => MessageFormat::Markdown,
        TextFormat::Plain => MessageFormat::Plain,
    }
}

pub(crate) fn line(line: &Line) -> TranscriptLine {
    let from = match line.from {
        Speaker::Visitor => "visitor",
        Speaker::Bot => "bot",
        Speaker::Agent => "agent",
    };
    TranscriptLine {
        from,
        text: line.text.clone(),
        format: format_of(line.format),
        at: line.at.map(rfc3339),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_have_short_names() {
        for (id, name) in [
            ("usr_01hq4k7f2a", "Visitor 7F2A"),
            ("***", "Visitor"),
            ("u1", "Visitor U1"),
            ("日本ab", "Visitor AB"),
        ] {
            assert_eq!(visitor(id).name, name);
        }
    }
}
