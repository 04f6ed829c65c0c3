//! From the configured agent to a bot that answers.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use dialogflow::{
    Bot,
    google::{Access, Credentials, CxBot, CxConfig, EsBot, EsConfig},
    local::{LocalAgent, LocalBot},
};
use machine::limits::BOT_TIMEOUT_MS;

use crate::config::{BotAgent, CxAgent, EsAgent, Secret};

/// A little less than what the platform waits: who waits longer knows less of why.
const GOOGLE_TIMEOUT: Duration = Duration::from_millis(BOT_TIMEOUT_MS - 500);

/// A bot, and the language of visitors who have named none.
pub(crate) async fn bot(id: &str, configured: &BotAgent) -> anyhow::Result<(Arc<dyn Bot>, String)> {
    match configured {
        BotAgent::Export(export) => local(id, export),
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

fn local(id: &str, export: &Path) -> anyhow::Result<(Arc<dyn Bot>, String)> {
    let (agent, report) = LocalAgent::load(export).with_context(|| export.display().to_string())?;
    tracing::info!(bot.id = id, notices = report.notices.len(), "agent export loaded");
    let language = agent.language().to_owned();
    Ok((Arc::new(LocalBot::new(agent)), language))
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

/// Whoever names an endpoint without encryption means an emulator, which knows no accounts.
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

/// What `baton check` says of an agent.
pub(crate) fn describe(configured: &BotAgent, bot: &dyn Bot) -> String {
    let google = |edition: &str, credentials: Option<&Secret>, endpoint: Option<&str>| {
        let path = bot.session_path("…");
        let path = path.trim_end_matches("/sessions/…");
        let who = match (credentials, endpoint) {
            (Some(_), _) => "a service account",
            (None, Some(endpoint)) if endpoint.starts_with("http:") => "nobody",
            (None, _) => "the account of this machine",
        };
        let place = endpoint.map(|url| format!(" at {url}")).unwrap_or_default();
        format!("Dialogflow {edition}, {path}{place}, asked as {who}")
    };
    match configured {
        BotAgent::Export(export) => format!("the export {}", export.display()),
        BotAgent::Es(es) => google("ES", es.credentials.as_ref(), es.endpoint.as_deref()),
        BotAgent::Cx(cx) => google("CX", cx.credentials.as_ref(), cx.endpoint.as_deref()),
    }
}
