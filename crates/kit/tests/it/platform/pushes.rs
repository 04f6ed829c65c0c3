//! The push endpoint.

use std::{sync::Arc, time::Duration};

use kit::server::{Reply, Request};
use serde_json::{Value, json};

use super::{LEFT, Platform, Said, Visitor, answer, iso, text};
use crate::middleware::{KEY, TOKEN};

const JOINED: &str = "You are now chatting with an Agent.";
const BODY_BYTES_MAX: usize = 256 * 1024;

/// `paused` and `minutesPaused` of a push.
#[derive(Clone, Copy, PartialEq)]
enum Pause {
    Unsaid,
    Ends,
    Lasts(f64),
}

fn refused(status: u16, code: &str, field: Option<&str>) -> Reply {
    let error = json!({ "code": code, "message": "see the contract", "field": field });
    answer(status, &json!({ "ok": false, "error": error }))
}

impl Platform {
    pub(super) async fn pushed(self: &Arc<Self>, request: &Request) -> Reply {
        match self.accept(request).await {
            Ok(visitor) => {
                let until = visitor.conversation().paused_until;
                if self.is("push-answer") {
                    return answer(200, &json!({ "ok": true }));
                }
                let paused = until.is_some();
                let until = until.map(iso);
                answer(200, &json!({ "ok": true, "paused": paused, "pausedUntil": until }))
            }
            Err(refusal) => refusal,
        }
    }

    async fn accept(self: &Arc<Self>, request: &Request) -> Result<Arc<Visitor>, Reply> {
        match request.method.as_str() {
            "POST" => {}
            "GET" if self.is("push-get") => return Err(refused(404, "not_found", None)),
            "PUT" if self.is("push-put") => return Err(refused(400, "not_json", None)),
            _ => return Err(refused(405, "method_not_allowed", None)),
        }
        let kind = request.header("content-type");
        let is_missing_refused = self.is("push-without-content-type") && kind.is_none();
        let is_text = kind.is_some_and(|kind| !kind.contains("json"));
        if is_text && !self.is("push-as-text") || is_missing_refused {
            return Err(refused(415, "not_json", None));
        }
        if request.body.len() > BODY_BYTES_MAX && !self.is("push-too-large") {
            return Err(refused(413, "too_large", None));
        }
        let push = match serde_json::from_slice(&request.body) {
            Ok(push @ Value::Object(_)) => push,
            Ok(Value::Array(_)) if self.is("push-array") => return Err(refused(500, "x", None)),
            Err(_) if self.is("push-not-json") => return Err(refused(500, "x", None)),
            _ if self.is("push-empty-body") && request.body.is_empty() => {
                return Err(answer(200, &json!({ "ok": true })));
            }
            _ => return Err(refused(400, "invalid_body", None)),
        };
        if self.is("push-wrong-key-tells-nothing") && self.visitor(text(&push, "userId")).is_none()
        {
            return Err(refused(404, "not_found", None));
        }
        if !self.has_key(request, &push) {
            return Err(refused(401, "unauthorized", None));
        }
        self.check_fields(&push)?;
        let known_bot = text(&push, "botId") == "support" || self.is("push-unknown-bot");
        let visitor = self.visitor(text(&push, "userId")).filter(|_| known_bot);
        let Some(visitor) = visitor else {
            let status = if self.is("push-unknown-user") { 200 } else { 404 };
            return Err(refused(status, "not_found", None));
        };
        let id = request.header("idempotency-key");
        if self.is_new(&visitor, &push, id).await {
            let is_r3 = push["accessToken"].is_null();
            self.apply(&visitor, &push, is_r3).await;
        }
        Ok(visitor)
    }

    /// Remembers the push by its id.
    async fn is_new(&self, visitor: &Visitor, push: &Value, key: Option<&str>) -> bool {
        let key = key.filter(|_| !self.is("push-same-idempotency-key"));
        let id = push["messageId"].as_str().filter(|_| !self.is("push-same-message-id"));
        let Some(id) = key.or(id) else { return true };
        if self.is("push-same-at-once") {
            let is_known = visitor.conversation().push_ids.contains(id);
            tokio::time::sleep(Duration::from_millis(50)).await;
            visitor.conversation().push_ids.insert(id.to_owned());
            return !is_known;
        }
        visitor.conversation().push_ids.insert(id.to_owned())
    }

    fn has_key(&self, request: &Request, push: &Value) -> bool {
        let header = request.header("authorization");
        let scheme = header.and_then(|header| header.split_once(' ')).map(|(scheme, _)| scheme);
        let is_bearer = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
        let body = push["accessToken"].as_str();
        let accepted = match (header, body) {
            (None, None) => self.is("push-no-key"),
            (None, Some(_)) => self.is("push-wrong-key-in-body"),
            (Some(""), _) => self.is("push-empty-key"),
            (Some(header), _) if header == TOKEN => self.is("push-webhook-token"),
            (Some(_), _) if is_bearer => self.is("push-wrong-key-after-bearer"),
            (Some(_), _) => self.is("push-wrong-key-bare"),
        };
        let ignored = self.is("push-key-after-bearer") && is_bearer
            || self.is("push-key-bare") && !is_bearer
            || self.is("push-key-any-scheme-case") && is_bearer && scheme != Some("Bearer");
        let header = header.filter(|_| !ignored).map(wire::secret::from_authorization);
        let body = body.filter(|_| !self.is("push-key-in-body"));
        accepted || header == Some(KEY) || body == Some(KEY)
    }

    fn check_fields(&self, push: &Value) -> Result<(), Reply> {
        let wrong = |field: &str| Err(refused(400, "invalid_field", Some(field)));
        for (id, flaw) in [("userId", "push-user-id-missing"), ("botId", "push-bot-id-missing")] {
            if !push[id].is_string() && !self.is(flaw) {
                return wrong(id);
            }
        }
        if self.is("push-refused-has-no-effect")
            && push["paused"] == false
            && let Some(visitor) = self.visitor(text(push, "userId"))
        {
            visitor.conversation().paused_until = None;
        }
        let profile = &push["agentProfile"];
        if !profile.is_object() && !profile.is_null() && !self.is("push-profile-a-text") {
            return wrong("agentProfile");
        }
        match self.pause_of(push) {
            Err(field) => return wrong(field),
            Ok(Pause::Unsaid) if push["eventType"] == "channel_update" => return wrong("paused"),
            Ok(_) => {}
        }
        self.golden_flaws(push)?;
        match push["eventType"].as_str() {
            Some("message") => match &push["text"] {
                Value::String(text) if !text.is_empty() => Ok(()),
                Value::String(_) if self.is("push-text-empty") => Ok(()),
                Value::Null if self.is("push-text-missing") => Ok(()),
                Value::Number(_) if self.is("push-text-a-number") => {
                    Err(refused(400, "invalid_field", None))
                }
                _ => wrong("text"),
            },
            Some("channel_update" | "user_typing") => Ok(()),
            Some("agent_typing") if !self.is("agent-types-as-r1-says") => Ok(()),
            Some("greeting") if self.is("push-unknown-event-type") => Ok(()),
            None if self.is("push-event-type-missing") => Ok(()),
            _ => wrong("eventType"),
        }
    }

    /// Fields of one revision that another does not have, refused by mistake.
    fn golden_flaws(&self, push: &Value) -> Result<(), Reply> {
        let profile = &push["agentProfile"];
        let (kind, has_key) = (text(push, "eventType"), !push["accessToken"].is_null());
        let fails = match self.flaw {
            "push-r1-message" => kind == "message" && profile.is_object(),
            "push-r1-pause" => kind == "channel_update" && profile["avatarUrl"] == "",
            "push-r1-resume" => push["paused"] == false && profile.is_object(),
            "push-r1-typing" => kind == "user_typing" && profile.is_object() && has_key,
            "push-r3-message" => kind == "message" && profile.is_null(),
            "push-r3-pause" => text(profile, "avatarUrl").ends_with("jane.png"),
            "push-r3-resume" => push["unpauseChatEvent"].is_string(),
            "push-r3-typing" => kind == "user_typing" && !push["paused"].is_null(),
            "push-unknown-fields" => !push["xNew"].is_null(),
            _ => false,
        };
        if fails { Err(refused(400, "invalid_field", Some("x"))) } else { Ok(()) }
    }

    fn pause_of(&self, push: &Value) -> Result<Pause, &'static str> {
        let quoted = |text: &str| push["paused"] == text && !self.is("push-paused-in-quotes");
        let minutes = match &push["minutesPaused"] {
            Value::Null => 10.0,
            Value::Number(minutes) => minutes.as_f64().unwrap_or(10.0),
            Value::String(text) => match text.parse() {
                Ok(minutes) => minutes,
                Err(_) if self.is("push-minutes-a-word") => 10.0,
                Err(_) => return Err("minutesPaused"),
            },
            _ => return Err("minutesPaused"),
        };
        match &push["paused"] {
            Value::Null if self.is("push-without-paused") && !push["minutesPaused"].is_null() => {
                Ok(Pause::Lasts(minutes))
            }
            Value::Null => Ok(Pause::Unsaid),
            Value::Bool(true) => Ok(Pause::Lasts(minutes)),
            Value::Bool(false) => Ok(Pause::Ends),
            _ if quoted("true") => Ok(Pause::Lasts(minutes)),
            _ if quoted("false") => Ok(Pause::Ends),
            _ if self.is("push-paused-a-word") => Ok(Pause::Ends),
            _ => Err("paused"),
        }
    }

    async fn apply(self: &Arc<Self>, visitor: &Arc<Visitor>, push: &Value, is_r3: bool) {
        self.look_at_the_clock(visitor);
        let kind = text(push, "eventType");
        let pause = self.pause_of(push).unwrap_or(Pause::Unsaid);
        let own = self.name_agent(visitor, push, pause);
        let agent = visitor.conversation().agent.clone();
        match kind {
            "message" => self.show_message(visitor, push, agent),
            "channel_update" => {}
            _ => self.show_typing(visitor, agent.as_ref()),
        }
        match pause {
            Pause::Unsaid => {}
            Pause::Lasts(minutes) => {
                let was_paused = visitor.conversation().paused_until.is_some();
                let ignored = match self.flaw {
                    "push-renews" => kind == "message" && was_paused,
                    "push-message-pauses" => kind == "message" && !was_paused,
                    "push-pause-renews" => kind == "channel_update" && was_paused,
                    "push-typing-renews" => kind == "user_typing",
                    "push-starts-chat" | "late-then-push" => {
                        kind == "channel_update" && !was_paused
                    }
                    _ => false,
                };
                visitor.conversation().epoch += 1;
                if !ignored {
                    self.pause(visitor, minutes, "push");
                }
            }
            Pause::Ends => {
                visitor.conversation().epoch += 1;
                let ignored = self.is("push-message-resumes") && kind == "message"
                    || self.is("push-resume") && kind == "channel_update";
                if !ignored {
                    self.resume(visitor, push, own, is_r3).await;
                }
            }
        }
    }

    /// Takes the agent's name of a push, with the notice; the name the push itself has.
    fn name_agent(&self, visitor: &Visitor, push: &Value, pause: Pause) -> Option<String> {
        let profile = &push["agentProfile"];
        let name = text(profile, "name");
        let is_name = !name.trim().is_empty() || self.is("notice-left-blank-name");
        let own = Some(name).filter(|_| is_name && profile.is_object()).map(str::to_owned);
        let before = visitor.conversation().agent.clone();
        if let Some(name) = &own {
            let avatar = if self.is("push-message") { "" } else { text(profile, "avatarUrl") };
            visitor.conversation().agent = Some(json!({ "name": name, "avatarUrl": avatar }));
        }
        let is_news = match (&before, &own) {
            (None, _) => true,
            (Some(before), Some(name)) => before["name"] != name.as_str(),
            (Some(_), None) => false,
        };
        let is_news = is_news && !(self.is("notice-another-agent") && before.is_some());
        let is_pause = push["eventType"] == "channel_update" && pause != Pause::Ends;
        if is_pause && (is_news || self.is("notice-joined-once")) {
            let words = if self.is("notice-joined") { "An agent is here." } else { JOINED };
            let agent = visitor.conversation().agent.clone();
            let notice = json!({
                "type": "notice", "kind": "agent_joined", "text": words, "agent": agent,
            });
            self.show(visitor, notice);
        }
        own
    }

    fn show_message(&self, visitor: &Visitor, push: &Value, agent: Option<Value>) {
        if self.is("push-message-to-nobody-there") && visitor.conversation().polls == 0 {
            return;
        }
        let mut words = text(push, "text").to_owned();
        if self.is("push-message-keeps-markup") {
            words = words.replace(['<', '>'], "");
        }
        let forgets = self.is("push-message-again-without-name") && push["agentProfile"].is_null();
        let agent = agent.filter(|_| !forgets);
        let item = json!({ "direction": "out", "sender": "agent", "payload": { "text": words } });
        self.remember(visitor, item);
        self.show(visitor, json!({ "type": "agent_message", "text": words, "agent": agent }));
        if self.is("push-messages-in-order") {
            let mut conversation = visitor.conversation();
            let last = conversation.events.len() - 1;
            if last > 0 && conversation.events[last - 1]["type"] == "agent_message" {
                let before = conversation.events[last - 1]["text"].take();
                let now = std::mem::replace(&mut conversation.events[last]["text"], before);
                conversation.events[last - 1]["text"] = now;
            }
        }
    }

    fn show_typing(&self, visitor: &Visitor, agent: Option<&Value>) {
        let now = self.now();
        let length = if self.is("agent-types") { 5_000 } else { 10_000 };
        let again = self.is("agent-types-again") && visitor.conversation().typed_at.is_some();
        let until = if again { now + 8_000 } else { now + length };
        let mut conversation = visitor.conversation();
        if self.is("agent-types-again") {
            conversation.typed_at = Some(now);
        }
        let event =
            json!({ "type": "typing", "at": iso(now), "until": iso(until), "agent": agent });
        conversation.typing = Some(event);
        drop(conversation);
        visitor.changes.notify_waiters();
    }

    async fn resume(
        self: &Arc<Self>,
        visitor: &Arc<Visitor>,
        push: &Value,
        own: Option<String>,
        is_r3: bool,
    ) {
        let agent = visitor.conversation().agent.take();
        let remembers = match self.flaw {
            "name-of-the-conversation" => false,
            "name-of-this-push-alone" => true,
            _ => is_r3,
        };
        let last = agent.and_then(|agent| agent["name"].as_str().map(str::to_owned));
        let name = own.or(last.filter(|_| remembers));
        let notice = match name {
            _ if self.is("notice-left") => "The agent has left.".to_owned(),
            Some(name) if !self.is("notice-left-named") => LEFT.replace("The human", &name),
            _ => LEFT.to_owned(),
        };
        let event = text(push, "unpauseChatEvent");
        let shows = match event {
            "default" => !self.is("unpause-default"),
            "" => push["unpauseChatEvent"].is_null() || !self.is("unpause-empty"),
            "none" => self.is("unpause-none"),
            _ => self.is("unpause-event"),
        };
        let was_paused = visitor.conversation().paused_until.is_some();
        if was_paused || self.is("resume-twice") {
            self.end(visitor, "push", Some(&*notice).filter(|_| shows));
            if !matches!(event, "" | "default" | "none") {
                let said = Said { text: String::new(), event: Some(event.to_owned()) };
                self.bot(visitor, &said, false).await;
            }
        }
    }
}
