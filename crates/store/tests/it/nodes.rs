//! Several nodes on one PostgreSQL: races are decided once, and a lost connection loses nothing.

use crate::{
    backend::{Place, postgres_run, postgres_server},
    counter::{Counter, Happened, Input},
};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::{Key, Ledger, Options, Seen, StepError, Store, StoreError};

const PATIENCE: Duration = Duration::from_secs(30);

async fn two_nodes(place: &Place) -> [Ledger<Counter>; 2] {
    let (one, two) = tokio::join!(open_node(place), open_node(place));
    [one.ledger("bot"), two.ledger("bot")]
}

/// A node that knows that there are others.
async fn open_node(place: &Place) -> Store {
    let options = Options { poll: Some(Duration::from_millis(50)) };
    Store::open_with(&place.url, &options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_without_gaps() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = two_nodes(&place).await;
    for id in ["cnt_1", "cnt_2"] {
        nodes[0].create(id, &Counter::default()).await.unwrap();
    }
    let mut tasks = Vec::new();
    for task in 0..32 {
        let ledger = nodes[task % 2].clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..10 {
                let id = if (task + n) % 3 == 0 { "cnt_1" } else { "cnt_2" };
                // Both nodes use the same keys, so each is counted once.
                let key = Key { id: format!("{}/{n}", task / 2), fingerprint: 0 };
                ledger.step(id, &1, 0, Some(key), Input::Add(1)).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for id in ["cnt_1", "cnt_2"] {
        let events = nodes[1].events(id, 0, 1000).await.unwrap();
        let numbers: Vec<u64> = events.iter().map(|event| event.position.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert_eq!(nodes[0].load(id).await.unwrap().unwrap().total, numbers.len() as i64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_open_one_machine_per_peer() {
    let Some(place) = Place::postgres().await else { return };
    let nodes = two_nodes(&place).await;
    for round in 0..10 {
        let mut tasks = Vec::new();
        for n in 0..20 {
            let ledger = nodes[n % 2].clone();
            tasks.push(tokio::spawn(async move {
                let peer = format!("visitor{round}");
                let with = peer.clone();
                let make = move || Some((format!("cnt_{round}_{n}"), Counter::with(&with)));
                let stepped = ledger.step_peer(&peer, make, &1, 0, None, Input::Add(1)).await;
                stepped.unwrap().unwrap().id
            }));
        }
        let mut ids = HashSet::new();
        for task in tasks {
            ids.insert(task.await.unwrap());
        }
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
    let open = nodes[0].open_ids(100).await.unwrap();
    assert_eq!(open.len(), 10);
    assert!(open.iter().all(|(_, machine)| machine.total == 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_nodes_commits_are_seen_late_rather_than_never() {
    let Some(place) = Place::postgres().await else { return };
    let here = open_node(&place).await;
    let there = open_node(&place).await.ledger::<Counter>("bot");
    let ledger = here.ledger::<Counter>("bot");
    there.create("cnt_1", &Counter::default()).await.unwrap();
    let mut watcher = ledger.watch("cnt_1", 0);
    let mut owner = ledger.watch_owner();
    let mut wakes = here.wakes::<Counter>();
    for n in 1..4 {
        there.step("cnt_1", &1, 0, None, Input::Add(n)).await.unwrap();
        let seen = tokio::time::timeout(PATIENCE, watcher.next()).await.unwrap().unwrap();
        let Seen::Events(events) = seen else { panic!("{seen:?}") };
        assert_eq!(events[0].event, Happened::Added(n));
        tokio::time::timeout(PATIENCE, owner.changed()).await.unwrap();
        tokio::time::timeout(PATIENCE, wakes.before(Some(0))).await.unwrap();
    }
}

/// The order is the database's, whatever the clocks of the nodes say; times are only shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_nodes_with_clocks_apart_keep_one_order() {
    const APART: i64 = 10 * 60_000;
    let Some(place) = Place::postgres().await else { return };
    let nodes = two_nodes(&place).await;
    nodes[0].create("cnt_1", &Counter::default()).await.unwrap();
    let mut watcher = nodes[1].watch("cnt_1", 0);
    let (mut heard, mut expected) = (Vec::new(), Vec::new());
    for n in 0..20 {
        // The second node is behind, and every fifth step its clock jumps by a day.
        let now = if n % 2 == 0 { n } else { n - APART - (n % 5) * 86_400_000 };
        let node = &nodes[n as usize % 2];
        let stepped = node.step("cnt_1", &1, now, None, Input::Add(n)).await.unwrap();
        assert_eq!(stepped.first_seq, n as u64 + 1);
        expected.push((n as u64 + 1, now, Happened::Added(n)));
    }
    while heard.len() < expected.len() {
        let seen = tokio::time::timeout(PATIENCE, watcher.next()).await.unwrap().unwrap();
        let Seen::Events(events) = seen else { panic!("{seen:?}") };
        heard.extend(events.iter().cloned().map(|it| (it.position.seq, it.at, it.event)));
    }
    assert_eq!(heard, expected);
    // A key is known by its text, however old the other clock makes it.
    let key = || Some(Key { id: "once".to_owned(), fingerprint: 0 });
    nodes[0].step("cnt_1", &1, 0, key(), Input::Add(1)).await.unwrap();
    let again = nodes[1].step("cnt_1", &1, -APART, key(), Input::Add(1)).await.unwrap();
    assert!(again.repeated);
}

/// Ends every connection of this test's node again and again while it works.
async fn cut_connections(application: String, stop: Arc<AtomicBool>) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = '{application}'"
    );
    while !stop.load(Ordering::Relaxed) {
        postgres_run(&postgres_server(), &sql).await;
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_nothing_and_double_nothing() {
    let Some(place) = Place::postgres().await else { return };
    let application = format!("cut{}", std::process::id());
    let url = format!("{}&application_name={application}", place.url);
    let store = Store::open(&url).await.unwrap();
    let ledger = store.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let cutter = tokio::spawn(cut_connections(application, stop.clone()));
    let mut tasks = Vec::new();
    for task in 0..8 {
        tasks.push(tokio::spawn(work_through_cuts(ledger.clone(), task)));
    }
    let mut certain = HashSet::new();
    let mut cuts = 0;
    for task in tasks {
        let (values, hit) = task.await.unwrap();
        certain.extend(values);
        cuts += hit;
    }
    stop.store(true, Ordering::Relaxed);
    cutter.await.unwrap();
    store.close().await;
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    let events = ledger.events("cnt_1", 0, 2000).await.unwrap();
    let mut stored = HashSet::new();
    for event in &events {
        let Happened::Added(value) = event.event else { panic!("{event:?}") };
        assert!(stored.insert(value), "{value} is there twice");
    }
    assert!(certain.is_subset(&stored));
    let numbers: Vec<u64> = events.iter().map(|event| event.position.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    assert!(cuts > 0, "no cut hit a step");
}

/// Half of the tasks use keys and repeat until it worked; the others do not, and take a lost
/// commit for an answer. Returns what is certainly stored, and how many steps a cut hit.
async fn work_through_cuts(ledger: Ledger<Counter>, task: i64) -> (Vec<i64>, u64) {
    let (mut certain, mut cuts) = (Vec::new(), 0);
    for n in 0..100 {
        let value = task * 1000 + n;
        loop {
            let key = (task % 2 == 0).then(|| Key { id: value.to_string(), fingerprint: 0 });
            let has_key = key.is_some();
            match ledger.step("cnt_1", &1, 0, key, Input::Add(value)).await {
                Ok(_) => {
                    certain.push(value);
                    break;
                }
                Err(StepError::Store(StoreError::Uncertain(_))) => {
                    cuts += 1;
                    if !has_key {
                        break;
                    }
                }
                Err(StepError::Store(error)) if error.is_temporary() => cuts += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    (certain, cuts)
}
