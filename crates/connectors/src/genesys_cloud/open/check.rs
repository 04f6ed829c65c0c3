//! Tries the settings against Genesys Cloud: the token, the integration and its webhook,
//! conversations and notifications. The only thing it leaves there is a notification channel, which
//! ends by itself.

use connector::{Failure, Finding, client::Request};
use serde_json::Value;

use super::Shared;

/// Id of a conversation that does not exist.
const NO_CONVERSATION: &str = "00000000-0000-4000-8000-000000000000";

pub(super) async fn check(shared: &Shared) -> Vec<Finding> {
    let url = shared.client.target().url();
    let path = format!("api/v2/conversations/messaging/integrations/open/{}", shared.integration);
    let integration = match shared.client.json(Request::get(path)).await {
        Ok(integration) => integration,
        Err(Failure::Gone { .. }) => {
            let text = format!("{url} has no integration {}", shared.integration);
            return vec![Finding::good("a token was granted"), Finding::wrong(text)];
        }
        Err(failure) => return vec![Finding::wrong(format!("{url}: {}", failure.detail()))],
    };
    let mut findings = vec![Finding::good(format!("{url} granted a token"))];
    findings.extend(of_integration(shared, &integration));
    findings.push(conversations(shared).await);
    findings.push(notifications(shared).await);
    findings
}

fn of_integration(shared: &Shared, integration: &Value) -> Vec<Finding> {
    let text = |field: &str| integration[field].as_str().unwrap_or_default();
    let name = text("name");
    let created = match text("createStatus") {
        "" | "Completed" => Finding::good(format!("the integration {name:?} exists")),
        status => Finding::wrong(format!("the integration {name:?} is in the state {status}")),
    };
    let (url, ours) =
        (text("outboundNotificationWebhookUrl"), format!("/connectors/{}/webhook", shared.name));
    let webhook = if url.ends_with(&ours) {
        Finding::good(format!("it sends to {url}"))
    } else {
        Finding::wrong(format!("it sends to {url:?}, which should end with {ours}"))
    };
    vec![created, webhook]
}

async fn conversations(shared: &Shared) -> Finding {
    match shared.client.conversation(NO_CONVERSATION).await {
        Ok(_) | Err(Failure::Gone { .. }) => Finding::good("conversations can be read"),
        Err(failure) => {
            Finding::wrong(format!("conversations cannot be read: {}", failure.detail()))
        }
    }
}

async fn notifications(shared: &Shared) -> Finding {
    match shared.client.json(Request::post("api/v2/notifications/channels")).await {
        Ok(_) => Finding::good("notification channels can be opened"),
        Err(failure) => Finding::unsure(format!(
            "no notification channel: {}; agents who join or leave will be \
             noticed up to ten seconds late",
            failure.detail()
        )),
    }
}
