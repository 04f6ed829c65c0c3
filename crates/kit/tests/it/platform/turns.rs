//! One input after the other: to the bot, or to the webhook while a human has control.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{LEFT, Platform, Said, Visitor, calls::Outcome};

const TRIGGER: &str = "talk to a person";

impl Platform {
    pub(super) async fn work(
        self: Arc<Self>,
        visitor: Arc<Visitor>,
        mut inbox: mpsc::UnboundedReceiver<Said>,
    ) {
        while let Some(said) = inbox.recv().await {
            let mut all = vec![said];
            if self.is("calls-in-order") {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                while let Ok(said) = inbox.try_recv() {
                    all.insert(0, said);
                }
            }
            for said in all {
                if self.is("one-call-at-a-time") {
                    let (platform, visitor) = (self.clone(), visitor.clone());
                    tokio::spawn(async move { platform.turn(&visitor, said).await });
                } else {
                    self.turn(&visitor, said).await;
                }
            }
        }
    }

    async fn turn(self: &Arc<Self>, visitor: &Arc<Visitor>, said: Said) {
        self.look_at_the_clock(visitor);
        let is_paused = visitor.conversation().paused_until.is_some();
        if !is_paused {
            return self.bot(visitor, &said, false).await;
        }
        let is_silent = said.event.is_some() && said.text.is_empty();
        if is_silent && !self.is("event-without-label") {
            return;
        }
        if self.is("bot-is-silent") {
            self.show(visitor, json!({ "type": "bot_message", "text": "me too" }));
        }
        self.step_two(visitor, &said).await;
    }

    async fn step_two(self: &Arc<Self>, visitor: &Arc<Visitor>, said: &Said) {
        let epoch = visitor.conversation().epoch;
        let item = json!({
            "direction": "out", "sender": "customer",
            "payload": {
                "query": said.text, "lang": "en", "sessionId": "s", "queryParameters": {},
            },
        });
        self.remember(visitor, item);
        let outcome = self.call(visitor, said, None).await;
        let may_pause = visitor.conversation().epoch == epoch || self.is("resume-beats-reply");
        let forward = match outcome {
            Outcome::Paused(minutes) if minutes <= 0.0 => {
                self.end(visitor, "webhook_ended", Some(LEFT));
                self.is("step-two-zero")
            }
            Outcome::Paused(minutes) => {
                self.renew(visitor, minutes, may_pause);
                false
            }
            Outcome::Refused(minutes) => {
                let keeps = self.is("step-two-refused") && minutes.is_none()
                    || self.is("step-two-refused-with-minutes") && minutes > Some(0.0);
                if may_pause && !keeps {
                    self.end(visitor, "webhook_refused", Some(LEFT));
                }
                !(self.is("step-two-ended") && minutes == Some(0.0))
            }
            Outcome::Failed(why) => {
                let ends = match self.flaw {
                    "step-two-late-silence" => why == "late",
                    "step-two-html" => why == "html",
                    "step-two-empty-object" => why == "shape",
                    "step-two-cut-connection" => why == "cut",
                    "step-two-endless" => why == "large",
                    _ => false,
                };
                if ends {
                    self.end(visitor, "webhook_failed", Some(LEFT));
                }
                !(self.is("step-two-dripping") && why == "late")
            }
        };
        if forward {
            self.bot(visitor, said, true).await;
        }
    }

    fn renew(self: &Arc<Self>, visitor: &Arc<Visitor>, minutes: f64, may_pause: bool) {
        let until = visitor.conversation().paused_until;
        let longer = until < Some(self.now() + (minutes * 60_000.0) as i64);
        let keeps = self.is("step-two-renews") || self.is("step-two-shortens") && !longer;
        if may_pause && !keeps {
            self.pause(visitor, minutes, "webhook");
        }
    }

    /// The bot answers; with the trigger in the answer, step one follows unless paused.
    pub(super) async fn bot(
        self: &Arc<Self>,
        visitor: &Arc<Visitor>,
        said: &Said,
        is_forwarded: bool,
    ) {
        let asks = said.text == TRIGGER;
        let triggers = asks
            || self.is("no-call-without-trigger")
            || std::mem::take(&mut visitor.conversation().trigger_stays);
        let item = json!({
            "direction": "in", "sender": "customer",
            "payload": {
                "query": said.text, "lang": "en", "sessionId": "s", "queryParameters": {},
            },
        });
        self.remember(visitor, item);
        let words = if asks { "Connecting you" } else { "I answer questions" };
        let response = self.response(&said.text, words, triggers);
        let item = json!({ "direction": "out", "sender": "bot", "payload": response });
        self.remember(visitor, item);
        let shown = json!({ "type": "bot_message", "text": words });
        let is_late = self.is("answer-before-reply") && asks;
        if !is_late {
            self.show(visitor, shown.clone());
        }
        let is_paused = visitor.conversation().paused_until.is_some();
        let step_ones = visitor.conversation().step_ones;
        let may_start = !(is_paused || is_forwarded && self.is("forwarded-then-trigger"))
            || is_forwarded && self.is("trigger-while-paused");
        if triggers && may_start && !(self.is("human-again") && step_ones > 0) {
            self.step_one(visitor, said, response, asks).await;
        }
        if is_late {
            self.show(visitor, shown);
        }
    }

    async fn step_one(
        self: &Arc<Self>,
        visitor: &Arc<Visitor>,
        said: &Said,
        response: Value,
        asks: bool,
    ) {
        visitor.conversation().step_ones += 1;
        visitor.conversation().trigger_stays = self.is("trigger-used-once") && asks;
        self.show(
            visitor,
            json!({ "type": "control", "control": "requested", "reason": "trigger" }),
        );
        let epoch = visitor.conversation().epoch;
        let outcome = self.call(visitor, said, Some(response)).await;
        let is_spoken_of = visitor.conversation().epoch != epoch;
        match outcome {
            Outcome::Paused(minutes) if minutes > 0.0 && !is_spoken_of => {
                self.pause(visitor, minutes, "webhook");
            }
            _ if visitor.conversation().paused_until.is_none() => {
                self.end(visitor, "webhook", None);
            }
            _ => {}
        }
    }

    fn response(&self, query: &str, words: &str, triggers: bool) -> Value {
        let contexts = if triggers && !self.is("step-one-response") {
            json!([{ "name": "projects/p/agent/sessions/s/contexts/human", "lifespanCount": 1 }])
        } else {
            json!([])
        };
        json!({ "responseId": "r", "queryResult": {
            "queryText": query, "fulfillmentText": words, "outputContexts": contexts,
            "parameters": {},
        } })
    }
}
