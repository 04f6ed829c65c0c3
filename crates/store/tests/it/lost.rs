//! The answer to a commit is lost, so the caller cannot know whether it is stored.

use crate::{
    backend::Place,
    counter::{Counter, Input},
};
use machine::Machine;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};
use store::{Key, Ledger, StepError, Store, StoreError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_postgres::config::Host;

/// What the proxy loses with the next commit.
const NOTHING: u8 = 0;
const ANSWER: u8 = 1;
const COMMIT: u8 = 2;

/// Sits between the store and its server; when told to, it passes one commit on, waits for the
/// answer, and cuts the connection instead of passing the answer back. Or it cuts the connection
/// instead of passing the commit on.
async fn start_proxy(server: String, swallow: Arc<AtomicU8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass_on(client, server, swallow.clone()));
        }
    });
    address
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, swallow: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let asked = &asked[..length];
                let commits = asked.windows(7).any(|word| word == b"COMMIT\0");
                let lose = if commits { swallow.swap(NOTHING, Ordering::SeqCst) } else { NOTHING };
                if lose == COMMIT {
                    return;
                }
                server.write_all(asked).await.unwrap();
                if lose == ANSWER {
                    let mut all = Vec::new();
                    while !all.windows(7).any(|word| word == b"COMMIT\0") {
                        let length = server.read(&mut answered).await.unwrap();
                        assert_ne!(length, 0);
                        all.extend_from_slice(&answered[..length]);
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A store behind the proxy, with one machine, and the switch.
async fn behind_proxy(place: &Place) -> (Store, Ledger<Counter>, Arc<AtomicU8>) {
    let config: tokio_postgres::Config = place.url.parse().unwrap();
    let [Host::Tcp(host)] = config.get_hosts() else { panic!("a server with a port is needed") };
    let server = format!("{host}:{}", config.get_ports().first().unwrap_or(&5432));
    let swallow = Arc::new(AtomicU8::new(NOTHING));
    let proxy = start_proxy(server.clone(), swallow.clone()).await;
    let url = place.url.replacen(&server, &proxy.to_string(), 1);
    let store = Store::open(&url).await.unwrap();
    let ledger = store.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    (store, ledger, swallow)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_reported_and_not_run_again() {
    let Some(place) = Place::postgres().await else { return };
    let (_store, ledger, swallow) = behind_proxy(&place).await;
    swallow.store(ANSWER, Ordering::SeqCst);
    let lost = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap_err();
    assert!(matches!(lost, StepError::Store(StoreError::Uncertain(_))), "{lost}");
    assert_eq!(ledger.events("cnt_1", 0, 10).await.unwrap().len(), 1, "it was stored, once");
    let next = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
    assert_eq!(next.first_seq, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_found_by_its_key() {
    let Some(place) = Place::postgres().await else { return };
    let (_store, ledger, swallow) = behind_proxy(&place).await;
    let mut watcher = ledger.watch("cnt_1", 0);
    let key = Some(Key { id: "k".to_owned(), fingerprint: 1 });
    swallow.store(ANSWER, Ordering::SeqCst);
    ledger.step("cnt_1", &1, 0, key.clone(), Input::Add(1)).await.unwrap_err();
    let again = ledger.step("cnt_1", &1, 0, key, Input::Add(1)).await.unwrap();
    assert!(again.repeated && again.first_seq == 1 && again.state.total == 1);
    let seen = watcher.next().await.unwrap();
    assert!(matches!(seen, store::Seen::Events(events) if events.len() == 1));
}

/// Only a test that hangs ever waits this long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The watcher has read everything and waits, so that only a signal can wake it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_told_once_it_is_found() {
    let Some(place) = Place::postgres().await else { return };
    let (store, ledger, swallow) = behind_proxy(&place).await;
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let _guard = store.on_commit::<Counter>({
        let told = told.clone();
        move |committed| {
            told.lock().unwrap().push((committed.state.position().seq, committed.events.len()));
        }
    });
    let mut watcher = ledger.watch("cnt_1", 0);
    let mut owner = ledger.watch_owner();
    let mut wakes = store.wakes::<Counter>();
    ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
    watcher.next().await.unwrap();
    owner.changed().await;
    let idle = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(idle, watcher.next()).await.is_err(), "it has caught up");

    swallow.store(ANSWER, Ordering::SeqCst);
    let wake = ledger.step("cnt_1", &1, 0, None, Input::Wake(Some(7))).await.unwrap_err();
    assert!(matches!(wake, StepError::Store(StoreError::Uncertain(_))), "{wake}");
    let seen = tokio::time::timeout(PATIENCE, watcher.next()).await.unwrap().unwrap();
    assert!(matches!(seen, store::Seen::Events(events) if events[0].position.seq == 2));
    tokio::time::timeout(PATIENCE, owner.changed()).await.unwrap();
    tokio::time::timeout(PATIENCE, wakes.before(None)).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [(1, 1), (2, 1)]);

    ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [(1, 1), (2, 1), (3, 1)], "in order");
}

/// A machine that is made for its peer in the lost commit is found by its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_made_in_a_lost_commit_is_told() {
    let Some(place) = Place::postgres().await else { return };
    let (store, ledger, swallow) = behind_proxy(&place).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let _guard = store.on_commit::<Counter>(move |committed| {
        let _ = tell.send((committed.id.to_string(), committed.state.owes));
    });
    swallow.store(ANSWER, Ordering::SeqCst);
    let make = || Some(("cnt_2".to_owned(), Counter::with("p")));
    ledger.step_peer("p", make, &1, 0, None, Input::Owe(true)).await.unwrap_err();
    let found = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
    assert_eq!(found, Some(("cnt_2".to_owned(), true)));
}

/// A commit that never reached the server is not reported to subscribers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_not_told() {
    let Some(place) = Place::postgres().await else { return };
    let (store, ledger, swallow) = behind_proxy(&place).await;
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let _guard = store.on_commit::<Counter>({
        let told = told.clone();
        move |committed| told.lock().unwrap().push(committed.state.total)
    });
    swallow.store(COMMIT, Ordering::SeqCst);
    let lost = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap_err();
    assert!(matches!(lost, StepError::Store(StoreError::Uncertain(_))), "{lost}");
    ledger.step("cnt_1", &1, 0, None, Input::Add(2)).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [2]);
}
