use std::path::Path;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use super::{History, add, by_hand, written};
use crate::{MessageFormat, examples, problem::Problem, push, tool, visitor};

/// What is written by hand, and what the examples here need besides.
fn all_schemas() -> Value {
    let mut besides = Vec::new();
    add::<visitor::Event<'_>>(&mut besides);
    add::<History>(&mut besides);
    let mut schemas = by_hand().unwrap().schemas;
    schemas.extend(written(besides).unwrap());
    Value::Object(schemas)
}

/// Whether `value` is what the schema of this name says, by a validator that is not ours.
fn valid(name: &str, value: &Value) -> Result<(), String> {
    let all = all_schemas();
    assert!(all[name].is_object(), "there is no schema {name}");
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": { "schemas": all },
    });
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("https://baton.example/openapi", root).unwrap();
    let schema = compiler.compile("https://baton.example/openapi", &mut schemas).unwrap();
    schemas.validate(value, schema).map_err(|error| format!("{name}: {error:#}: {value}"))
}

fn schema_of(kind: &str) -> &'static str {
    match kind {
        "step_one" => "StepOne",
        "step_two" => "StepTwo",
        "typing_call" => "WebhookNotice",
        "message_history" => "HistoryItem",
        "push_message" => "PushMessage",
        "push_pause" | "push_resume" => "PushChannelUpdate",
        "push_typing" => "PushTyping",
        "reply_paused" | "reply_refused" => "WebhookAnswer",
        _ => panic!("no schema for {kind}: name it here"),
    }
}

/// Every file, so that a new one cannot be forgotten here.
#[test]
fn every_golden_example_fits_its_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let names = files.map(|name| name.to_str().unwrap().trim_end_matches(".json").to_owned());
    let mut of_contract: Vec<_> = names
        .filter(|name| name.starts_with(['r']) && name.as_bytes()[1].is_ascii_digit())
        .collect();
    of_contract.sort();
    assert_eq!(of_contract, examples::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, text) in examples::ALL {
        let value: Value = serde_json::from_str(text).unwrap();
        let kind = name.split_once('.').unwrap().1;
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value]);
        for value in &values {
            valid(schema_of(kind), value).unwrap();
        }
    }
}

#[test]
fn every_kind_of_rich_message_fits_its_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let rich =
        files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with("rich."));
    let mut checked = 0;
    for file in rich {
        let event: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        valid("VisitorEvent", &event).unwrap();
        let mut other = event;
        other["content"][0]["type"] = "unheard_of".into();
        assert!(valid("VisitorEvent", &other).is_err(), "{}", file.display());
        checked += 1;
    }
    assert!(checked >= 10, "{checked} examples");
}

/// A schema that takes everything would pass the tests above.
#[test]
fn what_the_readers_refuse_the_schemas_refuse() {
    let base = json!({
        "userId": "u", "botId": "b", "eventType": "message", "text": "hi", "paused": true,
    });
    let cases = [
        ("text", json!("")),
        ("text", Value::Null),
        ("userId", json!(7)),
        ("userId", json!("")),
        ("botId", Value::Null),
        ("eventType", json!("hello")),
        ("agentProfile", json!("Jane")),
        ("minutesPaused", json!("soon")),
    ];
    assert!(valid("PushMessage", &base).is_ok());
    for (field, value) in cases {
        let mut body = base.clone();
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
            value => body[field] = value,
        }
        assert!(valid("PushMessage", &body).is_err(), "{body}");
        assert!(push::Push::parse(body.to_string().as_bytes()).is_err(), "{body}");
    }
    for (name, field) in [("StepOne", "dialogflowResponse"), ("StepTwo", "queryInput")] {
        let text = if name == "StepOne" { "r3.step_one" } else { "r3.step_two" };
        let mut body: Value = serde_json::from_str(examples::text(text).unwrap()).unwrap();
        body.as_object_mut().unwrap().remove(field);
        assert!(valid(name, &body).is_err(), "{name} without {field}");
    }
}

#[test]
fn what_we_write_fits() {
    let agent = visitor::AgentView { name: Some("Jane".to_owned()), avatar_url: String::new() };
    let at = "2026-01-01T10:00:00.000Z";
    let what = [
        visitor::What::VisitorMessage { text: "hi", client_id: "c", event: None },
        visitor::What::BotMessage { text: "hi", content: Vec::new(), message: None },
        visitor::What::AgentMessage {
            text: "hi",
            format: MessageFormat::Plain,
            agent: agent.clone(),
        },
        visitor::What::Notice { text: "hi", kind: "agent_left" },
        visitor::What::Control {
            control: "human",
            paused_until: Some(at.to_owned()),
            reason: "reply",
            agent: Some(agent),
        },
        visitor::What::Typing { agent: None, until: at.to_owned() },
    ];
    for (n, what) in what.into_iter().enumerate() {
        let event = visitor::Event { seq: Some(n as u64), at, what };
        let event = serde_json::to_value(event).unwrap();
        valid("VisitorEvent", &event).unwrap();
        let mut other = event.clone();
        other["type"] = "unheard_of".into();
        assert!(valid("VisitorEvent", &other).is_err());
    }
    valid("PushAccepted", &push::accepted(Some(at))).unwrap();
    valid("PushAccepted", &push::accepted(None)).unwrap();
    valid("PushRefused", &push::refused("not_json", "send JSON", None)).unwrap();
    for id in crate::problem::ProblemId::ALL {
        let problem = serde_json::to_value(Problem::new(id, "detail")).unwrap();
        valid("Problem", &problem).unwrap();
    }
}

#[test]
fn events_of_tools_fit_in_both_directions() {
    use tool::{HandoverEvent, HandoverEventType, ToolEvent, TranscriptLine, Visitor};
    let opened = HandoverEvent {
        kind: HandoverEventType::Opened,
        id: "cht_1/1-0",
        handover: "cht_1.1",
        bot_id: "support",
        visitor: Visitor { id: "usr_1", language: "en" },
        at: Some("2026-11-22T10:00:00.000Z".to_owned()),
        text: Some("a person, please"),
        intent: None,
        transcript: vec![TranscriptLine { from: "bot", text: "Hello", at: None }],
        on: None,
        reason: None,
    };
    valid("HandoverEvent", &serde_json::to_value(opened).unwrap()).unwrap();
    let docs = include_str!("../../../../docs/connectors/webhook.md");
    let shown = docs.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown: Vec<Value> = shown.map(|json| serde_json::from_str(json).unwrap()).collect();
    let [answer, event] = &shown[..] else { panic!("the page shows an answer and an event") };
    valid("HandoverAnswer", answer).unwrap();
    valid("ToolEvent", event).unwrap();
    let read: ToolEvent = serde_json::from_value(event.clone()).unwrap();
    valid("ToolEvent", &serde_json::to_value(read).unwrap()).unwrap();
    assert!(valid("ToolEvent", &json!({ "type": "agent.left" })).is_err(), "without a handover");
}
