//! `baton emulate`: serves an agent export over the API that Google's clients call.

use std::{io::Write as _, net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context as _;
use axum::Router;
use dialogflow::{
    emulator,
    local::{LocalAgent, LocalBot},
};
use edge::{Clock, egress::Egress};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{config, fulfilment, serve};

/// Environment variable with the key for callers. Without it, a listener that is not on loopback
/// gets a new key at every start.
const KEY: &str = "BATON_EMULATOR_KEY";

pub(crate) async fn emulate(
    export: &Path,
    listen: SocketAddr,
    webhook: Option<&str>,
    json: bool,
) -> anyhow::Result<()> {
    let listener = serve::bind(listen).await?;
    let listen = listener.local_addr()?;
    let key = key(listen);
    let router = router(export, key.clone(), webhook)?;
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(edge::serve::serve(listener, router, shutdown.clone()));
    announce(listen, key.as_ref(), json);
    serve::told_to_stop().await;
    shutdown.cancel();
    Ok(serving.await??)
}

/// The emulator of an export, with the agent's webhook if there is a URL. Without a `key`, only
/// loopback may serve it.
pub(crate) fn router(
    export: &Path,
    key: Option<SecretString>,
    webhook: Option<&str>,
) -> anyhow::Result<Router> {
    let (agent, report) = LocalAgent::load(export).with_context(|| export.display().to_string())?;
    tracing::info!(notices = report.notices.len(), "agent export loaded");
    let webhook = webhook.map(|url| {
        let allowed = config::Fulfilment::at(url);
        fulfilment::of(&agent, &allowed, &Egress::new()?, "--webhook")
    });
    let webhook = webhook.transpose()?;
    let bot = LocalBot::new(agent).with_fulfilment(webhook);
    let clock = Clock::system();
    Ok(emulator::router(bot, Arc::new(move || clock.now()), key))
}

fn key(listen: SocketAddr) -> Option<SecretString> {
    let given = std::env::var(KEY).ok().filter(|key| !key.is_empty()).map(SecretString::from);
    given.or_else(|| (!listen.ip().is_loopback()).then(|| edge::ids::new_secret("key")))
}

fn announce(listen: SocketAddr, key: Option<&SecretString>, json: bool) {
    let (base, host, port) = (format!("http://{listen}"), listen.ip(), listen.port());
    let key = key.map(ExposeSecret::expose_secret);
    let text = if json {
        format!("{}\n", json!({ "baseUrl": base, "apiKey": key }))
    } else {
        let auth =
            key.map(|key| format!("\n  Callers must send this key as bearer token: {key}\n"));
        format!(
            "\n  Dialogflow ES is emulated at {base}, for every project.\n{auth}\n  \
             Python, google-cloud-dialogflow:\n\n    \
             from google.api_core.client_options import ClientOptions\n    \
             from google.auth.credentials import AnonymousCredentials\n    \
             from google.cloud import dialogflow_v2\n    \
             sessions = dialogflow_v2.SessionsClient(\n        \
             credentials=AnonymousCredentials(), transport=\"rest\",\n        \
             client_options=ClientOptions(api_endpoint=\"{base}\"))\n\n  \
             Node.js, @google-cloud/dialogflow:\n\n    \
             const sessions = new SessionsClient({{\n      \
             fallback: true, protocol: 'http', apiEndpoint: '{host}', port: {port},\n      \
             projectId: 'demo', authClient: new PassThroughClient() }})\n\n  \
             Stop with Ctrl-C. Sessions are not stored.\n\n",
            auth = auth.unwrap_or_default(),
        )
    };
    let mut out = std::io::stdout().lock();
    // A closed output must not stop the server.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
