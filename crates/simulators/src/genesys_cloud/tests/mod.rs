mod notifications;
mod open_messaging;
mod web_messaging;

use kit::{
    http::{Answer, Http},
    receiver::Receiver,
    socket::Socket,
};
use serde_json::{Value, json};

use super::{GenesysCloud, Options};
use crate::{Act, Simulator, time::Time};

/// Five seconds of the vendor are a tenth of ours.
const SPEED: u32 = 50;

/// An organization, its webhook, and an application with a token.
struct World {
    tool: GenesysCloud,
    simulator: Simulator,
    webhook: Receiver,
    http: Http,
    token: String,
}

impl World {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let webhook = Receiver::start().await.unwrap();
        let mut options = Options {
            time: Time::new(SPEED, 0),
            webhook_url: webhook.url.clone(),
            ..Options::default()
        };
        change(&mut options);
        let tool = GenesysCloud::new(options);
        let simulator = Simulator::start(tool.clone()).await.unwrap();
        let (http, token) = (Http::new(), String::new());
        let mut world = Self { tool, simulator, webhook, http, token };
        world.token = world.login("the secret of the OAuth client").await.json::<Value>().unwrap()
            ["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        world
    }

    async fn login(&self, secret: &str) -> Answer {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let pair = format!("{}:{secret}", self.tool.options().client_id);
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let form = "application/x-www-form-urlencoded";
        let headers = [("authorization", basic.as_str()), ("content-type", form)];
        let url = format!("{}/oauth/token", self.simulator.base);
        let grant = "grant_type=client_credentials";
        self.http.send(http::Method::POST, &url, &headers, grant).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let url = format!("{}/api/v2{path}", self.simulator.base);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.send(method.parse().unwrap(), &url, &headers, body).await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).await.expect(200).unwrap().json().unwrap()
    }

    fn inbound(&self, what: &str) -> String {
        let integration = &self.tool.options().integration_id;
        format!("/conversations/messages/{integration}/inbound/open/{what}")
    }

    /// What a visitor writes; the id of the conversation.
    async fn write(&self, from: &str, text: &str) -> String {
        let path = self.inbound("message?prefetchConversationId=true");
        let answer = self.post(&path, &written(from, text)).await;
        let message: Value = answer.expect(200).unwrap().json().unwrap();
        message["conversationId"].as_str().unwrap().to_owned()
    }

    fn act(&self, chat: &str, act: Act) {
        self.simulator.act(chat, act).unwrap();
    }

    fn accept(&self, chat: &str, agent: &str) {
        self.act(chat, Act::Accept { agent: agent.to_owned() });
    }

    fn say(&self, chat: &str, text: &str) {
        self.act(chat, Act::Say { text: text.to_owned() });
    }
}

fn written(from: &str, text: &str) -> Value {
    json!({
        "channel": {
            "from": { "id": from, "idType": "Opaque", "firstName": "Ada" },
            "time": "2026-03-01T10:15:00.000Z",
            "messageId": "m-1",
            "metadata": { "customAttributes": { "topic": "VPN" } },
        },
        "text": text,
    })
}

async fn next(socket: &mut Socket) -> Value {
    serde_json::from_str(&socket.soon().await.unwrap()).unwrap()
}
