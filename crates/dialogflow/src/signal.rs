//! The parts of a response that may start a handover.

use serde_json::Value;

use crate::{Edition, response};

/// One such part. Names are those of the response; a context has the last segment of its path in
/// lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// ES: a context that is active after this answer (contract, section 3).
    Context(String),
    /// CX: a session parameter that is `true` or `"true"` (contract, section 3).
    Parameter(String),
    /// CX: a `liveAgentHandoff` message; ES: the flag of the same name on the intent.
    Handoff,
    /// Display name of the matched intent.
    Intent(String),
    /// ES: the action of the matched intent.
    Action(String),
    /// No intent matched, or a fallback intent did.
    Fallback,
    /// The bot ends the conversation.
    End,
}

/// All signals of a canonical response.
#[must_use]
pub fn signals(canonical: &Value, edition: Edition) -> Vec<Signal> {
    let result = canonical.get("queryResult").unwrap_or(&Value::Null);
    match edition {
        Edition::Es => es(canonical, result),
        Edition::Cx => cx(result),
    }
}

fn es(canonical: &Value, result: &Value) -> Vec<Signal> {
    let contexts = response::output_context_names(canonical);
    let mut found: Vec<Signal> = contexts.into_iter().map(Signal::Context).collect();
    let intent = result.get("intent").unwrap_or(&Value::Null);
    let flag = |name: &str| intent.get(name) == Some(&Value::Bool(true));
    if flag("liveAgentHandoff") {
        found.push(Signal::Handoff);
    }
    found.extend(text(intent, "displayName").map(Signal::Intent));
    found.extend(text(result, "action").map(Signal::Action));
    if intent.is_null() || flag("isFallback") {
        found.push(Signal::Fallback);
    }
    let ends = result.pointer("/diagnosticInfo/end_conversation") == Some(&Value::Bool(true));
    if ends || flag("endInteraction") {
        found.push(Signal::End);
    }
    found
}

fn cx(result: &Value) -> Vec<Signal> {
    let parameters = result.get("parameters").and_then(Value::as_object).into_iter().flatten();
    let set = parameters.filter(|(_, value)| is_true(value));
    let mut found: Vec<Signal> = set.map(|(name, _)| Signal::Parameter(name.clone())).collect();
    let messages = result.get("responseMessages").and_then(Value::as_array);
    let has = |kind: &str| messages.into_iter().flatten().any(|m| m.get(kind).is_some());
    if has("liveAgentHandoff") {
        found.push(Signal::Handoff);
    }
    let intent = result.pointer("/match/intent").or_else(|| result.get("intent"));
    found.extend(intent.and_then(|intent| text(intent, "displayName")).map(Signal::Intent));
    let kind = result.pointer("/match/matchType").and_then(Value::as_str);
    if matches!(kind, Some("NO_MATCH" | "NO_INPUT")) {
        found.push(Signal::Fallback);
    }
    let page = result.pointer("/currentPage/name").and_then(Value::as_str).unwrap_or_default();
    if has("endInteraction") || page.ends_with("/pages/END_SESSION") {
        found.push(Signal::End);
    }
    found
}

/// Bot designers write the value of a trigger as a boolean or as text.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn text(of: &Value, name: &str) -> Option<String> {
    let text = of.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_triggers_on_true_alone() {
        for (value, triggers) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("TRUE"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(null), false),
            (json!(""), false),
            (json!(0), false),
            (json!(1), false),
            (json!({}), false),
        ] {
            let response = json!({ "queryResult": { "parameters": { "bcHumanHandover": value } } });
            let found = signals(&response, Edition::Cx);
            let expected = Signal::Parameter("bcHumanHandover".to_owned());
            assert_eq!(found.contains(&expected), triggers, "{value}");
        }
    }

    #[test]
    fn everything_that_may_start_a_handover_is_seen() {
        let es = json!({ "queryResult": {
            "action": "input.unknown",
            "intent": { "displayName": "Default", "isFallback": true, "liveAgentHandoff": true,
                        "endInteraction": true },
            "outputContexts": [{ "name": "projects/p/agent/sessions/s/contexts/Help",
                                 "lifespanCount": 1 }],
        } });
        assert_eq!(
            signals(&es, Edition::Es),
            [
                Signal::Context("help".to_owned()),
                Signal::Handoff,
                Signal::Intent("Default".to_owned()),
                Signal::Action("input.unknown".to_owned()),
                Signal::Fallback,
                Signal::End,
            ]
        );
        let cx = json!({ "queryResult": {
            "match": { "matchType": "NO_MATCH", "intent": { "displayName": "help.human" } },
            "responseMessages": [{ "liveAgentHandoff": { "metadata": {} } }],
            "currentPage": { "name": "projects/p/locations/l/agents/a/flows/f/pages/END_SESSION" },
        } });
        assert_eq!(
            signals(&cx, Edition::Cx),
            [
                Signal::Handoff,
                Signal::Intent("help.human".to_owned()),
                Signal::Fallback,
                Signal::End,
            ]
        );
        assert_eq!(signals(&json!({}), Edition::Es), [Signal::Fallback]);
    }
}
