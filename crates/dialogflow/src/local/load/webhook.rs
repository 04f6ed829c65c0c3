//! `webhook` in `agent.json`: the agent's own fulfilment.

use axum::http::{HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;

use super::fields::Fields;
use crate::{
    fulfilment::WebhookSettings,
    local::report::{NoticeKind, Report},
};

const FILE: &str = "agent.json";

/// A value of another type than an object counts as absent.
pub(crate) fn read(value: Option<Value>, report: &mut Report) -> WebhookSettings {
    let Some(mut from) = value.and_then(|value| Fields::new(FILE, "webhook.", value)) else {
        return WebhookSettings::default();
    };
    let settings = WebhookSettings {
        url: from.string("url"),
        is_on: from.flag("available"),
        username: from.string("username"),
        password: Some(from.string("password")).filter(|p| !p.is_empty()).map(Into::into),
        headers: headers(from.raw("headers"), report),
    };
    if from.flag("useForDomains") {
        report.note(FILE, NoticeKind::Settings, "webhook.useForDomains: there are no domains");
    }
    // A cloud function is called by its URL, like every other webhook.
    from.ignore(&["cloudFunctionsEnabled", "cloudFunctionsInitialized"]);
    from.finish(report);
    settings
}

/// Exports have an entry without name and value where no header is set.
fn headers(value: Option<Value>, report: &mut Report) -> Vec<(String, SecretString)> {
    let Some(Value::Object(written)) = value else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for (name, value) in written.into_iter().filter(|(name, _)| !name.is_empty()) {
        let value = value.as_str().unwrap_or_default();
        if HeaderName::try_from(&name).is_ok() && HeaderValue::try_from(value).is_ok() {
            headers.push((name, SecretString::from(value)));
        } else {
            let detail = "webhook.headers: a name or value that a header cannot have";
            report.note(FILE, NoticeKind::Settings, detail);
        }
    }
    headers
}
