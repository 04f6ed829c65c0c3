//! Hostile sockets against the real binary: what each of them costs in memory, and how long an
//! honest visitor waits meanwhile. The limits on requests are off, so that one machine can stand
//! for many addresses and only the bounds on each socket count.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kit::{http::Http, visitor::Visitor};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    config::Setup,
    memory::resident_kib,
    quantiles::Quantiles,
    server::{Server, baton_binary},
};

mod socket;

pub use socket::Kind;
use socket::{Target, attack};

/// Most that one hostile socket may cost.
const KIB_MAX: f64 = 64.0;
/// What the process may grow by itself meanwhile: caches, pools and threads.
const SLACK_KIB: f64 = 12.0 * 1024.0;
/// Sockets that are opened and closed before memory is first measured.
const FIRST: usize = 50;
/// Sockets that are opened at a time.
const AT_ONCE: usize = 64;
/// Messages of one visitor that wait at a time.
const QUEUED: usize = 8;
/// How long the sockets do what they do, beyond the longest timeout of the server.
const ATTACK: Duration = Duration::from_secs(12);
/// Requests of the honest visitor before and, without a pause, during the attack.
const PROBES: usize = 200;
const PROBE_GAP: Duration = Duration::from_millis(20);
/// Long messages in the conversation of the visitor that the sockets belong to.
const LONG_MESSAGES: usize = 60;

/// What `baton-proving hostile` takes.
#[derive(Debug, Args)]
pub struct Options {
    /// The binary under test
    #[arg(long)]
    baton: Option<PathBuf>,
    /// Sockets of each kind; the limit of open files must allow for twice as many
    #[arg(long, default_value_t = 5_000)]
    sockets: usize,
}

/// What the sockets of one kind did to a server.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub kind: Kind,
    pub sockets: usize,
    /// The most by which the resident memory of the server grew.
    pub grown_kib: f64,
    pub before: Quantiles,
    pub during: Quantiles,
}

impl Report {
    /// # Errors
    /// Fails when the sockets cost more memory than they may.
    pub fn check_memory(&self) -> anyhow::Result<()> {
        let most = KIB_MAX * self.sockets as f64 + SLACK_KIB;
        ensure!(self.grown_kib <= most, "{self}: at most {most:.0} KiB are allowed");
        Ok(())
    }

    fn check_delay(&self) -> anyhow::Result<()> {
        let most = 2.0 * self.before.p99_ms;
        ensure!(self.during.p99_ms <= most, "{self}: at most {most:.1} ms are allowed");
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, sockets, grown_kib, before, during } = self;
        let each = grown_kib / *sockets as f64;
        write!(f, "{sockets} × {}: {grown_kib:.0} KiB, {each:.1} each; ", kind.name())?;
        write!(f, "p99 {:.1} ms before, {:.1} ms during", before.p99_ms, during.p99_ms)
    }
}

/// `baton-proving hostile`.
///
/// # Errors
/// Fails when a bound does not hold.
pub async fn command(options: &Options) -> anyhow::Result<()> {
    let baton = options.baton.clone().map_or_else(baton_binary, Ok)?;
    let mut failed = Vec::new();
    for kind in Kind::ALL {
        let report = measure(&baton, kind, options.sockets).await?;
        println!("{report}");
        failed.extend(report.check_memory().and_then(|()| report.check_delay()).err());
    }
    ensure!(failed.is_empty(), "{failed:#?}");
    Ok(())
}

/// Attacks a new server with so many sockets of one kind.
///
/// # Errors
/// Fails when the server cannot be started or asked.
pub async fn measure(baton: &Path, kind: Kind, sockets: usize) -> anyhow::Result<Report> {
    let mut server = Server::baton(baton, |base| Setup::whole(base, 1))?;
    server.start().await?;
    let pid = server.pid().context("it runs")?;
    let http = Http::new();
    let honest = Visitor::create(&http, &server.base, "support").await?;
    let target = target(&http, &server.base).await?;
    drop(open(&target, kind, FIRST).await?);
    let before = Quantiles::of(probe(&honest, PROBES).await?)?;
    let quiet_kib = resident_kib(pid)?;
    let attackers = open(&target, kind, sockets).await?;
    let (mut delays, mut most_kib) = (Vec::new(), quiet_kib);
    let start = Instant::now();
    while start.elapsed() < ATTACK {
        delays.extend(probe(&honest, 1).await?);
        most_kib = most_kib.max(resident_kib(pid)?);
        tokio::time::sleep(PROBE_GAP).await;
    }
    drop(attackers);
    server.kill().await?;
    let during = Quantiles::of(delays)?;
    Ok(Report { kind, sockets, grown_kib: most_kib - quiet_kib, before, during })
}

/// What streams that nobody reads did to a server meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Unread {
    pub events: usize,
    /// Streams that the server has ended.
    pub closed: usize,
    pub grown_kib: f64,
}

/// Lets so many streams of one visitor read nothing while that many events happen, and then reads
/// them all from the beginning.
///
/// # Errors
/// Fails when the server cannot be started or asked, or an event is missing.
pub async fn unread_events(baton: &Path, sockets: usize, events: usize) -> anyhow::Result<Unread> {
    let mut server = Server::baton(baton, |base| Setup::whole(base, 1))?;
    server.start().await?;
    let pid = server.pid().context("it runs")?;
    let http = Http::new();
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    let address = server.base.trim_start_matches("http://").to_owned();
    let target = Target { address, token: visitor.token.clone() };
    let mut seq = visitor.say("first", &"long ".repeat(700)).await?;
    let before = resident_kib(pid)?;
    let mut open = Vec::new();
    for _ in 0..sockets {
        open.push(socket::unread(&target).await?);
    }
    let mut grown_kib = 0_f64;
    let mut said = 0;
    while (seq as usize) < events {
        let texts = (said..said + AT_ONCE).map(|n| (format!("m{n}"), "long ".repeat(200)));
        let says = texts.map(|(id, text)| {
            let visitor = &visitor;
            async move { say_when_there_is_room(visitor, &id, &text).await }
        });
        let seqs: Vec<u64> = stream::iter(says).buffered(QUEUED).try_collect().await?;
        said += AT_ONCE;
        seq = seqs.into_iter().max().unwrap_or(seq);
        visitor.wait_for(seq, |event| event.is("bot_message")).await?;
        grown_kib = grown_kib.max(resident_kib(pid)? - before);
    }
    let mut closed = 0;
    for mut stream in open {
        closed += usize::from(socket::ends(&mut stream).await);
    }
    let numbers: Vec<u64> = visitor.history().await?.iter().filter_map(|event| event.seq).collect();
    ensure!(numbers.iter().copied().eq(1..=numbers.len() as u64), "an event is missing");
    server.kill().await?;
    Ok(Unread { events: numbers.len(), closed, grown_kib })
}

/// Says `text`, again and again while too many messages wait for the bot.
async fn say_when_there_is_room(visitor: &Visitor, id: &str, text: &str) -> anyhow::Result<u64> {
    let message = json!({ "clientId": id, "text": text });
    loop {
        let answer = visitor.post("messages", &message).await?;
        if answer.status.as_u16() == 429 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let accepted: Value = answer.expect(202)?.json()?;
        return accepted["seq"].as_u64().context("no seq");
    }
}

/// A visitor with a long conversation, whose sockets are hostile.
async fn target(http: &Http, base: &str) -> anyhow::Result<Target> {
    let visitor = Visitor::create(http, base, "support").await?;
    for n in 0..LONG_MESSAGES {
        let seq = visitor.say(&format!("m{n}"), &"long ".repeat(700)).await?;
        visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    }
    let address = base.trim_start_matches("http://").to_owned();
    Ok(Target { address, token: visitor.token.clone() })
}

/// Opens sockets that go on with what they do until the set is dropped.
async fn open(target: &Target, kind: Kind, count: usize) -> anyhow::Result<JoinSet<()>> {
    let opened = stream::iter(0..count).map(|_| attack(target, kind));
    let opened: Vec<_> = opened.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(opened.into_iter().collect())
}

/// Delays of an honest visitor's requests.
async fn probe(visitor: &Visitor, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut delays = Vec::new();
    for _ in 0..count {
        let asked = Instant::now();
        visitor.poll(0, 0).await?;
        delays.push(asked.elapsed());
    }
    Ok(delays)
}
