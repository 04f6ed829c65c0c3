//! One visitor of one case, with scripted webhook replies and pushes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use http::Method;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{super::Answer, Checked, Platform, broken, holds};
use crate::{
    push::KeyIn,
    receiver::{Call, Reply, User},
    visitor::{Event, Page},
};

pub(super) struct Visit<'a> {
    pub(super) world: &'a Platform,
    pub(super) user: String,
    authorization: String,
    said: AtomicU64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    user_id: String,
    token: String,
}

#[derive(Deserialize)]
struct Accepted {
    seq: u64,
}

impl<'a> Visit<'a> {
    pub(super) async fn new(world: &'a Platform) -> Checked<Self> {
        let url = format!("{}/v1/bots/{}/visitors", world.options.base, world.options.bot);
        let about = json!({ "language": "en", "timeZone": "Europe/Vienna" }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = world.client.send(Method::POST, &url, &headers, about).await?;
        let created: Created = read(&answer, 201)?;
        let visit = Self {
            world,
            user: created.user_id,
            authorization: format!("Bearer {}", created.token),
            said: AtomicU64::new(0),
        };
        visit.hook();
        Ok(visit)
    }

    /// A visitor for whom the first reply starts a pause; also returns the change of control.
    pub(super) async fn paused(world: &'a Platform, reply: Reply) -> Checked<(Self, Event)> {
        let visit = Self::new(world).await?;
        visit.hook().then(reply);
        let control = visit.ask().await?;
        holds(control.gives("human"), "control with the human agent", shown(&control))?;
        Ok((visit, control))
    }

    pub(super) fn hook(&self) -> User<'_> {
        self.world.hook.user(&self.user)
    }

    /// All calls except typing calls, once there are `count` of them.
    pub(super) async fn calls(&self, count: usize) -> Checked<Vec<Call>> {
        let said = |calls: &[Call]| calls.iter().filter(|call| !call.is_typing()).count();
        let mut calls = self.hook().until(self.patience(), |calls| said(calls) >= count).await;
        calls.retain(|call| !call.is_typing());
        let seen = format!("{} calls", calls.len());
        holds(calls.len() >= count, format!("{count} webhook calls"), seen)?;
        Ok(calls)
    }

    pub(super) fn patience(&self) -> Duration {
        self.world.options.patience
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Checked<Answer> {
        let url = format!("{}/v1/conversation/{path}", self.world.options.base);
        let headers =
            [("authorization", &*self.authorization), ("content-type", "application/json")];
        Ok(self.world.client.send(Method::POST, &url, &headers, body.to_string()).await?)
    }

    /// Says `text`; returns its `seq`.
    pub(super) async fn say(&self, text: &str) -> Checked<u64> {
        self.message(json!({ "text": text })).await
    }

    pub(super) async fn message(&self, mut body: Value) -> Checked<u64> {
        let said = self.said.fetch_add(1, Ordering::Relaxed);
        body["clientId"] = format!("check-{said}").into();
        let answer = self.post("messages", &body).await?;
        Ok(read::<Accepted>(&answer, 202)?.seq)
    }

    /// Asks for a human; returns who has control when step one is over.
    pub(super) async fn ask(&self) -> Checked<Event> {
        let asked = self.say(&self.world.options.trigger).await?;
        let settled = |event: &Event| event.gives("human") || event.gives("bot");
        self.wait(asked, "the end of step one, as a change of control", settled).await
    }

    /// Asks the bot a question and waits for the answer.
    pub(super) async fn bot_answers(&self) -> Checked<u64> {
        let asked = self.say(&self.world.options.question).await?;
        self.wait(asked, "the bot's answer", |event| event.is("bot_message")).await?;
        Ok(asked)
    }

    pub(super) async fn poll(&self, after: u64, wait: u64) -> Checked<Page> {
        let base = &self.world.options.base;
        let url = format!("{base}/v1/conversation/events?after={after}&wait={wait}");
        let headers = [("authorization", &*self.authorization)];
        read(&self.world.client.send(Method::GET, &url, &headers, "").await?, 200)
    }

    /// Everything after `after`, oldest first.
    pub(super) async fn since(&self, after: u64) -> Checked<Vec<Event>> {
        let (mut next, mut events) = (after, Vec::new());
        loop {
            let page = self.poll(next, 0).await?;
            if page.events.is_empty() || page.next == next {
                return Ok(events);
            }
            next = page.next;
            events.extend(page.events);
        }
    }

    /// The first event after `after` that is wanted.
    pub(super) async fn wait(
        &self,
        after: u64,
        what: &str,
        wanted: impl Fn(&Event) -> bool,
    ) -> Checked<Event> {
        let deadline = Instant::now() + self.patience();
        let (mut next, mut seen) = (after, Vec::new());
        while Instant::now() < deadline {
            let page = self.poll(next, 1).await?;
            next = page.next;
            for event in page.events {
                if wanted(&event) {
                    return Ok(event);
                }
                seen.push(event);
            }
        }
        Err(broken(what, shown_all(&seen)))
    }

    /// A push with these fields, the key in the body.
    pub(super) async fn push(&self, event_type: &str, fields: Value) -> Checked<Answer> {
        self.push_by(KeyIn::Body, event_type, fields).await
    }

    pub(super) async fn push_by(
        &self,
        key_in: KeyIn,
        event_type: &str,
        fields: Value,
    ) -> Checked<Answer> {
        let key = self.world.options.push_key.expose_secret();
        let mut body = json!({
            "eventType": event_type, "userId": self.user, "botId": self.world.options.bot,
        });
        merge(&mut body, fields);
        let bearer = format!("Bearer {key}");
        let header = match key_in {
            KeyIn::Body => {
                body["accessToken"] = key.into();
                None
            }
            KeyIn::Bare => Some(("authorization", key)),
            KeyIn::Bearer => Some(("authorization", &*bearer)),
            KeyIn::Nowhere => None,
        };
        self.world.push_text(header.as_slice(), &body.to_string()).await
    }

    /// A push that must be accepted.
    pub(super) async fn pushed(&self, event_type: &str, fields: Value) -> Checked<Answer> {
        let answer = self.push(event_type, fields).await?;
        accepted(&answer)?;
        Ok(answer)
    }

    /// The end of the pause, as reported in the answer to a push that does not change it.
    pub(super) async fn paused_until(&self) -> Checked<Option<String>> {
        let answer = self.pushed("user_typing", json!({})).await?.json();
        Ok(answer["pausedUntil"].as_str().map(str::to_owned))
    }
}

impl Platform {
    pub(super) async fn push_text(&self, headers: &[(&str, &str)], body: &str) -> Checked<Answer> {
        let url = format!("{}{}", self.options.base, wire::push::PATH);
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        Ok(self.client.send(Method::POST, &url, &all, body.to_owned()).await?)
    }
}

pub(super) fn merge(body: &mut Value, fields: Value) {
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
}

pub(super) fn accepted(answer: &Answer) -> Checked {
    holds(answer.status == 200, "200: the push accepted", answer.shown())
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer, status: u16) -> Checked<T> {
    let expected = format!("{status} with the fields of docs/api.md");
    holds(answer.status == status, &*expected, answer.shown())?;
    serde_json::from_str(&answer.body).map_err(|_| broken(expected, answer.shown()))
}

/// An event in few words, for a report.
pub(super) fn shown(event: &Event) -> String {
    let words = [&event.kind, &event.control, &event.reason, &event.notice, &event.text];
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

pub(super) fn shown_all(events: &[Event]) -> String {
    if events.is_empty() {
        return "nothing".to_owned();
    }
    events.iter().map(shown).collect::<Vec<_>>().join("; ")
}
