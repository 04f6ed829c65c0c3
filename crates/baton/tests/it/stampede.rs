//! Many clients lose the server in one moment, and come back as the pages do: after random waits
//! under a limit that doubles up to a cap (`web/client/src/backoff.ts`).

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use kit::{http::Http, visitor::Visitor};
use proving::{config::Setup, server::Server};
use tokio::{sync::watch, task::JoinSet};

use crate::world::{BATON, QUESTION};

const SOCKETS: usize = 2_000;
/// Each has several sockets.
const VISITORS: usize = 50;
const BACK_WITHIN: Duration = Duration::from_mins(1);
const BASE_MS: u64 = 500;
const CAP_MS: u64 = 20_000;

/// What the clients see together.
struct Crowd {
    /// Sockets that have spoken and still stand.
    live: watch::Sender<usize>,
    /// Attempts that the server answered with something else than a stream.
    refused: AtomicUsize,
    random: AtomicUsize,
}

impl Crowd {
    /// Pseudo-random, and the same in each run.
    fn random(&self, below: u64) -> u64 {
        let next = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed) as u64;
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % below
    }

    async fn until(&self, wanted: usize, within: Duration) -> anyhow::Result<Duration> {
        let from = Instant::now();
        let mut live = self.live.subscribe();
        let reached = tokio::time::timeout(within, live.wait_for(|live| *live == wanted)).await;
        let now = *self.live.borrow();
        anyhow::ensure!(reached.is_ok(), "{now} of {wanted} after {within:?}");
        Ok(from.elapsed())
    }
}

/// One client, which never gives up.
async fn client(crowd: Arc<Crowd>, visitor: Arc<Visitor>) {
    let mut failures = 0;
    loop {
        match visitor.stream(0).await {
            Ok(mut stream) => {
                if stream.next().await.is_ok() {
                    failures = 0;
                    crowd.live.send_modify(|live| *live += 1);
                    while stream.next().await.is_ok() {}
                    crowd.live.send_modify(|live| *live -= 1);
                }
            }
            // The server answered, and opened no stream.
            Err(error) if format!("{error:#}").contains("HTTP error") => {
                println!("{error:#}");
                crowd.refused.fetch_add(1, Relaxed);
            }
            Err(_) => {}
        }
        let limit = CAP_MS.min(BASE_MS << failures);
        failures = (failures + 1).min(10);
        tokio::time::sleep(Duration::from_millis(crowd.random(limit).max(50))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_two_thousand_sockets_are_back_within_a_minute_of_a_restart() -> anyhow::Result<()> {
    let mut server = Server::baton(Path::new(BATON), |base| Setup::whole(base, 1))?;
    server.start().await?;
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let visitor = Visitor::create(&Http::new(), &server.base, "support").await?;
        visitor.say("first", QUESTION).await?;
        visitors.push(Arc::new(visitor));
    }
    let crowd = Arc::new(Crowd {
        live: watch::Sender::new(0),
        refused: AtomicUsize::new(0),
        random: AtomicUsize::new(1),
    });
    let mut clients = JoinSet::new();
    for n in 0..SOCKETS {
        clients.spawn(client(Arc::clone(&crowd), Arc::clone(&visitors[n % VISITORS])));
    }
    crowd.until(SOCKETS, BACK_WITHIN).await?;
    server.kill().await?;
    crowd.until(0, BACK_WITHIN).await?;
    server.start().await?;
    let took = crowd.until(SOCKETS, BACK_WITHIN).await?;
    println!("all back after {took:?}");
    assert_eq!(crowd.refused.load(Relaxed), 0, "every connection that was made became a stream");
    let log = server.log();
    let complaints: Vec<_> = log.lines().filter(|line| line.contains("cannot accept")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    // None was forgotten: each hears what is said now.
    for visitor in &visitors {
        let seq = visitor.say("after", QUESTION).await?;
        visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    }
    Ok(())
}
