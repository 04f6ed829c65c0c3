//! What answers say when something failed: a code and the id of the request, and nothing of what
//! is inside.

use std::path::Path;

use kit::{http::Http, visitor::Visitor};
use proving::{config::Setup, server::Server};
use serde_json::{Value, json};

use crate::world::{BATON, QUESTION};

/// Signs of what no caller should see.
const INSIDE: [&str; 9] = [
    "sqlite",
    "SELECT",
    "INSERT",
    ".rs:",
    "panicked",
    "stack",
    "baton.db",
    "rusqlite",
    "RUST_BACK",
];

#[tokio::test]
async fn m5_errors_carry_a_code_and_a_request_id_and_nothing_of_what_is_inside()
-> anyhow::Result<()> {
    let mut server = Server::baton(Path::new(BATON), |base| Setup::whole(base, 1))?;
    server.start().await?;
    let (http, base) = (Http::new(), server.base.clone());
    let visitor = Visitor::create(&http, &base, "support").await?;
    visitor.say("first", QUESTION).await?;
    let token = format!("Bearer {}", visitor.token);
    let said = json!({ "clientId": "second", "text": QUESTION });
    let say = "/v1/conversation/messages";
    let long = json!({ "clientId": "long", "text": "x".repeat(100_000) });
    let calls: [(&str, &str, &Value, u16, &str); 6] = [
        ("/v1/nowhere", "", &json!({}), 404, "not_found"),
        (say, "Bearer vst_x", &said, 401, "unauthorized"),
        (say, &token, &json!({}), 400, "missing_field"),
        (say, &token, &long, 413, "too_large"),
        ("/desk/api/session", "", &json!({}), 403, "forbidden"),
        ("/handover/desk", "", &json!({}), 401, "unauthorized"),
    ];
    for (path, secret, body, status, code) in calls {
        let asked = http.post(&format!("{base}{path}"), &[("authorization", secret)], body).await?;
        let (id, text) = (request_id(&asked.headers), asked.text());
        let problem: Value = asked.json()?;
        assert_eq!((asked.status.as_u16(), &problem["id"]), (status, &json!(code)), "{text}");
        assert_eq!(problem["requestId"], json!(id), "{path}: {text}");
    }
    let push = http.post(&format!("{base}{}", wire::push::PATH), &[], &json!({})).await?;
    assert_eq!(push.json::<Value>()?["error"]["code"], "unauthorized");
    request_id(&push.headers);

    // The database is away: what fails inside is told to the operator, under the same id.
    let (file, moved) = (server.path("data/baton.db"), server.path("moved.db"));
    std::fs::rename(&file, &moved)?;
    let asked = http.post(&format!("{base}{say}"), &[("authorization", &token)], &said).await?;
    let (id, text) = (request_id(&asked.headers), asked.text());
    let problem: Value = asked.json()?;
    assert_eq!((asked.status.as_u16(), &problem["id"]), (503, &json!("unavailable")), "{text}");
    assert_eq!(problem["requestId"], json!(id));
    for inside in INSIDE {
        assert!(!text.contains(inside), "{inside}: {text}");
    }
    let log = server.log();
    let line = log.lines().find(|line| line.contains(&id)).unwrap_or_default();
    assert!(line.contains("was deleted or moved away"), "{id} in {log}");
    std::fs::rename(&moved, &file)?;
    Ok(())
}

fn request_id(headers: &http::HeaderMap) -> String {
    let id = headers["x-request-id"].to_str().unwrap_or_default().to_owned();
    assert!(id.starts_with("req_") && id.len() == 30, "{id}");
    id
}
