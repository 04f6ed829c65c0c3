//! A secret is sent only to its receiver. It is not in logs of any level, in answers, in the
//! database, or in the output of the command line.

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use http::Method;
use kit::{
    address::free_address,
    agent::Desk,
    http::{Answer, Http},
    push::{KeyIn, Pusher},
    visitor::Visitor,
};
use proving::{
    config::{Setup, demo_export},
    load::ASK,
    server::Server,
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::BATON;

/// Every secret of the configuration contains this text. So does every wrong secret of the tests,
/// because a mistyped password is almost a password.
const CANARY: &str = "Ca7aRy";
const PUSH_KEY: &str = "Ca7aRy-push-key";
const TOKEN: &str = "Ca7aRy-webhook-token";
const NEXT_TOKEN: &str = "Ca7aRy-next-webhook-token";
const HEADER: &str = "Ca7aRy-header-value";
const HISTORY_KEY: &str = "Ca7aRy-history-key";
const PASSWORD: &str = "Ca7aRy-password";
const WRONG: &str = "Ca7aRy-mistyped";
/// Base64 of a key. A leak would show it in this form.
const SIGNING: &str = "whsec_Ca7aRyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const PUSH_SIGNING: &str = "whsec_Ca7aRyBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=";

/// Everything that anybody writes in a chat contains this text. It is in answers and in the
/// database, and in no log.
const TEXT: &str = "Te7tOfAChat";

/// No server listens at this address.
const NOWHERE: &str = "http://127.0.0.1:9";

fn config(address: &str) -> String {
    let mut text = format!("listen = {address:?}\ndata = \"data\"\n");
    for (id, base) in [("support", format!("http://{address}")), ("lost", NOWHERE.to_owned())] {
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "\n[[bots]]\nid = {id:?}\nagent = {{ export = {:?} }}\n\
             triggers = [\"operator_request\"]\npush_key = {PUSH_KEY:?}\n\
             history_key = {HISTORY_KEY:?}\n\
             webhook = {{ url = \"{base}/handover/{id}\", token = {TOKEN:?}, history = true, \
             typing = true, allow_private = true, \
             header = {{ name = \"x-live-chat\", value = {HEADER:?} }} }}\n\
             \n[[routes]]\nid = {id:?}\ntoken = [{TOKEN:?}, {NEXT_TOKEN:?}]\n\
             header = {{ name = \"x-live-chat\", value = {HEADER:?} }}\n\
             signing = {{ keys = [{SIGNING:?}] }}\nconnector = {{ kind = \"desk\" }}\n\
             push = {{ url = \"{base}{}\", key = {PUSH_KEY:?}, signing_keys = [{PUSH_SIGNING:?}], \
             allow_private = true }}\n",
            demo_export().display().to_string(),
            wire::push::PATH,
        );
    }
    text + &format!(
        "\n[[agents]]\nemail = \"jane@example.com\"\nname = \"Jane Doe\"\npassword = {PASSWORD:?}\n"
    )
}

/// Stores every answer.
struct Client {
    http: Http,
    base: String,
    heard: Vec<String>,
}

impl Client {
    fn hears(&mut self, answer: &Answer) {
        self.heard.push(format!("{} {:?} {}", answer.status, answer.headers, answer.text()));
    }

    async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> anyhow::Result<u16> {
        let answer = self.http.post(&format!("{}{path}", self.base), headers, body).await?;
        self.hears(&answer);
        Ok(answer.status.as_u16())
    }
}

#[tokio::test]
async fn k7_no_secret_or_text_shows_in_logs_answers_or_the_database() -> anyhow::Result<()> {
    for format in ["text", "json"] {
        let address = free_address()?;
        let server = Server::baton_at(Path::new(BATON), &address, &Setup::whole(NOWHERE, 0))?;
        let mut server = server.with_env("BATON_LOG", "trace").with_env("BATON_LOG_FORMAT", format);
        std::fs::write(server.path("baton.toml"), config(&address))?;
        server.start().await?;
        let (http, base) = (Http::new(), server.base.clone());
        let mut client = Client { http, base, heard: Vec::new() };
        let tokens = hand_over(&mut client).await?;
        present_what_is_wrong(&mut client).await?;
        reach_nobody(&mut client).await?;
        server.stop().await?;

        let log = server.log();
        assert!(log.contains("serving") && log.lines().count() > 3, "{log}");
        let mut found = Vec::new();
        seen("the log", log.as_bytes(), &mut found);
        for token in &tokens {
            assert!(token.len() > 20, "{token} is no token");
            assert!(!log.contains(token), "a token of a visitor or an agent is in the log");
        }
        let shown = log.lines().find(|line| line.contains(TEXT));
        assert_eq!(shown, None, "the text of a chat is in the log");
        for heard in &client.heard {
            seen("an answer", heard.as_bytes(), &mut found);
        }
        let mut files = 0;
        for entry in std::fs::read_dir(server.path("data"))? {
            let content = std::fs::read(entry?.path())?;
            seen("the database", &content, &mut found);
            files += usize::from(content.len() > 4_096);
        }
        assert!(files > 0, "there was a database to look through");
        assert!(found.is_empty(), "{found:#?}");
    }
    Ok(())
}

/// Runs one handover from the bot to Jane and back, and returns the issued tokens.
async fn hand_over(client: &mut Client) -> anyhow::Result<Vec<String>> {
    let who = json!({ "email": "jane@example.com", "password": PASSWORD });
    assert_eq!(client.post("/desk/api/session", &[("x-baton-desk", "1")], &who).await?, 200);
    let desk = Desk::sign_in(&client.http, &client.base, "jane@example.com", PASSWORD).await?;
    let visitor = Visitor::create(&client.http, &client.base, "support").await?;
    let mut page = visitor.stream(0).await?;
    let mut screen = desk.stream().await?;
    visitor.say("bot", &format!("{TEXT} for the bot")).await?;
    let asked = visitor.say("ask", ASK).await?;
    visitor.wait_for(asked, |event| event.gives("human")).await?;
    let chat = desk.open_chat_of(&visitor.user_id).await?;
    client.hears(&desk.claim(&chat.id).await?.expect(200)?);
    screen.watch(&chat.id, 0).await?;
    visitor.post("typing", &json!({})).await?;
    visitor.say("human", &format!("{TEXT} for the human agent")).await?;
    desk.say(&chat.id, "a1", &format!("{TEXT} of the human agent")).await?;
    visitor.wait_for(asked, |event| event.is("agent_message")).await?;
    // The texts go over both sockets.
    page.wait_for(|event| event.is("agent_message") && event.text.contains(TEXT)).await?;
    screen.wait_for(|event| event.text.contains("for the human agent")).await?;
    for path in ["chats", &format!("chats/{}", chat.id), &format!("chats/{}/events", chat.id)] {
        client.hears(&desk.call(Method::GET, path, None).await?);
    }
    desk.close(&chat.id).await?;
    visitor.wait_for(asked, |event| event.gives("bot")).await?;
    let history = format!("{}{}", client.base, wire::history::PATH);
    let url = format!("{history}?botId=support&userId={}", visitor.user_id);
    let answer = client.http.get(&url, &[("authorization", HISTORY_KEY)]).await?;
    client.hears(&answer.expect(200)?);
    let cookie = session_cookie(&client.heard[0]).context("no cookie of a session")?;
    Ok(vec![visitor.token.clone(), cookie])
}

/// The token in the cookie of an answer that was heard.
fn session_cookie(heard: &str) -> Option<String> {
    let (_, cookie) = heard.split_once("\"set-cookie\": \"")?;
    let (_, value) = cookie.split_once('=')?;
    Some(value.split([';', '"']).next()?.to_owned())
}

/// Makes every kind of refused request, with a secret or a similar text in every field.
async fn present_what_is_wrong(client: &mut Client) -> anyhow::Result<()> {
    let step = json!({
        "accessToken": TOKEN, "userId": "u1", "botId": "support",
        "queryInput": { "text": { "text": "hello", "languageCode": "en" } }
    });
    let mut wrong = step.clone();
    wrong["accessToken"] = json!(WRONG);
    let hook = "/handover/support";
    assert_eq!(client.post(hook, &[("authorization", WRONG)], &wrong).await?, 401);
    assert_eq!(client.post(hook, &[("x-live-chat", WRONG)], &wrong).await?, 401);
    let bad = [("webhook-id", "c1"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,AAAA")];
    assert_eq!(client.post(hook, &bad, &step).await?, 401);
    for body in [json!({ "accessToken": TOKEN }), json!({ "accessToken": [TOKEN] }), json!([TOKEN])]
    {
        let status = client.post(hook, &[("authorization", TOKEN)], &body).await?;
        assert_eq!(status, 400, "{body}");
    }
    let push = |key: &str, key_in| {
        Pusher::new(&client.http, &client.base, PUSH_KEY, "support", "nobody").with_key(key, key_in)
    };
    let mut answers = Vec::new();
    for key_in in [KeyIn::Body, KeyIn::Bare, KeyIn::Bearer] {
        for (key, status) in [(WRONG, 401), (PUSH_KEY, 404)] {
            let fields = json!({ "text": "hi", "paused": true });
            let answer = push(key, key_in).send("message", fields).await?;
            answers.push(answer.expect(status)?);
        }
        let answer = push(PUSH_KEY, key_in).send("nothing known", json!({})).await?;
        answers.push(answer.expect(400)?);
    }
    for answer in &answers {
        client.hears(answer);
    }
    for who in [
        json!({ "email": "jane@example.com", "password": WRONG }),
        json!({ "email": WRONG, "password": PASSWORD }),
        json!({ "password": PASSWORD }),
    ] {
        let status = client.post("/desk/api/session", &[("x-baton-desk", "1")], &who).await?;
        assert!((400..500).contains(&status), "{status}");
    }
    let url = format!("{}{}?botId=support&userId=u1", client.base, wire::history::PATH);
    let answer = client.http.get(&url, &[("authorization", WRONG)]).await?;
    client.hears(&answer.expect(401)?);
    Ok(())
}

/// The webhook and the push endpoint do not exist.
async fn reach_nobody(client: &mut Client) -> anyhow::Result<()> {
    let visitor = Visitor::create(&client.http, &client.base, "lost").await?;
    let asked = visitor.say("ask", ASK).await?;
    visitor.wait_for(asked, |event| event.gives("bot")).await?;
    let desk = Desk::sign_in(&client.http, &client.base, "jane@example.com", PASSWORD).await?;
    let step_one = json!({
        "accessToken": NEXT_TOKEN, "userId": "u2", "botId": "lost", "dialogflowResponse": {},
        "queryInput": { "text": { "text": "hello", "languageCode": "en" } }
    });
    assert_eq!(client.post("/handover/lost", &[], &step_one).await?, 200);
    let chat = desk.open_chat_of("u2").await?;
    desk.claim(&chat.id).await?.expect(200)?;
    desk.say(&chat.id, "a1", "nobody hears this").await?;
    client.hears(&desk.call(Method::GET, &format!("chats/{}/events", chat.id), None).await?);
    Ok(())
}

fn seen(place: &str, content: &[u8], found: &mut Vec<String>) {
    let text = String::from_utf8_lossy(content);
    for (at, _) in text.match_indices(CANARY) {
        let around: String = text[..at].chars().rev().take(60).collect();
        let around: String = around.chars().rev().collect();
        let after: String = text[at..].chars().take(40).collect();
        found.push(format!("{place}: …{around}{after}…"));
    }
}

#[tokio::test]
async fn k7_no_secret_shows_on_the_command_line() -> anyhow::Result<()> {
    let good = config("127.0.0.1:0");
    let broken = [
        ("push_key = ", "pushkey = "),
        ("signing = { keys = [\"whsec_", "signing = { keys = [\""),
        ("AAA=\"] }", "AA=\"] }"),
        ("name = \"x-live-chat\"", "name = \"authorization\""),
        ("password = \"", "password = \"\"\""),
        ("token = [", "token = [7, "),
    ];
    let database = "database = \"postgres://Ca7aRy:Ca7aRy@127.0.0.1:9/Ca7aRy\"\n";
    let mut configs = vec![(good.clone(), true), (format!("{database}{good}"), true)];
    configs.extend(broken.iter().map(|(from, to)| {
        assert!(good.contains(from), "{from}");
        (good.replace(from, to), false)
    }));
    for (config, fine) in configs {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("baton.toml");
        std::fs::write(&path, &config)?;
        let mut said = Vec::new();
        for command in ["check", "serve"] {
            if command == "serve" && fine && !config.starts_with(database) {
                continue;
            }
            let mut baton = Command::new(BATON);
            baton.args([command, "--config"]).arg(&path).env("BATON_LOG", "trace");
            let output = baton.kill_on_drop(true).output();
            let output = tokio::time::timeout(std::time::Duration::from_mins(1), output).await??;
            let expected = fine && command == "check";
            assert_eq!(output.status.success(), expected, "{command}: {output:?}");
            said.extend([output.stdout, output.stderr]);
        }
        let mut found = Vec::new();
        for said in &said {
            seen("the command line", said, &mut found);
        }
        assert!(said.iter().any(|said| !said.is_empty()));
        assert!(found.is_empty(), "{found:#?}");
    }
    Ok(())
}
