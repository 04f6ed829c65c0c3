//! What is not stored of a visitor.

use anyhow::Context as _;
use kit::{http::Http, visitor::Visitor};
use proving::{
    config::{Bot, Setup},
    server::Server,
};
use serde_json::{Value, json};

use crate::world::{BATON, QUESTION, ask_for_human};

/// An address for documentation, which nothing else of the test has.
const ADDRESS: &str = "203.0.113.77";
const BROWSER: &str = "Te7tBrowser/9.9 (a very rare one)";

/// Everything in the data folder, as text.
fn stored(server: &Server) -> anyhow::Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(server.path("data"))? {
        all += &String::from_utf8_lossy(&std::fs::read(entry?.path())?);
    }
    Ok(all)
}

#[tokio::test]
async fn k5_neither_address_nor_browser_of_a_visitor_is_stored() -> anyhow::Result<()> {
    let receiver = kit::receiver::Receiver::start().await?;
    let setup = Setup::platform(vec![Bot::demo("support", &receiver.url)]);
    let mut server = Server::baton(std::path::Path::new(BATON), |_| setup)?;
    let path = server.path("baton.toml");
    let config = std::fs::read_to_string(&path)?;
    std::fs::write(&path, format!("trusted_proxies = [\"127.0.0.1\"]\n{config}"))?;
    server.start().await?;

    // A browser behind a proxy: each call says where it comes from and what it is.
    let http = Http::new();
    let who = [
        ("x-forwarded-for", ADDRESS),
        ("forwarded", "for=203.0.113.77"),
        ("x-real-ip", ADDRESS),
        ("user-agent", BROWSER),
        ("sec-ch-ua", BROWSER),
    ];
    let base = &server.base;
    let hints = json!({ "language": "en", "timeZone": "Europe/Vienna" });
    let made = http.post(&format!("{base}/v1/bots/support/visitors"), &who, &hints).await?;
    let made: Value = made.expect(201)?.json()?;
    let token = made["token"].as_str().context("a token")?;
    let user = made["userId"].as_str().context("a user")?;
    let bearer = format!("Bearer {token}");
    let mut headers = who.to_vec();
    headers.push(("authorization", bearer.as_str()));
    let message = json!({ "clientId": "first", "text": QUESTION });
    http.post(&format!("{base}/v1/conversation/messages"), &headers, &message)
        .await?
        .expect(202)?;
    let visitor = Visitor::known(&http, base, user, token);
    assert!(ask_for_human(&visitor).await?.gives("human"));
    server.stop().await?;

    let stored = stored(&server)?;
    assert!(stored.contains(QUESTION) && stored.contains(user), "there is something to look at");
    assert!(!stored.contains(token), "the token is stored as its hash only");
    let log = server.log();
    for canary in [ADDRESS, BROWSER, "Te7tBrowser"] {
        assert!(!stored.contains(canary), "{canary} is in the database");
        assert!(!log.contains(canary), "{canary} is in the log");
    }
    // Neither does the other side get to know them.
    let calls = receiver.calls().into_iter();
    let calls: Vec<_> = calls.map(|call| format!("{:?} {}", call.headers, call.body)).collect();
    let calls = calls.join("\n");
    assert!(
        calls.contains(user) && !calls.contains(ADDRESS) && !calls.contains(BROWSER),
        "{calls}"
    );
    Ok(())
}
