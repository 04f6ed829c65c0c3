//! `baton demo`: a bot, a desk and a human agent in one process. Both sides use the real contract
//! over HTTP.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use directory::{New, kind::Kind};
use edge::base_path::BasePath;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    assets::DemoAgent,
    config::{Config, Secret, documents::new},
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
    /// Of the admin API. Folders of older releases get one.
    #[serde(default)]
    admin_key: String,
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
    let tool = workplace.tool.as_ref().map(|(name, _)| &**name);
    let mut documents = documents(&base, &export, bot.webhook.as_deref(), tool, &secrets)?;
    let simulator = workplace.tool.map(|(name, Served { settings, simulator })| {
        documents.push(new(Kind::Connector, &name, settings));
        simulator
    });
    let mut config = Config::of(data, documents);
    config.base_path = base_path;
    config.bootstrap_key = Some(Secret::text(&secrets.admin_key));
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
    let secret = |prefix| edge::ids::new_secret(prefix).expose_secret().to_owned();
    let mut secrets = match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged: remove the file to get new secrets", path.display())
        })?,
        Err(_) => Secrets {
            push_key: secret("push"),
            webhook_token: secret("hook"),
            agent_password: secret("demo")[..17].to_owned(),
            admin_key: String::new(),
        },
    };
    if !secrets.admin_key.is_empty() {
        return Ok(secrets);
    }
    secrets.admin_key = secret("admin");
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

/// What an owner would set up: a bot, a route to the desk or the tool, and a human agent.
fn documents(
    base: &str,
    export: &Path,
    fulfilment: Option<&str>,
    tool: Option<&str>,
    secrets: &Secrets,
) -> anyhow::Result<Vec<New>> {
    let export = std::path::absolute(export)?;
    let mut agent = json!({ "export": export.to_str().context("the path is not UTF-8")? });
    if let Some(url) = fulfilment {
        agent["fulfilment"] = json!({ "url": url, "allow_private": true });
    }
    let bot = json!({
        "name": "Support",
        "agent": agent,
        "triggers": ["operator_request"],
        "push_key": secrets.push_key,
        "webhook": {
            "url": format!("{base}/handover/{ROUTE}"),
            "token": secrets.webhook_token,
            "allow_private": true,
            "history": true,
            "typing": true,
            "endings": true,
        },
        "when_away": "hold",
        "unavailable_notice": "Our team is away right now. I am still here to help.",
    });
    let route = json!({
        "token": secrets.webhook_token,
        "push": {
            "url": format!("{base}{}", wire::push::PATH),
            "key": secrets.push_key,
            "allow_private": true,
        },
        "connector": tool.unwrap_or("desk"),
    });
    let human_agent = json!({
        "email": AGENT_EMAIL,
        "name": AGENT_NAME,
        "password": secrets.agent_password,
    });
    let all = [(Kind::Bot, BOT, bot), (Kind::Route, ROUTE, route)];
    let all = all.into_iter().chain([(Kind::Agent, AGENT_EMAIL, human_agent)]);
    Ok(all
        .filter_map(|(kind, name, settings)| match settings {
            Value::Object(settings) => Some(new(kind, name, settings)),
            _ => None,
        })
        .collect())
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
            "adminKey": secrets.admin_key,
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

/// What the demo sets up, with secrets of no use.
#[cfg(test)]
pub(crate) fn example() -> anyhow::Result<Vec<New>> {
    let secret = || "a secret of the demo".to_owned();
    let secrets = Secrets {
        push_key: secret(),
        webhook_token: secret(),
        agent_password: secret(),
        admin_key: secret(),
    };
    documents(
        "http://127.0.0.1:8080",
        Path::new("agent"),
        Some("http://127.0.0.1:1"),
        None,
        &secrets,
    )
}
