use std::path::Path;

use serde_json::Value;

use super::document;

#[test]
fn the_committed_document_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let written = format!("{:#}\n", document().unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == written, "docs/openapi.json is stale: run the tests with UPDATE=1");
}

/// Every reference resolves, every operation id is unique, and every operation has a known tag.
#[test]
fn the_document_hangs_together() {
    let document = document().unwrap();
    let mut references = Vec::new();
    collect(&document, "$ref", &mut references);
    assert!(references.len() > 40, "{}", references.len());
    for reference in references {
        let path = reference.as_str().unwrap().trim_start_matches('#');
        assert!(document.pointer(path).is_some(), "{path} does not resolve");
    }
    let mut ids = Vec::new();
    collect(&document, "operationId", &mut ids);
    let count = ids.len();
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), count);
}

fn collect(value: &Value, key: &str, found: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key {
                    found.push(value.clone());
                }
                collect(value, key, found);
            }
        }
        _ => {}
    }
}
