//! Killed at any moment: everything acknowledged is there once and in order.
//!
//! The test binary runs itself as the victim. It prints every acknowledgement, dies by SIGKILL at a
//! seeded moment, and what it printed is compared with what is on the disk.

use crate::{
    backend::Place,
    counter::{Counter, Happened, Input},
};
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};
use store::{Key, Store};

const VICTIM_URL: &str = "BATON_KILL_VICTIM";
const VICTIM_ROUND: &str = "BATON_KILL_ROUND";
const SEEDS: &str = "BATON_KILL_SEEDS";
const ROUNDS: i64 = 3;
const TASKS: i64 = 8;
const MACHINES: i64 = 3;

/// One acknowledgement: machine, number, value.
type Ack = (String, u64, i64);

#[test]
#[ignore = "the victim of the kill test, run by it"]
fn victim() {
    let url = std::env::var(VICTIM_URL).unwrap();
    let round: i64 = std::env::var(VICTIM_ROUND).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let ledger = store.ledger::<Counter>("bot");
        if round == 0 {
            for machine in 0..MACHINES {
                ledger.create(&format!("cnt_{machine}"), &Counter::default()).await.unwrap();
            }
        }
        let tasks = (0..TASKS).map(|task| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for n in 1.. {
                    let value = round * 100_000_000 + task * 1_000_000 + n;
                    let id = format!("cnt_{}", (task + n) % MACHINES);
                    let key = Key { id: value.to_string(), fingerprint: 0 };
                    let input =
                        if n % 4 == 0 { Input::AddWithNotes(value) } else { Input::Add(value) };
                    let stepped = ledger.step(&id, &1, n, Some(key), input).await.unwrap();
                    let added = stepped.events.iter().find(|event| event.position.sub == 0);
                    let line = format!("ack {id} {} {value}\n", added.unwrap().position.seq);
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

/// Lets a victim work until `acks` were printed, then kills it; returns all it printed.
fn kill_after(url: &str, round: i64, acks: u64, mutant: Option<&str>) -> Vec<Ack> {
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim
        .args(["--exact", "kill::victim", "--ignored", "--nocapture"])
        .env(VICTIM_URL, url)
        .env(VICTIM_ROUND, round.to_string())
        .stdout(Stdio::piped());
    if let Some(mutant) = mutant {
        victim.env("BATON_MUTANT", mutant);
    }
    let mut victim = victim.spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    for line in lines {
        let line = line.unwrap();
        let mut words = line.split(' ');
        // The test runner's own lines come in between, and the last line may be cut.
        let ack = (|| {
            let ("ack", id) = (words.next()?, words.next()?.to_owned()) else { return None };
            Some((id, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })();
        seen.extend(ack);
        if seen.len() as u64 == acks {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    assert!(seen.len() as u64 >= acks, "the victim ended by itself");
    seen
}

/// What is wrong with the database after the kills; nothing, one hopes.
fn complaints(place: &Place, acks: &[Ack]) -> Vec<String> {
    let mut complaints = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        let mut stored: HashMap<String, Vec<i64>> = HashMap::new();
        for machine in 0..MACHINES {
            let id = format!("cnt_{machine}");
            let events = ledger.events(&id, 0, 1_000_000).await.unwrap();
            for (number, event) in (1..).zip(&events) {
                if event.position.seq != number {
                    complaints.push(format!("{id} has a gap before {}", event.position.seq));
                }
            }
            let values: Vec<i64> = events
                .iter()
                .map(|event| if let Happened::Added(n) = event.event { n } else { 0 })
                .collect();
            let total = ledger.load(&id).await.unwrap().map_or(0, |machine| machine.total);
            if total != values.iter().sum::<i64>() {
                complaints.push(format!("the state of {id} is not the sum of its events"));
            }
            stored.insert(id, values);
        }
        let all: Vec<i64> = stored.values().flatten().copied().collect();
        if all.iter().collect::<HashSet<_>>().len() != all.len() {
            complaints.push("a message is there twice".to_owned());
        }
        for values in stored.values() {
            for task in 0..ROUNDS * 100 {
                let of_task: Vec<_> = values.iter().filter(|n| **n / 1_000_000 == task).collect();
                if !of_task.is_sorted() {
                    complaints.push("the messages of a task are out of order".to_owned());
                }
            }
        }
        for (id, seq, value) in acks {
            if stored[id].get(*seq as usize - 1) != Some(value) {
                complaints.push(format!("acknowledged, but not stored: {id} {seq} {value}"));
            }
        }
        store.close().await;
    });
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    let check: String =
        connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    if check != "ok" {
        complaints.push(check);
    }
    complaints
}

/// Kills three victims in a row on one database.
fn run_seed(seed: u64, mutant: Option<&str>) -> Vec<String> {
    let place = Place::sqlite();
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut acks = Vec::new();
    for round in 0..ROUNDS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        acks.extend(kill_after(&place.url, round, 1 + random % 500, mutant));
    }
    complaints(&place, &acks)
}

fn seeds() -> u64 {
    std::env::var(SEEDS).map_or(10, |seeds| seeds.parse().unwrap())
}

#[test]
fn a_killed_process_loses_nothing() {
    for seed in 1..=seeds() {
        let complaints = run_seed(seed, None);
        assert!(complaints.is_empty(), "seed {seed}: {complaints:#?}");
    }
}

/// The proof that the test above can fail.
#[cfg(feature = "mutants")]
#[test]
fn acknowledging_before_the_commit_is_found() {
    let found = (1..=seeds()).find(|seed| !run_seed(*seed, Some("ack-before-commit")).is_empty());
    assert!(found.is_some(), "no seed showed the loss");
}

#[cfg(feature = "mutants")]
mod failing_sync {
    use super::*;
    use store::StoreError;

    #[test]
    #[ignore = "run by the test below, with a disk that fails to sync"]
    fn victim() {
        let url = std::env::var(VICTIM_URL).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&url).await.unwrap();
            store.ready().await.unwrap();
            let ledger = store.ledger::<Counter>("bot");
            for _ in 0..2 {
                let error = ledger.create("cnt_1", &Counter::default()).await.unwrap_err();
                assert!(matches!(error, StoreError::Stopped(_)), "{error}");
            }
            assert!(store.ready().await.is_err());
            assert!(matches!(store.failed().await, StoreError::Stopped(_)));
        });
    }

    /// After a failed sync nothing is acknowledged any more, and the process is told.
    #[test]
    fn the_writer_gives_up() {
        let place = Place::sqlite();
        let victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::failing_sync::victim", "--ignored", "--nocapture"])
            .env(VICTIM_URL, &place.url)
            .env("BATON_MUTANT", "sync-fails")
            .status();
        assert!(victim.unwrap().success());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = place.open().await;
            let ledger = store.ledger::<Counter>("bot");
            assert_eq!(ledger.load("cnt_1").await.unwrap(), None);
        });
    }
}
