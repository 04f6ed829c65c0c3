//! One visitor and one agent in conversation, round after round: with the bot, to a human, both
//! speaking at once, back to the bot. It records every acknowledgement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, ensure};
use http::Method;
use kit::{
    agent::{Chat, ChatEvent, Desk},
    visitor::{PATIENCE, Visitor},
};
use serde_json::{Value, json};

use super::{
    judge::{ChatPromises, Promise, Promises},
    live::Live,
    patience::insist,
};
use crate::{load::ASK, wait};

/// Messages each way in one handover.
const MESSAGES: usize = 12;

pub(super) struct Party {
    visitor: Visitor,
    desk: Desk,
    /// Set when the last round should be the last.
    over: Arc<AtomicBool>,
    live: Live,
    /// Number of events of `live` that earlier steps have handled.
    read: usize,
    ids: usize,
    promises: Promises,
}

impl Party {
    pub(super) fn new(visitor: Visitor, desk: Desk, over: Arc<AtomicBool>) -> Self {
        Self {
            live: Live::open(visitor.clone()),
            promises: Promises::new(visitor.clone()),
            visitor,
            desk,
            over,
            read: 0,
            ids: 0,
        }
    }

    /// Runs rounds until the run is over; an error is recorded as a fault.
    pub(super) async fn talk(mut self) -> Promises {
        while !self.over.load(Ordering::Relaxed) {
            if let Err(error) = self.round().await {
                self.promises.faults.push(format!("{}: {error:#}", self.visitor.user_id));
                break;
            }
        }
        self.promises.seen = self.live.seen();
        self.promises
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        let question = self.say("what is your purpose").await?;
        self.see(|event| event.is("bot_message")).await.context("the bot's answer")?;
        self.promises.to_bot.push(question);
        let chat = self.ask_for_human().await?;
        let from = self.promises.said.len();
        let (said, answered) = self.both_speak(&chat).await?;
        self.promises.said.extend(said);
        let mut with =
            ChatPromises { id: chat, said: self.promises.said[from..].to_vec(), answered };
        let quiet = self.quiet(&with).await;
        let id = with.id.clone();
        with.said.shrink_to_fit();
        self.promises.add(with);
        quiet?;
        let path = format!("chats/{id}/close");
        insist(&[204, 409], || self.desk.call(Method::POST, &path, None)).await?;
        self.see(|event| event.gives("bot")).await.context("control back to the bot")?;
        Ok(())
    }

    /// Waits for an event that `wanted` accepts and continues after it.
    async fn see(
        &mut self,
        wanted: impl Fn(&kit::visitor::Event) -> bool,
    ) -> anyhow::Result<kit::visitor::Event> {
        let (read, event) = self.live.wait_for(self.read, wanted).await?;
        self.read = read;
        Ok(event)
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<u64> {
        self.ids += 1;
        let promise = say(&self.visitor, &format!("v{}", self.ids), text).await?;
        let seq = promise.seq;
        self.promises.said.push(promise);
        Ok(seq)
    }

    /// Asks until a human has control, and claims the chat; returns its id. A server that has just
    /// restarted may refuse, because it does not know yet that an agent is online.
    async fn ask_for_human(&mut self) -> anyhow::Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.say(ASK).await?;
            let control = |event: &kit::visitor::Event| event.gives("human") || event.gives("bot");
            let given = self.see(control).await.context("an answer to the request")?;
            if given.gives("human") {
                break;
            }
            ensure!(Instant::now() < deadline, "no human within {PATIENCE:?}: {given:?}");
            // Any request marks the agent as online.
            insist(&[200], || self.desk.call(Method::GET, "chats", None)).await?;
        }
        let chat = self.own_chat().await?;
        let path = format!("chats/{chat}/claim");
        insist(&[200], || self.desk.call(Method::POST, &path, None)).await?;
        Ok(chat)
    }

    async fn own_chat(&self) -> anyhow::Result<String> {
        let own = wait::until(PATIENCE, async || {
            let answer = insist(&[200], || self.desk.call(Method::GET, "chats", None)).await?;
            let mut answer: Value = answer.json()?;
            let chats: Vec<Chat> = serde_json::from_value(answer["chats"].take())?;
            let own = |chat: &Chat| {
                chat.visitor.user_id == self.visitor.user_id && chat.status != "closed"
            };
            Ok(chats.into_iter().find(own))
        });
        let own =
            own.await?.context("a human agent has control, but the desk shows no open chat")?;
        Ok(own.id)
    }

    /// Both ends send at once, each one message after the other.
    async fn both_speak(&mut self, chat: &str) -> anyhow::Result<(Vec<Promise>, Vec<Promise>)> {
        let first = self.ids + 1;
        self.ids += MESSAGES;
        let ids = first..first + MESSAGES;
        let visitor = async {
            let mut said = Vec::new();
            for n in ids.clone() {
                let id = format!("v{n}");
                said.push(say(&self.visitor, &id, &format!("question {n}")).await?);
            }
            anyhow::Ok(said)
        };
        let agent = async {
            let mut answered = Vec::new();
            for n in ids.clone() {
                let id = format!("a{n}");
                let text = format!("answer {n}");
                answered.push(answer(&self.desk, chat, &id, &text).await?);
            }
            anyhow::Ok(answered)
        };
        let (said, answered) = tokio::join!(visitor, agent);
        Ok((said?, answered?))
    }

    /// Waits until the chat journal has all the visitor said, and the visitor sees every answer.
    async fn quiet(&mut self, with: &ChatPromises) -> anyhow::Result<()> {
        if let Some(last) = with.answered.last() {
            let shown = self.see(|event| event.is("agent_message") && event.text == last.text);
            shown.await.with_context(|| format!("{:?} shown", last.text))?;
        }
        let Some(last) = with.said.last() else {
            return Ok(());
        };
        let path = format!("chats/{}/events?after={}", with.id, 0);
        let shown = wait::until(PATIENCE, async || {
            let answer = insist(&[200], || self.desk.call(Method::GET, &path, None)).await?;
            let mut page: Value = answer.json()?;
            let events: Vec<ChatEvent> = serde_json::from_value(page["events"].take())?;
            Ok(events.into_iter().find(|event| event.text == last.text))
        });
        let missing = || format!("the desk did not show {:?} within {PATIENCE:?}", last.text);
        shown.await?.with_context(missing).map(drop)
    }
}

async fn say(visitor: &Visitor, id: &str, text: &str) -> anyhow::Result<Promise> {
    let body = json!({ "clientId": id, "text": text });
    let answer = insist(&[202], || visitor.post("messages", &body)).await?;
    Promise::of(id, text, &answer)
}

async fn answer(desk: &Desk, chat: &str, id: &str, text: &str) -> anyhow::Result<Promise> {
    let body = json!({ "clientId": id, "text": text });
    let path = format!("chats/{chat}/messages");
    let answer = insist(&[202], || desk.call(Method::POST, &path, Some(&body))).await?;
    Promise::of(id, text, &answer)
}
