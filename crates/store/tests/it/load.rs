//! Long readers and many watchers: the store stays small and quick beside them.

use crate::{
    backend::Place,
    counter::{Counter, Input},
};
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

async fn write(store: &store::Store, units: i64) {
    let ledger = store.ledger::<Counter>("bot");
    let in_flight = Arc::new(Semaphore::new(64));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..units {
        let (ledger, place) = (ledger.clone(), in_flight.clone().acquire_owned().await.unwrap());
        tasks.spawn(async move {
            let id = format!("cnt_{}", n % 8);
            ledger.step(&id, &1, n, None, Input::Add(n)).await.unwrap();
            drop(place);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

async fn with_machines(place: &Place) -> store::Store {
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    for n in 0..8 {
        ledger.create(&format!("cnt_{n}"), &Counter::default()).await.unwrap();
    }
    store
}

/// How long each of many units took, in order of length.
async fn timed(store: &store::Store, units: i64) -> Vec<Duration> {
    let ledger = store.ledger::<Counter>("bot");
    let mut took = Vec::new();
    for n in 0..units {
        let began = Instant::now();
        ledger.step(&format!("cnt_{}", n % 8), &1, n, None, Input::Add(n)).await.unwrap();
        took.push(began.elapsed());
    }
    took.sort();
    took
}

/// An export may read for minutes. What a busy machine adds by chance is left out by taking the
/// best of several rounds on each side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_long_reader_holds_up_no_writer() {
    const ROUNDS: usize = 5;
    const UNITS: i64 = 300;
    let place = Place::sqlite();
    let store = with_machines(&place).await;
    let log = place.file().with_extension("db-wal");
    let size = || fs::metadata(&log).unwrap().len();
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut largest = 0;
    for _ in 0..ROUNDS {
        let rank = UNITS as usize * 99 / 100;
        alone.push(timed(&store, UNITS).await[rank]);
        let reader = rusqlite::Connection::open(place.file()).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let count = "SELECT count(*) FROM events";
        let before: i64 = reader.query_row(count, (), |row| row.get(0)).unwrap();
        beside.push(timed(&store, UNITS).await[rank]);
        write(&store, 2000).await;
        let still: i64 = reader.query_row(count, (), |row| row.get(0)).unwrap();
        assert_eq!(before, still);
        largest = largest.max(size());
    }
    let (alone, beside) = (alone.iter().min().unwrap(), beside.iter().min().unwrap());
    println!("p99 {alone:?} alone, {beside:?} beside the reader; the log grew to {largest} bytes");
    assert!(*beside <= *alone * 2 + Duration::from_millis(20), "{beside:?} instead of {alone:?}");
    assert!(largest > 4 << 20, "the log keeps what the reader may still need: {largest}");
    let began = Instant::now();
    while size() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "the log stays at {}", size());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.close().await;
    assert!(!log.exists(), "the log is folded into the file");
}

/// Commits without a pause must not make the log grow without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_starts_over_under_endless_load() {
    let place = Place::sqlite();
    let store = with_machines(&place).await;
    let log = place.file().with_extension("db-wal");
    for _ in 0..10 {
        write(&store, 3000).await;
    }
    let size = fs::metadata(&log).unwrap().len();
    assert!(size < 160 << 20, "{size}");
    store.close().await;
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Each of many idle visitors costs little: a task, a watcher, a slot and the last ephemeral event.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_watcher_is_small() {
    const WATCHERS: usize = 20_000;
    let place = Place::sqlite();
    let store = with_machines(&place).await;
    let ledger = store.ledger::<Counter>("bot_0123456789abcdef");
    let mut idle = Vec::new();
    let mut before = 0;
    for n in 0..1000 + WATCHERS {
        if n == 1000 {
            before = resident_bytes();
        }
        let id = format!("cnv_0192a0000000000000{n:08}");
        let mut watcher = ledger.watch(&id, 0);
        // Once it has seen an ephemeral event it has read the store, and only waits.
        ledger.send_ephemeral(&id, "typing", 0);
        watcher.next().await.unwrap();
        idle.push(tokio::spawn(async move { watcher.next().await }));
    }
    let each = (resident_bytes() - before) / WATCHERS;
    println!("{each} bytes per idle watcher");
    assert!(each < 1024, "{each} bytes");
    for task in idle {
        task.abort();
        task.await.unwrap_err();
    }
    assert_eq!(store.watched(), 0);
}
