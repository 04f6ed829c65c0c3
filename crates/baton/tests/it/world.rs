//! Installations for the tests, and helpers that several tests use.

use std::path::Path;

use anyhow::Context as _;
use kit::{
    address::free_address,
    agent::Desk,
    http::Http,
    push::Pusher,
    receiver::Receiver,
    visitor::{Event, Visitor},
};
use proving::{
    config::{Agent, Bot, PUSH_KEY, Setup},
    load::ASK,
    server::Server,
};

pub(crate) const BATON: &str = env!("CARGO_BIN_EXE_baton");
pub(crate) const QUESTION: &str = "what is your purpose?";

/// A platform alone; its bot `support` calls `receiver`.
pub(crate) struct Platform {
    pub(crate) server: Server,
    pub(crate) receiver: Receiver,
    pub(crate) http: Http,
}

impl Platform {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(|_| {}).await
    }

    /// `change` may alter the settings of the bot.
    pub(crate) async fn with(change: impl FnOnce(&mut Bot)) -> anyhow::Result<Self> {
        let receiver = Receiver::start().await?;
        let mut bot = Bot::demo("support", &receiver.url);
        change(&mut bot);
        let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(vec![bot]))?;
        server.start().await?;
        Ok(Self { server, receiver, http: Http::new() })
    }

    pub(crate) async fn visitor(&self) -> anyhow::Result<Visitor> {
        Visitor::create(&self.http, &self.server.base, "support").await
    }

    pub(crate) fn pusher(&self, visitor: &Visitor) -> Pusher {
        Pusher::new(&self.http, &self.server.base, PUSH_KEY, "support", &visitor.user_id)
    }

    /// A visitor with a human agent, and the event with that change of control.
    pub(crate) async fn paused_visitor(&self) -> anyhow::Result<(Visitor, Event)> {
        let visitor = self.visitor().await?;
        let control = ask_for_human(&visitor).await?;
        anyhow::ensure!(control.gives("human"), "{control:?}");
        Ok((visitor, control))
    }
}

/// A bridge alone, with Jane Doe signed in. Its platform is `platform`.
pub(crate) struct Bridge {
    pub(crate) server: Server,
    pub(crate) platform: Receiver,
    pub(crate) http: Http,
    pub(crate) desk: Desk,
}

impl Bridge {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let platform = Receiver::start().await?;
        let address = free_address()?;
        let mut setup = Setup::bridge("", 2);
        setup.routes[0].push_url.clone_from(&platform.url);
        let mut server = Server::baton_at(Path::new(BATON), &address, &setup)?;
        server.start().await?;
        let http = Http::new();
        let desk = sign_in(&http, &server.base, 0).await?;
        Ok(Self { server, platform, http, desk })
    }
}

/// A schema of PostgreSQL for one test.
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) client: tokio_postgres::Client,
}

impl Schema {
    /// `None` where PostgreSQL is left out, for a quick look.
    pub(crate) async fn create(name: &str) -> anyhow::Result<Option<Self>> {
        if std::env::var("BATON_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1") {
            return Ok(None);
        }
        let name = format!("{name}_{}", std::process::id());
        let server = Self::server()?;
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let sql = format!("CREATE SCHEMA {name}; SET search_path = {name}");
        client.batch_execute(&sql).await?;
        Ok(Some(Self { name, client }))
    }

    pub(crate) fn server() -> anyhow::Result<String> {
        std::env::var("BATON_TEST_POSTGRES").context("BATON_TEST_POSTGRES names the server")
    }

    /// The address of the database, as the configuration takes it.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        Ok(format!("{}?options=-csearch_path%3D{}", Self::server()?, self.name))
    }

    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        let sql = format!("DROP SCHEMA {} CASCADE", self.name);
        Ok(self.client.batch_execute(&sql).await?)
    }
}

pub(crate) async fn sign_in(http: &Http, base: &str, n: usize) -> anyhow::Result<Desk> {
    let agent = Agent::number(n);
    Desk::sign_in(http, base, &agent.email, &agent.password).await
}

/// Asks for a human agent and returns the change of control after step one.
pub(crate) async fn ask_for_human(visitor: &Visitor) -> anyhow::Result<Event> {
    let asked = visitor.say("ask", ASK).await?;
    let settled = |event: &Event| event.gives("human") || event.gives("bot");
    visitor.wait_for(asked, settled).await
}

/// Milliseconds since midnight of an RFC 3339 time in UTC.
pub(crate) fn millis(time: &str) -> anyhow::Result<i64> {
    let clock = time.get(11..23).ok_or_else(|| anyhow::anyhow!("no time: {time:?}"))?;
    let part = |from: usize, to: usize| clock[from..to].parse::<i64>();
    Ok(((part(0, 2)? * 60 + part(3, 5)?) * 60 + part(6, 8)?) * 1_000 + part(9, 12)?)
}

/// Milliseconds from `earlier` to `later`, at most a day apart.
pub(crate) fn between(earlier: &str, later: &str) -> anyhow::Result<i64> {
    Ok((millis(later)? - millis(earlier)?).rem_euclid(86_400_000))
}

/// Length of the pause that a change of control announces, in milliseconds.
pub(crate) fn pause_of(control: &Event) -> anyhow::Result<i64> {
    let until = control.paused_until.as_deref();
    between(&control.at, until.ok_or_else(|| anyhow::anyhow!("no pause: {control:?}"))?)
}

/// Texts of these events of one type.
pub(crate) fn texts<'a>(events: &'a [Event], kind: &str) -> Vec<&'a str> {
    events.iter().filter(|event| event.is(kind)).map(|event| event.text.as_str()).collect()
}
