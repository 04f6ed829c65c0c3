//! Units of work per second at 1, 64 and 256 in flight, beside a floor.
//!
//! `cargo run --release -p store --example units -- [postgres://…] [64]`; without an address a
//! SQLite file in a temporary folder is used, without numbers 1, 64 and 256 are in flight. The
//! floor is the least a durable write can be: one bare insert per unit into one table, on one
//! connection that commits what waits together, with full sync. Runs are interleaved; the medians
//! are printed.

use machine::{Event, Machine, Millis, Position, Recorded};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};
use store::{Key, Ledger, Store, StoreError};
use tokio::sync::oneshot;

const RUN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;
const MACHINES: usize = 256;

/// About as heavy as a conversation: a state of about a kilobyte, events of about 200 bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Talk {
    position: Position,
    said: u64,
    settings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Visitor { text: String, client_id: String },
}

impl Event for Said {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        false
    }
}

impl Machine for Talk {
    const PREFIX: &'static str = "tlk";
    const FORMAT: u32 = 1;
    type Input = String;
    type Event = Said;
    type Policy = ();
    type Refusal = ();

    fn step(&mut self, (): &(), now: Millis, text: String) -> Result<Vec<Recorded<Said>>, ()> {
        let position = self.position.next(false);
        let client_id = format!("client-{}", position.seq);
        let recorded = Recorded { position, at: now, event: Said::Visitor { text, client_id } };
        self.apply(&recorded);
        Ok(vec![recorded])
    }

    fn apply(&mut self, recorded: &Recorded<Said>) {
        self.position = recorded.position;
        self.said += 1;
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        self.said % 2 == 1
    }

    fn wake_at(&self) -> Option<Millis> {
        Some(1_700_000_000_000 + self.said as i64 * 1000)
    }

    fn peer(&self) -> Option<&str> {
        None
    }
}

/// A run's figures.
struct Figures {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of the whole process, which a busy machine disturbs less than the clock.
    cpu_us: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { per_second, p50_ms, p99_ms, cpu_us } = self;
        write!(f, "{per_second:>6.0}/s, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, {cpu_us:.0} us cpu")
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?;
    let (numbers, urls): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.parse::<usize>().is_ok());
    let mut in_flights: Vec<usize> = numbers.iter().filter_map(|word| word.parse().ok()).collect();
    if in_flights.is_empty() {
        in_flights = vec![1, 64, 256];
    }
    let url = urls.into_iter().next();
    let is_sqlite = url.is_none();
    let url = url.unwrap_or_else(|| folder.path().join("units.db").display().to_string());
    let store = Store::open(&url).await?;
    let ledger: Ledger<Talk> = store.ledger("bot_bench");
    let ids = create_machines(&ledger).await?;
    let floor = if is_sqlite { Some(Floor::start(&folder.path().join("floor.db"))?) } else { None };
    for in_flight in in_flights {
        let (mut units, mut floors) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let (ledger, ids) = (ledger.clone(), ids.clone());
            let unit = move |task: usize, n| {
                let (ledger, ids) = (ledger.clone(), ids.clone());
                async move {
                    let key = Key { id: format!("{round}/{in_flight}/{task}/{n}"), fingerprint: n };
                    let text = "a message of the usual length, about eighty bytes of text in it";
                    let id = &ids[task % MACHINES];
                    ledger.step(id, &(), n as i64, Some(key), text.to_owned()).await.is_ok()
                }
            };
            units.push(measure(in_flight, unit).await);
            if let Some(floor) = floor.clone() {
                let insert = move |_, _| {
                    let floor = floor.clone();
                    async move { floor.insert().await }
                };
                floors.push(measure(in_flight, insert).await);
            }
        }
        let unit = median(units);
        print!("{in_flight:>4} in flight: {unit}");
        if is_sqlite {
            let floor = median(floors);
            print!("; floor {floor}; ratio {:.2}", unit.per_second / floor.per_second);
        }
        println!();
    }
    store.close().await;
    Ok(())
}

async fn create_machines(ledger: &Ledger<Talk>) -> Result<Arc<[String]>, StoreError> {
    let run = std::process::id();
    let ids: Arc<[String]> = (0..MACHINES).map(|n| format!("tlk_{run}_{n:03}")).collect();
    for id in &*ids {
        let settings =
            (0..20).map(|n| format!("setting {n:02} with a value of some length")).collect();
        let talk = Talk { position: Position::default(), said: 0, settings };
        ledger.create(id, &talk).await?;
    }
    Ok(ids)
}

async fn measure<F, R>(in_flight: usize, unit: F) -> Figures
where
    F: Fn(usize, u64) -> R + Clone + Send + 'static,
    R: Future<Output = bool> + Send,
{
    let started = Instant::now();
    let cpu_before = cpu_us();
    let mut tasks = Vec::new();
    for task in 0..in_flight {
        let unit = unit.clone();
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            let mut n = 0;
            while started.elapsed() < RUN {
                let before = Instant::now();
                assert!(unit(task, n).await, "a unit failed");
                took.push(before.elapsed());
                n += 1;
            }
            took
        }));
    }
    let mut took: Vec<Duration> = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap_or_default());
    }
    let per_second = took.len() as f64 / started.elapsed().as_secs_f64();
    let cpu_us = (cpu_us() - cpu_before) / took.len() as f64;
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    Figures { per_second, p50_ms: at(0.5), p99_ms: at(0.99), cpu_us }
}

/// Processor time used so far, in microseconds; zero where there is no `/proc`.
fn cpu_us() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    // The kernel counts in hundredths of a second here.
    ticks.sum::<f64>() * 10_000.0
}

fn median(mut figures: Vec<Figures>) -> Figures {
    figures.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = figures.len() / 2;
    figures.swap_remove(middle)
}

/// One bare insert per unit on one writer thread that commits what waits together.
#[derive(Clone)]
struct Floor {
    inbox: Arc<Mutex<mpsc::Sender<oneshot::Sender<bool>>>>,
}

impl Floor {
    fn start(path: &std::path::Path) -> Result<Self, rusqlite::Error> {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             CREATE TABLE m (id INTEGER PRIMARY KEY, chat INTEGER, body TEXT); \
             CREATE INDEX m_chat ON m (chat);",
        )?;
        let (inbox, jobs) = mpsc::channel::<oneshot::Sender<bool>>();
        std::thread::spawn(move || {
            while let Ok(first) = jobs.recv() {
                let mut waiting = vec![first];
                waiting.extend(jobs.try_iter().take(255));
                let stored = insert_all(&connection, waiting.len()).is_ok();
                for reply in waiting {
                    let _ = reply.send(stored);
                }
            }
        });
        Ok(Self { inbox: Arc::new(Mutex::new(inbox)) })
    }

    async fn insert(&self) -> bool {
        let (reply, done) = oneshot::channel();
        let sent = self.inbox.lock().is_ok_and(|inbox| inbox.send(reply).is_ok());
        sent && done.await.unwrap_or(false)
    }
}

fn insert_all(connection: &rusqlite::Connection, rows: usize) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO m (chat, body) VALUES (?1, ?2)")?;
        for row in 0..rows {
            insert.execute((row as i64 % 64, "a message of the usual length"))?;
        }
    }
    transaction.commit()
}
