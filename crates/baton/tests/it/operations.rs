//! What operators see and do: health, the stages of stopping, log lines, who may read the files.

use std::{
    net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, process::Output, time::Duration,
};

use anyhow::Context as _;
use kit::{
    address::free_address,
    http::{Answer, Http},
    receiver::Receiver,
    visitor::Visitor,
};
use proving::{
    config::{Bot, Setup},
    server::Server,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::watch,
};
use url::Url;

use crate::world::{BATON, QUESTION, Schema, ask_for_human};

/// A platform with a listener for operators, not started yet.
pub(crate) struct Installation {
    pub(crate) server: Server,
    _receiver: Receiver,
    http: Http,
    operations: String,
}

impl Installation {
    pub(crate) async fn new(settings: &str) -> anyhow::Result<Self> {
        Self::on(settings, "").await
    }

    /// With the database at this address instead of SQLite in the data folder.
    async fn on(settings: &str, database: &str) -> anyhow::Result<Self> {
        let receiver = Receiver::start().await?;
        let mut setup = Setup::platform(vec![Bot::demo("support", &receiver.url)]);
        database.clone_into(&mut setup.database);
        let server = Server::baton(Path::new(BATON), |_| setup)?;
        let address = free_address()?;
        let path = server.path("baton.toml");
        let config = std::fs::read_to_string(&path)?;
        std::fs::write(&path, format!("operations = {address:?}\n{settings}\n{config}"))?;
        let operations = format!("http://{address}");
        Ok(Self { server, _receiver: receiver, http: Http::new(), operations })
    }

    pub(crate) async fn started(settings: &str) -> anyhow::Result<Self> {
        let mut new = Self::new(settings).await?;
        new.server.start().await?;
        Ok(new)
    }

    pub(crate) async fn asks(&self, page: &str) -> anyhow::Result<Answer> {
        self.http.get(&format!("{}/{page}", self.operations), &[]).await
    }

    pub(crate) async fn ready(&self) -> anyhow::Result<(u16, Value)> {
        let answer = self.asks("readyz").await?;
        Ok((answer.status.as_u16(), answer.json()?))
    }

    async fn until_not_ready(&self) -> anyhow::Result<Value> {
        self.until(503).await
    }

    async fn until_ready(&self) -> anyhow::Result<Value> {
        self.until(200).await
    }

    async fn until(&self, status: u16) -> anyhow::Result<Value> {
        for _ in 0..1000 {
            let (found, said) = self.ready().await?;
            if found == status {
                return Ok(said);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("readiness never says {status}")
    }

    async fn signal(&self) -> anyhow::Result<()> {
        let pid = self.server.pid().context("it runs")?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        Ok(())
    }

    pub(crate) async fn visitor(&self) -> anyhow::Result<Visitor> {
        Visitor::create(&Http::new(), &self.server.base, "support").await
    }
}

#[tokio::test]
async fn m2_health_is_for_operators_and_follows_the_database_file() -> anyhow::Result<()> {
    let mut it = Installation::started("stop_grace_seconds = 0").await?;
    let live = it.asks("livez").await?;
    assert_eq!((live.status.as_u16(), live.text().as_str()), (200, "live\n"));
    assert_eq!(it.ready().await?, (200, json!({ "ready": true, "store": "ok" })));
    let page = it.http.get(&format!("{}/widget.js", it.server.base), &[]).await?;
    assert_eq!(page.headers["keep-alive"], "timeout=75", "how long a connection may be idle");
    let public = it.http.get(&format!("{}/readyz", it.server.base), &[]).await?;
    assert_eq!(public.status.as_u16(), 404);

    let visitor = it.visitor().await?;
    visitor.say("first", QUESTION).await?;
    let (file, moved) = (it.server.path("data/baton.db"), it.server.path("moved.db"));
    std::fs::rename(&file, &moved)?;
    assert_eq!(it.ready().await?, (503, json!({ "ready": false, "store": "failing" })));
    assert_eq!(it.asks("livez").await?.status.as_u16(), 200);
    let message = json!({ "clientId": "second", "text": QUESTION });
    visitor.post("messages", &message).await?.expect(503)?;
    assert!(it.server.log().contains("was deleted or moved away"), "{}", it.server.log());
    std::fs::rename(&moved, &file)?;
    assert_eq!(it.ready().await?.0, 200);
    visitor.post("messages", &message).await?.expect(202)?;

    // Not even the next start begins with an empty one.
    it.server.stop().await?;
    std::fs::rename(&file, &moved)?;
    let refused = it.server.start().await.unwrap_err().to_string();
    assert!(refused.contains("put the file back") && !file.exists(), "{refused}");
    std::fs::rename(&moved, &file)?;
    it.server.start().await?;
    assert!(visitor.history().await?.iter().any(|event| event.text == QUESTION));
    Ok(())
}

#[tokio::test]
async fn data_is_for_its_owner() -> anyhow::Result<()> {
    let mut it = Installation::new("stop_grace_seconds = 0").await?;
    let data = it.server.path("data");
    std::fs::create_dir(&data)?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755))?;
    it.server.start().await?;
    it.visitor().await?.say("first", QUESTION).await?;
    let mode = |path: &Path| -> anyhow::Result<u32> {
        Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
    };
    assert_eq!(mode(&data)?, 0o700);
    assert!(it.server.log().contains("others had access"), "{}", it.server.log());
    let mut files = 0;
    for entry in std::fs::read_dir(&data)? {
        let path = entry?.path();
        assert_eq!(mode(&path)?, 0o600, "{}", path.display());
        files += 1;
    }
    assert!(files >= 4, "database, log, index of the log, lock");
    Ok(())
}

/// Load balancers hear first, then the work ends, and the operators' listener goes last.
#[tokio::test]
async fn a_server_that_stops_turns_nobody_away() -> anyhow::Result<()> {
    let mut it = Installation::started("stop_grace_seconds = 3").await?;
    let visitor = it.visitor().await?;
    assert!(ask_for_human(&visitor).await?.gives("human"));
    it.signal().await?;
    let said = it.until_not_ready().await?;
    assert_eq!(said, json!({ "ready": false, "stopping": true }));

    // New connections are served as ever, and asked to come back elsewhere.
    let late = it.visitor().await?;
    let asked = late.say("late", QUESTION).await?;
    late.wait_for(asked, |event| event.is("bot_message")).await?;
    let page = Http::new().get(&format!("{}/widget.js", it.server.base), &[]).await?;
    let parting = page.headers.get("connection").and_then(|value| value.to_str().ok());
    assert_eq!((page.status.as_u16(), parting), (200, Some("close")));

    // What is under way outlasts the listener, and operators see it end.
    let address = it.server.base.trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(&address).await?;
    let request = "POST /v1/bots/support/visitors HTTP/1.1\r\nhost: chat\r\n\
        content-type: application/json\r\ncontent-length: 2\r\n\r\n{";
    slow.write_all(request.as_bytes()).await?;
    while TcpStream::connect(&address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(it.ready().await?.0, 503);
    assert_eq!(it.asks("livez").await?.status.as_u16(), 200);
    slow.write_all(b"}").await?;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let ended = it.server.ended().await?;
    assert_eq!(ended.code(), Some(0), "{}", it.server.log());
    assert!(it.asks("livez").await.is_err());
    it.server.start().await?;
    assert!(visitor.history().await?.iter().any(|event| event.gives("human")));
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() -> anyhow::Result<()> {
    let mut it = Installation::started("stop_grace_seconds = 600").await?;
    it.signal().await?;
    it.until_not_ready().await?;
    let (status, took) = it.server.stop().await?;
    assert_eq!(status.code(), Some(130));
    assert!(took < Duration::from_secs(3), "{took:?}");
    Ok(())
}

/// A way to the database that can be closed: what is under way is cut, and nothing gets through.
struct Gate {
    address: SocketAddr,
    is_open: watch::Sender<bool>,
}

impl Gate {
    async fn before(target: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, target) = (listener.local_addr()?, target.to_owned());
        let is_open = watch::Sender::new(true);
        let states = is_open.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut state, target) = (states.subscribe(), target.clone());
                tokio::spawn(async move {
                    if !*state.borrow_and_update() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        // How a connection ends is the business of its two ends.
                        _ended = copy_bidirectional(&mut near, &mut far) => {}
                        _closed = state.wait_for(|is_open| !is_open) => {}
                    }
                });
            }
        });
        Ok(Self { address, is_open })
    }
}

/// An outage of the database is told, and ends by itself. Nothing restarts meanwhile.
#[tokio::test]
async fn m2_a_database_that_is_away_restarts_nothing() -> anyhow::Result<()> {
    let Some(schema) = Schema::create("outage").await? else { return Ok(()) };
    let mut url = Url::parse(&schema.url()?)?;
    let target = (url.host_str().context("a host")?, url.port().unwrap_or(5432));
    let gate = Gate::before(&format!("{}:{}", target.0, target.1)).await?;
    url.set_host(Some("127.0.0.1"))?;
    url.set_port(Some(gate.address.port())).ok().context("a port")?;
    let mut it = Installation::on("stop_grace_seconds = 0", url.as_str()).await?;
    it.server.start().await?;
    let visitor = it.visitor().await?;
    let seq = visitor.say("first", QUESTION).await?;
    visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    let pid = it.server.pid();
    assert_eq!(it.ready().await?, (200, json!({ "ready": true, "store": "ok" })));

    gate.is_open.send_replace(false);
    let message = json!({ "clientId": "second", "text": QUESTION });
    for _ in 0..3 {
        visitor.post("messages", &message).await?.expect(503)?;
        assert_eq!(it.ready().await?, (503, json!({ "ready": false, "store": "failing" })));
        let live = it.asks("livez").await?;
        assert_eq!((live.status.as_u16(), live.text().as_str()), (200, "live\n"));
    }

    gate.is_open.send_replace(true);
    it.until_ready().await?;
    let seq = visitor.say("second", QUESTION).await?;
    visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    let said = visitor.history().await?;
    let heard = said.iter().filter(|event| event.is("visitor_message")).count();
    assert_eq!((heard, it.server.pid()), (2, pid), "once each, by the same process");
    it.server.stop().await?;
    schema.remove().await
}

async fn key(envs: &[(&str, &str)]) -> anyhow::Result<Output> {
    let mut key = Command::new(BATON);
    Ok(key.arg("key").envs(envs.iter().copied()).output().await?)
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_is_an_error() -> anyhow::Result<()> {
    assert!(key(&[("BATON_LOG", "info,store=debug")]).await?.status.success());
    for (name, value, part) in [
        ("BATON_LOG", "info,lodu", "lodu"),
        ("BATON_LOG", "store=loud", "store=loud"),
        ("BATON_LOG_FORMAT", "jsn", "jsn"),
    ] {
        let Output { status, stderr, stdout } = key(&[(name, value)]).await?;
        let said = String::from_utf8(stderr)?;
        assert_eq!((status.code(), stdout.len()), (Some(1), 0), "{said}");
        assert!(said.contains(name) && said.contains(part), "{said}");
    }
    Ok(())
}

/// A log file is read without a terminal.
#[tokio::test]
async fn a_log_file_has_no_colours() -> anyhow::Result<()> {
    let it = Installation::started("").await?;
    let log = it.server.log();
    assert!(log.contains("agent export loaded"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    Ok(())
}
