//! Builds the bot from the configured Dialogflow agent.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use dialogflow::{
    Bot,
    google::{Access, Credentials, CxBot, CxConfig, EsBot, EsConfig},
    local::{LocalAgent, LocalBot},
};
use edge::egress::Egress;
use machine::limits::BOT_TIMEOUT_MS;

use crate::{
    config::{BotAgent, CxAgent, EsAgent, ExportAgent, Secret},
    fulfilment,
};

/// Less than the platform's own limit, so that the error of the call is known before it.
const GOOGLE_TIMEOUT: Duration = Duration::from_millis(BOT_TIMEOUT_MS - 500);

/// A bot, and the default language of its visitors.
pub(crate) async fn bot(
    id: &str,
    configured: &BotAgent,
    egress: &Egress,
) -> anyhow::Result<(Arc<dyn Bot>, String)> {
    match configured {
        BotAgent::Export(export) => local(id, export, egress),
        BotAgent::Es(es) => {
            let bot = EsBot::new(es_config(es)?).await.context("bots.agent.es")?;
            Ok((Arc::new(bot), es.language.clone()))
        }
        BotAgent::Cx(cx) => {
            let bot = CxBot::new(cx_config(cx)?).await.context("bots.agent.cx")?;
            Ok((Arc::new(bot), cx.language.clone()))
        }
    }
}

fn local(
    id: &str,
    export: &ExportAgent,
    egress: &Egress,
) -> anyhow::Result<(Arc<dyn Bot>, String)> {
    let ExportAgent { path, fulfilment } = export;
    let (agent, report) = LocalAgent::load(path).with_context(|| path.display().to_string())?;
    tracing::info!(bot.id = id, notices = report.notices.len(), "agent export loaded");
    let language = agent.language().to_owned();
    let allowed = fulfilment.as_ref();
    let webhook =
        allowed.map(|allowed| fulfilment::of(&agent, allowed, egress, "bots.agent.fulfilment"));
    let webhook = webhook.transpose()?;
    Ok((Arc::new(LocalBot::new(agent).with_fulfilment(webhook)), language))
}

fn es_config(es: &EsAgent) -> anyhow::Result<EsConfig> {
    Ok(EsConfig {
        project: es.project.clone(),
        location: es.location.clone(),
        environment: es.environment.clone(),
        user: es.user.clone(),
        access: access(
            "bots.agent.es.credentials",
            es.credentials.as_ref(),
            es.endpoint.as_deref(),
        )?,
    })
}

fn cx_config(cx: &CxAgent) -> anyhow::Result<CxConfig> {
    Ok(CxConfig {
        project: cx.project.clone(),
        location: cx.location.clone(),
        agent: cx.agent.clone(),
        environment: cx.environment.clone(),
        access: access(
            "bots.agent.cx.credentials",
            cx.credentials.as_ref(),
            cx.endpoint.as_deref(),
        )?,
    })
}

/// An endpoint without encryption is an emulator, so it needs no credentials.
fn access(
    key: &str,
    credentials: Option<&Secret>,
    endpoint: Option<&str>,
) -> anyhow::Result<Access> {
    let plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http:"));
    let credentials = match credentials {
        Some(secret) => Credentials::ServiceAccount(secret.read(key)?),
        None if plain => Credentials::Anonymous,
        None => Credentials::ApplicationDefault,
    };
    Ok(Access { credentials, endpoint: endpoint.map(str::to_owned), timeout: GOOGLE_TIMEOUT })
}

/// The description of an agent in the output of `baton check`.
pub(crate) fn describe(configured: &BotAgent, bot: &dyn Bot) -> String {
    let google = |edition: &str, credentials: Option<&Secret>, endpoint: Option<&str>| {
        let path = bot.session_path("…");
        let path = path.trim_end_matches("/sessions/…");
        let who = match (credentials, endpoint) {
            (Some(_), _) => "a service account",
            (None, Some(endpoint)) if endpoint.starts_with("http:") => "an anonymous caller",
            (None, _) => "the account of this machine",
        };
        let place = endpoint.map(|url| format!(" at {url}")).unwrap_or_default();
        format!("Dialogflow {edition}, {path}{place}, called as {who}")
    };
    match configured {
        BotAgent::Export(ExportAgent { path, fulfilment }) => {
            let webhook = match fulfilment {
                Some(_) => "its webhook is called",
                None => "its webhook is not called",
            };
            format!("the export {}; {webhook}", path.display())
        }
        BotAgent::Es(es) => google("ES", es.credentials.as_ref(), es.endpoint.as_deref()),
        BotAgent::Cx(cx) => google("CX", cx.credentials.as_ref(), cx.endpoint.as_deref()),
    }
}
