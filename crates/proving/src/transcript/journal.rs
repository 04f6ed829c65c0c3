//! Reads the journals of platform and bridge from their databases. No HTTP endpoint reports the
//! outcome of a webhook call or the chats at a tool.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

use anyhow::Context as _;
use rusqlite::Connection;
use serde_json::Value;

use super::words::{Line, Notice, Speaker, Token};

/// Which side must answer a message of the visitor, as the platform decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The bridge accepted it.
    Told,
    /// The call failed or was refused, so the bot answers. The bridge may still have the message,
    /// because only the answer may have been lost (contract, section 8, step two: a call is made
    /// once).
    Doubtful,
    /// The bot asked for a human agent because of it. A bridge whose chat is still open records it
    /// there (contract, step one, which may be a repeat).
    Asking,
    /// Only the bot answers.
    Bot,
    /// No side has answered it yet.
    Open,
}

/// What the platform stores about one conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Conversation {
    pub(super) lines: Vec<Line>,
    pub(super) fates: HashMap<Token, Fate>,
    pub(super) notices: Vec<Notice>,
}

/// What the bridge stores about the chats with one visitor.
#[derive(Debug, Clone, Default)]
pub(super) struct Chats {
    pub(super) lines: Vec<Line>,
    pub(super) notices: Vec<Notice>,
    /// Messages after a goodbye: the human agent may have ended the chat before they arrived.
    pub(super) late: HashSet<Token>,
    /// The visitor's messages that triggered a handover. The tool gets them as the reason.
    pub(super) reasons: HashSet<Token>,
    /// Deliveries and pushes that the bridge gave up, as it describes them.
    pub(super) refused: Vec<String>,
}

/// Everything recorded of one machine, in order.
struct Journal {
    /// The visitor, in a chat.
    user: String,
    events: Vec<Value>,
}

impl Journal {
    fn new(state: &str) -> Self {
        let state: Value = serde_json::from_str(state).unwrap_or_default();
        let user = state["user_id"].as_str().unwrap_or_default().to_owned();
        Self { user, events: Vec::new() }
    }
}

/// Number of machines in a database that owe work, and number of recorded events.
pub(super) fn owing(database: &Path) -> anyhow::Result<(u64, u64)> {
    let connection = Connection::open(database)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let owing = count("SELECT count(*) FROM subjects WHERE owes")?;
    let events = count("SELECT count(*) FROM events")?;
    Ok((owing.unsigned_abs(), events.unsigned_abs()))
}

/// Machines of one kind, oldest first; `seq` is added to each event.
fn journals(database: &Path, kind: &str) -> anyhow::Result<Vec<Journal>> {
    let connection = Connection::open(database)?;
    let mut statement = connection.prepare(
        "SELECT num, state, events.seq, body FROM subjects JOIN events ON subject = num \
         WHERE kind = ? ORDER BY num, events.seq, sub",
    )?;
    let rows = statement.query_map([kind], |row| {
        let (state, body) = (row.get::<_, String>(1)?, row.get::<_, String>(3)?);
        Ok((row.get::<_, i64>(0)?, state, row.get::<_, i64>(2)?, body))
    })?;
    let mut journals: BTreeMap<i64, Journal> = BTreeMap::new();
    for row in rows {
        let (machine, state, seq, body) = row?;
        let mut event: Value = serde_json::from_str(&body).context("the body of an event")?;
        event["seq"] = seq.into();
        let journal = journals.entry(machine).or_insert_with(|| Journal::new(&state));
        journal.events.push(event);
    }
    Ok(journals.into_values().collect())
}

/// The platform's conversations, by their parties.
pub(super) fn conversations(database: &Path) -> anyhow::Result<BTreeMap<u64, Conversation>> {
    let mut parties = BTreeMap::new();
    for journal in journals(database, "cnv")? {
        let conversation = conversation(&journal.events);
        if let Some(line) = conversation.lines.first() {
            parties.insert(line.token.party, conversation);
        }
    }
    Ok(parties)
}

fn conversation(events: &[Value]) -> Conversation {
    let mut found = Conversation::default();
    let mut turns = HashMap::new();
    // Inputs after which the bot asked for a human agent.
    let mut openings = HashSet::new();
    for event in events {
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let turn = event["turn"].as_u64().and_then(|turn| turns.get(&turn)).copied();
        match text("/type") {
            "visitor_said" => {
                let Some(token) = Token::parse(text("/client_id")) else { continue };
                turns.insert(event["seq"].as_u64().unwrap_or_default(), token);
                found.fates.insert(token, Fate::Open);
                found.lines.push(Line { token, text: text("/said/text").to_owned() });
            }
            "agent_said" => {
                let lines: Vec<_> = Line::all_in(text("/text"), Speaker::Agent).collect();
                if lines.is_empty() {
                    let (place, text) = (found.lines.len(), text("/text").to_owned());
                    found.notices.push(Notice { place, text });
                }
                found.lines.extend(lines);
            }
            "control_changed" => openings.extend(event["control"]["turn"].as_u64()),
            "call_settled" => {
                let opens = event["turn"].as_u64().is_some_and(|turn| openings.contains(&turn));
                let fate = match event["forwarded"] == true {
                    _ if opens => Fate::Asking,
                    false => Fate::Told,
                    true => Fate::Doubtful,
                };
                found.fates.extend(turn.map(|token| (token, fate)));
            }
            "bot_answered" | "bot_failed" | "bot_suppressed" | "turn_dropped" => {
                if let Some(fate) = turn.and_then(|token| found.fates.get_mut(&token))
                    && *fate == Fate::Open
                {
                    *fate = Fate::Bot;
                }
            }
            _ => {}
        }
    }
    found
}

/// The bridge's chats, by their visitors' ids.
pub(super) fn chats(database: &Path) -> anyhow::Result<BTreeMap<String, Chats>> {
    let mut users: BTreeMap<String, Chats> = BTreeMap::new();
    for journal in journals(database, "cht")? {
        let found = chats_of(&journal.events);
        let chats = users.entry(journal.user).or_default();
        let before = chats.lines.len();
        let place = |notice: Notice| Notice { place: before + notice.place, ..notice };
        chats.notices.extend(found.notices.into_iter().map(place));
        chats.lines.extend(found.lines);
        chats.late.extend(found.late);
        chats.reasons.extend(found.reasons);
        chats.refused.extend(found.refused);
    }
    Ok(users)
}

fn chats_of(events: &[Value]) -> Chats {
    let mut found = Chats::default();
    let mut is_late = false;
    for event in events {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        match text("type") {
            "opened" => {
                is_late = false;
                let reason = event["opening"]["text"].as_str().unwrap_or_default();
                found.reasons.extend(Token::all_in(reason, Speaker::Visitor));
            }
            "visitor_said" => {
                is_late |= text("text").contains(super::party::GOODBYE);
                let lines: Vec<_> = Line::all_in(text("text"), Speaker::Visitor).collect();
                found.late.extend(lines.iter().filter(|_| is_late).map(|line| line.token));
                found.lines.extend(lines);
            }
            "agent_said" | "notice" => {
                let lines: Vec<_> = Line::all_in(text("text"), Speaker::Agent).collect();
                if lines.is_empty() {
                    let (place, text) = (found.lines.len(), text("text").to_owned());
                    found.notices.push(Notice { place, text });
                }
                found.lines.extend(lines);
            }
            "refused" => found.refused.push(format!("a push was refused: {}", text("detail"))),
            "delivery_refused" => {
                let said = events.iter().find(|said| said["seq"] == event["delivery"]["seq"]);
                let said = said.and_then(|said| said["text"].as_str()).unwrap_or("an opening");
                let token = Token::all_in(said, Speaker::Visitor).pop();
                if !token.is_some_and(|token| found.late.contains(&token)) {
                    let detail = text("detail");
                    found.refused.push(format!("the tool did not take {said:?}: {detail}"));
                }
            }
            _ => {}
        }
    }
    found
}
