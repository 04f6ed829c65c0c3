//! One handover by Web Messaging. Whenever its socket is opened anew, the history is read: it
//! tells what agents said meanwhile, and which of the visitor's words have arrived. What the new
//! socket brings waits until the history is told, and nothing is told twice.

use std::{collections::HashSet, sync::Arc, time::Duration};

use connector::{Again, Attempt, ConnectorEvent, Failure, HandoverInfo, Session, Typing};
use machine::{
    Millis,
    chat::{Delivery, Opening},
    retry,
};
use serde_json::Value;

use super::{
    super::attributes,
    Shared,
    frames::{self, Heard},
    socket::{self, Connection},
};

/// How often the clock, which may jump, is compared.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Of more sockets that broke in a row, the wait grows no more: it is twenty seconds.
const BREAKS_MAX: u32 = 5;

pub(super) struct Visit {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    handover: String,
    connection: Option<Connection>,
    /// Sockets in a row that ended soon after they were opened.
    breaks: u32,
    /// How long to wait before the next socket is opened to listen.
    rest: Option<Millis>,
    /// The session is known to be there.
    begun: bool,
    /// In the order it was said: the history, and then what the socket brought since.
    unheard: Vec<ConnectorEvent>,
    /// Ids of what was among `unheard` before. Another session after a restart begins without
    /// them and tells the history again, which the store knows by the same ids.
    known: HashSet<String>,
    /// Ids of ours that have arrived.
    arrived: HashSet<String>,
    /// Until when the agent types.
    types_until: Option<Millis>,
}

impl Visit {
    pub(super) fn new(shared: Arc<Shared>, chat: HandoverInfo, checkpoint: Option<&str>) -> Self {
        let handover = format!("{}.{}", chat.chat, chat.opening);
        Self {
            shared,
            chat,
            handover,
            connection: None,
            breaks: 0,
            rest: None,
            begun: checkpoint.is_some(),
            unheard: Vec::new(),
            known: HashSet::new(),
            arrived: HashSet::new(),
            types_until: None,
        }
    }

    /// Opens the socket unless it is open, and then reads what was said meanwhile.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.connection.is_some() {
            return Ok(());
        }
        let (mut connection, resumed) = socket::open(&self.shared, &self.handover).await?;
        if self.begun && !resumed.existed {
            return Err(Failure::gone("the session is over"));
        }
        self.begun = true;
        if resumed.existed {
            for message in connection.history(&self.shared).await? {
                self.arrived.extend(frames::own_id(&message).map(str::to_owned));
                let heard = frames::of_message(&message);
                // Typing of the past is over.
                if matches!(heard, Heard::Event(_)) {
                    self.take_in(heard);
                }
            }
        }
        if resumed.read_only {
            self.take_in(Heard::Event(frames::ended()));
        }
        (self.connection, self.rest) = (Some(connection), None);
        Ok(())
    }

    async fn open(&mut self, id: &str, opening: &Opening) -> Result<(), Failure> {
        let attributes = attributes(&self.shared.attributes, &self.chat, opening);
        let parts = self.shared.sizes.transcript(opening);
        self.say(id, &parts, &attributes).await
    }

    async fn say(&mut self, id: &str, parts: &[String], about: &Value) -> Result<(), Failure> {
        for (place, part) in parts.iter().enumerate() {
            let id = format!("{id}#{}", place + 1);
            if self.arrived.contains(&id) {
                continue;
            }
            let Some(connection) = &mut self.connection else {
                return Err(Failure::later("there is no socket"));
            };
            let said = connection.say(&frames::text(&id, part, about)).await;
            self.settle(said).map_err(|failure| match failure {
                Failure::Later { detail, .. } | Failure::Denied { detail } if place > 0 => {
                    Failure::Unknown { detail }
                }
                failure => failure,
            })?;
            self.arrived.insert(id);
        }
        Ok(())
    }

    /// Gives the socket up when it did not answer.
    fn settle<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(Failure::Unknown { .. } | Failure::Gone { .. }) = &done {
            self.lose();
        }
        done
    }

    /// Gives the socket up. Of sockets that break again and again, each waits longer than the last.
    fn lose(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.was_steady() {
            self.breaks = 0;
        } else {
            self.breaks = (self.breaks + 1).min(BREAKS_MAX);
            self.rest = Some(retry::delay(&self.handover, self.breaks));
        }
    }

    fn take_in(&mut self, heard: Heard) {
        match heard {
            Heard::Nothing => {}
            Heard::Event(news) => {
                if news.id.as_ref().is_none_or(|id| self.known.insert(id.clone())) {
                    self.unheard.push(news);
                }
            }
            Heard::Types(ms) => {
                self.types_until = (ms > 0).then(|| self.shared.clock.now() + ms);
                self.unheard.push(frames::types(ms > 0));
            }
        }
    }

    /// What waits to be told. The socket is only there once its history is among it.
    fn heard(&mut self) -> Vec<ConnectorEvent> {
        let waiting = self.connection.as_mut().map(|connection| &mut connection.waiting);
        for frame in waiting.map(std::mem::take).unwrap_or_default() {
            self.take_in(frame.news());
        }
        std::mem::take(&mut self.unheard)
    }
}

#[async_trait::async_trait]
impl Session for Visit {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        if again == Again::MayHaveArrived {
            // Only the history tells, and it is read when the socket is opened.
            self.connection = None;
        }
        self.connect().await?;
        match attempt.delivery {
            Delivery::Open { opening } => self.open(&attempt.id, opening).await?,
            Delivery::Say { text } => {
                let parts = self.shared.sizes.parts(text);
                self.say(&attempt.id, &parts, &Value::Null).await?;
            }
            Delivery::Leave { .. } => {
                if let Some(mut connection) = self.connection.take() {
                    connection.clear().await?;
                }
            }
        }
        Ok(Vec::new())
    }

    fn checkpoint(&self) -> Option<String> {
        Some(self.handover.clone())
    }

    fn listens(&self) -> bool {
        true
    }

    async fn ready(&mut self) {
        if !self.unheard.is_empty() {
            return;
        }
        let (clock, until) = (self.shared.clock.clone(), self.types_until);
        let types = async {
            let Some(until) = until else { return std::future::pending().await };
            while clock.now() < until {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let Some(connection) = &mut self.connection else { return };
        let failed = tokio::select! {
            ready = connection.ready() => ready.is_err(),
            () = types => false,
        };
        if failed {
            self.lose();
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        if let after @ Some(_) = self.rest.take() {
            return Err(Failure::Later { after, detail: "the socket ended".to_owned() });
        }
        self.connect().await?;
        if let Some(connection) = &mut self.connection
            && connection.keep_alive().await.is_err()
        {
            self.lose();
            let after = self.rest.take();
            return Err(Failure::Later { after, detail: "the socket is silent".to_owned() });
        }
        let mut news = self.heard();
        if self.types_until.is_some_and(|until| until <= self.shared.clock.now()) {
            self.types_until = None;
            news.push(frames::types(false));
        }
        Ok(news)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        if typing == Typing::Off {
            return;
        }
        if let Some(connection) = &mut self.connection
            && connection.tell(&frames::typing()).await.is_err()
        {
            self.lose();
        }
    }
}
