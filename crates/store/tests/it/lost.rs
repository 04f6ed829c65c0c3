//! The answer to a commit is lost: the one moment in which nobody can know whether it is stored.

use crate::{
    backend::Place,
    counter::{Counter, Input},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{Key, Ledger, StepError, Store, StoreError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_postgres::config::Host;

/// Sits between the store and its server; when told to, it passes one commit on, waits for the
/// answer, and cuts the connection instead of passing the answer back.
async fn start_proxy(server: String, swallow: Arc<AtomicBool>) -> SocketAddr {
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

async fn pass_on(mut client: TcpStream, mut server: TcpStream, swallow: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let asked = &asked[..length];
                server.write_all(asked).await.unwrap();
                let commits = asked.windows(7).any(|word| word == b"COMMIT\0");
                if commits && swallow.swap(false, Ordering::SeqCst) {
                    assert_ne!(server.read(&mut answered).await.unwrap(), 0);
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
async fn behind_proxy(place: &Place) -> (Ledger<Counter>, Arc<AtomicBool>) {
    let config: tokio_postgres::Config = place.url.parse().unwrap();
    let [Host::Tcp(host)] = config.get_hosts() else { panic!("a server with a port is needed") };
    let server = format!("{host}:{}", config.get_ports().first().unwrap_or(&5432));
    let swallow = Arc::new(AtomicBool::new(false));
    let proxy = start_proxy(server.clone(), swallow.clone()).await;
    let url = place.url.replacen(&server, &proxy.to_string(), 1);
    let ledger = Store::open(&url).await.unwrap().ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    (ledger, swallow)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_reported_and_not_run_again() {
    let Some(place) = Place::postgres().await else { return };
    let (ledger, swallow) = behind_proxy(&place).await;
    swallow.store(true, Ordering::SeqCst);
    let lost = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap_err();
    assert!(matches!(lost, StepError::Store(StoreError::Uncertain(_))), "{lost}");
    assert_eq!(ledger.events("cnt_1", 0, 10).await.unwrap().len(), 1, "it was stored, once");
    let next = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
    assert_eq!(next.first_seq, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_found_by_its_key() {
    let Some(place) = Place::postgres().await else { return };
    let (ledger, swallow) = behind_proxy(&place).await;
    let mut watcher = ledger.watch("cnt_1", 0);
    let key = Some(Key { id: "k".to_owned(), fingerprint: 1 });
    swallow.store(true, Ordering::SeqCst);
    ledger.step("cnt_1", &1, 0, key.clone(), Input::Add(1)).await.unwrap_err();
    let again = ledger.step("cnt_1", &1, 0, key, Input::Add(1)).await.unwrap();
    assert!(again.repeated && again.first_seq == 1 && again.state.total == 1);
    let seen = watcher.next().await.unwrap();
    assert!(matches!(seen, store::Seen::Events(events) if events.len() == 1));
}
