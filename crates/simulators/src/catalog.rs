//! Every simulated tool by name, with default options and the connector settings that reach it.

use std::sync::Arc;

use crate::{
    Tool,
    genesys_cloud::{self, GenesysCloud},
    pureconnect, service_manager, servicenow,
    time::Time,
    webhook::{self, Webhook},
};

/// A tool ready to be served, and the bridge's settings for it.
pub struct Entry {
    pub tool: Arc<dyn Tool>,
    /// The lines of `[connectors.NAME]`.
    pub settings: String,
}

/// Makes one tool from its own base URL and the URL at which the bridge accepts its calls, such as
/// `http://127.0.0.1:8080/connectors/webhook`.
type Make = fn(base: &str, calls: &str) -> Entry;

/// Each name is the kind of a connector.
const ALL: [(&str, Make); 7] = [
    ("genesys-pureconnect", genesys_pureconnect),
    ("genesys-open-messaging", genesys_open_messaging),
    ("genesys-web-messaging", genesys_web_messaging),
    ("servicenow", servicenow),
    ("servicenow-tickets", servicenow_tickets),
    ("service-manager", service_manager),
    ("webhook", webhook),
];

/// The names, in the order of the documentation.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

/// `None` for a name that is not in [`names`].
#[must_use]
pub fn entry(name: &str, base: &str, calls: &str) -> Option<Entry> {
    let (_, make) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(make(base, calls))
}

fn webhook(base: &str, calls: &str) -> Entry {
    let options = webhook::Options {
        events_url: format!("{calls}/events"),
        token: "a-token-for-trying".to_owned(),
        signing_key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        refuses: None,
        notice: String::new(),
        time: Time::default(),
    };
    let settings = format!(
        "kind = \"webhook\"\nurl = \"{base}/hook\"\nallow_private = true\n\
         signing_key = \"{}\"\ntoken = \"{}\"\n",
        options.signing_key, options.token,
    );
    Entry { tool: Arc::new(Webhook::new(options)), settings }
}

/// One server without a backup, which speaks both wire APIs.
fn genesys_pureconnect(base: &str, calls: &str) -> Entry {
    let bridge = calls.split("/connectors/").next().unwrap_or_default();
    let settings = format!(
        "kind = \"genesys-pureconnect\"\napi = \"icws\"   # or \"web-tools\": it speaks both\n\
         primary = \"{base}\"\nallow_private = true\nqueue = \"Service Desk\"\nweb_chat = 6\n\
         inbound = {{ url = \"{bridge}\", key = \"a-key-for-trying\" }}\n",
    );
    let server = pureconnect::Server::new(pureconnect::Options::default());
    Entry { tool: Arc::new(server), settings }
}

fn genesys_open_messaging(base: &str, calls: &str) -> Entry {
    let webhook_url = format!("{calls}/webhook");
    let options = genesys_cloud::Options { webhook_url, ..genesys_cloud::Options::default() };
    let settings = format!(
        "kind = \"genesys-open-messaging\"\nregion = \"simulator.invalid\"\n\
         api_url = \"{base}\"\nlogin_url = \"{base}\"\nallow_private = true\n\
         client_id = \"{}\"\nclient_secret = \"{}\"\n\
         integration_id = \"{}\"\nwebhook_secret = \"{}\"\n",
        options.client_id, options.client_secret, options.integration_id, options.webhook_secret,
    );
    Entry { tool: Arc::new(GenesysCloud::new(options)), settings }
}

fn genesys_web_messaging(base: &str, _calls: &str) -> Entry {
    let options = genesys_cloud::Options::default();
    let settings = format!(
        "kind = \"genesys-web-messaging\"\nregion = \"simulator.invalid\"\n\
         messaging_url = \"{base}\"\napi_url = \"{base}\"\ncdn_url = \"{base}\"\n\
         allow_private = true\ndeployment_id = \"{}\"\ntoken_secret = \"for trying alone\"\n",
        options.deployment_id,
    );
    Entry { tool: Arc::new(GenesysCloud::new(options)), settings }
}

fn servicenow(base: &str, calls: &str) -> Entry {
    let key = "a-key-for-trying";
    let options = servicenow::Options {
        proof: servicenow::Proof::Token("a-token-for-trying".to_owned()),
        callback: Some(format!("{calls}/callback/{key}")),
        ..servicenow::Options::default()
    };
    let settings = format!(
        "kind = \"servicenow\"\ninstance = \"{base}\"\nallow_private = true\n\
         virtual_agent.token = \"a-token-for-trying\"\nvirtual_agent.callback_key = \"{key}\"\n"
    );
    Entry { tool: Arc::new(servicenow::ServiceNow::new(options)), settings }
}

fn servicenow_tickets(base: &str, _calls: &str) -> Entry {
    let options = servicenow::Options::default();
    let settings = format!(
        "kind = \"servicenow\"\ninstance = \"{base}\"\nallow_private = true\n\
         username = \"{}\"\npassword = \"{}\"\nticket.group = \"Service Desk\"\n",
        options.username, options.password,
    );
    Entry { tool: Arc::new(servicenow::ServiceNow::new(options)), settings }
}

fn service_manager(base: &str, _calls: &str) -> Entry {
    let options = service_manager::Options::default();
    let settings = format!(
        "kind = \"service-manager\"\nurl = \"{base}/SM/9/rest\"\nallow_private = true\n\
         username = \"{}\"\npassword = \"{}\"\ngroup = \"Service Desk\"\n",
        options.operator, options.password,
    );
    Entry { tool: Arc::new(service_manager::ServiceManager::new(options)), settings }
}
