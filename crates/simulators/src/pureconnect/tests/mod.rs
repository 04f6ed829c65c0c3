//! Raw calls against the simulated servers.

use std::time::Duration;

use kit::http::{Answer, Http};
use serde_json::{Value, json};

use super::{Options, Server};
use crate::{Act, Phase, Simulator};

mod centre;
mod icws;
mod web_tools;

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

/// A server that was started, and calls to one of its APIs.
struct Site {
    simulator: Simulator,
    http: Http,
    root: &'static str,
}

impl Site {
    async fn new(server: Server, root: &'static str) -> Self {
        let simulator = Simulator::start(server).await.unwrap();
        Self { simulator, http: Http::new(), root }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.simulator.base, self.root)
    }

    async fn get(&self, path: &str) -> Answer {
        self.http.get(&self.url(path), &[]).await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let url = self.url(path);
        self.http.send(http::Method::POST, &url, &[JSON], body.to_string()).await.unwrap()
    }

    /// The only chat's id.
    fn chat(&self) -> String {
        self.simulator.chats().last().unwrap().id.clone()
    }

    fn act(&self, act: Act) {
        self.simulator.act(&self.chat(), act).unwrap();
    }
}

fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

fn accept(agent: &str) -> Act {
    Act::Accept { agent: agent.to_owned() }
}

/// One field of every item of a list.
fn column(list: &Value, field: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}
