//! One conversation of the bot integration: from the bot into the queue, to an agent, to its end.
//! Each change becomes a callback in the vendor's format.

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Greeting, State, sys_id};
use crate::{Act, Chat, From, Line, Phase, rng::Rng};

/// The fields that a callback copies from its request.
const COPIED: [&str; 6] =
    ["requestId", "clientSessionId", "nowSessionId", "userId", "message", "clientVariables"];

pub(super) struct Conversation {
    /// The `sys_id` of its interaction.
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) phase: Phase,
    pub(super) visitor_types: bool,
    pub(super) facts: Vec<(String, String)>,
    /// Time of the last event.
    pub(super) last_at: i64,
    /// The request that callbacks answer.
    pub(super) latest: Value,
    visitor: String,
    /// Whether an agent was requested.
    queued: bool,
    greeted: bool,
    agent: Option<(String, String)>,
    lines: Vec<Line>,
    callbacks: UnboundedSender<Value>,
    /// Number of callbacks so far; odd ones use other spellings.
    told: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Visitor,
    Agent,
    Idle,
}

impl Conversation {
    /// A conversation with the bot, with its interaction; its callbacks come from the receiver.
    pub(super) fn begin(
        state: &mut State,
        request: &Value,
        username: &str,
        now: i64,
    ) -> (Self, UnboundedReceiver<Value>) {
        let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let interaction = [
            ("type", "chat".to_owned()),
            ("channel", "chat".to_owned()),
            ("state", "new".to_owned()),
            ("short_description", "Virtual Agent conversation".to_owned()),
            ("client_session_id", text("clientSessionId")),
        ];
        let fields = interaction.map(|(name, value)| (name.to_owned(), value)).into();
        let id = state.records.insert(&mut state.rng, now, username, "interaction", fields);
        let (callbacks, queue) = unbounded_channel();
        let conversation = Self {
            id,
            user_id: text("userId"),
            phase: Phase::Waiting,
            visitor_types: false,
            facts: facts_of(request),
            last_at: now,
            latest: request.clone(),
            visitor: text("userId"),
            queued: false,
            greeted: false,
            agent: None,
            lines: Vec::new(),
            callbacks,
            told: 0,
        };
        (conversation, queue)
    }
}

fn facts_of(request: &Value) -> Vec<(String, String)> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let named = ["clientSessionId", "emailId", "timezone", "appInboundId"];
    let fields = named.iter().filter_map(|name| Some((*name, request.get(*name)?)));
    let context = request["contextVariables"].as_object().into_iter().flatten();
    let all = fields.chain(context.map(|(name, value)| (name.as_str(), value)));
    all.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

impl Conversation {
    pub(super) fn chat(&self) -> Chat {
        Chat {
            id: self.id.clone(),
            visitor: self.visitor.clone(),
            phase: self.phase,
            agent: self.agent.as_ref().map(|(name, _)| name.clone()),
            visitor_types: self.visitor_types,
            facts: self.facts.clone(),
            lines: self.lines.clone(),
        }
    }

    /// A message without an action: for the agent, or for the bot when no agent was requested.
    pub(super) fn hear(&mut self, text: &str, now: i64) {
        self.visitor_types = false;
        self.write(From::Visitor, &self.visitor.clone(), text, now);
        if !self.queued {
            let greeted = self.greeted;
            self.greeted = true;
            let words = if greeted { "I did not get that." } else { "Hi, how can I help?" };
            self.tell(&[self.output(words)], json!({}));
        }
    }

    pub(super) fn greet(&mut self) {
        self.greeted = true;
        self.tell(&[self.output("Hi, how can I help?")], json!({}));
    }

    pub(super) fn announce(&mut self) {
        let body = json!({
            "uiType": "ActionMsg", "actionType": "CreateConversation",
            "conversationId": self.id, "interactionId": self.id,
        });
        self.tell(&[body], json!({}));
    }

    pub(super) fn ask_for_agent(&mut self, text: &str, now: i64, greeting: Greeting) {
        let only = self.latest["contextVariables"]["live_agent_only"] == "true";
        let greets = match greeting {
            Greeting::Never => false,
            Greeting::UnlessLiveAgentOnly => !only,
            Greeting::Always => true,
        };
        if greets && !self.greeted {
            return self.greet();
        }
        if self.queued {
            return self.hear(text, now);
        }
        self.queued = true;
        self.facts = facts_of(&self.latest);
        self.take_history();
        self.write(From::Visitor, &self.visitor.clone(), text, now);
        let body = [
            self.output("One moment, a colleague will join."),
            json!({
                "uiType": "ActionMsg", "actionType": "StartSpinner", "spinnerType": "wait_time",
                "message": "You are next in line", "waitTime": "8 Seconds",
            }),
            json!({ "uiType": "ActionMsg", "actionType": "SubscribeToSupportQueue" }),
        ];
        self.tell(&body, json!({ "agentChat": true }));
    }

    /// The transcript, shown to the agent who accepts.
    pub(super) fn take_history(&mut self) {
        let items = self.latest["history"].as_array().cloned().unwrap_or_default();
        for item in items {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            if item["isBotMessage"] == false && !text("displayName").is_empty() {
                self.visitor = text("displayName");
            }
            let at = text("timestamp").parse().unwrap_or_default();
            self.write(From::History, &text("displayName"), &text("value"), at);
        }
    }

    pub(super) fn end(&mut self, ending: Ending, now: i64) {
        if self.phase == Phase::Ended {
            return;
        }
        let was_live = self.phase == Phase::Live;
        self.phase = Phase::Ended;
        match ending {
            Ending::Visitor => {
                self.write(From::System, "", "The visitor left", now);
                let extra = if was_live { json!({ "completed": true }) } else { json!({}) };
                self.tell(&[self.output("Thank you, goodbye.")], extra);
            }
            Ending::Agent => {
                let name = self.agent.as_ref().map_or("", |(name, _)| name);
                let body = [
                    system(&format!("{name} has closed the support session")),
                    json!({ "uiType": "ActionMsg", "actionType": "SwitchToVirtualAgent" }),
                ];
                self.tell(&body, json!({ "completed": true }));
            }
            Ending::Idle => {
                let body = [system("The conversation was closed for inactivity")];
                self.tell(&body, json!({ "takeControl": true, "completed": true }));
            }
        }
    }

    fn write(&mut self, from: From, name: &str, text: &str, at: i64) {
        self.lines.push(Line { from, name: name.to_owned(), text: text.to_owned(), at });
    }

    /// Text, which some replies carry as `label`.
    fn output(&self, text: &str) -> Value {
        let place = if self.told % 3 == 2 { "label" } else { "value" };
        json!({ "uiType": "OutputText", "group": "DefaultText", "maskType": "NONE", place: text })
    }

    pub(super) fn tell(&mut self, body: &[Value], extra: Value) {
        self.told += 1;
        let mut callback = Map::new();
        for name in COPIED {
            if let Some(value) = self.latest.get(name) {
                callback.insert(name.to_owned(), value.clone());
            }
        }
        // A single attachment is an object in some replies and a list in others.
        if let Some(attachment) = callback.get_mut("message").and_then(|m| m.get_mut("attachment"))
            && attachment.is_object()
            && self.told.is_multiple_of(2)
        {
            *attachment = json!([attachment]);
        }
        callback.insert("interactionId".to_owned(), json!(self.id));
        callback.insert("body".to_owned(), json!(body));
        let score = if self.told.is_multiple_of(2) { json!("0.92") } else { json!(1) };
        callback.insert("score".to_owned(), score);
        if self.phase == Phase::Live {
            callback.insert("agentChat".to_owned(), json!(true));
        }
        if let Value::Object(extra) = extra {
            callback.extend(extra);
        }
        // Fails only when the worker has ended with its instance.
        let _ = self.callbacks.send(Value::Object(callback));
    }
}

fn system(message: &str) -> Value {
    json!({ "uiType": "ActionMsg", "actionType": "System", "message": message })
}

/// Lets the agent act in the conversation at `at`.
pub(super) fn act(
    state: &mut State,
    at: usize,
    act: Act,
    now: i64,
    message_ids: bool,
) -> Result<(), &'static str> {
    let State { rng, conversations, .. } = state;
    let one = &mut conversations[at];
    one.last_at = now;
    match (one.phase, &act) {
        (Phase::Ended, _) => return Err("the conversation has ended"),
        (Phase::Waiting, Act::Accept { .. }) if one.queued => {}
        (Phase::Waiting, _) => return Err("no agent has accepted the conversation"),
        (_, Act::Accept { .. }) => {
            return Err("another agent has already accepted the conversation");
        }
        _ => {}
    }
    match act {
        Act::Accept { agent } => {
            one.phase = Phase::Live;
            one.agent = Some((agent.clone(), sys_id(rng)));
            let entered = system(&format!("{agent} has entered"));
            let switch = json!({ "uiType": "ActionMsg", "actionType": "SwitchToLiveAgent" });
            one.tell(&[json!({ "uiType": "ActionMsg", "actionType": "EndSpinner" })], json!({}));
            one.tell(&[switch, entered], json!({}));
        }
        Act::Transfer { agent } => {
            one.agent = Some((agent.clone(), sys_id(rng)));
            one.tell(&[system(&format!("{agent} has entered"))], json!({}));
        }
        Act::Requeue => {
            one.phase = Phase::Waiting;
            one.agent = None;
            let queue = json!({ "uiType": "ActionMsg", "actionType": "SubscribeToSupportQueue" });
            one.tell(&[queue], json!({ "agentChat": true }));
        }
        Act::Say { text } => {
            let element = one.output(&text);
            one.say(rng, &text, element, message_ids, now);
        }
        Act::SayHtml { html } => {
            let element = json!({ "uiType": "OutputHtml", "group": "DefaultText", "value": html });
            one.say(rng, &html, element, message_ids, now);
        }
        Act::File { name, url } => one.say(rng, &url, file(&name, &url), message_ids, now),
        Act::Type { on } => {
            let action = if on { "StartTypingIndicator" } else { "EndTypingIndicator" };
            one.tell(&[json!({ "uiType": "ActionMsg", "actionType": action })], json!({}));
        }
        Act::Note { text } => {
            let name = one.agent.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
            one.write(From::Note, &name, &text, now);
        }
        Act::Hold { .. } => return Err("a conversation cannot be put on hold"),
        Act::End => one.end(Ending::Agent, now),
    }
    Ok(())
}

fn file(name: &str, url: &str) -> Value {
    let image = [".png", ".jpg", ".gif"].iter().any(|end| name.ends_with(end));
    if image {
        return json!({ "uiType": "OutputImage", "value": url, "altText": name });
    }
    json!({ "uiType": "OutputLink", "label": name, "header": name, "value": { "action": url } })
}

impl Conversation {
    fn say(&mut self, rng: &mut Rng, text: &str, mut element: Value, ids: bool, now: i64) {
        let (name, id) = self.agent.clone().unwrap_or_default();
        element["agentInfo"] = json!({
            "sentFromAgent": true, "agentName": name, "agentId": id, "agentAvatar": "",
        });
        if ids {
            element["messageId"] = json!(sys_id(rng));
        }
        self.write(From::Agent, &name, text, now);
        self.tell(&[element], json!({}));
    }
}
