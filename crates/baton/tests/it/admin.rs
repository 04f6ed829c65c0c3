//! The admin API of a running server: who may do what, settings that change, people and keys.

use std::path::Path;

use anyhow::{Context as _, ensure};
use http::Method;
use kit::http::{Answer, Http};
use proving::{
    config::{Bot, Setup},
    server::Server,
};
use serde_json::{Value, json};

use crate::world::BATON;

const KEY: &str = "bootstrap-key-of-the-tests";
const PASSWORD: &str = "a long one that nobody guesses";
const ROLES: [&str; 7] =
    ["owner", "admin", "developer", "marketer", "supervisor", "agent", "viewer"];

struct World {
    server: Server,
    http: Http,
}

/// Somebody who calls.
#[derive(Clone)]
enum Who {
    Nobody,
    Key(String),
    /// A cookie.
    Person(String),
}

impl World {
    async fn start() -> anyhow::Result<Self> {
        Self::with_limits(false).await
    }

    async fn with_limits(limits: bool) -> anyhow::Result<Self> {
        let bot = Bot::demo("support", "http://127.0.0.1:9/");
        let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(vec![bot]))?;
        let path = server.path("baton.toml");
        let config = std::fs::read_to_string(&path)?;
        let config = config.replace("enabled = false", &format!("enabled = {limits}"));
        std::fs::write(&path, format!("bootstrap_key = {KEY:?}\n{config}"))?;
        server.start().await?;
        Ok(Self { server, http: Http::new() })
    }

    async fn ask(
        &self,
        who: &Who,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/api/v1{path}", self.server.base);
        let bearer;
        let mut headers = vec![("content-type", "application/json")];
        headers.extend_from_slice(more);
        match who {
            Who::Nobody => headers.push(("x-baton-portal", "1")),
            Who::Key(key) => {
                bearer = format!("Bearer {key}");
                headers.push(("authorization", &bearer));
            }
            Who::Person(cookie) => {
                headers.push(("cookie", cookie));
                headers.push(("x-baton-portal", "1"));
            }
        }
        self.http.send(method, &url, &headers, body.to_string()).await
    }

    async fn get(&self, who: &Who, path: &str) -> anyhow::Result<Answer> {
        self.ask(who, Method::GET, path, &[], &Value::Null).await
    }

    async fn post(&self, who: &Who, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.ask(who, Method::POST, path, &[], body).await
    }

    async fn delete(&self, who: &Who, path: &str, seen: &str) -> anyhow::Result<Answer> {
        self.ask(who, Method::DELETE, path, &[("if-match", seen)], &json!({})).await
    }

    /// The token that the start has printed.
    fn set_up_token(&self) -> anyhow::Result<String> {
        let log = self.server.log();
        let told = log.rsplit("good for an hour: ").next().context("no token")?;
        Ok(told.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// The owner, by the link of the set-up.
    async fn owner(&self) -> anyhow::Result<Who> {
        let body = json!({
            "token": self.set_up_token()?, "organization": "Acme", "name": "Olga Owner",
            "email": "owner@example.com", "password": PASSWORD,
        });
        let answer = self.post(&Who::Nobody, "/set-up", &body).await?.expect(201)?;
        person(&answer)
    }

    /// A new member, by an invitation.
    async fn member(&self, by: &Who, organization: &str, role: &str) -> anyhow::Result<Who> {
        let email = format!("{role}-{organization}@example.com");
        let body = json!({ "email": email, "role": role });
        let path = format!("/organizations/{organization}/invitations");
        let invited: Value = self.post(by, &path, &body).await?.expect(201)?.json()?;
        let body = json!({ "token": invited["token"], "name": role, "password": PASSWORD });
        let accepted = self.post(&Who::Nobody, "/invitation/accept", &body).await?;
        person(&accepted.expect(201)?)
    }
}

fn person(answer: &Answer) -> anyhow::Result<Who> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let session = cookies
        .filter_map(|cookie| cookie.to_str().ok())
        .find(|cookie| cookie.starts_with("baton_portal="))
        .context("no session")?;
    Ok(Who::Person(session.split(';').next().unwrap_or_default().to_owned()))
}

fn key() -> Who {
    Who::Key(KEY.to_owned())
}

/// An answer without what differs in each.
fn shape(answer: &Answer) -> anyhow::Result<(u16, Value)> {
    let mut body: Value = answer.json()?;
    body.as_object_mut().context("no problem")?.remove("requestId");
    Ok((answer.status.as_u16(), body))
}

/// An operation of the admin API with something in the place of its parameters.
struct Operation {
    method: Method,
    path: String,
    needs: String,
}

async fn operations(world: &World) -> anyhow::Result<Vec<Operation>> {
    let url = format!("{}/openapi.json", world.server.base);
    let document: Value = world.http.get(&url, &[]).await?.expect(200)?.json()?;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().context("paths")? {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for (method, operation) in item.as_object().context("item")? {
            let needs = operation["x-needs"].as_str().context("an operation without x-needs")?;
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            found.push(Operation { method, path: path.to_owned(), needs: needs.to_owned() });
        }
    }
    Ok(found)
}

fn path_of(operation: &Operation, organization: &str) -> String {
    let parts = operation.path.split('/').map(|part| match part {
        "{organization}" => organization,
        part if part.starts_with('{') => "nobody-has-this",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn f1_each_role_does_what_the_table_says_and_sees_no_other() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    let body = json!({ "slug": "other", "name": "Other" });
    let other: Value = world.post(&owner, "/organizations", &body).await?.expect(201)?.json()?;
    let other_id = other["id"].as_str().context("id")?.to_owned();
    let operations = operations(&world).await?;
    ensure!(operations.len() > 50, "{}", operations.len());
    for role in ROLES {
        let member = world.member(&owner, "default", role).await?;
        let here: Value = world.get(&member, "/organizations/default").await?.json()?;
        assert_eq!(here["role"], role);
        let rights = here["rights"].as_array().context("rights")?.clone();
        for operation in &operations {
            let Operation { method, path, needs } = operation;
            let is_inside = path.contains("{organization}");
            // These end or change the session that asks.
            if !is_inside {
                continue;
            }
            let what = format!("{role}: {method} {path}");
            let ask = async |organization: &str| {
                let path = path_of(operation, organization);
                world.ask(&member, method.clone(), &path, &[], &json!({})).await
            };
            let own = ask("default").await?;
            let status = own.status.as_u16();
            if rights.contains(&json!(needs)) {
                assert!(![401, 403, 500].contains(&status), "{what}: {}", own.text());
            } else {
                assert_eq!(status, 403, "{what}: {}", own.text());
            }
            // One that exists and one that does not look the same.
            let foreign = shape(&ask(&other_id).await?)?;
            assert_eq!(foreign.0, 404, "{what}: {foreign:?}");
            assert_eq!(foreign, shape(&ask("org_that_is_not").await?)?, "{what}");
            assert_eq!(foreign, shape(&ask("other").await?)?, "{what}");
        }
    }
    for operation in &operations {
        if operation.needs == "nothing" {
            continue;
        }
        let path = path_of(operation, "default");
        let (method, body) = (operation.method.clone(), json!({}));
        let asked = world.ask(&Who::Nobody, method, &path, &[], &body).await?;
        let status = asked.status.as_u16();
        assert!([401, 429].contains(&status), "{} {path}: {status}", operation.method);
    }
    Ok(())
}

#[tokio::test]
async fn f11_the_link_of_the_set_up_works_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let body = |email: &str| {
        let token = world.set_up_token();
        anyhow::Ok(json!({
            "token": token?, "organization": "Acme", "name": "Olga", "email": email,
            "password": PASSWORD,
        }))
    };
    let weak = {
        let mut body = body("a@example.com")?;
        body["password"] = json!("password1");
        body
    };
    let refused = world.post(&Who::Nobody, "/set-up", &weak).await?.expect(400)?;
    assert_eq!(refused.json::<Value>()?["field"], "password");
    // Of two at once, one becomes the owner.
    let (one, two) = (body("a@example.com")?, body("b@example.com")?);
    let (one, two) = tokio::join!(
        world.post(&Who::Nobody, "/set-up", &one),
        world.post(&Who::Nobody, "/set-up", &two)
    );
    let mut both = [one?.status.as_u16(), two?.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [201, 401]);
    world.post(&Who::Nobody, "/set-up", &body("c@example.com")?).await?.expect(401)?;
    let state: Value = world.get(&Who::Nobody, "/set-up").await?.json()?;
    assert_eq!(state["open"], false);
    Ok(())
}

#[tokio::test]
async fn a_document_is_made_changed_rolled_back_and_removed_with_the_version_seen()
-> anyhow::Result<()> {
    let world = World::start().await?;
    let bots = "/organizations/default/bots";
    let listed: Value = world.get(&key(), bots).await?.expect(200)?.json()?;
    let mut settings = listed["items"][0]["settings"].clone();
    assert_eq!(listed["items"][0]["managedByFile"], true);
    settings["push_key"] = json!("a-push-key-of-this-test");
    settings["webhook"]["token"] = json!("a-webhook-token-of-this-test");
    let body = json!({ "id": "second", "slug": "second", "settings": settings });
    let made = world.post(&key(), bots, &body).await?.expect(201)?;
    assert_eq!(made.headers["etag"], "\"1\"");
    let shown = made.text();
    assert!(!shown.contains("of-this-test"), "{shown}");
    // It serves visitors within a second.
    let visitors = format!("{}/v1/bots/second/visitors", world.server.base);
    let live = tokio::time::Instant::now();
    while world.http.post(&visitors, &[], &json!({})).await?.status != 201 {
        ensure!(live.elapsed().as_millis() < 1_000, "the bot is not live");
    }

    let path = format!("{bots}/second");
    let mut settings: Value = made.json::<Value>()?["settings"].clone();
    settings["name"] = json!("Second");
    let changed = json!({ "settings": settings });
    let put =
        async |seen: &[(&str, &str)]| world.ask(&key(), Method::PUT, &path, seen, &changed).await;
    assert_eq!(put(&[]).await?.expect(428)?.json::<Value>()?["id"], "version_needed");
    put(&[("if-match", "seven")]).await?.expect(400)?;
    let after = put(&[("if-match", "\"1\"")]).await?.expect(200)?;
    assert_eq!(after.headers["etag"], "\"2\"");
    let stale = put(&[("if-match", "\"1\"")]).await?;
    // What is the same is no change, also for one who has seen an older version.
    let stale = if stale.status == 200 { stale } else { stale.expect(412)? };
    ensure!(stale.status == 412, "a stale change was taken: {}", stale.text());
    assert!(stale.text().contains("version 1") && stale.text().contains("version 2"));

    let wrong = json!({ "settings": { "agent": { "export": "x" }, "push_key": "kkkkkkkkkkkkk",
        "triggres": [] } });
    let refused = world.ask(&key(), Method::PUT, &path, &[("if-match", "*")], &wrong).await?;
    let refused = refused.expect(400)?.text();
    assert!(refused.contains("triggers"), "{refused}");

    let back = world
        .ask(
            &key(),
            Method::POST,
            &format!("{path}/roll-back"),
            &[("if-match", "\"2\"")],
            &json!({ "version": 1 }),
        )
        .await?;
    let back: Value = back.expect(200)?.json()?;
    assert_eq!((&back["version"], &back["settings"]["name"]), (&json!(3), &json!("support")));
    let versions: Value = world.get(&key(), &format!("{path}/versions")).await?.json()?;
    let what: Vec<&str> = versions["items"]
        .as_array()
        .context("items")?
        .iter()
        .filter_map(|v| v["what"].as_str())
        .collect();
    assert_eq!(what, ["created", "changed", "changed"]);
    assert_eq!(versions["items"][1]["changes"][0]["field"], "name");

    world.delete(&key(), &path, "\"3\"").await?.expect(204)?;
    world.get(&key(), &path).await?.expect(404)?;
    let managed = format!("{bots}/support");
    let refused = world.delete(&key(), &managed, "*").await?;
    assert_eq!(refused.expect(409)?.json::<Value>()?["id"], "managed_by_file");
    Ok(())
}

#[tokio::test]
async fn a_bot_that_cannot_be_built_is_shown_with_its_reason_and_disturbs_no_other()
-> anyhow::Result<()> {
    let world = World::start().await?;
    let bots = "/organizations/default/bots";
    let body = json!({ "id": "broken", "slug": "broken", "settings": {
        "agent": { "export": "/there/is/no/such/export" }, "push_key": "a-push-key-of-this-test",
    } });
    world.post(&key(), bots, &body).await?.expect(201)?;
    let start = tokio::time::Instant::now();
    loop {
        let shown: Value = world.get(&key(), &format!("{bots}/broken")).await?.json()?;
        if shown["problem"].as_str().is_some_and(|problem| problem.contains("no/such/export")) {
            break;
        }
        ensure!(start.elapsed().as_secs() < 5, "{shown}");
    }
    let visitors = format!("{}/v1/bots/support/visitors", world.server.base);
    world.http.post(&visitors, &[], &json!({})).await?.expect(201)?;
    Ok(())
}

/// All human agents of a desk see all its chats.
#[tokio::test]
async fn f1_the_desk_belongs_to_one_organization() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    let body = json!({ "slug": "other", "name": "Other" });
    world.post(&owner, "/organizations", &body).await?.expect(201)?;
    let route = json!({ "id": "theirs", "slug": "theirs", "settings": {
        "token": "a-webhook-token-of-theirs",
        "push": {
            "url": "http://127.0.0.1:9/", "key": "a-push-key-of-theirs", "allow_private": true,
        },
        "connector": { "kind": "desk" },
    } });
    let agent = json!({ "slug": "eve@example.com", "settings": {
        "email": "eve@example.com", "name": "Eve", "password": PASSWORD,
    } });
    for (table, body) in [("routes", route), ("agents", agent)] {
        let path = format!("/organizations/other/{table}");
        let made: Value = world.post(&owner, &path, &body).await?.expect(201)?.json()?;
        let path = format!("{path}/{}", made["id"].as_str().context("id")?);
        let start = tokio::time::Instant::now();
        loop {
            let shown: Value = world.get(&owner, &path).await?.expect(200)?.json()?;
            if shown["problem"].as_str().is_some_and(|it| it.contains("first organization")) {
                break;
            }
            ensure!(start.elapsed().as_secs() < 5, "{shown}");
        }
    }
    let call = format!("{}/handover/theirs", world.server.base);
    let token = [("authorization", "a-webhook-token-of-theirs")];
    let called = world.http.post(&call, &token, &json!({})).await?;
    assert_eq!(called.status, 401, "{}", called.text());
    let sign_in = json!({ "email": "eve@example.com", "password": PASSWORD });
    let desk = format!("{}/desk/api/session", world.server.base);
    let signed = world.http.post(&desk, &[("x-baton-desk", "1")], &sign_in).await?;
    assert_eq!(signed.status, 401, "{}", signed.text());
    Ok(())
}

#[tokio::test]
async fn f10_an_api_key_is_shown_once_and_does_what_its_role_may() -> anyhow::Result<()> {
    let world = World::start().await?;
    let keys = "/organizations/default/api-keys";
    let body = json!({ "name": "ci", "role": "viewer" });
    let answer = world.post(&key(), keys, &body).await?.expect(201)?;
    let made: Value = answer.json()?;
    let secret = made["key"].as_str().context("key")?.to_owned();
    let viewer = Who::Key(secret.clone());
    world.get(&viewer, "/organizations/default/bots").await?.expect(200)?;
    let refused = world.post(&viewer, "/organizations/default/bots", &json!({})).await?;
    refused.expect(403)?;
    world.get(&viewer, keys).await?.expect(403)?;
    // A query never opens anything.
    world.get(&Who::Nobody, &format!("{keys}?key={secret}")).await?.expect(401)?;
    let listed = world.get(&key(), keys).await?.expect(200)?;
    assert!(!listed.text().contains(&secret));
    let listed: Value = listed.json()?;
    assert_eq!(listed["items"][0]["ends"], secret[secret.len() - 4..]);
    assert!(listed["items"][0]["lastUsedAt"].is_string(), "{listed}");
    let over = json!({ "name": "old", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z" });
    world.post(&key(), keys, &over).await?.expect(400)?;
    let owner = json!({ "name": "root", "role": "owner" });
    world.post(&key(), keys, &owner).await?.expect(403)?;
    world.delete(&key(), &format!("{keys}/ci"), "*").await?.expect(204)?;
    world.get(&viewer, "/organizations/default/bots").await?.expect(401)?;
    // Neither the database nor the log has it.
    for entry in std::fs::read_dir(server_data(&world))? {
        let bytes = std::fs::read(entry?.path())?;
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "the key is on the disk");
    }
    assert!(!world.server.log().contains(&secret));
    Ok(())
}

fn server_data(world: &World) -> std::path::PathBuf {
    world.server.path("data")
}

#[tokio::test]
async fn a_post_that_is_repeated_under_its_key_is_done_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let keys = "/organizations/default/api-keys";
    let body = json!({ "name": "once", "role": "viewer" });
    let post = async |id: &str, body: &Value| {
        world.ask(&key(), Method::POST, keys, &[("idempotency-key", id)], body).await
    };
    let first = post("a", &body).await?.expect(201)?;
    let again = post("a", &body).await?.expect(201)?;
    assert_eq!(first.text(), again.text());
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = json!({ "name": "twice", "role": "viewer" });
    assert_eq!(post("a", &other).await?.expect(422)?.json::<Value>()?["id"], "id_reused");
    assert_eq!(post("b", &body).await?.expect(409)?.json::<Value>()?["id"], "name_taken");
    Ok(())
}

#[tokio::test]
async fn f4_a_session_ends_with_its_password_and_by_its_user() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    let sign_in = json!({ "email": "Owner@Example.com ", "password": PASSWORD });
    let second = world.post(&Who::Nobody, "/session", &sign_in).await?.expect(201)?;
    let second = person(&second)?;
    let sessions: Value = world.get(&owner, "/sessions").await?.expect(200)?.json()?;
    let sessions = sessions["items"].as_array().context("items")?.clone();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).context("other")?;
    let path = format!("/sessions/{}", other["id"].as_str().unwrap_or_default());
    world.ask(&owner, Method::DELETE, &path, &[], &json!({})).await?.expect(204)?;
    world.get(&second, "/session").await?.expect(401)?;

    let third = world.post(&Who::Nobody, "/session", &sign_in).await?.expect(201)?;
    let third = person(&third)?;
    let new = "another one that nobody guesses";
    let change = json!({ "current": PASSWORD, "password": new });
    let put = world.ask(&owner, Method::PUT, "/account/password", &[], &change).await?;
    put.expect(204)?;
    world.get(&owner, "/session").await?.expect(200)?;
    world.get(&third, "/session").await?.expect(401)?;
    world.post(&Who::Nobody, "/session", &sign_in).await?.expect(401)?;
    world.ask(&owner, Method::DELETE, "/session", &[], &json!({})).await?.expect(204)?;
    world.get(&owner, "/session").await?.expect(401)?;
    Ok(())
}

#[tokio::test]
async fn f5_a_foreign_page_changes_nothing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let Who::Person(cookie) = world.owner().await? else { unreachable!() };
    let url = format!("{}/api/v1/session", world.server.base);
    for headers in [
        vec![("cookie", cookie.as_str())],
        vec![("cookie", &cookie), ("x-baton-portal", "1"), ("origin", "https://evil.example")],
        vec![("cookie", &cookie), ("x-baton-portal", "1"), ("origin", "null")],
    ] {
        let asked = world.http.send(Method::DELETE, &url, &headers, "").await?;
        asked.expect(403)?;
    }
    world.get(&Who::Person(cookie), "/session").await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn an_organization_keeps_an_owner_and_only_owners_make_owners() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    let admin = world.member(&owner, "default", "admin").await?;
    let me: Value = world.get(&owner, "/session").await?.json()?;
    let path =
        format!("/organizations/default/members/{}", me["user"]["id"].as_str().context("id")?);
    let seen = [("if-match", "*")];
    let down = json!({ "role": "viewer" });
    world.ask(&admin, Method::PUT, &path, &seen, &down).await?.expect(403)?;
    world.ask(&owner, Method::PUT, &path, &seen, &down).await?.expect(403)?;
    world.ask(&owner, Method::DELETE, &path, &seen, &down).await?.expect(403)?;
    let invitation = json!({ "email": "x@example.com", "role": "owner" });
    let invitations = "/organizations/default/invitations";
    world.post(&admin, invitations, &invitation).await?.expect(403)?;
    world.member(&owner, "default", "owner").await?;
    world.ask(&owner, Method::PUT, &path, &seen, &down).await?.expect(200)?;
    world.get(&owner, invitations).await?.expect(403)?;
    Ok(())
}

#[tokio::test]
async fn a_set_of_documents_is_applied_once_and_comes_back_as_it_was() -> anyhow::Result<()> {
    let world = World::start().await?;
    let listed: Value = world.get(&key(), "/organizations/default/bots").await?.json()?;
    let mut bot = listed["items"][0]["settings"].clone();
    bot["id"] = json!("applied");
    bot["push_key"] = json!("a-push-key-of-this-test");
    bot["webhook"]["token"] = json!("a-webhook-token-of-this-test");
    let apply = async |body: &Value| {
        let answer = world.post(&key(), "/organizations/default/apply", body).await?.expect(200)?;
        let applied: Value = answer.json()?;
        anyhow::Ok(applied["changes"].as_array().context("changes")?.clone())
    };
    let dry = apply(&json!({ "dryRun": true, "bots": [bot] })).await?;
    assert_eq!((&dry[0]["id"], &dry[0]["what"]), (&json!("applied"), &json!("created")));
    assert!(!format!("{dry:?}").contains("of-this-test"));
    world.get(&key(), "/organizations/default/bots/applied").await?.expect(404)?;
    assert_eq!(apply(&json!({ "bots": [bot] })).await?, dry);
    assert!(apply(&json!({ "bots": [bot] })).await?.is_empty());

    // One wrong document, and nothing is changed.
    let mut wrong = bot.clone();
    (wrong["id"], wrong["triggres"]) = (json!("wrong"), json!([]));
    bot["name"] = json!("Renamed");
    let body = json!({ "bots": [bot, wrong] });
    let refused = world.post(&key(), "/organizations/default/apply", &body).await?.expect(400)?;
    assert!(refused.text().contains("bots.wrong"), "{}", refused.text());
    let shown: Value = world.get(&key(), "/organizations/default/bots/applied").await?.json()?;
    assert_eq!(shown["version"], 1);

    for secrets in ["shown", "sealed"] {
        let path = format!("/organizations/default/export?secrets={secrets}");
        let exported: Value = world.get(&key(), &path).await?.expect(200)?.json()?;
        assert!(!exported.to_string().contains("of-this-test"));
        let bots = exported["bots"].as_array().context("bots")?;
        let ours: Vec<&Value> = bots.iter().filter(|bot| bot["id"] == "applied").collect();
        assert!(apply(&json!({ "bots": ours })).await?.is_empty(), "{secrets}");
    }
    let pruned = apply(&json!({ "prune": true, "bots": [] })).await?;
    assert_eq!((&pruned[0]["id"], &pruned[0]["what"]), (&json!("applied"), &json!("removed")));
    assert_eq!(pruned.len(), 1, "what the file sets stays");
    Ok(())
}

#[tokio::test]
async fn l1_each_change_is_in_the_audit_trail_and_the_chain_is_whole() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    world.member(&owner, "default", "viewer").await?;
    let keys = json!({ "name": "ci", "role": "viewer" });
    let made = world.post(&owner, "/organizations/default/api-keys", &keys).await?;
    made.expect(201)?;
    let audit = "/organizations/default/audit";
    let start = tokio::time::Instant::now();
    let found = loop {
        let page: Value = world.get(&owner, &format!("{audit}?action=api_key.")).await?.json()?;
        let items = page["items"].as_array().context("items")?.clone();
        if let Some(found) = items.into_iter().next() {
            break found;
        }
        ensure!(start.elapsed().as_secs() < 5, "the entry does not come");
    };
    assert_eq!(found["action"], "api_key.created");
    assert_eq!(found["by"]["email"], "owner@example.com");
    assert_eq!(found["by"]["address"], "127.0.0.1");
    let by = world.get(&owner, &format!("{audit}?by=owner@example.com&limit=1")).await?;
    let by: Value = by.expect(200)?.json()?;
    assert_eq!(by["items"].as_array().map(Vec::len), Some(1));
    let verified = world.post(&owner, &format!("{audit}/verify"), &json!({})).await?;
    let verified: Value = verified.expect(200)?.json()?;
    assert!(verified["entries"].as_u64() > Some(3) && verified["broken"].is_null(), "{verified}");
    let csv = world.get(&owner, &format!("{audit}/export?format=csv")).await?.expect(200)?.text();
    assert!(csv.starts_with("number,at,by,") && csv.contains("api_key.created"), "{csv}");
    Ok(())
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_a_code_works_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let owner = world.owner().await?;
    let factor = "/account/second-factor";
    let begun = world.post(&owner, factor, &json!({ "password": PASSWORD })).await?;
    let begun: Value = begun.expect(201)?.json()?;
    let url = begun["url"].as_str().context("url")?.to_owned();
    assert!(url.starts_with("otpauth://totp/Baton:owner"), "{url}");
    // It does not count before a code was seen.
    let sign_in = json!({ "email": "owner@example.com", "password": PASSWORD });
    world.post(&Who::Nobody, "/session", &sign_in).await?.expect(201)?;
    let code = totp_rs::TOTP::from_url(&url)?.generate_current()?;
    let wrong = json!({ "code": "000000x" });
    world.ask(&owner, Method::PUT, factor, &[], &wrong).await?.expect(400)?;
    let on = world.ask(&owner, Method::PUT, factor, &[], &json!({ "code": code })).await?;
    let on: Value = on.expect(200)?.json()?;
    let recovery = on["recoveryCodes"].as_array().context("codes")?.clone();
    assert_eq!(recovery.len(), 10);
    let needed = world.post(&Who::Nobody, "/session", &sign_in).await?.expect(401)?;
    assert_eq!(needed.json::<Value>()?["id"], "code_needed");
    let with = |code: &Value| {
        let mut body = sign_in.clone();
        body["code"] = code.clone();
        body
    };
    // The code that turned it on was used.
    world.post(&Who::Nobody, "/session", &with(&json!(code))).await?.expect(401)?;
    world.post(&Who::Nobody, "/session", &with(&recovery[0])).await?.expect(201)?;
    world.post(&Who::Nobody, "/session", &with(&recovery[0])).await?.expect(401)?;
    Ok(())
}

/// Runs the binary and returns what it prints.
async fn command(
    world: &World,
    args: &[&str],
    env: &[(&str, &str)],
    input: &str,
) -> anyhow::Result<(bool, String)> {
    use tokio::io::AsyncWriteExt as _;
    let mut run = tokio::process::Command::new(BATON)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(world.server.path("."))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let mut stdin = run.stdin.take().context("stdin")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = run.wait_with_output().await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

#[tokio::test]
async fn a_file_is_applied_to_a_running_server_and_exported_again() -> anyhow::Result<()> {
    let world = World::start().await?;
    let config = std::fs::read_to_string(world.server.path("baton.toml"))?;
    let mine = config.replace("id = \"support\"", "id = \"mine\"");
    std::fs::write(world.server.path("mine.toml"), mine)?;
    let (server, env) = (["--server", &world.server.base], [("BATON_API_KEY", KEY)]);
    let apply = async |more: &[&str]| {
        let args = [&["apply", "-f", "mine.toml"], more, &server].concat();
        let (good, text) = command(&world, &args, &env, "").await?;
        ensure!(good, "{text}");
        anyhow::Ok(text)
    };
    let dry = apply(&["--dry-run"]).await?;
    assert!(dry.contains("created bots mine") && dry.ends_with("1 would change\n"), "{dry}");
    let done = apply(&[]).await?;
    assert!(done.ends_with("1 changed\n"), "{done}");
    assert_eq!(apply(&[]).await?, "0 changed\n");
    for sealed in [&[][..], &["--sealed"]] {
        let args = [&["export"], sealed, &server].concat();
        let (good, text) = command(&world, &args, &env, "").await?;
        ensure!(good && text.contains("id = \"mine\""), "{text}");
    }
    let args = [&["apply", "-f", "mine.toml"][..], &server].concat();
    let (good, text) = command(&world, &args, &[("BATON_API_KEY", "no key")], "").await?;
    ensure!(!good && text.contains("Sign in, or send an API key"), "{text}");
    let (good, text) = command(&world, &args, &[], "").await?;
    ensure!(!good && text.contains("BATON_API_KEY"), "{text}");
    Ok(())
}

#[tokio::test]
async fn an_owner_is_made_on_the_command_line_and_gets_a_new_password() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    for password in ["a first one that nobody guesses", "another one that nobody guesses"] {
        world.server.kill().await?;
        let args =
            ["user", "--config", "baton.toml", "--email", "ops@example.com", "--name", "Ops"];
        let (good, text) = command(&world, &args, &[], &format!("{password}\n")).await?;
        ensure!(good, "{text}");
        world.server.start().await?;
        let sign_in = json!({ "email": "ops@example.com", "password": password });
        let signed = world.post(&Who::Nobody, "/session", &sign_in).await?.expect(201)?;
        let signed: Value = signed.json()?;
        assert_eq!(signed["organizations"][0]["role"], "owner");
    }
    Ok(())
}

#[tokio::test]
async fn f8_many_guesses_at_once_are_no_more_than_one_after_the_other() -> anyhow::Result<()> {
    const GUESSES: usize = 60;
    let world = World::with_limits(true).await?;
    world.owner().await?;
    let guess = json!({ "email": "owner@example.com", "password": "a wrong one of many" });
    let guesses = (0..GUESSES).map(|_| world.post(&Who::Nobody, "/session", &guess));
    let answers = futures::future::try_join_all(guesses).await?;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    // Five in a row, perhaps some more as time passes; the rest is refused unseen.
    assert!((1..=10).contains(&looked_at), "{looked_at} of {GUESSES} were looked at");
    Ok(())
}
