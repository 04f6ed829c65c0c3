//! Sockets that flood, drip or never read cost little memory, and others are served meanwhile.
//! `BATON_HOSTILE_SOCKETS` sets how many there are of each kind (the full set is 5,000).

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kit::{address::free_address, http::Http, visitor::Visitor};
use proving::{
    config::Setup,
    hostile::{Kind, measure, unread_events},
    server::Server,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::{BATON, QUESTION};

async fn attack(kinds: &[Kind]) -> anyhow::Result<()> {
    let sockets = match std::env::var("BATON_HOSTILE_SOCKETS") {
        Ok(sockets) => sockets.parse()?,
        Err(_) => 200,
    };
    for kind in kinds {
        let report = measure(Path::new(BATON), *kind, sockets).await?;
        println!("{report}");
        report.check_memory()?;
        // Other tests use the machine, too: this only finds a server that hangs.
        anyhow::ensure!(report.during.p99_ms < 5_000.0, "{report}");
    }
    Ok(())
}

#[tokio::test]
async fn j4_sockets_that_flood_or_are_not_read_cost_little() -> anyhow::Result<()> {
    attack(&[Kind::PingFlood, Kind::NeverReads, Kind::UnreadAnswers]).await
}

#[tokio::test]
async fn sockets_that_stop_half_way_cost_little() -> anyhow::Result<()> {
    attack(&[Kind::Drip, Kind::HalfFrame, Kind::HalfHead, Kind::HalfBody]).await
}

/// Silent and half-open connections at one listener.
const SILENT: usize = 500;

/// Opens sockets of which each second one sends half a head.
async fn silent(base: &str) -> anyhow::Result<Vec<TcpStream>> {
    let mut open = Vec::new();
    for n in 0..SILENT {
        let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await?;
        if n % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-half").await?;
        }
        open.push(stream);
    }
    Ok(open)
}

#[tokio::test]
async fn j1_a_thousand_silent_connections_are_closed_in_ten_seconds_and_hold_up_nobody()
-> anyhow::Result<()> {
    let mut server = Server::baton(Path::new(BATON), |base| Setup::whole(base, 1))?;
    let (path, operations) = (server.path("baton.toml"), free_address()?);
    let config = std::fs::read_to_string(&path)?;
    std::fs::write(&path, format!("operations = {operations:?}\n{config}"))?;
    server.start().await?;
    let (http, operations) = (Http::new(), format!("http://{operations}"));
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    let opened = Instant::now();
    let mut open = silent(&server.base).await?;
    open.extend(silent(&operations).await?);
    visitor.say("meanwhile", QUESTION).await?;
    http.get(&format!("{operations}/livez"), &[]).await?.expect(200)?;
    anyhow::ensure!(opened.elapsed() < Duration::from_secs(10), "{:?}", opened.elapsed());
    let last = Instant::now();
    for mut stream in open {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
        // A reset is an end, too.
        let _ = closed.await.context("a connection stays open")?;
    }
    // The time of the header is five seconds; the machine is shared.
    anyhow::ensure!(last.elapsed() < Duration::from_secs(10), "{:?}", last.elapsed());
    Ok(())
}

#[tokio::test]
async fn c5_streams_that_nobody_reads_cost_no_memory_and_lose_nothing() -> anyhow::Result<()> {
    const SOCKETS: usize = 200;
    const EVENTS: usize = 3_000;
    let alone = unread_events(Path::new(BATON), 0, EVENTS).await?;
    let beside = unread_events(Path::new(BATON), SOCKETS, EVENTS).await?;
    println!("{alone:?} {beside:?}");
    anyhow::ensure!(beside.events >= EVENTS, "{beside:?}");
    anyhow::ensure!(beside.closed == SOCKETS, "a slow reader keeps its place: {beside:?}");
    let of_sockets = beside.grown_kib - alone.grown_kib;
    anyhow::ensure!(of_sockets <= 64.0 * SOCKETS as f64, "{alone:?} {beside:?}");
    Ok(())
}
