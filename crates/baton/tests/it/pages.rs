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

/// What the headers of a route must be.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A page of ours, with scripts of ours only.
    Page,
    /// Read by pages of other origins.
    Shared,
    /// Says something to programs.
    Data,
}

#[tokio::test]
async fn i3_each_route_has_the_headers_of_its_kind() -> anyhow::Result<()> {
    use Kind::{Data, Page, Shared};
    let folder = tempfile::tempdir()?;
    let (_demo, line, _out) =
        demo::start(&folder.path().join("data"), &["--base-path", "/below"]).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let (http, base) = (Http::new(), facts["baseUrl"].as_str().context("a base")?);
    let page = http.get(&format!("{base}/desk"), &[]).await?.text();
    let script = page.split('"').find(|part| part.contains(".js")).context("a script")?;
    let script = format!("/{}", script.trim_start_matches(['.', '/']));
    let table = [
        ("/", 200, Page),
        ("/desk", 200, Page),
        ("/below/desk", 200, Page),
        ("/desk/", 308, Data),
        ("/widget.js", 200, Shared),
        (script.as_str(), 200, Shared),
        ("/assets/no.js", 404, Shared),
        ("/demo.json", 200, Data),
        ("/openapi.json", 200, Data),
        ("/nothing", 404, Data),
        ("/v1/conversation/events?after=0", 401, Data),
        ("/v1/bots/support/visitors", 405, Data),
        ("/v1/nothing", 404, Data),
        ("/desk/api/session", 401, Data),
        ("/desk/api/chats", 401, Data),
        ("/desk/api/nothing", 404, Data),
        ("/webhooks/handover/push", 405, Data),
        ("/webhooks/handover/history?botId=support&userId=u", 401, Data),
        ("/handover/desk", 405, Data),
        ("/connectors/no/event", 404, Data),
    ];
    for (path, status, kind) in table {
        let answer = http.get(&format!("{base}{path}"), &[]).await?;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let header = |name: &str| {
            answer.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>()
        };
        let policies = header("content-security-policy");
        let [policy] = policies[..] else { panic!("{path}: {policies:?}") };
        let parts: Vec<_> = policy.split("; ").collect();
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(parts.contains(&part), "{path}: {policy}");
        }
        for open in ["unsafe", "*", "http:", "blob:", "strict-dynamic"] {
            assert!(!policy.contains(open), "{path}: {policy}");
        }
        let scripts: Vec<_> = parts.iter().filter(|part| part.starts_with("script-src")).collect();
        let trusts = parts.contains(&"require-trusted-types-for 'script'");
        if kind == Page {
            assert_eq!((scripts, trusts), (vec![&"script-src 'self'"], true), "{path}: {policy}");
            assert_eq!(header("cross-origin-opener-policy"), ["same-origin"], "{path}");
            assert_eq!(header("x-frame-options"), ["DENY"], "{path}");
            assert!(header("content-type")[0].starts_with("text/html"), "{path}");
        } else {
            assert!(scripts.is_empty(), "{path}: {policy}");
            let html = header("content-type").iter().any(|kind| kind.contains("html"));
            assert!(!html, "{path} is no page");
        }
        let shared = header("cross-origin-resource-policy") == ["cross-origin"];
        assert_eq!(shared, kind == Shared, "{path}: pages of others include the widget only");
        assert_eq!(header("x-content-type-options"), ["nosniff"], "{path}");
        assert_eq!(header("referrer-policy"), ["no-referrer"], "{path}");
        assert!(header("server").is_empty() && header("x-powered-by").is_empty(), "{path}");
    }
    let moved = http.get(&format!("{base}/desk/"), &[]).await?.expect(308)?;
    assert_eq!(moved.headers["location"], "../desk", "a proxy may serve it below a path");
    Ok(())
}
