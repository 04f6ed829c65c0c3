//! The pages: their headers, and all of the server below a path.

use anyhow::Context as _;
use kit::{agent::Desk, http::Http, visitor::Visitor};
use serde_json::Value;

use crate::{demo, world::ask_for_human};

#[tokio::test]
async fn a_proxy_may_remove_its_path_or_keep_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let more = ["--base-path", "/support-chat"];
    let (_demo, line, _out) = demo::start(&folder.path().join("data"), &more).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let fact = |name: &str| facts[name].as_str().context("a fact");
    let http = Http::new();
    for path in ["", "/support-chat"] {
        let base = format!("{}{path}", fact("baseUrl")?);
        let document: Value =
            http.get(&format!("{base}/openapi.json"), &[]).await?.expect(200)?.json()?;
        assert_eq!(document["servers"][0]["url"], ".");
        let page: Value = http.get(&format!("{base}/demo.json"), &[]).await?.expect(200)?.json()?;
        assert_eq!(page["deskUrl"], "desk", "beside the page, wherever it is");
        let desk = Desk::sign_in(&http, &base, fact("agentEmail")?, fact("agentPassword")?).await?;
        let visitor = Visitor::create(&http, &base, fact("botId")?).await?;
        assert!(ask_for_human(&visitor).await?.gives("human"));
        let chat = desk.open_chat_of(&visitor.user_id).await?;
        desk.claim(&chat.id).await?.expect(200)?;
    }
    let twice = format!("{}/support-chat/support-chat/openapi.json", fact("baseUrl")?);
    http.get(&twice, &[]).await?.expect(404)?;
    Ok(())
}

#[tokio::test]
async fn pages_have_a_strict_policy_and_a_window_of_their_own() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (_demo, line, _out) = demo::start(&folder.path().join("data"), &[]).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let (http, base) = (Http::new(), facts["baseUrl"].as_str().context("a base")?);
    for path in ["/", "/desk"] {
        let headers = http.get(&format!("{base}{path}"), &[]).await?.headers;
        let policy = headers["content-security-policy"].to_str()?;
        for part in ["default-src 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"]
        {
            assert!(policy.split("; ").any(|one| one == part), "{path}: {policy}");
        }
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["x-frame-options"], "DENY");
    }
    // Other pages include the widget.
    let headers = http.get(&format!("{base}/widget.js"), &[]).await?.headers;
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert!(headers.get("content-security-policy").is_none());
    let moved = http.get(&format!("{base}/desk/"), &[]).await?.expect(308)?;
    assert_eq!(moved.headers["location"], "../desk", "a proxy may serve it below a path");
    Ok(())
}
