//! A record as its agents see it, and what agents do with it. Operators are named as the product
//! names them: `PARK, JO`.

use super::{Options, journal::Entry, records::Record};
use crate::{Act, Chat, From, Line, Phase};

pub(super) fn chat(record: &Record, options: &Options) -> Chat {
    let description = record.lines("Description").into_iter().map(|text| Line {
        from: From::History,
        name: options.operator.clone(),
        text,
        at: record.opened_at,
    });
    let entries = record.journal.iter().map(|entry| Line {
        from: if entry.operator == options.operator { From::Visitor } else { From::Agent },
        name: entry.operator.clone(),
        text: entry.lines.join("\n"),
        at: entry.at,
    });
    let names = [
        "Title",
        "Status",
        "AssignmentGroup",
        "Service",
        "Area",
        "Subarea",
        "Impact",
        "Urgency",
        "Contact",
        "ClosureCode",
    ];
    let facts = names.iter().map(|name| ((*name).to_owned(), record.text(name).to_owned()));
    let agent = record.text("Assignee");
    Chat {
        id: record.id.clone(),
        visitor: record.text("Title").to_owned(),
        phase: phase(record, options),
        agent: (!agent.is_empty()).then(|| agent.to_owned()),
        visitor_types: false,
        facts: facts.filter(|(_, value)| !value.is_empty()).collect(),
        lines: description.chain(entries).collect(),
    }
}

fn phase(record: &Record, options: &Options) -> Phase {
    let status = record.text("Status");
    if options.profile.is_over(status) {
        Phase::Ended
    } else if status == options.profile.pending {
        Phase::Held
    } else if record.text("Assignee").is_empty() {
        Phase::Waiting
    } else {
        Phase::Live
    }
}

pub(super) fn act(record: &mut Record, act: Act, options: &Options) -> Result<(), String> {
    let profile = &options.profile;
    if phase(record, options) == Phase::Ended {
        return Err("the record is closed".to_owned());
    }
    let now = options.time.now();
    let assignee = record.text("Assignee").to_owned();
    let by = if assignee.is_empty() { "DISPATCHER".to_owned() } else { assignee };
    let mut say = None;
    match act {
        Act::Accept { agent } => {
            record.set("Assignee", &agent);
            record.set("Status", &profile.in_progress);
        }
        Act::Transfer { agent } => record.set("Assignee", &agent),
        Act::Requeue => {
            record.set("Assignee", "");
            record.set("Status", &profile.opened);
        }
        Act::Hold { on } => {
            record.set("Status", if on { &profile.pending } else { &profile.in_progress });
        }
        Act::Say { text } => say = Some(text),
        Act::SayHtml { html } => say = Some(html),
        Act::File { name, url } => say = Some(format!("{name}: {url}")),
        // The journal has no private entries; teams agree on a mark.
        Act::Note { text } => say = Some(format!("[internal] {text}")),
        Act::End => {
            record.set("Status", &profile.resolved);
            record.set("ClosureCode", "Solved");
            let solution = options.solution.iter().map(String::as_str).collect();
            record.fields.insert("Solution".to_owned(), solution);
        }
        Act::Type { .. } => return Err("a record does not show typing".to_owned()),
    }
    if let Some(text) = say {
        let lines = text.split('\n').map(str::to_owned).collect();
        record.journal.push(Entry { at: now, operator: by.clone(), lines });
    }
    record.set("UpdatedBy", &by);
    record.updated_at = now;
    Ok(())
}
