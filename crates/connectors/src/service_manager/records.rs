//! Incidents or interactions as tickets: the transcript in the description, our reference in the
//! title, the messages of both sides in the journal.

use connector::{Failure, Finding, client::PacedClient, text::from_plain};
use http::Method;
use machine::chat::Agent;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{
    Settings, UpdateMethod,
    journal::{self, Entry},
    rest::{Rest, key},
};
use crate::tickets::{
    Reply, Stage, Ticket, TicketQuery, TicketRequest, TicketRules, TicketState, Tickets,
};

/// Records in one query. Each is returned with its whole journal.
const BATCH: usize = 25;

pub(super) struct Records {
    rest: Rest,
    names: Settings,
    rules: TicketRules,
}

impl Records {
    pub(super) fn new(
        api: PacedClient,
        password: SecretString,
        rules: TicketRules,
        names: Settings,
    ) -> Self {
        Self { rest: Rest::new(api, names.username.clone(), password), names, rules }
    }

    fn path(&self, ticket: &Ticket) -> String {
        format!("{}/{}", self.names.collection, key(&ticket.id))
    }

    fn ticket(&self, record: &Value) -> Option<Ticket> {
        let id = record[&self.names.id_field].as_str().filter(|id| !id.is_empty())?;
        Some(Ticket { id: id.to_owned(), number: id.to_owned() })
    }

    fn title(&self, request: &TicketRequest<'_>) -> String {
        self.names.title.replace("{reference}", &request.reference)
    }

    fn fields(&self, request: &TicketRequest<'_>) -> Value {
        let names = &self.names;
        let mut fields: Map<String, Value> =
            names.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut lines = vec!["Handed over by the bot.".to_owned()];
        if let Some(intent) = &request.opening.intent {
            lines.push(format!("Intent: {intent}"));
        }
        lines.extend(request.lines.iter().flat_map(|line| line.split('\n').map(str::to_owned)));
        fields.insert(names.title_field.clone(), json!(self.title(request)));
        fields.insert(names.description_field.clone(), json!(lines));
        if let Some(group) = &names.group {
            fields.insert(names.group_field.clone(), json!(group));
        }
        json!({ &names.resource: fields })
    }

    fn entries(&self, record: &Value) -> Vec<Entry> {
        let lines = record[&self.names.journal_field].as_array().into_iter().flatten();
        // An empty line is null.
        let lines = lines.map(|line| line.as_str().unwrap_or_default());
        journal::entries(lines, self.names.date_order)
    }

    /// For each entry of one journal, whether we wrote it.
    fn ours(&self, entries: &[Entry]) -> Vec<bool> {
        let configured = self.names.journal_operator.as_deref();
        let own = configured.unwrap_or(self.rest.username());
        let by_us = |entry: &Entry| entry.operator.eq_ignore_ascii_case(own);
        // A human agent may quote one of our entries with its label. So the label counts only in a
        // journal that never names our operator as configured.
        if configured.is_some() || entries.iter().any(by_us) {
            return entries.iter().map(by_us).collect();
        }
        entries.iter().map(|entry| self.rules.label.is_ours(&entry.text)).collect()
    }

    fn journal(&self, text: &str) -> Value {
        let lines: Vec<String> = text.split('\n').map(journal::as_text).collect();
        json!({ &self.names.journal_field: lines })
    }

    fn seen(&self, record: &Value) -> Option<TicketState> {
        let id = self.ticket(record)?.id;
        let names = &self.names;
        let text = |field: &str| record[field].as_str().unwrap_or_default();
        let is_one_of = |list: &[String]| list.iter().any(|one| one == text(&names.status_field));
        let stage = if is_one_of(&names.over_status) {
            let lines = record[&names.solution_field].as_array().into_iter().flatten();
            let lines = lines.map(|line| line.as_str().unwrap_or_default());
            let resolution = lines.collect::<Vec<_>>().join("\n");
            Stage::Closed { resolution: from_plain(resolution.trim()) }
        } else if is_one_of(&names.held_status) {
            Stage::Held
        } else {
            Stage::Open
        };
        let is_internal = |entry: &Entry| {
            names.internal_marks.iter().any(|mark| entry.text.starts_with(mark.as_str()))
        };
        let entries = self.entries(record);
        let ours = self.ours(&entries);
        let told = entries
            .into_iter()
            .zip(ours)
            .filter(|(entry, ours)| !entry.text.is_empty() && !ours && !is_internal(entry));
        let replies = told.map(|(Entry { id, operator, text }, _)| Reply {
            id,
            agent: agent(&operator),
            text: from_plain(&text),
        });
        let assignee = text(&names.assignee_field);
        let is_own = assignee.eq_ignore_ascii_case(self.rest.username());
        let assignee = (!assignee.is_empty() && !is_own).then(|| agent(assignee));
        Some(TicketState { id, stage, assignee, replies: replies.collect() })
    }

    /// The full records that match a query.
    async fn find_all(&self, parameter: (&str, &str)) -> Result<Vec<Value>, Failure> {
        let parameters = [parameter, ("view", "expand")];
        let content = self.rest.list(&self.names.collection, &parameters).await?;
        Ok(content.into_iter().map(|mut item| item[&self.names.resource].take()).collect())
    }
}

fn agent(operator: &str) -> Agent {
    Agent { email: operator.to_owned(), name: operator.to_owned(), avatar_url: String::new() }
}

#[async_trait::async_trait]
impl Tickets for Records {
    fn rules(&self) -> &TicketRules {
        &self.rules
    }

    async fn find(&self, request: &TicketRequest<'_>) -> Result<Option<Ticket>, Failure> {
        let (field, title) = (&self.names.title_field, self.title(request));
        let found = self.find_all((field, &title)).await?;
        let record = found.iter().find(|record| record[field] == title.as_str());
        Ok(record.and_then(|record| self.ticket(record)))
    }

    async fn open(&self, request: &TicketRequest<'_>) -> Result<Ticket, Failure> {
        let (path, fields) = (&self.names.collection, self.fields(request));
        let made = self.rest.write(Method::POST, path, &fields).await?;
        let unread = || Failure::Unknown { detail: "the answer has no key".to_owned() };
        self.ticket(&made[&self.names.resource]).ok_or_else(unread)
    }

    async fn written(&self, ticket: &Ticket) -> Result<Vec<String>, Failure> {
        let body = self.rest.get(&self.path(ticket)).await?;
        let entries = self.entries(&body[&self.names.resource]);
        let ours = self.ours(&entries);
        let written = entries.into_iter().zip(ours).filter(|(_, ours)| *ours);
        Ok(written.map(|(entry, _)| entry.text).collect())
    }

    async fn write(&self, ticket: &Ticket, text: &str) -> Result<(), Failure> {
        let method = match self.names.update_method {
            UpdateMethod::Put => Method::PUT,
            UpdateMethod::Post => Method::POST,
        };
        let body = json!({ &self.names.resource: self.journal(text) });
        self.rest.write(method, &self.path(ticket), &body).await.map(drop)
    }

    async fn leave(&self, ticket: &Ticket, text: &str) -> Result<(), Failure> {
        let Some(action) = &self.names.leave_action else {
            return self.write(ticket, text).await;
        };
        // In one call: if the entry is found later, the action was done too.
        let mut fields = self.journal(text);
        for (name, value) in &self.names.leave_fields {
            fields[name] = json!(value);
        }
        if !self.names.leave_solution.is_empty() {
            fields[&self.names.solution_field] = json!(self.names.leave_solution);
        }
        let path = format!("{}/action/{}", self.path(ticket), key(action));
        let body = json!({ &self.names.resource: fields });
        self.rest.write(Method::POST, &path, &body).await.map(drop)
    }

    async fn read(&self, wanted: &TicketQuery<'_>) -> Result<Vec<TicketState>, Failure> {
        let mut seen = Vec::new();
        for batch in wanted.tickets.chunks(BATCH) {
            let field = &self.names.id_field;
            let ids = batch.iter().map(|ticket| ticket.id.replace('"', ""));
            let conditions: Vec<_> = ids.map(|id| format!("{field}=\"{id}\"")).collect();
            let query = conditions.join(" or ");
            let found = self.find_all(("query", &query)).await?;
            seen.extend(found.iter().filter_map(|record| self.seen(record)));
        }
        Ok(seen)
    }
}

impl Records {
    /// Reads what chats will read; writes nothing.
    pub(super) async fn check(&self) -> Vec<Finding> {
        let names = &self.names;
        let (url, collection) = (self.rest.url(), &names.collection);
        let mut findings = Vec::new();
        let one = [("count", "1"), ("view", "expand")];
        match self.rest.list(collection, &one).await {
            Ok(found) => match found.first().map(|item| &item[&names.resource]) {
                None => findings.push(Finding::unsure(format!(
                    "{url} answers, but {collection} has no record or is not published"
                ))),
                Some(record) if self.ticket(record).is_none() => {
                    let (resource, id) = (&names.resource, &names.id_field);
                    findings.push(Finding::wrong(format!(
                        "{collection} has no {resource} with a field {id}"
                    )));
                }
                Some(record) => {
                    findings.push(Finding::good(format!("{collection} can be read at {url}")));
                    let journal = &names.journal_field;
                    findings.push(match record.get(journal) {
                        Some(_) => Finding::good(format!("the journal is in {journal}")),
                        None => Finding::unsure(format!(
                            "the first record shows no {journal}: it may be empty"
                        )),
                    });
                }
            },
            Err(failure) => {
                findings.push(Finding::wrong(format!("{url}/{collection}: {}", failure.detail())));
                return findings;
            }
        }
        findings.push(self.check_group().await);
        findings
    }

    async fn check_group(&self) -> Finding {
        let (Some(group), Some(groups)) = (&self.names.group, &self.names.group_collection) else {
            return Finding::unsure(
                "the group is not checked before the first chat: set `group` and \
                 `group_collection` to check it now",
            );
        };
        match self.rest.get(&format!("{groups}/{}", key(group))).await {
            Ok(_) => Finding::good(format!("the group {group} exists")),
            Err(failure) => Finding::wrong(format!("the group {group}: {}", failure.detail())),
        }
    }
}
