//! What a callback says: elements for the visitor's eyes as Markdown, and actions as what they
//! mean for the chat. Field names are the vendor's (Bot Integration API, response body).

use connector::{ConnectorEvent, EventKind, Typing, text};
use machine::chat::Agent;
use serde_json::Value;

use super::virtual_agent::Words;

/// What is known of a conversation from its callbacks.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Who has it.
    pub(super) agent: Option<Agent>,
    /// It has come to the agents' queue.
    pub(super) queued: bool,
}

/// One callback, read.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) news: Vec<ConnectorEvent>,
    pub(super) over: bool,
}

/// Reads a callback and keeps what is known in step with it.
pub(super) fn read(callback: &Value, known: &mut Known, words: &Words) -> Told {
    let mut told = Told {
        over: is_true(&callback["completed"]) || is_true(&callback["takeControl"]),
        ..Told::default()
    };
    known.queued |= is_true(&callback["agentChat"]);
    let body = callback["body"].as_array().map_or(&[][..], Vec::as_slice);
    let enters = |element: &Value| entered(element, words).is_some();
    let named = body.iter().any(enters);
    for element in body {
        if element["uiType"] == "ActionMsg" {
            act(element, named, known, words, &mut told);
        } else if let Some(text) = markdown(element) {
            speak(element, text, is_true(&callback["agentChat"]), known, words, &mut told);
        }
    }
    told
}

/// Some releases write truth as text.
pub(super) fn is_true(value: &Value) -> bool {
    value == true || value == "true"
}

fn speak(
    element: &Value,
    text: String,
    is_agent_chat: bool,
    known: &mut Known,
    words: &Words,
    told: &mut Told,
) {
    let info = &element["agentInfo"];
    let id = element["messageId"].as_str().map(|id| format!("message/{id}"));
    let agent = if is_true(&info["sentFromAgent"]) {
        let name = info["agentName"].as_str().filter(|name| !name.trim().is_empty());
        let name = name.map_or_else(|| words.agent_name.clone(), str::to_owned);
        let avatar = info["agentAvatar"].as_str().filter(|url| url.starts_with("https://"));
        let avatar_url = avatar.unwrap_or_default().to_owned();
        Some(Agent { email: String::new(), name, avatar_url })
    } else {
        // What comes without a name while an agent has the chat is the agent's, unless it is the
        // bot's goodbye.
        known.agent.clone().filter(|_| is_agent_chat && !told.over)
    };
    let Some(agent) = agent else {
        return told.news.push(ConnectorEvent { id, kind: EventKind::Notice(text) });
    };
    join(agent.clone(), known, told);
    told.news.push(ConnectorEvent { id, kind: EventKind::Said { agent, text } });
}

fn join(agent: Agent, known: &mut Known, told: &mut Told) {
    known.queued = true;
    if known.agent.as_ref().is_none_or(|now| now.name != agent.name) {
        told.news.push(ConnectorEvent::plain(EventKind::Joined(agent.clone())));
        known.agent = Some(agent);
    }
}

fn act(element: &Value, named: bool, known: &mut Known, words: &Words, told: &mut Told) {
    let action = element["actionType"].as_str().unwrap_or_default();
    let named_agent = |name: &str| Agent {
        email: String::new(),
        name: name.to_owned(),
        avatar_url: String::new(),
    };
    // The overview of the reference writes these two with a suffix.
    match action.strip_suffix("ActionMsg").unwrap_or(action) {
        "StartTypingIndicator" => {
            told.news.push(ConnectorEvent::plain(EventKind::Types(Typing::On)));
        }
        "EndTypingIndicator" => {
            told.news.push(ConnectorEvent::plain(EventKind::Types(Typing::Off)));
        }
        "SwitchToLiveAgent" if !named && known.agent.is_none() => {
            join(named_agent(&words.agent_name), known, told);
        }
        "SwitchToVirtualAgent" => told.over = true,
        kind @ ("StartSpinner" | "SubscribeToSupportQueue") => {
            known.queued = true;
            if known.agent.take().is_some() {
                told.news.push(ConnectorEvent::plain(EventKind::Left));
            }
            let waiting = element["message"].as_str().filter(|text| !text.trim().is_empty());
            if let Some(text) = waiting.filter(|_| kind == "StartSpinner") {
                told.news
                    .push(ConnectorEvent { id: None, kind: EventKind::Notice(text.to_owned()) });
            }
        }
        "System" => {
            let text = element["message"].as_str().unwrap_or_default().trim();
            if let Some(name) = entered(element, words) {
                join(named_agent(name), known, told);
            } else if !words.closed.is_empty() && text.ends_with(&words.closed) {
                told.over = true;
            } else if !text.is_empty() {
                told.news
                    .push(ConnectorEvent { id: None, kind: EventKind::Notice(text.to_owned()) });
            }
        }
        _ => {}
    }
}

/// Who came, of `Jo Park has entered`.
fn entered<'a>(element: &'a Value, words: &Words) -> Option<&'a str> {
    let text = element["message"].as_str().filter(|_| element["actionType"] == "System")?;
    let name = text.trim().strip_suffix(words.entered.as_str())?.trim();
    (!name.is_empty() && !words.entered.is_empty()).then_some(name)
}

/// What a visitor can read of an element, if anything.
fn markdown(element: &Value) -> Option<String> {
    let get = |name: &str| element[name].as_str().unwrap_or_default();
    let either = |first: &str, second: &str| match get(first) {
        "" => get(second).to_owned(),
        text => text.to_owned(),
    };
    let text = match get("uiType") {
        // Some replies put their text into `label`.
        "OutputText" => either("value", "label"),
        "OutputHtml" => html(element),
        "OutputImage" => text::link(get("altText"), get("value")),
        "OutputLink" => {
            let url = element["value"]["action"].as_str().unwrap_or_default();
            text::link(&either("label", "header"), url)
        }
        "GroupedPartsOutputControl" => {
            let parts = element["values"].as_array().into_iter().flatten();
            let mut lines = vec![get("header").to_owned()];
            lines.extend(parts.map(|part| {
                let part = |name: &str| part[name].as_str().unwrap_or_default();
                format!("- {} {}", text::link(part("label"), part("action")), part("description"))
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
    let data: Value = serde_json::from_str(data).unwrap_or_default();
    let names = ["title", "subtitle", "description", "url"];
    let texts = names.iter().filter_map(|name| data[*name].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

fn question(element: &Value, prompt: &str) -> String {
    let options = element["options"].as_array().into_iter().flatten();
    let options = options.filter_map(|option| option["label"].as_str());
    let lines = options.map(|label| format!("- {label}"));
    std::iter::once(prompt.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words() -> Words {
        Words {
            agent_name: "Agent".to_owned(),
            entered: "has entered".to_owned(),
            closed: "has closed the support session".to_owned(),
        }
    }

    fn said(body: &Value) -> Vec<EventKind> {
        let agent =
            Agent { email: String::new(), name: "Jo".to_owned(), avatar_url: String::new() };
        let mut known = Known { agent: Some(agent), queued: true };
        let told = read(&json!({ "agentChat": true, "body": [body] }), &mut known, &words());
        told.news.into_iter().map(|news| news.kind).collect()
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
        let mut known = Known::default();
        let mut tell = |body: Value, extra: Value| {
            let mut callback = json!({ "body": body, "score": "0.92" });
            callback.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            read(&callback, &mut known, &words())
        };
        let action = |kind: &str| json!({ "uiType": "ActionMsg", "actionType": kind });
        let system =
            |text: &str| json!({ "uiType": "ActionMsg", "actionType": "System", "message": text });
        let told = tell(json!([action("SwitchToLiveAgent")]), json!({}));
        assert!(matches!(&told.news[0].kind, EventKind::Joined(agent) if agent.name == "Agent"));
        let told = tell(json!([action("SwitchToLiveAgent"), system("Jo has entered")]), json!({}));
        let [ConnectorEvent { kind: EventKind::Joined(agent), .. }] = &told.news[..] else {
            panic!("{:?}", told.news);
        };
        assert_eq!(agent.name, "Jo");
        let told = tell(json!([system("Kim has entered")]), json!({ "agentChat": true }));
        assert!(matches!(&told.news[0].kind, EventKind::Joined(agent) if agent.name == "Kim"));
        let told = tell(json!([action("StartTypingIndicatorActionMsg")]), json!({}));
        assert_eq!(told.news[0].kind, EventKind::Types(Typing::On));
        let told = tell(json!([action("SubscribeToSupportQueue")]), json!({}));
        assert_eq!(told.news[0].kind, EventKind::Left);
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
