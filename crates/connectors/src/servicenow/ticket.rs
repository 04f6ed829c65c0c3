//! Incidents or interactions as tickets: the transcript in `description`, our reference in
//! `correlation_id`, the visitor's messages in the journal field for customers. Only that field of
//! the journal is read: the visitor never sees work notes.

use std::sync::Arc;

use connector::{Failure, Finding, Parts, SettingsError, text as words};
use machine::chat::Agent;
use moka::sync::Cache;
use serde_json::{Map, Value, json};

use super::{
    instance::Instance,
    markup::{condition, markdown, plain, tail},
    settings::TicketSettings,
    table::{List, text},
};
use crate::tickets::{
    Reply, Stage, Ticket, TicketQuery, TicketRequest, TicketRules, TicketState, Tickets,
};

/// Characters of a `short_description` on a stock instance.
const TITLE_CHARS_MAX: usize = 160;
/// Journal entries in one answer.
const PAGE: usize = 100;
/// Most pages of one poll; the next poll reads on.
const PAGES_MAX: usize = 100;
/// Names of authors that are kept.
const USERS_MAX: u64 = 10_000;

pub(super) struct TableTickets {
    settings: TicketSettings,
    held_states: Vec<String>,
    over_states: Vec<String>,
    own_user: Option<String>,
    rules: TicketRules,
    instance: Arc<Instance>,
    /// Names of journal authors, by their `user_name`.
    users: Cache<String, String>,
}

impl TableTickets {
    pub(super) fn new(
        settings: &TicketSettings,
        instance: Arc<Instance>,
        parts: &Parts,
    ) -> Result<Self, SettingsError> {
        let names = [&settings.table, &settings.comments_field, &settings.correlation_field];
        let is_name = |name: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            !name.is_empty() && name.chars().all(fits)
        };
        if let Some(wrong) = names.into_iter().find(|name| !is_name(name)) {
            return Err(parts.wrong(
                "ticket",
                format!("has {wrong:?}, which is not a name of a table or field"),
            ));
        }
        let is_interaction = settings.table == "interaction";
        let states = |set: &Option<Vec<String>>, incident: &[&str], interaction: &[&str]| {
            let stock = if is_interaction { interaction } else { incident };
            let owned = || stock.iter().map(|state| (*state).to_owned()).collect();
            set.clone().unwrap_or_else(owned)
        };
        let over = ["wrap_up", "closed_complete", "closed_abandoned"];
        let rules = TicketRules::new(
            &settings.mark,
            &settings.notice,
            settings.comment_chars_max,
            settings.poll_seconds,
        )
        .map_err(|wrong| parts.wrong("ticket.poll_seconds", wrong))?
        .gathering(settings.gather_seconds)
        .map_err(|wrong| parts.wrong("ticket.gather_seconds", wrong))?;
        Ok(Self {
            held_states: states(&settings.held_states, &["3"], &["on_hold"]),
            over_states: states(&settings.over_states, &["6", "7", "8"], &over),
            own_user: settings.own_user.clone().or_else(|| instance.user().map(str::to_owned)),
            settings: settings.clone(),
            rules,
            instance,
            users: Cache::new(USERS_MAX),
        })
    }

    fn ticket(record: &Value) -> Option<Ticket> {
        let (id, number) = (text(record, "sys_id"), text(record, "number"));
        // The id becomes part of paths and queries.
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then(|| Ticket { id: id.to_owned(), number: number.to_owned() })
    }

    /// The `sys_id` of the configured group.
    async fn group(&self) -> Result<Option<String>, Failure> {
        let Some(name) = &self.settings.group else { return Ok(None) };
        let query = format!("name={}^active=true", condition(name));
        let found = self.list("sys_user_group", &query, "sys_id,name", 10).await?;
        // An instance ignores a condition it does not know, so check its result.
        let group = found.iter().find(|group| text(group, "name") == name);
        match group {
            Some(group) => Ok(Some(text(group, "sys_id").to_owned())),
            None => Err(Failure::refused(format!("there is no active group {name:?}"))),
        }
    }

    async fn list(
        &self,
        table: &str,
        query: &str,
        fields: &str,
        limit: usize,
    ) -> Result<Vec<Value>, Failure> {
        self.instance.list(&List { table, query, fields, limit, offset: 0 }).await
    }

    fn is_ours(&self, author: &str, entry: &str) -> bool {
        match &self.own_user {
            // A human agent may quote one of our entries with its label.
            Some(own) => own.eq_ignore_ascii_case(author),
            None => self.rules.label.is_ours(entry),
        }
    }

    async fn states(&self, tickets: &[Ticket]) -> Result<Vec<Value>, Failure> {
        let ids: Vec<&str> = tickets.iter().map(|ticket| ticket.id.as_str()).collect();
        let TicketSettings { table, state_field, resolution_field, .. } = &self.settings;
        let fields = format!(
            "sys_id,{state_field},{resolution_field},assigned_to.user_name,assigned_to.name"
        );
        let query = format!("sys_idIN{}", ids.join(","));
        self.list(table, &query, &fields, tickets.len()).await
    }

    /// Entries of these tickets, oldest first. Reading stops at a page whose entries are all known.
    async fn entries(&self, wanted: &TicketQuery<'_>) -> Result<Vec<Value>, Failure> {
        let ids: Vec<&str> = wanted.tickets.iter().map(|ticket| ticket.id.as_str()).collect();
        let TicketSettings { table, comments_field, .. } = &self.settings;
        let query = format!(
            "element_idIN{}^name={table}^element={comments_field}^ORDERBYDESCsys_created_on",
            ids.join(",")
        );
        let fields = "sys_id,element,element_id,value,sys_created_on,sys_created_by";
        let mut entries = Vec::new();
        for page in 0..PAGES_MAX {
            let list = List {
                table: "sys_journal_field",
                query: &query,
                fields,
                limit: PAGE,
                offset: page * PAGE,
            };
            let found = self.instance.list(&list).await?;
            let is_last = found.len() < PAGE;
            let is_known = |entry: &Value| {
                (wanted.is_known)(text(entry, "sys_id"))
                    || self.is_ours(text(entry, "sys_created_by"), text(entry, "value"))
            };
            let all_known = found.iter().all(is_known);
            // An instance ignores a condition it does not know, so check its result.
            let is_asked = |entry: &Value| {
                text(entry, "element") == comments_field && ids.contains(&text(entry, "element_id"))
            };
            entries.extend(found.into_iter().filter(is_asked));
            if is_last || (all_known && !wanted.whole) {
                break;
            }
        }
        // Times have whole seconds; within a second the instance's order is kept.
        entries
            .sort_by(|left, right| text(left, "sys_created_on").cmp(text(right, "sys_created_on")));
        Ok(entries)
    }

    /// Fetches the names of authors that are not known yet.
    async fn learn_users(&self, authors: &[&str]) -> Result<(), Failure> {
        let mut unknown: Vec<&str> = authors.to_vec();
        unknown.retain(|author| !self.users.contains_key(*author) && !author.contains([',', '^']));
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            return Ok(());
        }
        let query = format!("user_nameIN{}", unknown.join(","));
        let found = self.list("sys_user", &query, "user_name,name", unknown.len()).await;
        let found = match found {
            Ok(found) => found,
            // Without the right to read users, the visitor sees the agents' sign-in names.
            Err(Failure::Denied { .. }) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        for name in unknown {
            let user = found.iter().find(|user| text(user, "user_name") == name);
            let shown = user.map_or(name, |user| text(user, "name"));
            let shown = if shown.is_empty() { name } else { shown };
            self.users.insert(name.to_owned(), shown.to_owned());
        }
        Ok(())
    }

    fn agent(&self, author: &str) -> Agent {
        let name = self.users.get(author).unwrap_or_else(|| author.to_owned());
        Agent { email: author.to_owned(), name, avatar_url: String::new() }
    }

    fn stage(&self, record: &Value) -> Stage {
        let state = text(record, &self.settings.state_field);
        let is_one_of = |states: &[String]| states.iter().any(|one| one == state);
        if is_one_of(&self.over_states) {
            let resolution = markdown(text(record, &self.settings.resolution_field));
            Stage::Closed { resolution }
        } else if is_one_of(&self.held_states) {
            Stage::Held
        } else {
            Stage::Open
        }
    }

    fn fields(&self, request: &TicketRequest<'_>, group: Option<String>) -> Value {
        let settings = &self.settings;
        let mut fields: Map<String, Value> =
            settings.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let intent = request.opening.intent.as_deref().unwrap_or_default();
        let title = settings
            .title
            .replace("{reference}", &request.reference)
            .replace("{intent}", intent)
            .replace("{text}", &request.opening.text);
        let title = words::head(&title.replace('\n', " "), TITLE_CHARS_MAX).to_owned();
        let mut add = |name: &str, value: String| {
            fields.entry(name).or_insert(Value::String(value));
        };
        add("short_description", title);
        add("description", tail(&request.lines.join("\n"), settings.description_chars_max));
        add("correlation_display", request.handover.user_id.clone());
        add("contact_type", "chat".to_owned());
        if settings.table == "interaction" {
            add("type", "chat".to_owned());
        }
        if let Some(group) = group {
            add(&settings.group_field, group);
        }
        fields.insert(settings.correlation_field.clone(), json!(request.reference));
        Value::Object(fields)
    }
}

#[async_trait::async_trait]
impl Tickets for TableTickets {
    fn rules(&self) -> &TicketRules {
        &self.rules
    }

    async fn find(&self, request: &TicketRequest<'_>) -> Result<Option<Ticket>, Failure> {
        let TicketSettings { table, correlation_field, .. } = &self.settings;
        let query = format!("{correlation_field}={}", condition(&request.reference));
        let fields = format!("sys_id,number,{correlation_field}");
        let found = self.list(table, &query, &fields, 10).await?;
        // An instance without that field ignores the condition and finds any ticket.
        let is_it = |record: &&Value| text(record, correlation_field) == request.reference;
        Ok(found.iter().find(is_it).and_then(Self::ticket))
    }

    async fn open(&self, request: &TicketRequest<'_>) -> Result<Ticket, Failure> {
        let group = self.group().await.map_err(|failure| match failure {
            // No ticket was opened yet.
            Failure::Unknown { detail } => Failure::later(detail),
            other => other,
        })?;
        let made = self.instance.create(&self.settings.table, &self.fields(request, group)).await?;
        if text(&made, &self.settings.correlation_field) != request.reference {
            let field = &self.settings.correlation_field;
            tracing::warn!(
                field,
                "the new ticket lacks our reference: does the table have this field?"
            );
        }
        let unread = || Failure::Unknown { detail: "the answer has no sys_id".to_owned() };
        Self::ticket(&made).ok_or_else(unread)
    }

    async fn written(&self, ticket: &Ticket) -> Result<Vec<String>, Failure> {
        let tickets = std::slice::from_ref(ticket);
        let wanted = TicketQuery { tickets, whole: true, is_known: &|_| false };
        let entries = self.entries(&wanted).await?;
        let ours = entries
            .iter()
            .filter(|entry| self.is_ours(text(entry, "sys_created_by"), text(entry, "value")));
        Ok(ours.map(|entry| text(entry, "value").to_owned()).collect())
    }

    async fn write(&self, ticket: &Ticket, entry: &str) -> Result<(), Failure> {
        let fields = json!({ &self.settings.comments_field: plain(entry) });
        self.instance.update(&self.settings.table, &ticket.id, &fields).await
    }

    async fn leave(&self, ticket: &Ticket, entry: &str) -> Result<(), Failure> {
        let mut fields = json!({ &self.settings.comments_field: entry });
        for (name, value) in &self.settings.leave_fields {
            fields[name] = json!(value);
        }
        self.instance.update(&self.settings.table, &ticket.id, &fields).await
    }

    async fn read(&self, wanted: &TicketQuery<'_>) -> Result<Vec<TicketState>, Failure> {
        // In this order, an entry that was written before the ticket was closed is found with it.
        let records = self.states(wanted.tickets).await?;
        let entries = self.entries(wanted).await?;
        let authors: Vec<&str> =
            entries.iter().map(|entry| text(entry, "sys_created_by")).collect();
        self.learn_users(&authors).await?;
        let mut seen = Vec::new();
        for record in &records {
            let id = text(record, "sys_id");
            let mut replies = Vec::new();
            for entry in entries.iter().filter(|entry| text(entry, "element_id") == id) {
                let (author, value) = (text(entry, "sys_created_by"), text(entry, "value"));
                if self.is_ours(author, value) || value.trim().is_empty() {
                    continue;
                }
                let (id, agent) = (text(entry, "sys_id").to_owned(), self.agent(author));
                replies.push(Reply { id, agent, text: markdown(value) });
            }
            let (user, name) =
                (text(record, "assigned_to.user_name"), text(record, "assigned_to.name"));
            let is_own = self.own_user.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(user));
            let assignee = (!name.is_empty() && !is_own).then(|| Agent {
                email: user.to_owned(),
                name: name.to_owned(),
                avatar_url: String::new(),
            });
            seen.push(TicketState {
                id: id.to_owned(),
                stage: self.stage(record),
                assignee,
                replies,
            });
        }
        Ok(seen)
    }
}

impl TableTickets {
    /// Reads what chats will read; writes nothing.
    pub(super) async fn check(&self) -> Vec<Finding> {
        let table = &self.settings.table;
        let mut findings = Vec::new();
        match self.list(table, "", "sys_id,number", 1).await {
            Ok(_) => findings.push(Finding::good(format!("the table {table} can be read"))),
            Err(failure) => {
                let detail = failure.detail();
                findings.push(Finding::wrong(format!("the table {table}: {detail}")));
                return findings;
            }
        }
        let query = format!("name={table}");
        findings.push(match self.list("sys_journal_field", &query, "sys_id", 1).await {
            Ok(found) if !found.is_empty() => Finding::good("the journal can be read"),
            Ok(_) => Finding::unsure(
                "the journal is empty, or its rules hide it: give the integration user the right \
                 to read sys_journal_field",
            ),
            Err(failure) => Finding::wrong(format!("the journal: {}", failure.detail())),
        });
        findings.push(match self.group().await {
            Ok(Some(_)) => Finding::good("the assignment group exists"),
            Ok(None) => Finding::unsure("no assignment group is configured"),
            Err(failure) => Finding::wrong(format!("the group: {}", failure.detail())),
        });
        findings
    }
}
