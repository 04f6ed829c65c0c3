//! Reads a callback: elements become Markdown for the visitor, actions become events of the chat.
//! Field names are the vendor's (Bot Integration API, response body).

use connector::{ConnectorEvent, EventKind, Typing, text};
use machine::chat::Agent;
use serde_json::Value;

use super::virtual_agent::InstanceTexts;

/// The state of a conversation, as its callbacks told it.
#[derive(Debug, Default)]
pub(super) struct ConversationState {
    /// Who has the conversation.
    pub(super) agent: Option<Agent>,
    /// It has reached the agents' queue.
    pub(super) queued: bool,
}

/// What one callback contains.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) events: Vec<ConnectorEvent>,
    pub(super) over: bool,
}

/// Reads a callback and updates the state of its conversation.
pub(super) fn read(
    callback: &Value,
    state: &mut ConversationState,
    texts: &InstanceTexts,
) -> Content {
    let mut content = Content {
        over: is_true(&callback["completed"]) || is_true(&callback["takeControl"]),
        ..Content::default()
    };
    state.queued |= is_true(&callback["agentChat"]);
    let body = callback["body"].as_array().map_or(&[][..], Vec::as_slice);
    let enters = |element: &Value| entered(element, texts).is_some();
    let named = body.iter().any(enters);
    for element in body {
        if element["uiType"] == "ActionMsg" {
            act(element, named, state, texts, &mut content);
        } else if let Some(text) = markdown(element) {
            speak(element, text, is_true(&callback["agentChat"]), state, texts, &mut content);
        }
    }
    content
}

/// Some releases write `true` as text.
pub(super) fn is_true(value: &Value) -> bool {
    value == true || value == "true"
}

fn speak(
    element: &Value,
    text: String,
    is_agent_chat: bool,
    state: &mut ConversationState,
    texts: &InstanceTexts,
    content: &mut Content,
) {
    let info = &element["agentInfo"];
    let id = element["messageId"].as_str().map(|id| format!("message/{id}"));
    let agent = if is_true(&info["sentFromAgent"]) {
        let name = info["agentName"].as_str().filter(|name| !name.trim().is_empty());
        let name = name.map_or_else(|| texts.agent_name.clone(), str::to_owned);
        let avatar = info["agentAvatar"].as_str().filter(|url| url.starts_with("https://"));
        let avatar_url = avatar.unwrap_or_default().to_owned();
        Some(Agent { email: String::new(), name, avatar_url })
    } else {
        // A text without a name is the agent's while an agent has the chat, unless it is the last
        // text of the bot.
        state.agent.clone().filter(|_| is_agent_chat && !content.over)
    };
    let Some(agent) = agent else {
        return content.events.push(ConnectorEvent { id, kind: EventKind::Notice(text) });
    };
    join(agent.clone(), state, content);
    content.events.push(ConnectorEvent { id, kind: EventKind::Said { agent, text } });
}

fn join(agent: Agent, state: &mut ConversationState, content: &mut Content) {
    state.queued = true;
    if state.agent.as_ref().is_none_or(|now| now.name != agent.name) {
        content.events.push(ConnectorEvent::plain(EventKind::Joined(agent.clone())));
        state.agent = Some(agent);
    }
}

fn act(
    element: &Value,
    named: bool,
    state: &mut ConversationState,
    texts: &InstanceTexts,
    content: &mut Content,
) {
    let action = element["actionType"].as_str().unwrap_or_default();
    let named_agent = |name: &str| Agent {
        email: String::new(),
        name: name.to_owned(),
        avatar_url: String::new(),
    };
    // The vendor's reference has some of these with a suffix.
    match action.strip_suffix("ActionMsg").unwrap_or(action) {
        "StartTypingIndicator" => {
            content.events.push(ConnectorEvent::plain(EventKind::Types(Typing::On)));
        }
        "EndTypingIndicator" => {
            content.events.push(ConnectorEvent::plain(EventKind::Types(Typing::Off)));
        }
        "SwitchToLiveAgent" if !named && state.agent.is_none() => {
            join(named_agent(&texts.agent_name), state, content);
        }
        "SwitchToVirtualAgent" => content.over = true,
        kind @ ("StartSpinner" | "SubscribeToSupportQueue") => {
            state.queued = true;
            if state.agent.take().is_some() {
                content.events.push(ConnectorEvent::plain(EventKind::Left));
            }
            let waiting = element["message"].as_str().filter(|text| !text.trim().is_empty());
            if let Some(message) = waiting.filter(|_| kind == "StartSpinner") {
                let kind = EventKind::Notice(text::from_plain(message));
                content.events.push(ConnectorEvent::plain(kind));
            }
        }
        "System" => {
            let message = element["message"].as_str().unwrap_or_default().trim();
            if let Some(name) = entered(element, texts) {
                join(named_agent(name), state, content);
            } else if !texts.closed.is_empty() && message.ends_with(&texts.closed) {
                content.over = true;
            } else if !message.is_empty() {
                let kind = EventKind::Notice(text::from_plain(message));
                content.events.push(ConnectorEvent::plain(kind));
            }
        }
        _ => {}
    }
}

/// The name in `Jo Park has entered`.
fn entered<'a>(element: &'a Value, texts: &InstanceTexts) -> Option<&'a str> {
    let text = element["message"].as_str().filter(|_| element["actionType"] == "System")?;
    let name = text.trim().strip_suffix(texts.entered.as_str())?.trim();
    (!name.is_empty() && !texts.entered.is_empty()).then_some(name)
}

/// The text of an element for the visitor, if it has one.
fn markdown(element: &Value) -> Option<String> {
    let get = |name: &str| element[name].as_str().unwrap_or_default();
    let either = |first: &str, second: &str| match get(first) {
        "" => get(second).to_owned(),
        text => text.to_owned(),
    };
    let text = match get("uiType") {
        // Some replies put their text into `label`.
        "OutputText" => text::from_plain(&either("value", "label")),
        "OutputHtml" => html(element),
        "OutputImage" => text::link(get("altText"), get("value")),
        "OutputLink" => {
            let url = element["value"]["action"].as_str().unwrap_or_default();
            text::link(&either("label", "header"), url)
        }
        "GroupedPartsOutputControl" => {
            let parts = element["values"].as_array().into_iter().flatten();
            let mut lines = vec![text::from_plain(get("header"))];
            lines.extend(parts.map(|part| {
                let part = |name: &str| part[name].as_str().unwrap_or_default();
                let description = text::from_plain(part("description"));
                format!("- {} {description}", text::link(part("label"), part("action")))
            }));
            lines.join("\n")
        }
        "OutputCard" => card(get("data")),
        "Picker" | "Boolean" | "TopicPickerControl" | "InputText" | "Date" | "Time"
        | "DateTime" | "FileUpload" => question(element, &either("label", "promptMsg")),
        _ => String::new(),
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn html(element: &Value) -> String {
    let mut parts = vec![text::from_html(element["value"].as_str().unwrap_or_default())];
    if let Some(url) = element["imageUrl"].as_str().filter(|url| !url.is_empty()) {
        parts.push(text::link("", url));
    }
    parts.join("\n")
}

/// The texts of a card, whose data is JSON in a string.
fn card(data: &str) -> String {
    let data: Value = wire::json::read(data.as_bytes()).unwrap_or_default();
    let names = ["title", "subtitle", "description", "url"];
    let texts = names.iter().filter_map(|name| data[*name].as_str());
    text::from_plain(&texts.collect::<Vec<_>>().join("\n"))
}

fn question(element: &Value, prompt: &str) -> String {
    let options = element["options"].as_array().into_iter().flatten();
    let options = options.filter_map(|option| option["label"].as_str());
    let lines = options.map(|label| format!("- {}", text::from_plain(label)));
    std::iter::once(text::from_plain(prompt)).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts() -> InstanceTexts {
        InstanceTexts {
            agent_name: "Agent".to_owned(),
            entered: "has entered".to_owned(),
            closed: "has closed the support session".to_owned(),
        }
    }

    fn said(body: &Value) -> Vec<EventKind> {
        let agent =
            Agent { email: String::new(), name: "Jo".to_owned(), avatar_url: String::new() };
        let mut state = ConversationState { agent: Some(agent), queued: true };
        let content = read(&json!({ "agentChat": true, "body": [body] }), &mut state, &texts());
        content.events.into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn every_element_becomes_readable() {
        for (element, expected) in [
            (json!({ "uiType": "OutputText", "value": "a" }), "a"),
            (json!({ "uiType": "OutputText", "value": "", "label": "b" }), "b"),
            (json!({ "uiType": "OutputHtml", "value": "<b>c</b><script>x</script>" }), "**c**"),
            (
                json!({ "uiType": "OutputImage", "value": "https://x.org/i.png", "altText": "i" }),
                "[i](https://x.org/i.png)",
            ),
            (
                json!({ "uiType": "OutputLink", "label": "d", "value": { "action": "https://y" } }),
                "[d](https://y)",
            ),
            (
                json!({ "uiType": "GroupedPartsOutputControl", "header": "h", "values": [
                    { "label": "e", "action": "https://x.org/", "description": "f" }] }),
                "h\n- [e](https://x.org/) f",
            ),
            (json!({ "uiType": "OutputCard", "data": "{\"title\":\"g\"}" }), "g"),
            (
                json!({ "uiType": "Picker", "promptMsg": "h?", "options": [
                    { "label": "yes", "attachment": {} }, { "label": "no", "attachment": [] }] }),
                "h?\n- yes\n- no",
            ),
        ] {
            let said = said(&element);
            assert!(
                matches!(&said[..], [EventKind::Said { text, .. }] if text == expected),
                "{said:?}"
            );
        }
        assert!(said(&json!({ "uiType": "Unheard", "value": "x" })).is_empty());
        assert!(said(&json!({ "uiType": "OutputText" })).is_empty());
    }

    #[test]
    fn actions_mean_who_has_the_chat() {
        let mut state = ConversationState::default();
        let mut tell = |body: Value, extra: Value| {
            let mut callback = json!({ "body": body, "score": "0.92" });
            callback.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            read(&callback, &mut state, &texts())
        };
        let action = |kind: &str| json!({ "uiType": "ActionMsg", "actionType": kind });
        let system =
            |text: &str| json!({ "uiType": "ActionMsg", "actionType": "System", "message": text });
        let content = tell(json!([action("SwitchToLiveAgent")]), json!({}));
        assert!(
            matches!(&content.events[0].kind, EventKind::Joined(agent) if agent.name == "Agent")
        );
        let content =
            tell(json!([action("SwitchToLiveAgent"), system("Jo has entered")]), json!({}));
        let [ConnectorEvent { kind: EventKind::Joined(agent), .. }] = &content.events[..] else {
            panic!("{:?}", content.events);
        };
        assert_eq!(agent.name, "Jo");
        let content = tell(json!([system("Kim has entered")]), json!({ "agentChat": true }));
        assert!(matches!(&content.events[0].kind, EventKind::Joined(agent) if agent.name == "Kim"));
        let content = tell(json!([action("StartTypingIndicatorActionMsg")]), json!({}));
        assert_eq!(content.events[0].kind, EventKind::Types(Typing::On));
        let content = tell(json!([action("SubscribeToSupportQueue")]), json!({}));
        assert_eq!(content.events[0].kind, EventKind::Left);
        for (body, extra) in [
            (json!([system("Jo has closed the support session")]), json!({})),
            (json!([action("SwitchToVirtualAgent")]), json!({})),
            (json!([]), json!({ "completed": "true" })),
            (json!([]), json!({ "takeControl": true })),
        ] {
            assert!(tell(body, extra).over);
        }
    }
}
