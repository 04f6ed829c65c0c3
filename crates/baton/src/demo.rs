//! `baton demo`: a bot, a desk and a human agent in one process. Both sides use the real contract
//! over HTTP.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    assets::DemoAgent,
    config::{self, Config, Secret},
    emulate, pages, serve,
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

/// Where the demo's human agent works.
struct Workplace {
    url: String,
    /// The simulated tool, when it is not the desk.
    tool: Option<(String, Served)>,
}

pub(crate) async fn demo(
    listen: SocketAddr,
    data: &Path,
    tool: Option<&str>,
    json: bool,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot create the folder {}", data.display()))?;
    let secrets = secrets(&data.join("demo.json"))?;
    let export = unpack_agent(&data.join("agent"))?;
    let listener = serve::bind(listen).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let local = listener.local_addr()?.ip().is_loopback();
    let workplace = Workplace::find(tool, &base).await?;
    let mut pages = pages::demo(page_facts(&secrets, local, &workplace));
    if local {
        pages = pages.merge(emulate::router(&export, None)?);
    }
    let mut config = config(&base, data, export, &secrets);
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
    write_private(path, &serde_json::to_string_pretty(&secrets)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(secrets)
}

/// Writes the whole file or nothing. Only the owner can read it.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let draft = path.with_extension("draft");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(draft, path)
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

fn config(base: &str, data: &Path, export: PathBuf, secrets: &Secrets) -> Config {
    let secret = Secret::text;
    let bot = config::Bot {
        id: BOT.to_owned(),
        name: Some("Support".to_owned()),
        agent: config::BotAgent::Export(export),
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
        unavailable_notice: Some("Our team is away right now. I am still here to help.".to_owned()),
        session: config::Session::default(),
        resume_marker: None,
        send: config::Send::default(),
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

/// The facts for the demo page. The password is included only on loopback.
fn page_facts(secrets: &Secrets, local: bool, workplace: &Workplace) -> Value {
    let at_desk = workplace.tool.is_none();
    json!({
        "botId": BOT,
        "agentEmail": if at_desk { AGENT_EMAIL } else { "" },
        "agentPassword": local.then_some(&secrets.agent_password),
        "deskUrl": if at_desk { "/desk" } else { &workplace.url },
    })
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
            "portalUrl": format!("{base}/portal"),
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
