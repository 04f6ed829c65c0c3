//! Every simulated tool by its name, ready to stand alone, with the settings that lead to it.

use std::sync::Arc;

use super::{
    Tool, pureconnect,
    time::Time,
    webhook::{self, Webhook},
};

/// A tool that can be served, and what a bridge is configured with to find it.
pub struct Stand {
    pub tool: Arc<dyn Tool>,
    /// The lines of `[connectors.NAME]`.
    pub settings: String,
}

/// Makes one tool; it is given its own base URL and the one under which the bridge takes its calls,
/// such as `http://127.0.0.1:8080/connectors/webhook`.
type Make = fn(base: &str, calls: &str) -> Stand;

/// By the kinds of the connectors.
const ALL: [(&str, Make); 2] = [("webhook", webhook), ("genesys-pureconnect", genesys_pureconnect)];

/// The names, in the order of the documentation.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

/// `None` for a name that is not in [`names`].
#[must_use]
pub fn stand(name: &str, base: &str, calls: &str) -> Option<Stand> {
    let (_, make) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(make(base, calls))
}

fn webhook(base: &str, calls: &str) -> Stand {
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
    Stand { tool: Arc::new(Webhook::new(options)), settings }
}

/// One server without a backup, which speaks both wire APIs.
fn genesys_pureconnect(base: &str, calls: &str) -> Stand {
    let bridge = calls.split("/connectors/").next().unwrap_or_default();
    let settings = format!(
        "kind = \"genesys-pureconnect\"\napi = \"icws\"   # or \"web-tools\": it speaks both\n\
         primary = \"{base}\"\nallow_private = true\nqueue = \"Service Desk\"\nweb_chat = 6\n\
         inbound = {{ url = \"{bridge}\", key = \"a-key-for-trying\" }}\n",
    );
    let server = pureconnect::Server::new(pureconnect::Options::default());
    Stand { tool: Arc::new(server), settings }
}
