//! The socket of one session: it is opened and configured, and carries one request at a time.
//! Frames that come during a request wait until the session takes them.

use std::{collections::VecDeque, time::Duration};

use connector::{
    Failure,
    client::{Request, of_egress},
};
use edge::{
    egress::{Heard, Socket},
    ids,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{CONNECT_WITHIN, Shared, frames::Frame};

const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Most frames that wait. With more the connection is closed; the history has them too.
const WAITING_MAX: usize = 1_000;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// As often as the vendor's own clients.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Longest time without a frame or pong.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// After a shorter life of a socket the next one is not opened at once.
const STEADY_AFTER: Duration = Duration::from_secs(30);
/// The vendor accepts two messages in one second.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(520);
/// Messages of one page of the history, and how many pages are read.
const PAGE: usize = 100;
const PAGES_MAX: usize = 5;

pub(super) struct Connection {
    socket: Socket,
    token: SecretString,
    /// Frames that the session has not taken yet.
    pub(super) waiting: VecDeque<Frame>,
    ping_at: Instant,
    alive_at: Instant,
    message_at: Instant,
    /// When the socket was opened.
    opened_at: Instant,
}

/// State of the session when the socket was opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resumed {
    /// It existed before.
    pub(super) existed: bool,
    /// A human agent has ended its conversation.
    pub(super) read_only: bool,
}

/// Opens a socket and resumes the session of a handover, or begins one.
pub(super) async fn open(
    shared: &Shared,
    handover: &str,
) -> Result<(Connection, Resumed), Failure> {
    let connected = shared.egress.connect(
        &shared.sockets,
        shared.headers.clone(),
        CONNECT_WITHIN,
        FRAME_BYTES_MAX,
    );
    let socket = connected.await.map_err(|error| of_egress(&error))?;
    let now = Instant::now();
    let mut connection = Connection {
        socket,
        token: shared.token(handover),
        waiting: VecDeque::new(),
        ping_at: now + PING_EVERY,
        alive_at: now,
        message_at: now,
        opened_at: now,
    };
    let more = json!({ "deploymentId": shared.deployment, "startNew": false });
    // No message was sent yet, so a lost reply does no harm.
    let answer = connection.request("configureSession", more).await.map_err(undone)?;
    let resumed =
        Resumed { existed: answer["newSession"] == false, read_only: answer["readOnly"] == true };
    Ok((connection, resumed))
}

fn undone(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown { detail } => Failure::later(detail),
        failure => failure,
    }
}

/// A history that cannot be read does not mean that the session is over: the socket has just
/// resumed it.
fn of_history(failure: Failure) -> Failure {
    match undone(failure) {
        Failure::Gone { detail } | Failure::Refused { detail } => {
            Failure::later(format!("the history: {detail}"))
        }
        failure => failure,
    }
}

impl Connection {
    /// Sends a request and waits for the reply to it.
    pub(super) async fn request(&mut self, action: &str, more: Value) -> Result<Value, Failure> {
        let tracing = self.send(action, more).await?;
        let answered = async {
            loop {
                let frame = self.next().await?;
                if frame.tracing == tracing {
                    return Ok(frame);
                }
                self.keep(frame)?;
            }
        };
        let answered = tokio::time::timeout(ANSWER_WITHIN, answered).await;
        let late = Failure::Unknown { detail: "no reply on the socket".to_owned() };
        let frame = answered.unwrap_or(Err(late))?;
        match frame.failure() {
            Some(failure) => Err(failure),
            None => Ok(frame.body),
        }
    }

    /// Sends a message of the visitor, no faster than the vendor accepts.
    pub(super) async fn say(&mut self, message: &Value) -> Result<Value, Failure> {
        tokio::time::sleep_until(self.message_at).await;
        self.message_at = Instant::now() + BETWEEN_MESSAGES;
        self.request("onMessage", json!({ "message": message })).await
    }

    /// Sends an event of the visitor. The vendor replies only when it refuses the event.
    pub(super) async fn send_event(&mut self, message: &Value) -> Result<(), Failure> {
        tokio::time::sleep_until(self.message_at).await;
        self.message_at = Instant::now() + BETWEEN_MESSAGES;
        self.send("onMessage", json!({ "message": message })).await.map(drop)
    }

    /// Ends the conversation. Where the deployment does not let visitors do so, closes the
    /// connections.
    pub(super) async fn clear(&mut self) -> Result<(), Failure> {
        self.send_event(&super::frames::clear()).await?;
        let cleared = async {
            loop {
                let frame = self.next().await?;
                if frame.class == "SessionClearedEvent" {
                    return Ok::<_, Failure>(true);
                }
                if frame.failure().is_some() {
                    return Ok(false);
                }
            }
        };
        match tokio::time::timeout(ANSWER_WITHIN, cleared).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) | Err(_) => self.close().await,
            Ok(Err(failure)) => Err(failure),
        }
    }

    pub(super) async fn close(&mut self) -> Result<(), Failure> {
        self.send("closeSession", json!({ "closeAllConnections": true })).await.map(drop)
    }

    /// All messages so far, oldest first.
    pub(super) async fn history(&mut self, shared: &Shared) -> Result<Vec<Value>, Failure> {
        let jwt = self.request("getJwt", json!({})).await?;
        let jwt = SecretString::from(jwt["jwt"].as_str().unwrap_or_default().to_owned());
        let mut said = Vec::new();
        for number in 1..=PAGES_MAX {
            let path = format!("api/v2/webmessaging/messages?pageNumber={number}&pageSize={PAGE}");
            let response = shared.api.send(Request::get(path).bearer(&jwt)).await?;
            if !response.is_success() {
                return Err(of_history(super::super::client::failure(&response)));
            }
            let mut page: Value = response.json()?;
            let entities = page.get_mut("entities").map(Value::take);
            let Some(Value::Array(entities)) = entities else { break };
            let last = entities.len() < PAGE;
            said.extend(entities);
            if last {
                break;
            }
        }
        Ok(oldest_first(said))
    }

    /// Ends when there is a frame, or when it is time to ping. May be dropped at any await.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        if !self.waiting.is_empty() {
            return Ok(());
        }
        tokio::select! {
            frame = Self::read(&mut self.socket, &mut self.alive_at) => {
                if let Some(frame) = frame? {
                    self.waiting.push_back(frame);
                }
                Ok(())
            }
            () = tokio::time::sleep_until(self.ping_at) => Ok(()),
        }
    }

    /// Whether the socket was open for so long that its end does not count as a break.
    pub(super) fn was_steady(&self) -> bool {
        self.opened_at.elapsed() >= STEADY_AFTER
    }

    /// Pings when it is time to. Fails when the socket was silent for too long.
    pub(super) async fn keep_alive(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        if now < self.ping_at {
            return Ok(());
        }
        if now > self.alive_at + SILENCE_MAX {
            return Err(Failure::later("no frame and no pong on the socket"));
        }
        self.ping_at = now + PING_EVERY;
        self.socket.ping().await.map_err(|error| of_egress(&error))
    }

    async fn send(&mut self, action: &str, more: Value) -> Result<String, Failure> {
        let tracing = ids::uuid();
        let mut frame = json!({
            "action": action,
            "token": self.token.expose_secret(),
            "tracingId": tracing,
        });
        if let (Value::Object(frame), Value::Object(more)) = (&mut frame, more) {
            frame.extend(more);
        }
        let sent = self.socket.send(frame.to_string()).await;
        sent.map_err(|error| of_egress(&error))?;
        Ok(tracing)
    }

    async fn next(&mut self) -> Result<Frame, Failure> {
        loop {
            if let Some(frame) = Self::read(&mut self.socket, &mut self.alive_at).await? {
                return Ok(frame);
            }
        }
    }

    fn keep(&mut self, frame: Frame) -> Result<(), Failure> {
        if self.waiting.len() >= WAITING_MAX {
            return Err(Failure::Unknown {
                detail: "too many frames wait on the socket".to_owned(),
            });
        }
        self.waiting.push_back(frame);
        Ok(())
    }

    /// A frame; `None` for a ping, a pong, or text that is not a frame.
    async fn read(socket: &mut Socket, alive_at: &mut Instant) -> Result<Option<Frame>, Failure> {
        let heard = socket.next().await.map_err(|error| of_egress(&error))?;
        *alive_at = Instant::now();
        match heard {
            Heard::Text(text) => Ok(Frame::read(&text)),
            Heard::Life => Ok(None),
            Heard::Closed => Err(Failure::Unknown { detail: "the socket was closed".to_owned() }),
        }
    }
}

/// Sorts messages by time. Messages of the same time stay in the order of the history, which may
/// begin with the latest.
fn oldest_first(mut said: Vec<Value>) -> Vec<Value> {
    let ends = said.first().zip(said.last());
    if ends.is_none_or(|(first, last)| time_of(first) >= time_of(last)) {
        said.reverse();
    }
    said.sort_by(|a, b| time_of(a).cmp(time_of(b)));
    said
}

fn time_of(message: &Value) -> &str {
    message["channel"]["time"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_told_as_it_was_said_even_within_one_moment() {
        let said = |id: u32, time: &str| json!({ "id": id, "channel": { "time": time } });
        let (early, late) = ("2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.001Z");
        let in_order = vec![said(1, early), said(2, early), said(3, late), said(4, late)];
        let latest_first: Vec<_> = in_order.iter().rev().cloned().collect();
        assert_eq!(oldest_first(latest_first), in_order);
        assert_eq!(oldest_first(in_order.clone()), in_order);
        let moment = vec![said(2, early), said(1, early)];
        assert_eq!(oldest_first(moment), in_order[..2]);
        assert_eq!(oldest_first(Vec::new()), Vec::<Value>::new());
    }
}
