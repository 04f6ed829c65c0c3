//! No call goes through a proxy that the environment names: nobody has checked where it leads.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context as _;
use kit::{address::free_address, http::Http, receiver::Receiver, visitor::Visitor};
use proving::{config::Setup, load::ASK, server::Server};
use tokio::net::TcpListener;

use crate::{emulate, world::BATON};

/// A listener that counts who comes, and answers nobody.
async fn trap() -> anyhow::Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let caught: Arc<AtomicUsize> = Arc::default();
    let url = format!("http://{}", listener.local_addr()?);
    let counted = Arc::clone(&caught);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok((url, caught))
}

#[tokio::test]
async fn h5_proxies_of_the_environment_are_ignored_by_our_calls_and_by_googles()
-> anyhow::Result<()> {
    let export = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/handoff-demo");
    let args = ["emulate", export, "--listen", "127.0.0.1:0", "--json"];
    let (_emulator, facts) = emulate::start(&args).await?;
    let emulator = facts["baseUrl"].as_str().context("baseUrl")?;
    let (receiver, (proxy, caught)) = (Receiver::start().await?, trap().await?);
    let address = free_address()?;
    let mut server = Server::baton_at(Path::new(BATON), &address, &Setup::whole("", 0))?;
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        server = server.with_env(name, &proxy);
    }
    let config = format!(
        "listen = {address:?}\ndata = \"data\"\n[[bots]]\nid = \"support\"\n\
         agent = {{ es = {{ project = \"p\", endpoint = {emulator:?} }} }}\n\
         triggers = [\"operator_request\"]\npush_key = \"push-key-of-this-test\"\n\
         webhook = {{ url = {:?}, token = \"token-of-this-test\", allow_private = true }}\n",
        receiver.url,
    );
    std::fs::write(server.path("baton.toml"), config)?;
    server.start().await?;
    let visitor = Visitor::create(&Http::new(), &server.base, "support").await?;
    visitor.say("first", ASK).await?;
    // Google's client asked the emulator, and the webhook call came.
    assert!(receiver.call(0).await?.is_step_one());
    assert_eq!(caught.load(Ordering::SeqCst), 0, "a call went through the proxy");
    assert!(server.log().contains("proxy settings of the environment are ignored"));
    Ok(())
}
