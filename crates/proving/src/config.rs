//! Configuration files for the installations under test.

use std::{fmt::Write as _, path::PathBuf};

/// What is served; either half may be left out.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub bots: Vec<Bot>,
    pub routes: Vec<Route>,
    pub agents: Vec<Agent>,
    /// Tables `[connectors.NAME]`, as they are written.
    pub connectors: String,
    /// A PostgreSQL URL; SQLite in the data folder when empty.
    pub database: String,
    /// The table `[limits]` as it is written. Without one the limits are off, because all load
    /// comes from one address.
    pub limits: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Bot {
    pub id: String,
    /// Folder of a Dialogflow agent export.
    pub export: PathBuf,
    pub push_key: String,
    pub webhook_url: String,
    pub webhook_token: String,
    /// Further settings of the webhook, such as `history = true`.
    pub webhook_more: String,
    /// Further settings of the bot, one a line.
    pub more: String,
}

#[derive(Debug, Clone)]
pub struct Route {
    pub id: String,
    pub token: String,
    pub push_url: String,
    pub push_key: String,
    /// `desk`, or the name of a connector.
    pub connector: String,
    /// Further settings, one a line.
    pub more: String,
}

#[derive(Debug, Clone)]
pub struct Agent {
    pub email: String,
    pub name: String,
    pub password: String,
}

pub const PUSH_KEY: &str = "push-key-of-the-tests";
pub const WEBHOOK_TOKEN: &str = "webhook-token-of-the-tests";
pub const PASSWORD: &str = "correct horse battery staple";

impl Bot {
    /// The demonstration bot as `id`, with its webhook at `webhook_url`.
    pub fn demo(id: &str, webhook_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            export: demo_export(),
            push_key: PUSH_KEY.to_owned(),
            webhook_url: webhook_url.to_owned(),
            webhook_token: WEBHOOK_TOKEN.to_owned(),
            webhook_more: String::new(),
            more: String::new(),
        }
    }
}

impl Route {
    /// The desk as `id`, pushing to the platform at `platform`.
    pub fn desk(id: &str, platform: &str) -> Self {
        Self {
            id: id.to_owned(),
            token: WEBHOOK_TOKEN.to_owned(),
            push_url: format!("{platform}{}", wire::push::PATH),
            push_key: PUSH_KEY.to_owned(),
            connector: "desk".to_owned(),
            more: String::new(),
        }
    }

    /// The tool of `[connectors.NAME]` under its name, pushing to the platform at `platform`.
    pub fn tool(name: &str, platform: &str) -> Self {
        Self { connector: name.to_owned(), ..Self::desk(name, platform) }
    }
}

impl Agent {
    /// The `n`th agent, counted from 0; the first is Jane Doe.
    pub fn number(n: usize) -> Self {
        let name = if n == 0 { "Jane Doe".to_owned() } else { format!("Agent {n}") };
        Self { email: format!("agent{n}@example.com"), name, password: PASSWORD.to_owned() }
    }
}

/// The agent export whose `Operator Request` intent asks for a human.
pub fn demo_export() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/handoff-demo"))
}

impl Setup {
    /// Both halves in one process at `base`, with so many agents.
    pub fn whole(base: &str, agents: usize) -> Self {
        Self {
            bots: vec![Bot::demo("support", &format!("{base}/handover/desk"))],
            routes: vec![Route::desk("desk", base)],
            agents: (0..agents).map(Agent::number).collect(),
            ..Self::default()
        }
    }

    /// The platform alone.
    pub fn platform(bots: Vec<Bot>) -> Self {
        Self { bots, ..Self::default() }
    }

    /// The bridge alone, pushing to `platform`.
    pub fn bridge(platform: &str, agents: usize) -> Self {
        Self {
            routes: vec![Route::desk("desk", platform)],
            agents: (0..agents).map(Agent::number).collect(),
            ..Self::default()
        }
    }

    /// The configuration file.
    pub fn to_toml(&self, listen: &str) -> String {
        let mut text = format!("listen = {listen:?}\ndata = \"data\"\n");
        if !self.database.is_empty() {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "database = {:?}", self.database);
        }
        let limits = self.limits.as_deref().unwrap_or("enabled = false");
        let _written = write!(text, "\n[limits]\n{limits}\n");
        for bot in &self.bots {
            // Writing to a string cannot fail.
            let _written = write!(
                text,
                "\n[[bots]]\nid = {:?}\nname = {:?}\nagent = {{ export = {:?} }}\n\
                 triggers = [\"operator_request\"]\npush_key = {:?}\n\
                 webhook = {{ url = {:?}, token = {:?}, allow_private = true{}{} }}\n{}\n",
                bot.id,
                bot.id,
                bot.export.display().to_string(),
                bot.push_key,
                bot.webhook_url,
                bot.webhook_token,
                if bot.webhook_more.is_empty() { "" } else { ", " },
                bot.webhook_more,
                bot.more,
            );
        }
        for route in &self.routes {
            let _written = write!(
                text,
                "\n[[routes]]\nid = {:?}\ntoken = {:?}\nconnector = {:?}\n\
                 push = {{ url = {:?}, key = {:?}, allow_private = true }}\n{}\n",
                route.id, route.token, route.connector, route.push_url, route.push_key, route.more,
            );
        }
        for agent in &self.agents {
            let _written = write!(
                text,
                "\n[[agents]]\nemail = {:?}\nname = {:?}\npassword = {:?}\n",
                agent.email, agent.name, agent.password,
            );
        }
        text.push_str(&self.connectors);
        text
    }
}
