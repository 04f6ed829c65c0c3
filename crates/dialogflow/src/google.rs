//! Google's own service: Dialogflow ES and CX behind the [`Bot`](crate::Bot) trait, by Google's
//! client crates.
//!
//! A query is sent once and never repeated: detectIntent changes the session, so a repeated query
//! could be answered twice. Responses are made canonical, so that the rest of the program handles
//! Google's answers and those of a local bot alike.

use std::{fmt, time::Duration};

use google_cloud_auth::credentials::{self, Credentials as GoogleCredentials, service_account};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Host, Url};

mod canonical;
mod cx;
mod errors;
mod es;

pub use self::{
    cx::{CxBot, CxConfig},
    es::{EsBot, EsConfig},
};

/// The narrowest OAuth scope that allows queries.
const SCOPE: &str = "https://www.googleapis.com/auth/dialogflow";

/// Longest text of a query to ES, in characters; the service refuses longer ones.
const ES_TEXT_CHARS_MAX: usize = 256;

/// How to sign in at Google.
#[derive(Clone)]
pub enum Credentials {
    /// The JSON key file of a service account.
    ServiceAccount(SecretString),
    /// The credentials of the machine: `GOOGLE_APPLICATION_CREDENTIALS`, `gcloud`, or its account.
    ApplicationDefault,
    /// None, for an emulator on loopback.
    Anonymous,
}

// Written by hand: a key must not reach a log line.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceAccount(_) => "ServiceAccount",
            Self::ApplicationDefault => "ApplicationDefault",
            Self::Anonymous => "Anonymous",
        })
    }
}

/// How to reach Google; the same for both editions.
#[derive(Debug, Clone)]
pub struct Access {
    pub credentials: Credentials,
    /// URL to use instead of Google's for the location.
    pub endpoint: Option<String>,
    /// Longest time for one answer.
    pub timeout: Duration,
}

/// Why a bot cannot be set up; `setting` is the field of the configuration.
#[derive(Debug, thiserror::Error)]
#[error("`{setting}`: {problem}")]
pub struct SetupError {
    pub setting: &'static str,
    pub problem: String,
}

fn wrong(setting: &'static str, problem: impl Into<String>) -> SetupError {
    SetupError { setting, problem: problem.into() }
}

impl Access {
    /// Where to send queries for agents in `location`.
    fn address(&self, location: &str) -> Result<String, SetupError> {
        let Some(endpoint) = &self.endpoint else {
            if matches!(self.credentials, Credentials::Anonymous) {
                return Err(wrong(
                    "credentials",
                    "Google needs credentials: set them, or set an endpoint",
                ));
            }
            let region = if location == "global" { String::new() } else { format!("{location}-") };
            return Ok(format!("https://{region}dialogflow.googleapis.com"));
        };
        let url = Url::parse(endpoint);
        let url = url.map_err(|error| wrong("endpoint", format!("not a URL: {error}")))?;
        let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("endpoint", "give scheme, host and port, and nothing else"));
        }
        let anonymous = matches!(self.credentials, Credentials::Anonymous);
        match url.scheme() {
            "https" if anonymous => Err(wrong(
                "credentials",
                "only an http endpoint on loopback works without credentials",
            )),
            "http" if !is_loopback(&url) => Err(wrong(
                "endpoint",
                "http is for loopback only: use https, or others can read the key",
            )),
            "http" | "https" => Ok(endpoint.trim_end_matches('/').to_owned()),
            other => Err(wrong("endpoint", format!("{other} is not supported: use https"))),
        }
    }

    fn google_credentials(&self) -> Result<GoogleCredentials, SetupError> {
        // Google's crates bring no cryptography. `Err` means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let unusable = |problem: &str| wrong("credentials", problem);
        match &self.credentials {
            Credentials::Anonymous => Ok(credentials::anonymous::Builder::new().build()),
            Credentials::ApplicationDefault => {
                let builder = credentials::Builder::default().with_scopes([SCOPE]);
                builder.build().map_err(|_| {
                    unusable("this machine has no usable application default credentials")
                })
            }
            Credentials::ServiceAccount(json) => {
                // The parser's error is left out: it may quote the key.
                let key: Value = wire::json::read(json.expose_secret().as_bytes())
                    .map_err(|_| unusable("this is not JSON: give the key file of the account"))?;
                if key.get("type").and_then(Value::as_str) != Some("service_account") {
                    return Err(unusable(
                        "`type` is not `service_account`: leave `credentials` out and let \
                         GOOGLE_APPLICATION_CREDENTIALS name files of other kinds",
                    ));
                }
                let scopes = service_account::AccessSpecifier::from_scopes([SCOPE]);
                let builder = service_account::Builder::new(key).with_access_specifier(scopes);
                builder.build().map_err(|_| {
                    unusable(
                        "a field of the service account's key is missing or changed: download the \
                         key again",
                    )
                })
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `/collection/id` for a session path. An id with other characters could change the path.
fn part(setting: &'static str, collection: &str, id: &str) -> Result<String, SetupError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:~".contains(c);
    if id.is_empty() || id.len() > 128 || !id.chars().all(plain) {
        return Err(wrong(
            setting,
            format!("{id:?} is not a valid id: use up to 128 letters, digits and -_.:~"),
        ));
    }
    Ok(format!("/{collection}/{id}"))
}

/// The first `max` characters.
fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

#[cfg(test)]
mod tests;
