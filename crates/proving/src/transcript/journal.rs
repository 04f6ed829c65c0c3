//! Reads the journals of platform and bridge from their databases, on either engine. No HTTP
//! endpoint reports the outcome of a webhook call or the chats at a tool.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use anyhow::Context as _;
use rusqlite::Connection;
use serde_json::Value;
use tokio_postgres::NoTls;

use super::words::{Line, Notice, Speaker, Token};

/// A call that was not taken is tried for this long at least, of the contract's five seconds.
const PATIENCE_MS: i64 = 4_500;
/// Statuses after which a call is tried again.
const RETRIED: [&str; 4] = ["429", "502", "503", "504"];

/// Which side must answer a message of the visitor, as the platform decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The bridge accepted it.
    Told,
    /// The call failed or was refused, so the bot answers. The bridge may still have the message,
    /// because only the answer may have been lost (contract, section 8).
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
    /// Messages that the bot answered because the bridge was away, before a call that was taken:
    /// that call must have told of them.
    pub(super) owed_later: HashSet<Token>,
    /// Calls that were given up although some of their five seconds were left.
    pub(super) hasty: Vec<String>,
}

/// What the bridge stores about the chats with one visitor.
#[derive(Debug, Clone, Default)]
pub(super) struct Chats {
    pub(super) lines: Vec<Line>,
    pub(super) notices: Vec<Notice>,
    /// Messages after a goodbye: the human agent may have ended the chat before they arrived.
    pub(super) late: HashSet<Token>,
    /// Messages that the bot answered because the bridge was away, of which the bridge was told.
    pub(super) missed: HashSet<Token>,
    /// Messages in the transcript with which a chat opened.
    pub(super) retold: HashSet<Token>,
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

/// Where the journals of one side are.
#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

/// Number and state of a machine, then `seq`, time and body of one event.
type Row = (i64, String, (i64, i64), String);

const JOURNALS: &str = "SELECT num, state, events.seq, at, body FROM subjects \
    JOIN events ON subject = num WHERE kind = $1 ORDER BY num, events.seq, sub";
const EVENTS: &str = "SELECT count(*) FROM events";
/// A conversation that keeps words for the bridge owes a call later.
const OWING_SQLITE: &str = "SELECT count(*) FROM subjects \
    WHERE owes OR coalesce(json_array_length(state, '$.queue'), 0) > 0";
const OWING_POSTGRES: &str = "SELECT count(*) FROM subjects \
    WHERE owes OR coalesce(json_array_length(state::json -> 'queue'), 0) > 0";

impl Database {
    async fn counts(&self) -> anyhow::Result<[i64; 2]> {
        Ok(match self {
            Self::Sqlite(path) => {
                let connection = Connection::open(path)?;
                let count = |sql| connection.query_row(sql, [], |row| row.get(0));
                [count(OWING_SQLITE)?, count(EVENTS)?]
            }
            Self::Postgres(url) => {
                let client = connect(url).await?;
                let owing = client.query_one(OWING_POSTGRES, &[]).await?;
                let events = client.query_one(EVENTS, &[]).await?;
                [owing.try_get(0)?, events.try_get(0)?]
            }
        })
    }

    async fn rows(&self, kind: &str) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Sqlite(path) => {
                let connection = Connection::open(path)?;
                let mut statement = connection.prepare(JOURNALS)?;
                let rows = statement.query_map([kind], |row| {
                    let place = (row.get(2)?, row.get(3)?);
                    Ok((row.get(0)?, row.get(1)?, place, row.get(4)?))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Self::Postgres(url) => {
                let rows = connect(url).await?.query(JOURNALS, &[&kind]).await?;
                let read = |row: &tokio_postgres::Row| {
                    let place = (row.try_get(2)?, row.try_get(3)?);
                    Ok((row.try_get(0)?, row.try_get(1)?, place, row.try_get(4)?))
                };
                rows.iter().map(read).collect()
            }
        }
    }
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

/// Number of machines in a database that owe work, and number of recorded events.
pub(super) async fn owing(database: &Database) -> anyhow::Result<(u64, u64)> {
    let [owing, events] = database.counts().await?;
    Ok((owing.unsigned_abs(), events.unsigned_abs()))
}

/// Machines of one kind, oldest first; `seq` is added to each event.
async fn journals(database: &Database, kind: &str) -> anyhow::Result<Vec<Journal>> {
    let mut journals: BTreeMap<i64, Journal> = BTreeMap::new();
    for (machine, state, (seq, at), body) in database.rows(kind).await? {
        let mut event: Value = serde_json::from_str(&body).context("the body of an event")?;
        event["seq"] = seq.into();
        event["recorded_at"] = at.into();
        let journal = journals.entry(machine).or_insert_with(|| Journal::new(&state));
        journal.events.push(event);
    }
    Ok(journals.into_values().collect())
}

/// The platform's conversations, by their parties.
pub(super) async fn conversations(
    database: &Database,
) -> anyhow::Result<BTreeMap<u64, Conversation>> {
    let mut parties = BTreeMap::new();
    for journal in journals(database, "cnv").await? {
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
    let mut absence = Absence::default();
    for event in events {
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let turn = event["turn"].as_u64().and_then(|turn| turns.get(&turn)).copied();
        absence.hear(event, turn, &mut found);
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
            // Whether the bridge has it is in doubt until a call is taken, or for ever.
            "call_held" => found.fates.extend(turn.map(|token| (token, Fate::Doubtful))),
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

/// Follows what the bot gets because the bridge is away.
#[derive(Default)]
struct Absence {
    /// Not told to the bridge yet.
    untold: HashSet<Token>,
    /// Kept for the bridge.
    held: Option<Token>,
    /// When each message was said, and when the last call or query ended, in milliseconds: a call
    /// does not begin before either.
    said_at: HashMap<Token, i64>,
    free_since: i64,
}

impl Absence {
    fn hear(&mut self, event: &Value, turn: Option<Token>, found: &mut Conversation) {
        let at = event["recorded_at"].as_i64().unwrap_or_default();
        let word = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
        match (word("/type"), word("/reply/reply")) {
            ("call_settled" | "call_ignored", "paused") => {
                self.held = None;
                found.owed_later.extend(self.untold.drain());
            }
            ("call_settled", "refused") => self.held = None,
            ("call_settled", reply) => {
                self.held = None;
                if event["forwarded"] == true {
                    self.untold.extend(turn);
                }
                self.judge_end(turn, (reply, word("/reply/why")), at, found);
            }
            ("call_held", _) => {
                self.held = turn;
                self.judge_end(turn, ("away", word("/why")), at, found);
            }
            ("control_changed", _) if word("/control/who") == "bot" => {
                self.untold.extend(self.held.take());
            }
            _ => {}
        }
        match word("/type") {
            "call_settled" | "call_renewed" | "bot_answered" | "bot_failed" | "turn_dropped" => {
                self.free_since = at;
            }
            "visitor_said" => {
                let said = Token::parse(word("/client_id")).map(|token| (token, at));
                self.said_at.extend(said);
            }
            _ => {}
        }
    }

    /// A call that was not taken may be given up only when its time is over. A broken answer, and a
    /// status that does not ask for another attempt, end it at once.
    fn judge_end(
        &self,
        turn: Option<Token>,
        (reply, why): (&str, &str),
        at: i64,
        found: &mut Conversation,
    ) {
        let is_final = why.contains("status") && !RETRIED.iter().any(|code| why.contains(code));
        let ends_at_once = is_final || why.starts_with("the call failed");
        let said_at = turn.and_then(|token| self.said_at.get(&token)).copied();
        let took = at - self.free_since.max(said_at.unwrap_or_default());
        if reply == "away" && !ends_at_once && took < PATIENCE_MS {
            found.hasty.push(format!("the platform gave a call up after {took} ms: {why}"));
        }
    }
}

/// The bridge's chats, by their visitors' ids.
pub(super) async fn chats(database: &Database) -> anyhow::Result<BTreeMap<String, Chats>> {
    let mut users: BTreeMap<String, Chats> = BTreeMap::new();
    for journal in journals(database, "cht").await? {
        let found = chats_of(&journal.events);
        let chats = users.entry(journal.user).or_default();
        let before = chats.lines.len();
        let place = |notice: Notice| Notice { place: before + notice.place, ..notice };
        chats.notices.extend(found.notices.into_iter().map(place));
        chats.lines.extend(found.lines);
        chats.late.extend(found.late);
        chats.missed.extend(found.missed);
        chats.retold.extend(found.retold);
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
                // A chat that opens shows in its transcript what was missed.
                let lines = event["opening"]["transcript"].as_array().into_iter().flatten();
                let texts = lines.filter_map(|line| line["text"].as_str());
                found.retold.extend(texts.flat_map(|text| Token::all_in(text, Speaker::Visitor)));
                found.missed.extend(&found.retold);
            }
            "visitor_said" => {
                is_late |= text("text").contains(super::party::GOODBYE);
                let lines: Vec<_> = Line::all_in(text("text"), Speaker::Visitor).collect();
                found.late.extend(lines.iter().filter(|_| is_late).map(|line| line.token));
                found.lines.extend(lines);
                let missed = event["missed"].as_array().into_iter().flatten();
                let texts = missed.filter_map(|line| line["text"].as_str());
                found.missed.extend(texts.flat_map(|text| Token::all_in(text, Speaker::Visitor)));
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
