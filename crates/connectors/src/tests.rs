//! What holds for the settings of every kind.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{KINDS, Settings};

fn error(settings: Value) -> String {
    match serde_json::from_value::<Settings>(settings) {
        Ok(_) => panic!("the settings were read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_kind_has_its_own_key_and_a_schema_with_fields() {
    let keys: BTreeSet<&str> = KINDS.iter().map(|kind| kind.key()).collect();
    assert_eq!(keys.len(), KINDS.len());
    for kind in KINDS {
        let schema = kind.schema().to_value();
        let fields = schema["properties"].as_object().map_or(0, serde_json::Map::len);
        assert!(fields > 3, "{}: {schema}", kind.key());
        assert_eq!(schema["additionalProperties"], false, "{}", kind.key());
    }
}

#[test]
fn an_unknown_kind_and_an_unknown_key_are_errors_that_name_the_known_ones() {
    let unknown = error(json!({ "kind": "webhok" }));
    assert!(unknown.starts_with("unknown variant `webhok`, expected one of `gen"), "{unknown}");
    assert!(unknown.ends_with("`webhook`"), "{unknown}");
    let unknown = error(json!({ "kind": "webhook", "ulr": "http://127.0.0.1" }));
    assert!(unknown.starts_with("unknown field `ulr`, expected one of `url`"), "{unknown}");
    assert_eq!(error(json!({ "url": "x" })), "missing field `kind`");
    assert_eq!(error(json!({ "kind": 5 })), "`kind` must be a text");
    assert_eq!(error(json!("webhook")), "invalid type: string \"webhook\", expected a map");
}
