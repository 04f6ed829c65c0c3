//! One handover by Web Messaging. Whenever a socket is opened, the history is read: it shows
//! messages of human agents that were missed, and which of the visitor's messages have arrived.
//! Events of the new socket come after those of the history, and no event is passed on twice.

use std::{collections::HashSet, sync::Arc};

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
    frames::{self, Meaning},
    socket::{self, Connection},
};

/// The wait between sockets grows up to this number of breaks in a row; it is 20 seconds then.
const BREAKS_MAX: u32 = 5;

pub(super) struct WebSession {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    handover: String,
    connection: Option<Connection>,
    /// Sockets in a row that ended soon after they were opened.
    breaks: u32,
    /// How long to wait before the next socket is opened, in milliseconds.
    reconnect_after_ms: Option<Millis>,
    /// The session exists at the vendor.
    begun: bool,
    /// Not yet returned to the bridge: those of the history, then those of the socket.
    events: Vec<ConnectorEvent>,
    /// Ids of events that were in `events` before. After a restart this is empty: the history is
    /// passed on again under the same ids, and the bridge drops what it has stored.
    known: HashSet<String>,
    /// Our ids of the visitor's messages that have arrived.
    arrived: HashSet<String>,
    /// Until when the human agent types.
    types_until: Option<Millis>,
}

impl WebSession {
    pub(super) fn new(shared: Arc<Shared>, chat: HandoverInfo, checkpoint: Option<&str>) -> Self {
        let handover = format!("{}.{}", chat.chat, chat.opening);
        Self {
            shared,
            chat,
            handover,
            connection: None,
            breaks: 0,
            reconnect_after_ms: None,
            begun: checkpoint.is_some(),
            events: Vec::new(),
            known: HashSet::new(),
            arrived: HashSet::new(),
            types_until: None,
        }
    }

    /// Opens the socket unless it is open, and then reads the history.
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
                let meaning = frames::of_message(&message);
                // Old typing does not count.
                if matches!(meaning, Meaning::Event(_)) {
                    self.take(meaning);
                }
            }
        }
        if resumed.read_only {
            self.take(Meaning::Event(frames::ended()));
        }
        (self.connection, self.reconnect_after_ms) = (Some(connection), None);
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
                return Err(Failure::later("the socket is closed"));
            };
            let said = connection.say(&frames::text(&id, part, about)).await;
            self.close_if_unknown(said).map_err(|failure| match failure {
                Failure::Later { detail, .. } | Failure::Denied { detail } if place > 0 => {
                    Failure::Unknown { detail }
                }
                failure => failure,
            })?;
            self.arrived.insert(id);
        }
        Ok(())
    }

    /// Closes the socket after a failure that leaves its state unknown.
    fn close_if_unknown<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(Failure::Unknown { .. } | Failure::Gone { .. }) = &done {
            self.drop_socket();
        }
        done
    }

    /// Closes the socket. When sockets break soon, one after the other, each next one waits longer.
    fn drop_socket(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.was_steady() {
            self.breaks = 0;
        } else {
            self.breaks = (self.breaks + 1).min(BREAKS_MAX);
            self.reconnect_after_ms = Some(retry::delay(&self.handover, self.breaks));
        }
    }

    fn take(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Nothing => {}
            Meaning::Event(event) => {
                if event.id.as_ref().is_none_or(|id| self.known.insert(id.clone())) {
                    self.events.push(event);
                }
            }
            Meaning::Types(ms) => {
                self.types_until = (ms > 0).then(|| self.shared.clock.now() + ms);
                self.events.push(frames::types(ms > 0));
            }
        }
    }

    /// Takes all events. With an open socket, those of its history are among them.
    fn take_events(&mut self) -> Vec<ConnectorEvent> {
        let waiting = self.connection.as_mut().map(|connection| &mut connection.waiting);
        for frame in waiting.map(std::mem::take).unwrap_or_default() {
            self.take(frame.meaning());
        }
        std::mem::take(&mut self.events)
    }
}

#[async_trait::async_trait]
impl Session for WebSession {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        if again == Again::MayHaveArrived {
            // Only the history shows what has arrived. It is read when the socket is opened.
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
        if !self.events.is_empty() {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let failed = tokio::select! {
            ready = connection.ready() => ready.is_err(),
            () = self.shared.clock.sleep_until(self.types_until) => false,
        };
        if failed {
            self.drop_socket();
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        if let after @ Some(_) = self.reconnect_after_ms.take() {
            return Err(Failure::Later {
                after,
                detail: "the socket was closed soon after it was opened".to_owned(),
            });
        }
        self.connect().await?;
        if let Some(connection) = &mut self.connection
            && connection.keep_alive().await.is_err()
        {
            self.drop_socket();
            let after = self.reconnect_after_ms.take();
            return Err(Failure::Later { after, detail: "the socket is silent".to_owned() });
        }
        let mut events = self.take_events();
        if self.types_until.is_some_and(|until| until <= self.shared.clock.now()) {
            self.types_until = None;
            events.push(frames::types(false));
        }
        Ok(events)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        if typing == Typing::Off {
            return;
        }
        if let Some(connection) = &mut self.connection
            && connection.send_event(&frames::typing()).await.is_err()
        {
            self.drop_socket();
        }
    }
}
