//! The settings of a running server change: SIGHUP reads the file again.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use kit::{http::Http, push::Pusher, receiver::Receiver, visitor::Visitor};
use proving::{
    config::{Bot, PUSH_KEY, Setup, WEBHOOK_TOKEN},
    server::Server,
};
use serde_json::json;

use crate::world::{BATON, ask_for_human};

const NEW_KEY: &str = "another-push-key-of-the-tests";

struct Installation {
    server: Server,
    receiver: Receiver,
    http: Http,
}

impl Installation {
    async fn start() -> anyhow::Result<Self> {
        let receiver = Receiver::start().await?;
        let bot = Bot::demo("support", &receiver.url);
        let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(vec![bot]))?;
        server.start().await?;
        Ok(Self { server, receiver, http: Http::new() })
    }

    /// Writes the file anew and tells the server.
    async fn change(&self, setup: &Setup, more: &str) -> anyhow::Result<()> {
        let listen = self.server.base.trim_start_matches("http://");
        std::fs::write(self.server.path("baton.toml"), setup.to_toml(listen) + more)?;
        let pid = self.server.pid().unwrap_or_default().to_string();
        let sent = tokio::process::Command::new("kill").args(["-HUP", &pid]).status().await?;
        ensure!(sent.success(), "SIGHUP could not be sent");
        Ok(())
    }

    fn bot(&self, id: &str) -> Bot {
        Bot::demo(id, &self.receiver.url)
    }

    async fn visitors_of(&self, bot: &str) -> anyhow::Result<u16> {
        let url = format!("{}/v1/bots/{bot}/visitors", self.server.base);
        Ok(self.http.post(&url, &[], &json!({})).await?.status.as_u16())
    }

    async fn call(&self, route: &str) -> anyhow::Result<u16> {
        let url = format!("{}/handover/{route}", self.server.base);
        let token = [("authorization", WEBHOOK_TOKEN)];
        Ok(self.http.post(&url, &token, &json!({})).await?.status.as_u16())
    }

    /// Waits until `status` gives `wanted`: a change is live within a second.
    async fn until(
        &self,
        wanted: u16,
        status: impl AsyncFn() -> anyhow::Result<u16>,
    ) -> anyhow::Result<()> {
        let waiting = async {
            while status().await? != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), waiting).await;
        waited.map_err(|_| anyhow::anyhow!("never {wanted}:\n{}", self.server.log()))?
    }
}

#[tokio::test]
async fn a_changed_file_is_live_without_a_restart() -> anyhow::Result<()> {
    let world = Installation::start().await?;
    let visitor = Visitor::create(&world.http, &world.server.base, "support").await?;
    ask_for_human(&visitor).await?;

    let with_new_key = |bot| Bot { push_key: NEW_KEY.to_owned(), ..bot };
    let changed = with_new_key(world.bot("support"));
    let mut setup = Setup::platform(vec![changed, with_new_key(world.bot("second"))]);
    setup.routes = Setup::bridge(&world.server.base, 1).routes;
    let route = setup.routes[0].id.clone();
    world.change(&setup, "").await?;
    world.until(201, async || world.visitors_of("second").await).await?;
    world.until(400, async || world.call(&route).await).await?;

    let base = &world.server.base;
    let push = async |key| {
        let pusher = Pusher::new(&world.http, base, key, "support", &visitor.user_id);
        let said = pusher.send("message", json!({ "text": "hello", "minutesPaused": 5 })).await?;
        anyhow::Ok(said.status.as_u16())
    };
    ensure!(push(PUSH_KEY).await? == 401, "the old key opens nothing");
    ensure!(push(NEW_KEY).await? == 200, "the chat goes on with the new one");

    world.change(&Setup::platform(vec![world.bot("support")]), "").await?;
    world.until(404, async || world.visitors_of("second").await).await?;
    world.until(401, async || world.call(&route).await).await?;
    ensure!(push(PUSH_KEY).await? == 200, "the key of before is back");
    Ok(())
}

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing() -> anyhow::Result<()> {
    let world = Installation::start().await?;
    let two = Setup::platform(vec![world.bot("support"), world.bot("second")]);
    world.change(&two, "\nlisen = 1\n").await?;
    let told = async || Ok(u16::from(world.server.log().contains("the old one stays")));
    world.until(1, told).await?;
    ensure!(world.visitors_of("second").await? == 404);
    ensure!(world.visitors_of("support").await? == 201);
    world.change(&two, "").await?;
    world.until(201, async || world.visitors_of("second").await).await
}

/// What a file does not name any more and what is broken disturbs no other, also after a restart.
#[tokio::test]
async fn a_bot_that_cannot_be_built_disturbs_no_other() -> anyhow::Result<()> {
    let world = Installation::start().await?;
    let broken = Bot { export: "/nowhere".into(), ..world.bot("support") };
    world.change(&Setup::platform(vec![broken, world.bot("second")]), "").await?;
    world.until(201, async || world.visitors_of("second").await).await?;
    ensure!(world.visitors_of("support").await? == 201, "what was built before stays in use");
    ensure!(world.server.log().contains("/nowhere"), "{}", world.server.log());
    Ok(())
}
