//! Settings that cannot work, and what a check finds of those that can.

use connector::Verdict;
use connectors::Settings;
use edge::{Clock, egress::Egress};

use super::*;

async fn check(settings: Value) -> Result<Vec<(Verdict, String)>, String> {
    let settings: Settings = serde_json::from_value(settings).map_err(|error| error.to_string())?;
    let (clock, _hand) = Clock::manual(crate::world::START);
    let found = settings.check("tool", Egress::new().unwrap(), clock).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(|finding| (finding.verdict, finding.words)).collect())
}

fn settings(api: &str, primary: &str, backup: &str) -> Value {
    json!({
        "kind": "genesys-pureconnect", "api": api, "primary": primary, "backup": backup,
        "allow_private": true, "queue": "Service Desk",
    })
}

#[tokio::test]
async fn a_check_says_what_works() {
    let (primary, backup) = Server::pair(Options::default());
    let primary = Simulator::start(primary).await.unwrap();
    let backup = Simulator::start(backup).await.unwrap();
    let verdicts = |found: &[(Verdict, String)]| found.iter().map(|(v, _)| *v).collect::<Vec<_>>();

    let found = check(settings("web-tools", &primary.base, &backup.base)).await.unwrap();
    assert_eq!(verdicts(&found), [Verdict::Good, Verdict::Unsure, Verdict::Good], "{found:?}");
    assert!(found[2].1.contains("2 agents"), "{found:?}");
    let mut lost = settings("web-tools", &primary.base, &backup.base);
    lost["queue"] = json!("Nowhere");
    assert_eq!(verdicts(&check(lost).await.unwrap())[2], Verdict::Wrong);

    let found = check(settings("icws", &primary.base, &backup.base)).await.unwrap();
    assert_eq!(verdicts(&found), [Verdict::Good, Verdict::Unsure, Verdict::Unsure], "{found:?}");
    let mut astray = settings("icws", &primary.base, &backup.base);
    astray["path"] = json!("somewhere");
    assert_eq!(verdicts(&check(astray).await.unwrap())[0], Verdict::Wrong);
    assert!(primary.chats().is_empty(), "a check begins no chat");
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let good = settings("icws", "http://127.0.0.1:9", "http://127.0.0.1:9");
    let inbound = json!({ "url": "https://example.org", "key": "k", "webhook": true });
    for (change, word) in [
        (json!({ "web_chat": 7 }), "connectors.tool.web_chat"),
        (json!({ "queue": " " }), "connectors.tool.queue"),
        (json!({ "loss_notice": "" }), "connectors.tool.loss_notice"),
        (json!({ "starts_per_second": 0.0 }), "starts_per_second"),
        (json!({ "poll_wait_ms_min": 0 }), "poll_wait_ms_min"),
        (json!({ "ask_queue": true }), "ask_queue"),
        (json!({ "inbound": inbound }), "inbound.webhook"),
        (json!({ "inbound": { "url": "example.org", "key": "k" } }), "inbound.url"),
        (json!({ "primary": "ftp://example.org" }), "connectors.tool.primary"),
        (json!({ "allow_private": false }), "allow_private"),
        (json!({ "queues": "x" }), "unknown field `queues`"),
        (json!({ "api": "soap" }), "unknown variant `soap`"),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = check(bad).await.unwrap_err();
        assert!(error.contains(word), "{change}: {error}");
    }
}
