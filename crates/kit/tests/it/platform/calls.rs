//! Calls to the webhook, and what their replies mean.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{LEFT, Platform, Said, Visitor, iso};
use crate::middleware::TOKEN;

const REPLY_BYTES_MAX: usize = 64 * 1024;

pub(super) enum Outcome {
    Paused(f64),
    Refused(Option<f64>),
    /// `late`, `cut`, `large`, `status`, `html` or `shape`.
    Failed(&'static str),
}

impl Platform {
    pub(super) fn remember(&self, visitor: &Visitor, mut item: Value) {
        if self.is("history-customer-to-agent") && item["sender"] == "agent" {
            return;
        }
        let mut conversation = visitor.conversation();
        item["_id"] = format!("h{}", conversation.history.len()).into();
        let spelled = if self.is("history-items") { "DialogflowES" } else { "dialogflowES" };
        item["botPlatform"] = spelled.into();
        item["createdAt"] = iso(self.now() + conversation.history.len() as i64).into();
        if self.is("history-nesting") {
            item["payload"] = json!({ "queryParameters": item["payload"] });
        }
        conversation.history.push(item);
    }

    fn body(&self, visitor: &Visitor, said: &Said, response: Option<&Value>) -> Value {
        let is_step_one = response.is_some();
        let text = match &said.event {
            Some(event) if said.text.is_empty() || self.is("event-with-label") => event.clone(),
            _ if self.is("text-verbatim") => said.text.chars().take(1_000).collect(),
            _ => said.text.clone(),
        };
        let mut body = json!({
            "accessToken": TOKEN, "userId": visitor.user, "botId": "support", "sessionId": "s",
            "session": "projects/p/agent/sessions/s",
            "queryInput": { "text": { "text": text, "languageCode": "en" } },
            "queryParams": { "contexts": [], "payload": {}, "webhookHeaders": {} },
        });
        let params = &mut body["queryParams"];
        match self.flaw {
            "step-one-fields" if is_step_one => params["contexts"] = Value::Null,
            "query-params" if !is_step_one => params["contexts"] = json!({}),
            "webhook-headers" => params["webhookHeaders"] = json!({ "authorization": "x" }),
            "token-in-body" => body["accessToken"] = Value::Null,
            "newer-fields" => body["sessionId"] = 7.into(),
            "ids-stay" => body["session"] = format!("s{is_step_one}").into(),
            "step-two-fields" if !is_step_one => body["dialogflowResponse"] = Value::Null,
            _ => {}
        }
        if let Some(response) = response {
            let mut history = visitor.conversation().history.clone();
            if self.is("history-order") {
                history.reverse();
            }
            body["dialogflowResponse"] = response.clone();
            body["messageHistory"] = history.into();
        } else if !self.is("event-type-in-step-two") {
            body["eventType"] = "message".into();
        }
        body
    }

    pub(super) async fn call(
        &self,
        visitor: &Arc<Visitor>,
        said: &Said,
        response: Option<Value>,
    ) -> Outcome {
        let body = self.body(visitor, said, response.as_ref());
        let id = {
            let mut conversation = visitor.conversation();
            conversation.calls += 1;
            format!("{}/{}", visitor.user, conversation.calls)
        };
        let _alone = if self.is("visitors-do-not-wait") {
            Some(self.one_for_all.lock().await)
        } else {
            None
        };
        let is_step_one = response.is_some();
        let outcome = self.attempt(&body, &id, is_step_one).await;
        match outcome {
            Outcome::Failed("status") if self.is("one-call") => {
                self.attempt(&body, &id, is_step_one).await
            }
            outcome => outcome,
        }
    }

    async fn attempt(&self, body: &Value, id: &str, is_step_one: bool) -> Outcome {
        let limit = match self.flaw {
            "reply-at-four-seconds" if is_step_one => 3_000,
            "late-silence" if is_step_one => 7_300,
            "late-by-a-tenth" if is_step_one => 5_500,
            "step-two-late-by-a-tenth" if !is_step_one => 5_500,
            _ => 5_000,
        };
        let reply = tokio::time::timeout(Duration::from_millis(limit), self.post(body, Some(id)));
        let Ok(reply) = reply.await else {
            let pauses = is_step_one && self.is("late-dripping");
            return if pauses { Outcome::Paused(10.0) } else { Outcome::Failed("late") };
        };
        match reply {
            Err(why) => {
                let flaw = if why == "cut" { "reply-cut-connection" } else { "reply-endless" };
                let pauses = is_step_one && self.is(flaw);
                if pauses { Outcome::Paused(10.0) } else { Outcome::Failed(why) }
            }
            Ok((status, is_json, text)) => self.understood(status, is_json, &text, is_step_one),
        }
    }

    /// Status, whether it says it is JSON, and the body; or `cut`, or `large`.
    async fn post(
        &self,
        body: &Value,
        id: Option<&str>,
    ) -> Result<(u16, bool, String), &'static str> {
        let mut request = self.http.post(&self.hook).body(body.to_string());
        let kind = if self.is("content-type") { "text/plain" } else { "application/json" };
        request = request.header("content-type", kind);
        if !self.is("custom-header") {
            request = request.header("x-gateway-key", "open");
        }
        if !self.is("token-in-header") {
            request = request.header("authorization", TOKEN);
        }
        if let Some(id) = id.filter(|_| !self.is("call-id")) {
            request = request.header("idempotency-key", id);
        }
        let mut reply = request.send().await.map_err(|_| "cut")?;
        let kind = reply.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| kind.contains("json"));
        let mut text = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(|_| "cut")? {
            text.extend_from_slice(&chunk);
            if text.len() > REPLY_BYTES_MAX {
                return Err("large");
            }
        }
        Ok((reply.status().as_u16(), is_json, String::from_utf8_lossy(&text).into_owned()))
    }

    fn understood(&self, status: u16, is_json: bool, text: &str, is_step_one: bool) -> Outcome {
        let accepted = match status {
            200 => true,
            201..300 => !self.is("reply-created"),
            500 => self.is(if is_step_one { "reply-500" } else { "step-two-500" }),
            404 => self.is("reply-404"),
            _ => false,
        };
        if !accepted {
            return Outcome::Failed("status");
        }
        let lax = match self.flaw {
            "reply-empty-object" => text == "{}",
            "reply-array" => text == "[]",
            "reply-text" => text == "\"x\"",
            "reply-list-of-one" => text.starts_with("[{"),
            "reply-paused-in-quotes" => text.contains("\"true\""),
            "reply-paused-one" => text.contains(":1}"),
            "reply-empty" => text.is_empty(),
            "reply-cut-json" => text == r#"{"paused":true"#,
            "reply-html" => text.starts_with('<'),
            "refused" => text == r#"{"paused":false}"#,
            _ => false,
        };
        if is_step_one && lax {
            return Outcome::Paused(10.0);
        }
        if is_step_one && self.is("reply-as-text") && !is_json {
            return Outcome::Failed("shape");
        }
        let Ok(Value::Object(reply)) = serde_json::from_str(text) else {
            return Outcome::Failed(if text.starts_with('<') { "html" } else { "shape" });
        };
        let minutes = reply.get("minutesPaused");
        if self.is("reply-with-more-fields") && reply.len() > 2 {
            return Outcome::Failed("shape");
        }
        match reply.get("paused") {
            Some(Value::Bool(true)) => Outcome::Paused(self.minutes(minutes)),
            Some(Value::Bool(false)) => Outcome::Refused(minutes.and_then(Value::as_f64)),
            _ => Outcome::Failed("shape"),
        }
    }

    fn minutes(&self, minutes: Option<&Value>) -> f64 {
        let default = if self.is("pause-default") { 9.0 } else { 10.0 };
        match minutes {
            None => default,
            Some(Value::Null) if self.is("pause-null") => 0.0,
            Some(Value::String(text)) => match text.parse() {
                Ok(_) if self.is("pause-number-in-text") => default,
                Err(_) if self.is("pause-not-a-number") => 0.0,
                minutes => minutes.unwrap_or(default),
            },
            Some(value) => match value.as_f64() {
                Some(5.0) if self.is("pause-five-minutes") => 10.0,
                Some(minutes) if self.is("pause-fraction") => minutes.ceil(),
                Some(0.0) if self.is("pause-zero") => 10.0,
                Some(minutes) if self.is("pause-negative") => minutes.abs(),
                minutes => minutes.unwrap_or(default),
            },
        }
    }

    pub(super) async fn typing_call(self: Arc<Self>, visitor: Arc<Visitor>) {
        let mut body = json!({
            "userId": visitor.user, "botId": "support", "sessionId": "s",
            "eventType": "user_typing",
        });
        if self.is("typing-call") {
            body["accessToken"] = TOKEN.into();
        }
        let reply = self.post(&body, None).await;
        if self.is("typing-reply-ignored") && reply.is_ok_and(|(_, _, text)| text.contains("false"))
        {
            self.end(&visitor, "webhook_refused", Some(LEFT));
        }
    }
}
