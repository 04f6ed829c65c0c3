//! The names that differ between installations: collection, resource, fields, states, and how
//! operators write a date.

use std::collections::BTreeMap;

/// How an installation was customised.
#[derive(Debug, Clone)]
pub struct Profile {
    pub collection: String,
    pub resource: String,
    /// Prefix of an id.
    pub prefix: String,
    /// Its own names of fields, by the standard ones of an incident.
    pub names: BTreeMap<&'static str, &'static str>,
    pub opened: String,
    pub in_progress: String,
    pub pending: String,
    pub resolved: String,
    pub closed: String,
    pub resolve_action: String,
    pub close_action: String,
    pub dates: DateOrder,
    /// Name of the time zone in the journal, and its offset ahead of UTC in seconds.
    pub zone: String,
    pub zone_seconds: i32,
}

/// In which order the operators' locale writes a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    MonthFirst,
    DayFirst,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            collection: "incidents".to_owned(),
            resource: "Incident".to_owned(),
            prefix: "IM".to_owned(),
            names: BTreeMap::new(),
            opened: "Open".to_owned(),
            in_progress: "Work In Progress".to_owned(),
            pending: "Pending Customer".to_owned(),
            resolved: "Resolved".to_owned(),
            closed: "Closed".to_owned(),
            resolve_action: "resolve".to_owned(),
            close_action: "close".to_owned(),
            dates: DateOrder::MonthFirst,
            zone: "US/Pacific".to_owned(),
            zone_seconds: -8 * 3_600,
        }
    }
}

impl Profile {
    /// The service desk's record.
    #[must_use]
    pub fn interactions() -> Self {
        Self {
            collection: "interactions".to_owned(),
            resource: "Interaction".to_owned(),
            prefix: "SD".to_owned(),
            names: [("IncidentID", "CallID"), ("Service", "AffectedService")].into(),
            ..Self::default()
        }
    }

    /// An installation that has renamed almost everything.
    #[must_use]
    pub fn customised() -> Self {
        Self {
            collection: "chatTickets".to_owned(),
            resource: "ChatTicket".to_owned(),
            prefix: "SD-00/".to_owned(),
            names: [
                ("IncidentID", "TicketNo"),
                ("Title", "Betreff"),
                ("Description", "Beschreibung"),
                ("Status", "Zustand"),
                ("AssignmentGroup", "Gruppe"),
                ("Assignee", "Bearbeiter"),
                ("JournalUpdates", "Verlauf"),
                ("UpdatedTime", "GeaendertAm"),
                ("Solution", "Loesung"),
                ("ClosureCode", "Abschlusscode"),
            ]
            .into(),
            opened: "Offen".to_owned(),
            in_progress: "In Arbeit".to_owned(),
            pending: "Wartet".to_owned(),
            resolved: "Gelöst".to_owned(),
            closed: "Geschlossen".to_owned(),
            resolve_action: "loesen".to_owned(),
            close_action: "schliessen".to_owned(),
            dates: DateOrder::DayFirst,
            zone: "Europe/Berlin".to_owned(),
            zone_seconds: 3_600,
        }
    }

    /// The installation's name of a field.
    #[must_use]
    pub fn name<'a>(&'a self, standard: &'a str) -> &'a str {
        self.names.get(standard).copied().unwrap_or(standard)
    }

    /// The standard name of an installation's field.
    pub(super) fn standard<'a>(&'a self, name: &'a str) -> &'a str {
        let found = self.names.iter().find(|(_, own)| **own == name);
        found.map_or(name, |(standard, _)| standard)
    }

    pub(super) fn is_over(&self, status: &str) -> bool {
        status == self.resolved || status == self.closed
    }
}
