//! A response of Google's client crates as canonical JSON, as the service itself writes it: enums
//! by name instead of number, 32-bit floats without digits they do not have. Unknown fields and
//! unknown enum values stay unchanged, and free objects are not read.

use serde::Serialize;
use serde_json::{Number, Value};

use crate::names;

/// Free objects: a designer or a webhook decides what is in them.
const FREE: &[&str] = &[
    "parameters",
    "payload",
    "webhookPayload",
    "webhookPayloads",
    "diagnosticInfo",
    "metadata",
    "inputParameters",
    "inputActionParameters",
    "outputActionParameters",
];

const FLOATS: &[&str] = &[
    "confidence",
    "intentDetectionConfidence",
    "magnitude",
    "score",
    "speechRecognitionConfidence",
];

pub(super) fn of(response: &impl Serialize) -> serde_json::Result<Value> {
    let mut canonical = serde_json::to_value(response)?;
    settle("", &mut canonical);
    Ok(canonical)
}

/// `inside` is the name of the field that holds `value`.
fn settle(inside: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut().filter(|(name, _)| !FREE.contains(&&***name)) {
                match value {
                    Value::Number(number) => {
                        if let Some(settled) = settled(inside, name, number) {
                            *value = settled;
                        }
                    }
                    _ => settle(name, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle(inside, item)),
        _ => {}
    }
}

fn settled(inside: &str, name: &str, number: &Number) -> Option<Value> {
    if let Some(names) = names::of(inside, name) {
        let known = names.iter().find(|(known, _)| number.as_u64() == Some(*known));
        return known.map(|(_, name)| Value::from(*name));
    }
    if !FLOATS.contains(&name) {
        return None;
    }
    let float = number.as_f64()? as f32;
    if float.fract() == 0.0 {
        return Some(Value::from(float as i64));
    }
    float.to_string().parse::<f64>().ok().map(Value::from)
}
