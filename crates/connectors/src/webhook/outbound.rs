//! Events to the tool: one signed POST each, with the same id at every attempt.

use std::sync::Arc;

use connector::{
    Again, Attempt, ConnectorEvent, EventKind, Failure, Finding, HandoverInfo, Session, Typing,
    client::{Request, Response},
};
use edge::{ids, signature, time};
use http::HeaderName;
use machine::chat::{Delivery, Line, Speaker};
use serde_json::Value;
use wire::tool::{HandoverAnswer, HandoverEvent, HandoverEventType, TranscriptLine, Visitor};

use super::Shared;

/// One handover at the tool.
pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: HandoverInfo,
}

impl Handover {
    pub(super) fn new(shared: Arc<Shared>, chat: HandoverInfo) -> Self {
        Self { shared, chat }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.chat.chat, self.chat.opening)
    }

    /// The fields that every event of this handover has.
    fn event<'a>(
        &'a self,
        kind: HandoverEventType,
        id: &'a str,
        handover: &'a str,
    ) -> HandoverEvent<'a> {
        HandoverEvent {
            kind,
            id,
            handover,
            bot_id: &self.chat.bot_id,
            visitor: Visitor { id: &self.chat.user_id, language: &self.chat.language },
            at: None,
            text: None,
            intent: None,
            transcript: Vec::new(),
            on: None,
            reason: None,
        }
    }
}

#[async_trait::async_trait]
impl Session for Handover {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        _again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        let name = self.name();
        let event = |kind| HandoverEvent {
            at: Some(time::rfc3339(attempt.since)),
            ..self.event(kind, &attempt.id, &name)
        };
        let event = match attempt.delivery {
            Delivery::Open { opening } => HandoverEvent {
                text: Some(&opening.text),
                intent: opening.intent.as_deref(),
                transcript: opening.transcript.iter().map(line).collect(),
                ..event(HandoverEventType::Opened)
            },
            Delivery::Say { text } => {
                HandoverEvent { text: Some(text), ..event(HandoverEventType::Message) }
            }
            Delivery::Leave { reason } => {
                HandoverEvent { reason: Some(reason.as_str()), ..event(HandoverEventType::Left) }
            }
        };
        let response = post(&self.shared, &attempt.id, &event).await?;
        if !response.is_success() {
            return Err(failure(&response));
        }
        let Delivery::Open { .. } = attempt.delivery else { return Ok(Vec::new()) };
        let answer = answer(&response);
        if answer.accepted == Some(false) {
            return Err(Failure::refused(answer.reason.unwrap_or_default()));
        }
        let notice = answer.notice.filter(|notice| !notice.trim().is_empty());
        let id = format!("{}/notice", attempt.id);
        Ok(notice
            .map(|notice| ConnectorEvent::new(id, EventKind::Notice(notice)))
            .into_iter()
            .collect())
    }

    fn checkpoint(&self) -> Option<String> {
        Some(self.name())
    }

    async fn visitor_types(&mut self, typing: Typing) {
        let id = ids::new_id("typ", self.shared.clock.now());
        let name = self.name();
        let on = Some(typing == Typing::On);
        let event = HandoverEvent { on, ..self.event(HandoverEventType::Typing, &id, &name) };
        if let Err(failure) = post(&self.shared, &id, &event).await {
            tracing::debug!(detail = failure.detail(), "a typing indicator was not delivered");
        }
    }
}

/// An answer with a malformed field still counts if it says `accepted: false`.
fn answer(response: &Response) -> HandoverAnswer {
    wire::json::read(&response.body).unwrap_or_else(|_| {
        let body: Value = wire::json::read(&response.body).unwrap_or_default();
        let accepted = body.get("accepted").and_then(Value::as_bool);
        HandoverAnswer { accepted, ..HandoverAnswer::default() }
    })
}

/// The tool recognizes a repeat by its id, so Baton never asks what has arrived.
async fn post(shared: &Shared, id: &str, event: &HandoverEvent<'_>) -> Result<Response, Failure> {
    let body = serde_json::to_vec(event).map_err(|error| Failure::refused(error.to_string()))?;
    let request = Request::post("").body("application/json", body);
    let mut request = request.header(HeaderName::from_static("idempotency-key"), id);
    let mut headers = http::HeaderMap::new();
    let signed = shared.keys.sign(&mut headers, id, shared.clock.now(), request.bytes());
    signed.map_err(|error| Failure::refused(error.to_string()))?;
    for name in [signature::ID, signature::TIMESTAMP, signature::SIGNATURE] {
        let value = headers.get(&name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        request = request.header(name, value);
    }
    shared.api.send(request).await
}

/// A failure with the tool's explanation: `reason`, or `detail` of RFC 9457.
fn failure(response: &Response) -> Failure {
    let body: Value = wire::json::read(&response.body).unwrap_or_default();
    let words = ["reason", "detail"].iter().find_map(|name| body.get(name)?.as_str());
    response.failure(words.unwrap_or_default())
}

fn line(line: &Line) -> TranscriptLine<'_> {
    let from = match line.from {
        Speaker::Visitor => "visitor",
        Speaker::Bot => "bot",
        Speaker::Agent => "agent",
    };
    TranscriptLine { from, text: &line.text, at: line.at.map(time::rfc3339) }
}

/// Sends the tool an event of type `check`, which has no effect.
pub(super) async fn check(shared: &Arc<Shared>) -> Vec<Finding> {
    let url = shared.api.base().url().to_string();
    let id = ids::new_id("chk", shared.clock.now());
    let nobody = HandoverInfo::default();
    let kind = HandoverEventType::Check;
    let handover = Handover::new(shared.clone(), nobody);
    match post(shared, &id, &handover.event(kind, &id, "")).await {
        Ok(response) if response.is_success() => {
            vec![Finding::good(format!("{url} accepted a signed event of type `check`"))]
        }
        Ok(response) => {
            let detail = failure(&response);
            vec![Finding::wrong(format!("{url} refused the event `check`: {}", detail.detail()))]
        }
        Err(failure) => vec![Finding::wrong(format!("{url}: {}", failure.detail()))],
    }
}
