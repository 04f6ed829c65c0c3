//! `POST /handover/{route}`: webhook calls of any revision (contract, sections 4.2 to 4.5, 6.2 to
//! 6.5 and 12). A call is stored before it is answered, and answered before anything else is done
//! about it, so that the contract's five seconds are never spent on another server.
//! An answer that came late all the same is made good by a push (contract, section 8).

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use edge::{
    http::{SentBy, json, parse_body, read_body},
    ids,
    limits::Client,
    request_id, secrets,
    signature::SignedId,
    time,
};
use http::{HeaderMap, StatusCode};
use machine::{
    TextFormat,
    chat::{Chat, CloseReason, Input, Line, Opening, Speaker},
    limits::{HISTORY_ITEMS_MAX, TEXT_CHARS_MAX, TYPING_MS, WEBHOOK_TEXT_CHARS_MAX},
};
use serde_json::Value;
use store::{Key, StepError, StoreError};
use wire::{
    Invalid, MessageFormat, answer,
    history::{self, Sender},
    problem::ProblemId,
    webhook::{Answer, Received, ReceivedKind},
};

use super::{
    App,
    error::{Error, Result},
};
use crate::{answer_time::AnswerTime, route::Route};

/// Most bytes of one call. Four times the limit of our own faces, because step one carries the
/// platform's `messageHistory` with whole bot responses, and refusing it loses a handover.
const CALL_BYTES_MAX: usize = 1024 * 1024;
/// The same for a call whose secret can only be in its body. Step one with a long transcript has
/// about 100 KiB.
const UNPROVEN_BYTES_MAX: usize = 256 * 1024;
/// With so long a wait for the database, new calls are refused, so that those which were taken are
/// answered in time.
const LAG_MAX: Duration = Duration::from_millis(250);
/// Longest id of a call that is kept as it is, in bytes; longer ones are kept as their hash.
const CALL_ID_BYTES_MAX: usize = 128;
/// Where platforms put the id of a call, the most binding one first.
const CALL_ID_HEADERS: [&str; 3] = ["idempotency-key", "webhook-id", "x-request-id"];

pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Path(route): Path<String>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let tasks = app.tasks.clone();
    // A platform that waits no longer hangs up: the call is worked off all the same.
    let work = async move { work_off(&app, &route, &client, &headers, body).await };
    let work = tasks.spawn(request_id::kept(work));
    work.await.unwrap_or_else(|error| Err(Error::internal(&error)))
}

async fn work_off(
    app: &App,
    route: &str,
    client: &Client,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response> {
    if app.store.lag() > LAG_MAX {
        // The platform sends it again, under the same id.
        return Err(StoreError::Unavailable("it is behind".to_owned()).into());
    }
    let (came, time) = (app.clock.now(), AnswerTime::begin(headers));
    let route = app.routes.get(route);
    // An unknown route is answered like a wrong token, so strangers do not learn which there are.
    let is_proven = route.as_ref().is_some_and(|route| route.access.admits(headers, None));
    let (body, sender) = if is_proven {
        (read_body(body, CALL_BYTES_MAX, SentBy::Known).await?, SentBy::Known)
    } else {
        (client.read_unproven(body, UNPROVEN_BYTES_MAX).await??, SentBy::Stranger)
    };
    let (received, in_body) = parse_body(body.clone(), sender, |body| {
        let received = Received::parse(body);
        let in_body = match &received {
            Ok(call) => call.access_token.clone(),
            Err(_) => token_of_unreadable(body),
        };
        (received, in_body)
    })
    .await?;
    let route = route.filter(|route| is_proven || route.access.admits(headers, in_body.as_deref()));
    let Some(route) = route else {
        client.failed_call()?;
        return Err(not_admitted(received.err()));
    };
    let signed = match route.access.signed_id(headers, &body, &app.clock) {
        Ok(signed) => signed,
        Err(error) => {
            client.failed_call()?;
            return Err(error.into());
        }
    };
    // Its place in memory is for others while a tool is waited for.
    drop(body);
    let Received { user_id, bot_id, kind, .. } = received?;
    let id = call_id(headers, signed.as_ref());
    let call = Call { app, route: &route, bot_id, user_id, id, time };
    let answered = match kind {
        ReceivedKind::StepOne { text, language, dialogflow_response, history, missed } => {
            let opening = opening(text, language, &dialogflow_response, &history, &missed);
            call.step_one(opening, lines(&missed)).await?
        }
        ReceivedKind::StepTwo { text, missed, .. } => call.step_two(text, lines(&missed)).await?,
        ReceivedKind::Typing => {
            call.typing().await?;
            return Ok(StatusCode::OK.into_response());
        }
        ReceivedKind::UserLeft => return call.ended(CloseReason::VisitorLeft).await,
        ReceivedKind::PauseExpired => return call.ended(CloseReason::PauseExpired).await,
    };
    let took = Duration::from_millis((app.clock.now() - came).unsigned_abs());
    if answered.paused && took >= time.late_after() {
        call.feed(Input::AnsweredLate).await?;
    }
    Ok(json(StatusCode::OK, &answered))
}

struct Call<'a> {
    app: &'a App,
    route: &'a Arc<Route>,
    bot_id: String,
    user_id: String,
    /// What makes a repeat recognizable, where the platform sends it.
    id: Option<String>,
    time: AnswerTime,
}

impl Call<'_> {
    async fn step_one(&self, opening: Opening, missed: Vec<Line>) -> Result<Answer> {
        let chat_id = match &self.id {
            // Named after the call, so that a repeat finds the chat even when that was closed at
            // once and has no visitor to be found by.
            Some(id) => id_of_call(&self.route.id, &self.peer(), id, &opening.text),
            None => ids::new_id("cht", self.app.clock.now()),
        };
        if self.id.is_some()
            && let Some(answer) = self.answered_before(&chat_id).await?
        {
            return Ok(answer);
        }
        let make = {
            let (id, chat) = (chat_id.clone(), Chat::new(&self.bot_id, &self.user_id));
            move || Some((id, chat))
        };
        // Held until the chat is committed. A visitor who waits already is not refused.
        let place = self.route.queue.enter();
        if place.is_none() {
            tracing::warn!(route = &*self.route.id, "the queue is full: a handover is refused");
        }
        let (attachment, now) = (&self.route.attachment, self.app.clock.now());
        let available = place.is_some() && attachment.is_available(now, self.time).await?;
        let key = self.key(&opening.text);
        let input = Input::StepOne { opening, available, missed };
        match self.route.step_peer(&self.peer(), make, key, input).await {
            Ok(Some(stepped)) => self.answer_of_tool(&stepped.id, stepped.state).await,
            Ok(None) => Ok(Answer::refused()),
            // The same call twice at the same moment: the other one has just made the chat.
            Err(StepError::Store(error @ StoreError::Conflict(_))) => {
                let answer = self.answered_before(&chat_id).await?;
                answer.ok_or_else(|| error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn step_two(&self, text: String, missed: Vec<Line>) -> Result<Answer> {
        let key = self.key(&text);
        let call = self.id.as_ref().map(|id| told_as(id, &text));
        let input = Input::StepTwo { text: cut(text), missed, call };
        match self.route.step_peer(&self.peer(), || None, key, input).await? {
            Some(stepped) if stepped.state.is_open() => Ok(Answer::paused(stepped.state.pause())),
            _ => Ok(Answer::ended()),
        }
    }

    /// Typing is passed on and not stored. The chat is looked up with an input that is
    /// always true, that time has passed. It changes nothing that was not due anyway.
    async fn typing(&self) -> Result<()> {
        let stepped = self.route.step_peer(&self.peer(), || None, None, Input::Woke).await?;
        if let Some(stepped) = stepped
            && stepped.state.is_open()
        {
            let until = self.app.clock.now() + TYPING_MS;
            self.route.attachment.visitor_types(self.route, &stepped.id, until);
        }
        Ok(())
    }

    /// The platform has ended the pause by itself; no answer is expected.
    async fn ended(&self, reason: CloseReason) -> Result<Response> {
        self.feed(Input::PlatformEnded { reason }).await?;
        Ok(StatusCode::OK.into_response())
    }

    /// Tells the open chat with this visitor, if there is one.
    async fn feed(&self, input: Input) -> Result<()> {
        self.route.step_peer(&self.peer(), || None, None, input).await?;
        Ok(())
    }

    async fn answered_before(&self, chat_id: &str) -> Result<Option<Answer>> {
        match self.route.ledger.load(chat_id).await? {
            Some(chat) => self.answer_of_tool(chat_id, Arc::new(chat)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether the visitor gets a human: where a tool has to say so, it is waited for as long as
    /// the platform waits.
    async fn answer_of_tool(&self, chat_id: &str, chat: Arc<Chat>) -> Result<Answer> {
        let attachment = &self.route.attachment;
        let chat = attachment.answered(self.route, chat_id, chat, self.time).await?;
        Ok(if chat.is_open() { Answer::paused(chat.pause()) } else { Answer::refused() })
    }

    fn peer(&self) -> String {
        Chat::peer_of(&self.bot_id, &self.user_id)
    }

    /// The text is part of the key: a gateway that stamps one request id on different messages
    /// must not make us drop what a visitor said.
    fn key(&self, text: &str) -> Option<Key> {
        let fingerprint = ids::fingerprint(text.as_bytes());
        self.id.as_ref().map(|id| Key { id: format!("call:{id}:{fingerprint:x}"), fingerprint })
    }
}

/// Where the body cannot be read at all, a token in it cannot be found: the caller is told why.
fn not_admitted(unread: Option<Invalid>) -> Error {
    let detail = "Present the route's webhook token in `Authorization` or in `accessToken`, and \
                  check the webhook URL in the platform's settings.";
    let unread = unread.filter(Invalid::is_of_body);
    Error::new(
        ProblemId::Unauthorized,
        match unread {
            Some(why) => {
                format!("{detail} The body could not be read, so no token was found in it: {why}.")
            }
            None => detail.to_owned(),
        },
    )
}

/// A call that cannot be read may still prove who sent it, and is then told what is wrong with it.
fn token_of_unreadable(body: &[u8]) -> Option<String> {
    let body: Value = wire::json::read(body).ok()?;
    Some(body.get("accessToken")?.as_str()?.to_owned())
}

/// What the caller signed goes before what anybody on the way could have written.
fn call_id(headers: &HeaderMap, signed: Option<&SignedId>) -> Option<String> {
    let unsigned = || CALL_ID_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let id = signed.map(SignedId::as_str).or_else(unsigned);
    let id = id.map(str::trim).filter(|id| !id.is_empty())?;
    Some(if id.len() > CALL_ID_BYTES_MAX { secrets::hash_hex(id) } else { id.to_owned() })
}

/// 128 bits that only this call with these words from this visitor gives.
fn id_of_call(route: &str, peer: &str, call: &str, text: &str) -> String {
    let hash = secrets::hash_hex(&format!("{route}\n{peer}\n{call}\n{text}"));
    format!("cht_{}", &hash[..32])
}

/// By what the words of a call are known again when its platform tells of them later. The words are
/// part of it, as in [`Call::key`].
fn told_as(call: &str, text: &str) -> u64 {
    ids::fingerprint(format!("{call}\n{text}").as_bytes())
}

/// A history tells of what was missed since it begins.
fn opening(
    text: String,
    language: String,
    response: &Value,
    history: &[Value],
    missed: &[Value],
) -> Opening {
    let intent = response.pointer("/queryResult/intent/displayName").and_then(Value::as_str);
    let intent = intent.filter(|name| !name.is_empty()).map(shortened);
    let transcript = if history.is_empty() {
        let bot = answer::words(response);
        let line = |from, text: &str| Line::new(from, shortened(text));
        let asked = [line(Speaker::Visitor, &text), line(Speaker::Bot, &bot)];
        let asked = asked.into_iter().filter(|line| !line.text.trim().is_empty());
        lines(missed).into_iter().chain(asked).collect()
    } else {
        let mut transcript = missed_before(history, missed);
        transcript.extend(lines(history));
        transcript
    };
    Opening { text: cut(text), language, intent, transcript }
}

/// The lines of what was missed that a history has not: it may begin later, with a new session.
/// What the visitor said has the same id in both, what the bot said has only its time.
fn missed_before(history: &[Value], missed: &[Value]) -> Vec<Line> {
    let id = |item: &Value| item.get("_id").and_then(Value::as_str).map(str::to_owned);
    let ids: HashSet<String> = history.iter().filter_map(id).collect();
    let begins = lines(history).iter().find_map(|line| line.at);
    let latest = missed.len().saturating_sub(HISTORY_ITEMS_MAX);
    let lines = missed[latest..].iter().filter_map(|item| Some((item, line_of_history(item)?)));
    lines
        .filter(|(item, line)| match id(item).filter(|_| line.from == Speaker::Visitor) {
            Some(id) => !ids.contains(&id),
            None => line.at.zip(begins).is_none_or(|(at, begins)| at < begins),
        })
        .map(|(_, line)| line)
        .collect()
}

/// A refused step one would lose a handover, and a refused step two would let the bot answer into
/// a live chat. So a text that is too long is cut, with a mark.
fn cut(text: String) -> String {
    match text.char_indices().nth(WEBHOOK_TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{} […]", &text[..end]),
        None => text,
    }
}

/// The newest items that can be read.
fn lines(history: &[Value]) -> Vec<Line> {
    let latest = history.len().saturating_sub(HISTORY_ITEMS_MAX);
    history[latest..].iter().filter_map(line_of_history).collect()
}

fn line_of_history(item: &Value) -> Option<Line> {
    let line = history::line(item)?;
    let from = match line.sender {
        Sender::Customer => Speaker::Visitor,
        Sender::Bot => Speaker::Bot,
        Sender::Agent => Speaker::Agent,
    };
    let at = line.created_at.as_deref().and_then(time::parse_rfc3339);
    let call = item.get(history::CALL_ID).and_then(Value::as_str);
    let call = call.map(|call| told_as(call, &line.text));
    let format = match line.format {
        MessageFormat::Markdown => TextFormat::Markdown,
        MessageFormat::Plain => TextFormat::Plain,
    };
    Some(Line { from, text: shortened(&line.text), format, at, call })
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
