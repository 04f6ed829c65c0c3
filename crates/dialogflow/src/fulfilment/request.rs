//! What a webhook is asked: a `WebhookRequest` of version 2.

use serde_json::{Value, json};

use crate::Query;

/// `answer` is the detectIntent response that the visitor would get without a webhook.
pub(crate) fn body(answer: &Value, query: &Query) -> Value {
    json!({
        "responseId": answer["responseId"],
        "queryResult": answer["queryResult"],
        "originalDetectIntentRequest": { "payload": query.payload },
        "session": query.session,
    })
}
