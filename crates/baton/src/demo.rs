//! `baton demo`: a bot, a desk and a human agent in one process. Both sides use the real contract
//! over HTTP.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use edge::{base_path::BasePath, egress::Networks};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    assets::DemoAgent,
    config::{self, Config, Secret},
    emulate, pages, private, serve,
    simulate::{self, Served},
};

const BOT: &str = "support";
const ROUTE: &str = "desk";
const AGENT_EMAIL: &str = "jane@example.com";
const AGENT_NAME: &str = "Jane Doe";

/// The secrets of one demo. The first start creates them in the data folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    push_key: String,
    webhook_token: String,
    agent_password: String,
}

/// What answers in the demo before a human agent does.
pub(crate) struct DemoBot {
    /// Absent: the bundled agent.
    pub(crate) export: Option<PathBuf>,
    /// URL of the agent's webhook; absent: it is not called.
    pub(crate) webhook: Option<String>,
}

/// Where the demo's human agent works.
struct Workplace {
    url: String,
    /// The simulated tool, when it is not the desk.
    tool: Option<(String, Served)>,
}

pub(crate) async fn demo(
    listen: SocketAddr,
    data: &Path,
    bot: DemoBot,
    tool: Option<&str>,
    base_path: Option<BasePath>,
    json: bool,
) -> anyhow::Result<()> {
    private::folder(data)?;
    let secrets = secrets(&data.join("demo.json"))?;
    let export = match bot.export {
        Some(export) => export,
        None => unpack_agent(&data.join("agent"))?,
    };
    let listener = serve::bind(listen).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let local = listener.local_addr()?.ip().is_loopback();
    let workplace = Workplace::find(tool, &base).await?;
    let (facts, password) = page_facts(&secrets, local, &workplace);
    let mut pages = pages::demo(facts, password);
    if local {
        pages = pages.merge(emulate::router(&export, None, bot.webhook.as_deref())?);
    }
    let fulfilment = bot.webhook.as_deref().map(config::Fulfilment::at);
    let agent = config::ExportAgent { path: export, fulfilment };
    let mut config = config(&base, data, agent, &secrets);
    config.base_path = base_path;
    let simulator = workplace.tool.map(|(name, Served { settings, simulator })| {
        config.routes[0].connector.kind.clone_from(&name);
        config.connectors.insert(name, settings);
        simulator
    });
    let ready = || announce(&base, &workplace.url, &secrets, (json, simulator.is_some()));
    serve::run(&config, listener, pages, ready).await
}

impl Workplace {
    async fn find(tool: Option<&str>, base: &str) -> anyhow::Result<Self> {
        let Some(name) = tool else {
            return Ok(Self { url: format!("{base}/desk"), tool: None });
        };
        let served = simulate::serve(name, base).await?;
        let url = format!("{}/_simulator/", served.simulator.base);
        Ok(Self { url, tool: Some((name.to_owned(), served)) })
    }
}

fn secrets(path: &Path) -> anyhow::Result<Secrets> {
    store::tighten(path).with_context(|| path.display().to_string())?;
    if let Ok(text) = std::fs::read_to_string(path) {
        return serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged: remove the file to get new secrets", path.display())
        });
    }
    let secret = |prefix| edge::ids::new_secret(prefix).expose_secret().to_owned();
    let secrets = Secrets {
        push_key: secret("push"),
        webhook_token: secret("hook"),
        agent_password: secret("demo")[..17].to_owned(),
    };
    private::write(path, &serde_json::to_string_pretty(&secrets)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(secrets)
}

fn unpack_agent(folder: &Path) -> anyhow::Result<PathBuf> {
    for name in DemoAgent::iter() {
        let Some(file) = DemoAgent::get(&name) else {
            continue;
        };
        let path = folder.join(&*name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, file.data))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(folder.to_owned())
}

fn config(base: &str, data: &Path, agent: config::ExportAgent, secrets: &Secrets) -> Config {
    let secret = Secret::text;
    let bot = config::Bot {
        id: BOT.to_owned(),
        name: Some("Support".to_owned()),
        agent: config::BotAgent::Export(agent),
        triggers: vec!["operator_request".to_owned()],
        more_triggers: config::MoreTriggers::default(),
        push_key: secret(&secrets.push_key).into(),
        history_key: None,
        push_signing: None,
        webhook_token_pushes: false,
        webhook: Some(config::Webhook {
            url: format!("{base}/handover/{ROUTE}"),
            token: secret(&secrets.webhook_token),
            allow_private: true,
            allow_networks: Networks::default(),
            calls_at_once: None,
            bearer: false,
            header: None,
            signing_keys: None,
            contract: platform::Revision::default(),
            strict: false,
            history: true,
            typing: true,
            endings: true,
            forward_headers: false,
        }),
        max_minutes_paused: None,
        on_refused: config::OnRefused::default(),
        on_late: config::OnLate::default(),
        when_away: config::WhenAway::Hold,
        kept_notice: None,
        unavailable_notice: Some("Our team is away right now. I am still here to help.".to_owned()),
        session: config::Session::default(),
        resume_marker: None,
        send: config::Send::default(),
        allowed_origins: None,
    };
    let agent = config::Agent {
        email: AGENT_EMAIL.to_owned(),
        name: AGENT_NAME.to_owned(),
        avatar_url: String::new(),
        password: secret(&secrets.agent_password),
    };
    Config {
        // Not used: the listener is already bound.
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        operations: None,
        base_path: None,
        stop_grace_seconds: None,
        data: data.to_owned(),
        database: None,
        bots: vec![bot],
        routes: vec![route(base, secrets)],
        agents: vec![agent],
        trusted_proxies: config::Proxies::default(),
        limits: config::Limits::default(),
        connectors: BTreeMap::new(),
    }
}

fn route(base: &str, secrets: &Secrets) -> config::Route {
    let secret = Secret::text;
    config::Route {
        id: ROUTE.to_owned(),
        token: secret(&secrets.webhook_token).into(),
        header: None,
        signing: None,
        push: config::Push {
            url: format!("{base}{}", wire::push::PATH),
            key: secret(&secrets.push_key),
            allow_private: true,
            allow_networks: Networks::default(),
            key_in: config::KeyIn::default(),
            bearer: false,
            signing_keys: None,
        },
        connector: config::Connector::desk(),
        minutes_paused: None,
        queue_minutes: None,
        idle_minutes: None,
        resume_event: None,
    }
}

/// The facts for the demo page, and the one that is only for pages on this machine.
fn page_facts(secrets: &Secrets, local: bool, workplace: &Workplace) -> (Value, Value) {
    let at_desk = workplace.tool.is_none();
    let facts = json!({
        "botId": BOT,
        "agentEmail": if at_desk { AGENT_EMAIL } else { "" },
        "agentPassword": null,
        "deskUrl": if at_desk { "desk" } else { &workplace.url },
    });
    (facts, json!({ "agentPassword": local.then_some(&secrets.agent_password) }))
}

fn announce(base: &str, workplace: &str, secrets: &Secrets, (json, at_tool): (bool, bool)) {
    let text = if json {
        let facts = json!({
            "baseUrl": base,
            "botId": BOT,
            "pushKey": secrets.push_key,
            "webhookToken": secrets.webhook_token,
            "routeUrl": format!("{base}/handover/{ROUTE}"),
            "agentEmail": AGENT_EMAIL,
            "agentPassword": secrets.agent_password,
            // A key of the promised form; there is no portal yet.
            "portalUrl": null,
            "deskUrl": workplace,
            "widgetUrl": format!("{base}/widget.js"),
        });
        format!("{facts}\n")
    } else if at_tool {
        format!(
            "\n  Baton is running.\n\n  \
             1. Open the tool         {workplace}\n  \
             2. Open the chat         {base}/\n     \
                and write: talk to a person\n  \
             3. Accept the chat in the tool, talk, and end it there.\n\n  \
             Stop with Ctrl-C; Baton keeps the chats, the tool does not.\n\n"
        )
    } else {
        format!(
            "\n  Baton is running.\n\n  \
             1. Sign in at the desk   {base}/desk\n     \
                as {AGENT_EMAIL} with {password}\n  \
             2. Open the chat         {base}/\n     \
                and write: talk to a person\n  \
             3. Take the chat at the desk, talk, and hand back to the bot.\n\n  \
             Stop with Ctrl-C; the chats are kept.\n\n",
            password = secrets.agent_password,
        )
    };
    let mut out = std::io::stdout().lock();
    // A closed output must not stop the server.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
