//! The database: tables of records whose values are all strings, references between them, and
//! journal fields, which are written through a record and read from another table.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::sys_id;
use crate::rng::Rng;

pub(super) type Row = BTreeMap<String, String>;

const TABLES: [&str; 5] =
    ["incident", "interaction", "sys_journal_field", "sys_user", "sys_user_group"];

/// Journal fields of tickets; the first one is for the customer.
pub(super) const JOURNALS: [&str; 2] = ["comments", "work_notes"];

/// Fields of every new ticket, with their first values.
const TICKET: [(&str, &str); 24] = [
    ("active", "true"),
    ("assigned_to", ""),
    ("assignment_group", ""),
    ("caller_id", ""),
    ("category", "inquiry"),
    ("channel", ""),
    ("client_session_id", ""),
    ("close_code", ""),
    ("close_notes", ""),
    ("comments", ""),
    ("contact_type", ""),
    ("correlation_display", ""),
    ("correlation_id", ""),
    ("description", ""),
    ("impact", "3"),
    ("number", ""),
    ("opened_by", ""),
    ("opened_for", ""),
    ("priority", "5"),
    ("short_description", ""),
    ("state", "1"),
    ("type", ""),
    ("urgency", "3"),
    ("work_notes", ""),
];

#[derive(Default)]
pub(super) struct Records {
    tables: BTreeMap<String, Vec<Row>>,
    numbers: u32,
    closings: BTreeMap<String, Closing>,
}

/// When the close notes of a ticket were written.
#[derive(Clone, Copy)]
pub(super) struct Closing {
    /// Milliseconds since the epoch.
    pub(super) at: i64,
    /// Journal entries the ticket had then.
    pub(super) entries: usize,
}

/// The table a field refers to.
pub(super) fn target(field: &str) -> Option<&'static str> {
    match field {
        "assigned_to" | "caller_id" | "opened_by" | "opened_for" => Some("sys_user"),
        "assignment_group" => Some("sys_user_group"),
        _ => None,
    }
}

pub(super) fn is_table(name: &str) -> bool {
    TABLES.contains(&name)
}

pub(super) fn is_ticket(table: &str) -> bool {
    table == "incident" || table == "interaction"
}

pub(super) fn is_journal(table: &str, field: &str) -> bool {
    is_ticket(table) && JOURNALS.contains(&field)
}

/// UTC, to the second.
pub(super) fn written(now: i64) -> String {
    let time = Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Records {
    pub(super) fn rows(&self, table: &str) -> &[Row] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, table: &str, sys_id: &str) -> Option<&Row> {
        self.rows(table).iter().find(|row| row["sys_id"] == sys_id)
    }

    pub(super) fn insert_user(&mut self, rng: &mut Rng, now: i64, user_name: &str, name: &str) {
        let fields = [("user_name", user_name), ("name", name), ("active", "true")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.insert(rng, now, "system", "sys_user", fields);
    }

    pub(super) fn insert_named(&mut self, rng: &mut Rng, now: i64, table: &str, name: &str) {
        let fields = [("name", name), ("active", "true")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.insert(rng, now, "system", table, fields);
    }

    /// The user of this name; created when there is none.
    pub(super) fn user(&mut self, rng: &mut Rng, now: i64, name: &str) -> String {
        let found = self.rows("sys_user").iter().find(|row| row["name"] == name);
        if let Some(found) = found {
            return found["sys_id"].clone();
        }
        let user_name = name.to_lowercase().replace(' ', ".");
        self.insert_user(rng, now, &user_name, name);
        self.rows("sys_user").last().map(|row| row["sys_id"].clone()).unwrap_or_default()
    }

    /// Fields the table does not have are dropped silently.
    pub(super) fn insert(
        &mut self,
        rng: &mut Rng,
        now: i64,
        by: &str,
        table: &str,
        fields: Row,
    ) -> String {
        let (id, at) = (sys_id(rng), written(now));
        let mut row: Row = [
            ("sys_id", id.as_str()),
            ("sys_created_on", &at),
            ("sys_created_by", by),
            ("sys_updated_on", &at),
            ("sys_updated_by", by),
            ("sys_mod_count", "0"),
            ("sys_tags", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if is_ticket(table) {
            row.extend(TICKET.map(|(name, value)| (name.to_owned(), value.to_owned())));
            self.numbers += 1;
            let prefix = if table == "incident" { "INC" } else { "IMS" };
            row.insert("number".to_owned(), format!("{prefix}{:07}", 10_000 + self.numbers));
            if table == "interaction" {
                row.insert("state".to_owned(), "new".to_owned());
            }
            let opener = self.rows("sys_user").iter().find(|row| row["user_name"] == by);
            let opener = opener.map(|row| row["sys_id"].clone()).unwrap_or_default();
            row.insert("opened_by".to_owned(), opener);
        } else {
            row.extend(fields.clone());
        }
        self.tables.entry(table.to_owned()).or_default().push(row);
        self.write(rng, now, by, table, &id, fields);
        id
    }

    /// Changes a record and counts the change; a text in a journal field becomes an entry.
    pub(super) fn update(
        &mut self,
        rng: &mut Rng,
        now: i64,
        by: &str,
        table: &str,
        id: &str,
        fields: Row,
    ) {
        self.write(rng, now, by, table, id, fields);
        let rows = self.tables.entry(table.to_owned()).or_default();
        if let Some(row) = rows.iter_mut().find(|row| row["sys_id"] == id) {
            let count = row["sys_mod_count"].parse::<u32>().unwrap_or_default() + 1;
            row.insert("sys_mod_count".to_owned(), count.to_string());
            row.insert("sys_updated_on".to_owned(), written(now));
            row.insert("sys_updated_by".to_owned(), by.to_owned());
        }
    }

    fn write(&mut self, rng: &mut Rng, now: i64, by: &str, table: &str, id: &str, fields: Row) {
        let closes = fields.get("close_notes").is_some_and(|notes| !notes.is_empty());
        if closes && !self.closings.contains_key(id) {
            let closing = Closing { at: now, entries: self.entries(id).len() };
            self.closings.insert(id.to_owned(), closing);
        }
        let mut entries = Vec::new();
        let rows = self.tables.entry(table.to_owned()).or_default();
        let Some(row) = rows.iter_mut().find(|row| row["sys_id"] == id) else { return };
        for (name, value) in fields {
            if is_journal(table, &name) {
                entries.push((name, value));
            } else if row.contains_key(&name) && !name.starts_with("sys_") {
                row.insert(name, value);
            }
        }
        for (element, value) in entries.into_iter().filter(|(_, value)| !value.is_empty()) {
            let entry = [
                ("element", element.as_str()),
                ("element_id", id),
                ("name", table),
                ("value", &value),
            ];
            let entry = entry.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            self.insert(rng, now, by, "sys_journal_field", entry);
        }
    }

    pub(super) fn delete(&mut self, table: &str, id: &str) -> bool {
        let Some(rows) = self.tables.get_mut(table) else { return false };
        let before = rows.len();
        rows.retain(|row| row["sys_id"] != id);
        rows.len() < before
    }

    /// A value, over references where the name has points: `assigned_to.name`.
    pub(super) fn value(&self, row: &Row, path: &str) -> String {
        let Some((first, rest)) = path.split_once('.') else {
            return row.get(path).cloned().unwrap_or_default();
        };
        let id = row.get(first).map_or("", String::as_str);
        let found = target(first).and_then(|table| self.find(table, id));
        found.map(|row| self.value(row, rest)).unwrap_or_default()
    }

    /// The display value of a field.
    pub(super) fn display(&self, table: &str, row: &Row, field: &str) -> String {
        if is_journal(table, field) {
            return self.joined_journal(&row["sys_id"], field);
        }
        let value = self.value(row, field);
        if let Some(found) = target(field).and_then(|target| self.find(target, &value)) {
            return found["name"].clone();
        }
        if field == "state" { label(&value).to_owned() } else { value }
    }

    /// All entries as one text, newest first.
    fn joined_journal(&self, id: &str, field: &str) -> String {
        let kind = if field == "comments" { "Additional comments" } else { "Work notes" };
        let told = self.entries(id).into_iter().rev().filter(|row| row["element"] == field);
        let told = told.map(|row| {
            let (at, by) = (&row["sys_created_on"], &row["sys_created_by"]);
            let user = self.rows("sys_user").iter().find(|user| user["user_name"] == *by);
            let name = user.map_or(by.as_str(), |user| &user["name"]);
            format!("{at} - {name} ({kind})\n{}\n\n", row["value"])
        });
        told.collect()
    }

    pub(super) fn closing(&self, id: &str) -> Option<Closing> {
        self.closings.get(id).copied()
    }

    /// The journal entries of a record, oldest first.
    pub(super) fn entries(&self, id: &str) -> Vec<&Row> {
        let rows = self.rows("sys_journal_field").iter();
        rows.filter(|row| row["element_id"] == id).collect()
    }
}

fn label(state: &str) -> &str {
    match state {
        "1" | "new" => "New",
        "2" => "In Progress",
        "3" | "on_hold" => "On Hold",
        "6" => "Resolved",
        "7" => "Closed",
        "8" => "Canceled",
        "work_in_progress" => "Work In Progress",
        "wrap_up" => "Wrap Up",
        "closed_complete" => "Closed Complete",
        "closed_abandoned" => "Closed Abandoned",
        other => other,
    }
}
