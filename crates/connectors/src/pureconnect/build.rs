//! Builds the connector from its settings.

use std::sync::Arc;

use connector::{Kind, Parts, SettingsError, client::PacedClient};
use edge::given::Secret;
use url::Url;

use super::{
    PureConnect, Shared,
    api::{ChatApi, Queue, Servers},
    icws::Icws,
    mailbox::Mailboxes,
    opening::OpeningSettings,
    public_urls::PublicUrls,
    settings::{ApiName, Settings, Transcript},
    start_limit::StartLimit,
    web_tools::WebTools,
};

impl Kind for PureConnect {
    const KEY: &'static str = "genesys-pureconnect";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        settings.secrets()
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        settings.check_values(&parts)?;
        let shared = Shared {
            api: api(settings, &parts)?,
            servers: 1 + usize::from(settings.backup.is_some()),
            opening: opening(settings),
            public_urls: public_urls(settings, &parts)?,
            ask_queue: settings.ask_queue,
            loss_notice: settings.loss_notice.clone(),
            poll_wait_ms_min: settings.poll_wait_ms_min,
            clock: parts.clock,
            start_limit: StartLimit::new(settings.starts_per_second),
            mailboxes: Mailboxes::default(),
        };
        Ok(PureConnect { shared: Arc::new(shared) })
    }
}

fn api(settings: &Settings, parts: &Parts) -> Result<Box<dyn ChatApi>, SettingsError> {
    let pace = parts.pace(settings.calls_per_second)?;
    let backup = settings.backup.as_ref().map(|url| ("backup", url));
    let mut apis = Vec::new();
    for (setting, url) in [("primary", &settings.primary)].into_iter().chain(backup) {
        let target =
            parts.target(setting, url, (settings.allow_private, &settings.allow_networks))?;
        apis.push(PacedClient::new(parts.egress.clone(), target).paced(pace));
    }
    let default_root = match settings.api {
        ApiName::Icws => "icws/web-chat",
        ApiName::WebTools => "websvcs",
    };
    let root = settings.path.as_deref().unwrap_or(default_root).trim_matches('/').to_owned();
    let servers = Servers { apis, root };
    let queue = Queue {
        name: settings.queue.clone(),
        kind: settings.queue_type,
        contexts: settings.routing_contexts.clone(),
    };
    Ok(match settings.api {
        ApiName::Icws => Box::new(Icws {
            servers,
            queue,
            version: settings.web_chat,
            fields: settings.fields.clone(),
            bot_name: settings.bot_name.clone(),
        }),
        ApiName::WebTools => Box::new(WebTools { servers, queue }),
    })
}

fn opening(settings: &Settings) -> OpeningSettings {
    let is_icws = settings.api == ApiName::Icws;
    // Version 1 of `web-chat` has no field for a transcript.
    let has_field = !is_icws || settings.web_chat >= 2;
    OpeningSettings {
        transcript: if has_field { settings.transcript } else { Transcript::Message },
        is_icws,
        language: settings.language.clone(),
        participant_name: settings.participant_name.clone(),
        bot_name: settings.bot_name.clone(),
        notes: settings.notes.clone(),
        attributes: settings.attributes.clone(),
    }
}

fn public_urls(settings: &Settings, parts: &Parts) -> Result<Option<PublicUrls>, SettingsError> {
    let Some(inbound) = &settings.inbound else { return Ok(None) };
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !inbound.url.parse().is_ok_and(|url| is_web(&url)) {
        return Err(parts.wrong("inbound.url", "is not a URL of http or https"));
    }
    let base = format!("{}/connectors/{}", inbound.url.trim_end_matches('/'), parts.name);
    let key = inbound.key.read(&parts.key("inbound.key"))?;
    Ok(Some(PublicUrls { base, key, webhook: inbound.webhook }))
}
