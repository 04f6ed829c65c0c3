//! Builds the platform's settings from `[[bots]]`.

use anyhow::{Context as _, ensure};
use dialogflow::Edition;
use edge::egress::Egress;
use http::HeaderValue;
use machine::{
    Millis,
    conversation::{self, Policy, Trigger},
    limits::MINUTE_MS,
};
use platform::{BotConfig, CALLS_AT_ONCE, FactsConfig, IpFrom, WebhookConfig};
use secrecy::ExposeSecret;

use super::{
    length,
    routes::{header, signing, signing_keys},
    target,
};
use crate::{
    agent,
    config::{self, OnLate, OnRefused, SendIp, WhenAway},
};

/// Lifetime of a Dialogflow session without input.
const ES_SESSION: Millis = 20 * MINUTE_MS;
const CX_SESSION: Millis = 30 * MINUTE_MS;

pub(super) async fn bot(bot: &config::Bot, egress: &Egress) -> anyhow::Result<BotConfig> {
    let answering = agent::bot(&bot.id, &bot.agent, egress).await;
    let (answering, language) = answering.with_context(|| format!("bot {}", bot.id))?;
    let edition = answering.edition();
    let mut config = BotConfig::new(&bot.id, answering, &language);
    if let Some(name) = &bot.name {
        config.name.clone_from(name);
    }
    config.push_keys = bot.push_key.read("bots.push_key")?;
    config.webhook_token_pushes = bot.webhook_token_pushes;
    if let Some(keys) = &bot.history_key {
        config.history_keys = keys.read("bots.history_key")?;
    }
    let push_signing = bot.push_signing.as_ref();
    config.push_signing =
        push_signing.map(|given| signing("bots.push_signing", given)).transpose()?;
    config.webhook = bot.webhook.as_ref().map(webhook).transpose()?;
    config.facts = FactsConfig {
        mobile: bot.send.mobile,
        ip: bot.send.ip.map(|from| match from {
            SendIp::Peer => IpFrom::Peer,
            SendIp::XForwardedFor => IpFrom::ForwardedFor,
        }),
        resume_marker: bot.resume_marker.clone(),
    };
    config.origins = bot.origins()?;
    config.policy = policy(bot, edition);
    Ok(config)
}

fn policy(bot: &config::Bot, edition: Edition) -> Policy {
    let default = Policy::default();
    let session = match edition {
        Edition::Es => ES_SESSION,
        Edition::Cx => CX_SESSION,
    };
    Policy {
        triggers: triggers(bot, edition),
        refusal_ends_pause: bot.on_refused == OnRefused::End,
        lateness_ends_pause: bot.on_late == OnLate::End,
        when_away: match bot.when_away {
            WhenAway::Forward => conversation::WhenAway::Forward,
            WhenAway::Hold => conversation::WhenAway::Hold,
        },
        kept_notice: bot.kept_notice.clone().unwrap_or(default.kept_notice),
        unavailable_notice: bot.unavailable_notice.clone(),
        max_pause: length(bot.max_minutes_paused, default.max_pause),
        session_length: Some(length(bot.session.minutes, session)),
        session_notice: bot.session.notice.clone(),
        new_session_on_resume: bot.session.new_on_resume,
        ..default
    }
}

fn triggers(bot: &config::Bot, edition: Edition) -> Vec<Trigger> {
    let more = &bot.more_triggers;
    let named = bot.triggers.iter().cloned().map(match edition {
        Edition::Es => Trigger::Context,
        Edition::Cx => Trigger::Parameter,
    });
    named
        .chain(more.handoff.then_some(Trigger::Handoff))
        .chain(more.intents.iter().cloned().map(Trigger::Intent))
        .chain(more.actions.iter().cloned().map(Trigger::Action))
        .chain(more.fallbacks.map(Trigger::Fallbacks))
        .chain(more.bot_failed.then_some(Trigger::BotFailed))
        .collect()
}

fn webhook(webhook: &config::Webhook) -> anyhow::Result<WebhookConfig> {
    let header = webhook.header.as_ref().map(|given| header("bots.webhook.header", given));
    let signing = webhook.signing_keys.as_ref();
    let signing = signing.map(|keys| signing_keys("bots.webhook.signing_keys", keys));
    let token = webhook.token.read("bots.webhook.token")?;
    ensure!(
        HeaderValue::from_str(token.expose_secret()).is_ok(),
        "`bots.webhook.token` has characters that a header cannot hold: use letters and digits"
    );
    let url =
        target("bots.webhook.url", &webhook.url, (webhook.allow_private, &webhook.allow_networks))?;
    let config = WebhookConfig::new(url, token);
    let calls_at_once = webhook.calls_at_once.map_or(CALLS_AT_ONCE, usize::from);
    Ok(WebhookConfig {
        target: config.target.clone().with_calls_at_once(calls_at_once),
        bearer: webhook.bearer,
        header: header.transpose()?,
        signing: signing.transpose()?,
        contract: webhook.contract,
        strict: webhook.strict,
        history: webhook.history,
        typing: webhook.typing,
        endings: webhook.endings,
        forward_headers: webhook.forward_headers,
        ..config
    })
}
