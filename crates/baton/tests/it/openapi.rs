//! Real answers match the OpenAPI document of the server.

use anyhow::Context as _;
use boon::{Compiler, Schemas};
use http::Method;
use kit::{
    http::{Answer, Http},
    push::KeyIn,
};
use proving::config::WEBHOOK_TOKEN;
use serde_json::{Value, json};

use crate::world::{Bridge, Platform, QUESTION};

/// The document of a running server.
struct Document(Value);

impl Document {
    async fn of(http: &Http, base: &str) -> anyhow::Result<Self> {
        let answer = http.get(&format!("{base}/openapi.json"), &[]).await?.expect(200)?;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        Ok(Self(answer.json()?))
    }

    fn check(&self, schema: &str, value: &Value) -> anyhow::Result<()> {
        self.check_reference(&format!("#/components/schemas/{schema}"), value)
    }

    /// Checks that the answer has a status of its operation, and the body of that status. `default`
    /// does not count, because it matches every status.
    fn check_answer(&self, operation: &str, answer: &Answer) -> anyhow::Result<()> {
        let paths = self.0["paths"].as_object().context("no paths")?;
        let operations = paths.values().filter_map(Value::as_object).flat_map(|path| path.values());
        let mut of_this = operations.filter(|it| it["operationId"] == operation);
        let of_this = of_this.next().with_context(|| format!("there is no {operation}"))?;
        let status = answer.status.as_str();
        let mut response = &of_this["responses"][status];
        if let Some(reference) = response["$ref"].as_str() {
            response =
                self.0.pointer(reference.trim_start_matches('#')).context("leads nowhere")?;
        }
        anyhow::ensure!(response.is_object(), "{operation} does not name {status}");
        let Some(content) = response["content"].as_object() else {
            anyhow::ensure!(answer.body.is_empty(), "{operation} {status} has a body");
            return Ok(());
        };
        let kind = answer.headers["content-type"].to_str()?;
        let content = content.get(kind).with_context(|| format!("{operation} {status}: {kind}"))?;
        let schema = content["schema"]["$ref"].as_str().context("the schema is not a reference")?;
        self.check_reference(schema, &answer.json()?)
    }

    fn check_reference(&self, schema: &str, value: &Value) -> anyhow::Result<()> {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": schema,
            "components": self.0["components"],
        });
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let place = "https://baton.example/openapi";
        compiler.add_resource(place, root).map_err(|error| anyhow::anyhow!("{error}"))?;
        let of =
            compiler.compile(place, &mut schemas).map_err(|error| anyhow::anyhow!("{error}"))?;
        let valid = schemas.validate(value, of);
        valid.map_err(|wrong| anyhow::anyhow!("{schema}: {wrong:#}: {value:#}"))
    }
}

#[tokio::test]
async fn the_platform_says_what_the_document_says() -> anyhow::Result<()> {
    let more = |bot: &mut proving::config::Bot| {
        bot.webhook_more = "history = true, typing = true".to_owned();
    };
    let platform = Platform::with(more).await?;
    let base = &platform.server.base;
    let document = Document::of(&platform.http, base).await?;
    let visitor = platform.visitor().await?;
    visitor.say("q", QUESTION).await?;
    crate::world::ask_for_human(&visitor).await?;
    visitor.say("s", "help me please").await?;
    visitor.typing().await?;
    for n in 0..3 {
        let call = platform.receiver.call(n).await?;
        let schema = match (call.is_step_one(), call.is_typing()) {
            (true, _) => "StepOne",
            (_, true) => "WebhookNotice",
            _ => "StepTwo",
        };
        document.check(schema, &call.body)?;
        assert_eq!(n == 0, schema == "StepOne");
    }

    let pusher = platform.pusher(&visitor);
    pusher.say("Hi", 5.0).await?;
    let resume = pusher.send("channel_update", json!({ "paused": false })).await?;
    document.check_answer("push", &resume)?;
    document.check("PushAccepted", &resume.expect(200)?.json()?)?;
    let refused = pusher.with_key("wrong", KeyIn::Bare).send("message", json!({})).await?;
    document.check_answer("push", &refused)?;
    document.check("PushRefused", &refused.expect(401)?.json()?)?;

    let url = format!("{base}/v1/conversation/events?after=0");
    let bearer = format!("Bearer {}", visitor.token);
    let events = platform.http.get(&url, &[("authorization", &bearer)]).await?.expect(200)?;
    document.check_answer("readEvents", &events)?;
    let events: Value = events.json()?;
    document.check("VisitorEvents", &events)?;
    let count = events["events"].as_array().map_or(0, Vec::len);
    assert!(count > 6, "{events:#}");
    let problem = platform.http.get(&url, &[]).await?.expect(401)?;
    document.check_answer("readEvents", &problem)?;
    document.check("Problem", &problem.json()?)?;

    // The document describes every refusal of a visitor or a message.
    let post = async |path: &str, headers: &[(&str, &str)], body: Value| {
        let url = format!("{base}{path}");
        platform.http.send(Method::POST, &url, headers, body.to_string()).await
    };
    let (create, say) = ("/v1/bots/support/visitors", "/v1/conversation/messages");
    let (authorized, plain) = (("authorization", &*bearer), ("content-type", "text/plain"));
    let message = json!({ "clientId": "q", "text": "another text" });
    for (operation, status, path, headers, body) in [
        ("createVisitor", 404, "/v1/bots/nobody/visitors", &[][..], json!({})),
        ("createVisitor", 400, create, &[], json!([])),
        ("createVisitor", 415, create, &[plain], json!({})),
        ("sendMessage", 401, say, &[], message.clone()),
        ("sendMessage", 400, say, &[authorized], json!({})),
        ("sendMessage", 422, say, &[authorized], message),
        ("visitorTypes", 204, "/v1/conversation/typing", &[authorized], json!({})),
        ("endChat", 403, "/v1/conversation/end", &[authorized], json!({})),
    ] {
        let answer = post(path, headers, body).await?.expect(status)?;
        document.check_answer(operation, &answer)?;
    }
    Ok(())
}

#[tokio::test]
async fn the_bridge_says_what_the_document_says() -> anyhow::Result<()> {
    let bridge = Bridge::start().await?;
    let document = Document::of(&bridge.http, &bridge.server.base).await?;
    let mut one: Value = serde_json::from_str(wire::examples::text("r1.step_one").unwrap())?;
    one["accessToken"] = WEBHOOK_TOKEN.into();
    document.check("StepOne", &one)?;
    let url = format!("{}/handover/desk", bridge.server.base);
    let answer = bridge.http.post(&url, &[], &one).await?.expect(200)?;
    document.check("WebhookAnswer", &answer.json()?)?;

    let chat = bridge.desk.open_chat_of(one["userId"].as_str().unwrap_or_default()).await?;
    let claimed = bridge.desk.claim(&chat.id).await?.expect(200)?;
    document.check_answer("claimChat", &claimed)?;
    document.check("Chat", &claimed.json()?)?;
    bridge.desk.say(&chat.id, "a1", "Hi").await?;
    document.check("PushChannelUpdate", &bridge.platform.call(0).await?.body)?;
    document.check("PushMessage", &bridge.platform.call(1).await?.body)?;
    Ok(())
}
