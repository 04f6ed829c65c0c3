//! What the platform reads from a canonical detectIntent response. What a web chat shows of it is
//! read in `wire`, because the bridge reads the same for its transcripts.

use serde_json::Value;
pub use wire::answer::{Message, visible_messages};

/// Names of the contexts that are active after this answer: the last segment of the path in lower
/// case, as triggers are compared (contract r1, life cycle).
///
/// A context counts when its `lifespanCount` is above 0. A context in its last turn is listed with
/// 0, which canonical JSON leaves out; so neither an absent count nor 0 is a trigger.
pub fn output_context_names(response: &Value) -> Vec<String> {
    let contexts = response.pointer("/queryResult/outputContexts").and_then(Value::as_array);
    let active = contexts.into_iter().flatten().filter(|context| {
        context.get("lifespanCount").and_then(Value::as_i64).is_some_and(|left| left > 0)
    });
    active
        .filter_map(|context| context.get("name")?.as_str())
        .map(|name| name.rsplit('/').next().unwrap_or_default().to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_context_in_its_last_turn_is_no_trigger() {
        let response = json!({ "queryResult": { "outputContexts": [
            { "name": "projects/p/agent/sessions/s/contexts/OPERATOR_REQUEST", "lifespanCount": 1 },
            { "name": "projects/p/agent/sessions/s/contexts/over" },
            { "name": "projects/p/agent/sessions/s/contexts/gone", "lifespanCount": 0 },
            { "name": "bare", "lifespanCount": 5 },
        ] } });
        assert_eq!(output_context_names(&response), ["operator_request", "bare"]);
        assert_eq!(output_context_names(&json!({})), Vec::<String>::new());
    }
}
