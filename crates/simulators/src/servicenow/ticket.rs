//! Incidents and interactions as the agents see them, and what agents do with them.

use jiff::{civil::DateTime, tz::TimeZone};

use super::{
    State,
    records::{JOURNALS, Records, Row},
};
use crate::{Act, Chat, From, Line, Phase};

/// Every ticket that is not a conversation of the bot integration.
pub(super) fn chats<'a>(state: &'a State, integration: &'a str) -> impl Iterator<Item = Chat> + 'a {
    let tables = ["incident", "interaction"];
    let rows = tables.into_iter().flat_map(|table| state.records.rows(table));
    let is_ticket = |row: &&Row| !state.conversations.iter().any(|one| one.id == row["sys_id"]);
    rows.filter(is_ticket).map(move |row| chat(&state.records, row, integration))
}

fn chat(records: &Records, row: &Row, integration: &str) -> Chat {
    let opened = instant(&row["sys_created_on"]);
    let mut lines = Vec::new();
    if !row["description"].is_empty() {
        let text = row["description"].clone();
        lines.push(Line { from: From::History, name: integration.to_owned(), text, at: opened });
    }
    for entry in records.entries(&row["sys_id"]) {
        let by = &entry["sys_created_by"];
        let from = match entry["element"].as_str() {
            "comments" if by == integration => From::Visitor,
            "comments" => From::Agent,
            _ => From::Note,
        };
        let (text, at) = (entry["value"].clone(), instant(&entry["sys_created_on"]));
        lines.push(Line { from, name: by.clone(), text, at });
    }
    // A resolved ticket still takes comments; they come after its close notes.
    if let Some(closing) = records.closing(&row["sys_id"]) {
        let (name, text) = (String::new(), row["close_notes"].clone());
        let place = lines.len() - records.entries(&row["sys_id"]).len() + closing.entries;
        lines.insert(place, Line { from: From::System, name, text, at: closing.at });
    }
    let agent = records.value(row, "assigned_to.name");
    let shown = |name: &&str| !row[*name].is_empty() && !JOURNALS.contains(name);
    let names = [
        "number",
        "short_description",
        "state",
        "correlation_id",
        "contact_type",
        "urgency",
        "category",
    ];
    let facts = names.iter().filter(|name| shown(name));
    let mut facts: Vec<_> = facts.map(|name| ((*name).to_owned(), row[*name].clone())).collect();
    for path in ["assignment_group.name", "caller_id.name"] {
        facts.push((path.to_owned(), records.value(row, path)));
    }
    Chat {
        id: row["sys_id"].clone(),
        visitor: row["correlation_display"].clone(),
        phase: phase(&row["state"], &agent),
        agent: (!agent.is_empty()).then_some(agent),
        visitor_types: false,
        facts,
        lines,
    }
}

fn phase(state: &str, agent: &str) -> Phase {
    match state {
        "6" | "7" | "8" | "wrap_up" | "closed_complete" | "closed_abandoned" => Phase::Ended,
        "3" | "on_hold" => Phase::Held,
        _ if agent.is_empty() => Phase::Waiting,
        _ => Phase::Live,
    }
}

fn instant(written: &str) -> i64 {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", written).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).map_or(0, |time| time.timestamp().as_millisecond())
}

/// What an agent does with the ticket `id`.
pub(super) fn act(
    state: &mut State,
    id: &str,
    act: Act,
    now: i64,
    resolution: &str,
) -> Result<(), String> {
    let table =
        if state.records.find("incident", id).is_some() { "incident" } else { "interaction" };
    let State { rng, records, .. } = state;
    let row = records.find(table, id).ok_or("there is no such ticket")?;
    let agent = records.value(row, "assigned_to.user_name");
    let phase = phase(&row["state"], &agent);
    if phase == Phase::Ended {
        return Err("the ticket is closed".to_owned());
    }
    let by = if agent.is_empty() { "dispatcher".to_owned() } else { agent };
    let states = |incident: &str, interaction: &str| {
        let state = if table == "incident" { incident } else { interaction };
        ("state", state.to_owned())
    };
    let assigned = |user: String| ("assigned_to", user);
    let fields = match act {
        Act::Accept { agent } => {
            vec![assigned(records.user(rng, now, &agent)), states("2", "work_in_progress")]
        }
        Act::Transfer { agent } => vec![assigned(records.user(rng, now, &agent))],
        Act::Requeue => vec![assigned(String::new()), states("1", "new")],
        Act::Say { text } => vec![("comments", text)],
        Act::SayHtml { html } => vec![("comments", format!("[code]{html}[/code]"))],
        Act::File { name, url } => vec![("comments", format!("{name}: {url}"))],
        Act::Note { text } => vec![("work_notes", text)],
        Act::Hold { on: true } => vec![states("3", "on_hold")],
        Act::Hold { on: false } => vec![states("2", "work_in_progress")],
        Act::End => vec![
            states("6", "closed_complete"),
            ("close_notes", resolution.to_owned()),
            ("close_code", "Solution provided".to_owned()),
        ],
        Act::Type { .. } => return Err("a ticket does not show typing".to_owned()),
    };
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    records.update(rng, now, &by, table, id, fields);
    Ok(())
}
