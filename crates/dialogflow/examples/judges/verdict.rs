//! Compares the clients' results with the expected ones, and counts.

use serde_json::{Value, json};

use super::{expected::Expected, rendered};

#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Verdict {
    fn check(&mut self, what: &str, heard: &str, expected: &str) {
        if heard == expected {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        // From a little before the first difference.
        let same = heard.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
        let part = |text: &str| {
            let bytes = text.as_bytes().iter().skip(same.saturating_sub(60)).take(200);
            String::from_utf8_lossy(&bytes.copied().collect::<Vec<u8>>()).into_owned()
        };
        eprintln!("{what}\n  heard    … {}\n  expected … {}", part(heard), part(expected));
    }

    /// Python's `MessageToDict` is canonical JSON.
    pub(crate) fn python(&mut self, name: &str, expected: &[Expected], heard: &Value) {
        for (number, expected) in expected.iter().enumerate() {
            let what = format!("python: {name}, turn {number}");
            let heard = &heard[number];
            match expected {
                Ok(canonical) => {
                    self.check(&what, &sorted(&heard["response"]), &sorted(canonical));
                }
                Err(http) => {
                    let refused = json!({ "type": "BadRequest", "http": http });
                    self.check(&what, &heard["error"].to_string(), &refused.to_string());
                }
            }
        }
    }

    /// The result of Node.js is our rendering, with the same keys in the same order.
    pub(crate) fn node(&mut self, name: &str, expected: &[Expected], heard: &Value) {
        for (number, expected) in expected.iter().enumerate() {
            let what = format!("node: {name}, turn {number}");
            let heard = &heard[number];
            if let Ok(canonical) = expected {
                let (whole, r1) = rendered(canonical);
                let text = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
                self.check(&what, &text("whole"), &whole);
                self.check(&format!("{what}, contract r1"), &text("r1"), &r1);
            } else {
                let refused = json!({ "type": "GoogleError", "grpc": 3 });
                self.check(&what, &heard["error"].to_string(), &refused.to_string());
            }
        }
    }

    /// The walk through the contexts of a session: set, listed, read, deleted, gone, all deleted.
    pub(crate) fn contexts(&mut self, name: &str, heard: &Value) {
        let context = json!({
            "name": "projects/demo/agent/sessions/walk/contexts/walked",
            "lifespanCount": 4,
            "parameters": { "a": [1, "b"] }
        });
        let expected = [
            json!({ "response": context }),
            json!({ "response": [context] }),
            json!({ "response": context }),
            json!({ "response": null }),
            json!({ "error": { "type": "NotFound", "http": 404 } }),
            json!({ "response": null }),
            json!({ "response": [] }),
        ];
        for (number, expected) in expected.iter().enumerate() {
            let what = format!("python: contexts of {name}, step {number}");
            self.check(&what, &sorted(&heard[number]), &sorted(expected));
        }
    }
}

/// Keys in order, and 1.0 as 1: Python keeps neither.
fn sorted(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => {
            format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(","))
        }
        Value::Object(map) => {
            let mut fields: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", sorted(value))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}
