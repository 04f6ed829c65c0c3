//! Webhook calls as each revision has them, and what is expected of every reply (contract,
//! sections 4.2 to 4.5, 5 and 6).

use std::time::Duration;

use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    super::{Answer, Client},
    Checked, Contract, Middleware, broken, holds,
};

/// Contract, section 8.
const REPLY_TIME: Duration = Duration::from_secs(5);

const R1_STEP_ONE: &str = include_str!("../../../../wire/examples/r1.step_one.json");
const R1_STEP_TWO: &str = include_str!("../../../../wire/examples/r1.step_two.json");
const R2_STEP_TWO: &str = include_str!("../../../../wire/examples/r2.step_two.json");
const R3_STEP_ONE: &str = include_str!("../../../../wire/examples/r3.step_one.json");
const R3_STEP_TWO: &str = include_str!("../../../../wire/examples/r3.step_two.json");
const R3_TYPING: &str = include_str!("../../../../wire/examples/r3.typing_call.json");

/// A call that is being built.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Call {
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same without any secret.
    pub(super) fn bare(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != "authorization");
        if let Some(body) = self.body.as_object_mut() {
            body.remove("accessToken");
        }
        self
    }
}

/// A reply that the contract allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Given {
    pub(super) paused: bool,
    pub(super) minutes: Option<f64>,
}

impl Middleware {
    /// A visitor of this run alone.
    pub(super) fn user(&self, name: &str) -> String {
        format!("check-{}-{name}", self.run)
    }

    pub(super) fn step_one(&self, contract: Contract, user: &str) -> Call {
        let newest = matches!(contract, Contract::R3 | Contract::R31 | Contract::All);
        let mut body = example(if newest { R3_STEP_ONE } else { R1_STEP_ONE });
        if newest {
            // Real calls have a real response; the example of r3 leaves it out.
            body["dialogflowResponse"] = example(R1_STEP_ONE)["dialogflowResponse"].take();
        }
        self.call(contract, user, body)
    }

    pub(super) fn step_two(&self, contract: Contract, user: &str, text: &str) -> Call {
        let mut body = example(match contract {
            Contract::R1 => R1_STEP_TWO,
            Contract::R2 | Contract::R22 | Contract::R23 => R2_STEP_TWO,
            Contract::R3 | Contract::R31 | Contract::All => R3_STEP_TWO,
        });
        if let Some(body) = body.as_object_mut()
            && contract == Contract::R3
        {
            body.remove("eventType");
        }
        body["queryInput"]["text"]["text"] = text.into();
        self.call(contract, user, body)
    }

    /// `event_type` is `user_typing`, or an extension in the same shape.
    pub(super) fn event(&self, user: &str, event_type: &str) -> Call {
        let call = self.call(Contract::R23, user, example(R3_TYPING));
        call.with("eventType", event_type)
    }

    /// Puts the secret where the revision has it.
    fn call(&self, contract: Contract, user: &str, body: Value) -> Call {
        let token = self.token.expose_secret();
        let call = Call { body, headers: Vec::new() }.bare();
        let call = call.with("userId", user).with("botId", self.bot.as_str());
        match contract {
            Contract::R1 | Contract::R2 => call.with("accessToken", token),
            Contract::R22 => call.header("authorization", &format!("Bearer {token}")),
            Contract::R23 => call.header("authorization", token),
            Contract::R3 | Contract::R31 | Contract::All => {
                call.with("accessToken", token).header("authorization", token)
            }
        }
    }

    pub(super) async fn send(&self, call: &Call) -> Checked<Answer> {
        self.send_by(&self.client, call).await
    }

    pub(super) async fn send_by(&self, client: &Client, call: &Call) -> Checked<Answer> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(call.headers.iter().map(|(name, value)| (*name, value.as_str())));
        Ok(client.send(Method::POST, &self.url, &headers, call.body.to_string()).await?)
    }

    /// Sends a call that must be understood.
    pub(super) async fn reply(&self, call: &Call) -> Checked<Given> {
        given(&self.send(call).await?)
    }

    /// Step one of a new chat; the middleware must accept it.
    pub(super) async fn hand_over(&self, user: &str) -> Checked {
        self.paused(&self.step_one(Contract::All, user)).await
    }

    /// Sends a call that must be answered `paused: true`.
    pub(super) async fn paused(&self, call: &Call) -> Checked {
        let answer = self.send(call).await?;
        let given = given(&answer)?;
        holds(given.paused, "`paused: true`; an agent must be available", answer.shown())
    }
}

fn example(text: &str) -> Value {
    // The examples of the contract are JSON; the tests of `wire` read them all.
    serde_json::from_str(text).unwrap_or_default()
}

/// Every reply must be in time, have a 2xx status, and be an object with the two fields.
pub(super) fn given(answer: &Answer) -> Checked<Given> {
    let expected = "a 2xx status and an object with a boolean `paused`";
    let value = answer.json();
    let paused = value.get("paused").and_then(Value::as_bool);
    let paused = paused.filter(|_| (200..300).contains(&answer.status));
    let Some(paused) = paused else {
        return Err(broken(expected, answer.shown()));
    };
    let minutes = match value.get("minutesPaused") {
        None => None,
        Some(Value::Number(minutes)) => minutes.as_f64(),
        Some(_) => {
            return Err(broken(
                "`minutesPaused` as a number, or no `minutesPaused`",
                answer.shown(),
            ));
        }
    };
    let seen = format!("an answer after {:?}", answer.took);
    holds(answer.took < REPLY_TIME, "the answer within five seconds", seen)?;
    Ok(Given { paused, minutes })
}

/// A call without the secret must get a 4xx, or a reply that leaves the bot in control.
pub(super) fn refused(answer: &Answer) -> Checked {
    let is_kept_out = (400..500).contains(&answer.status)
        || (200..300).contains(&answer.status) && answer.json()["paused"] == json!(false);
    holds(is_kept_out, "401, or `paused: false`", answer.shown())
}

/// The reply that a malformed call must get.
pub(super) fn is_client_error(answer: &Answer) -> Checked {
    holds((400..500).contains(&answer.status), "a 4xx status", answer.shown())
}

pub(super) fn is_no_failure(answer: &Answer) -> Checked {
    holds(answer.status < 500, "no 5xx status", answer.shown())
}
