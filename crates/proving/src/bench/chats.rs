//! Chats at tools: many open at once in one process, first silent, then with messages at a steady
//! rate. Each stage adds a connector while the chats of earlier stages stay open.

use std::{
    collections::HashMap,
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kit::{
    address::free_address,
    http::Http,
    receiver::{Receiver, Reply},
};
use serde::Serialize;
use serde_json::{Value, json};
use simulators::{Act, From, Phase, Simulator, time::Time};
use tokio::task::JoinSet;

use super::{Options, machine};
use crate::{
    config::{Route, Setup, WEBHOOK_TOKEN},
    quantiles::Quantiles,
    server::Server,
    transcript::connectors::{self, Installed, Pace, Site},
};

/// The connectors of the stages, the names of their routes, and the part of a path that marks a
/// poll.
const STAGES: [(&str, &str, Option<&str>); 2] =
    [("webhook", "webhook", None), ("genesys-pureconnect", "polled", Some("/messages/"))];
/// Opened before memory is first measured, so that pools and caches have grown.
const FIRST: usize = 100;
/// Opened at a time.
const AT_ONCE: usize = 16;
/// The time between two polls that the simulated vendor asks for, and how far off is on time.
const POLL: Duration = Duration::from_secs(2);
const POLL_MISS: Duration = Duration::from_millis(200);
/// Longest time until everything has arrived that was sent.
const ARRIVE: Duration = Duration::from_mins(1);
/// Time without a push after which pushes are complete.
const QUIET: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);

/// What one stage found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) connector: &'static str,
    pub(super) chats: usize,
    pub(super) opened_per_second: f64,
    pub(super) kib_per_chat: f64,
    /// Processor time of the server, in cores.
    pub(super) cores_silent: f64,
    pub(super) cores_talking: f64,
    /// Messages in each direction.
    pub(super) per_second: f64,
    pub(super) to_agent: Quantiles,
    pub(super) to_visitor: Quantiles,
    pub(super) polls: Option<Polls>,
    /// Messages that did not arrive exactly once.
    pub(super) wrong: usize,
}

/// How polls of silent chats follow each other.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Polls {
    pub(super) per_second: f64,
    /// Share of polls that came within a tenth of the time the vendor asks for.
    pub(super) on_time: f64,
    pub(super) gaps: Quantiles,
}

/// One bridge, its platform, and the tools.
struct World {
    server: Server,
    platform: Receiver,
    tools: Vec<Simulator>,
    http: Http,
    time: Time,
}

/// An open chat: its visitor, and its id at the tool.
struct Open {
    user: String,
    chat: String,
}

/// Measures every stage whose connector there is.
pub(super) async fn measure(
    options: &Options,
    counts: [usize; 2],
    (silence, talk): (Duration, Duration),
) -> anyhow::Result<Vec<Stage>> {
    let world = World::start(options).await?;
    let mut stages = Vec::new();
    for (at, tool) in world.tools.iter().enumerate() {
        let stage = Opening { world: &world, tool, at };
        stages.push(stage.run(counts[at], silence, talk).await?);
    }
    let World { mut server, .. } = world;
    server.kill().await?;
    Ok(stages)
}

impl World {
    async fn start(options: &Options) -> anyhow::Result<Self> {
        let address = free_address()?;
        let platform = Receiver::start().await?;
        platform.always(Reply::Json(r#"{"ok":true}"#.to_owned()));
        let (mut tools, mut setup) = (Vec::new(), Setup::default());
        for (name, route, _) in STAGES {
            let Some(connector) = connectors::named(name) else { continue };
            let bridge = format!("http://{address}");
            let site = Site { bridge, name: route, pace: Pace::Real };
            let Installed { simulator, settings, .. } = (connector.install)(site).await?;
            setup.connectors += "\n[connectors.";
            setup.connectors += route;
            setup.connectors += "]\n";
            setup.connectors += &settings;
            let push_url = platform.url.clone();
            setup.routes.push(Route { push_url, ..Route::tool(route, "") });
            tools.push(simulator);
        }
        let mut server = Server::baton_at(&options.baton, &address, &setup)?;
        server.start().await?;
        let (http, time) = (Http::new(), Time::default());
        Ok(Self { server, platform, tools, http, time })
    }

    fn pid(&self) -> anyhow::Result<u32> {
        self.server.pid().context("it runs")
    }

    /// Cores the server uses while `work` is done.
    async fn cores(&self, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<f64> {
        let (before, start) = (machine::cpu_seconds(self.pid()?)?, Instant::now());
        work.await?;
        Ok((machine::cpu_seconds(self.pid()?)? - before) / start.elapsed().as_secs_f64())
    }
}

/// One stage under way.
struct Opening<'a> {
    world: &'a World,
    tool: &'a Simulator,
    at: usize,
}

impl Opening<'_> {
    async fn run(&self, chats: usize, silence: Duration, talk: Duration) -> anyhow::Result<Stage> {
        let (connector, _, poll) = STAGES[self.at];
        let (mut open, _) = self.open(0..FIRST).await?;
        let before = crate::memory::resident_kib(self.world.pid()?)?;
        let (more, opening) = self.open(FIRST..FIRST + chats).await?;
        open.extend(more);
        let opened_per_second = chats as f64 / opening.as_secs_f64();
        let kib_per_chat =
            (crate::memory::resident_kib(self.world.pid()?)? - before) / chats.max(1) as f64;
        self.tool.faults().record();
        let cores_silent = self.world.cores(async {
            tokio::time::sleep(silence).await;
            Ok(())
        });
        let cores_silent = cores_silent.await?;
        let polls = poll.map(|part| polls(&self.tool.faults().recorded(), part, silence));
        let polls = polls.transpose()?;
        let talk = self.talk(&open, talk).await?;
        Ok(Stage {
            connector,
            chats: open.len(),
            opened_per_second,
            kib_per_chat,
            cores_silent,
            cores_talking: talk.cores,
            per_second: talk.per_second,
            to_agent: Quantiles::of(talk.to_agent)?,
            to_visitor: Quantiles::of(talk.to_visitor)?,
            polls,
            wrong: talk.wrong,
        })
    }

    /// Opens one chat per visitor and accepts them all. Also returns the time until the last
    /// visitor was told that a human agent will come.
    async fn open(&self, visitors: Range<usize>) -> anyhow::Result<(Vec<Open>, Duration)> {
        let (_, route, _) = STAGES[self.at];
        let count = visitors.len();
        let users: Vec<_> = visitors.map(|n| format!("{route}-{n}")).collect();
        let start = Instant::now();
        stream::iter(&users)
            .map(|user| self.call(user, "one"))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        let opening = start.elapsed();
        let waiting = self.waiting(count).await?;
        for chat in &waiting {
            let taken = self.tool.act(chat, Act::Accept { agent: "Jo Park".to_owned() });
            taken.map_err(|why| anyhow::anyhow!("{chat}: {why}"))?;
        }
        self.quiet().await?;
        let open = users.into_iter().zip(waiting);
        Ok((open.map(|(user, chat)| Open { user, chat }).collect(), opening))
    }

    /// Waits until nothing is pushed any more.
    async fn quiet(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + ARRIVE;
        let mut last = (0, Instant::now());
        while last.1.elapsed() < QUIET {
            let pushed = self.world.platform.count();
            if pushed != last.0 {
                last = (pushed, Instant::now());
            }
            ensure!(Instant::now() < deadline, "pushes do not end within {ARRIVE:?}");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The ids of the chats that wait at the tool, once there are `count`.
    async fn waiting(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let deadline = Instant::now() + ARRIVE;
        loop {
            let chats = self.tool.chats().into_iter();
            let waiting: Vec<_> = chats.filter(|chat| chat.phase == Phase::Waiting).collect();
            if waiting.len() == count {
                return Ok(waiting.into_iter().map(|chat| chat.id).collect());
            }
            ensure!(
                Instant::now() < deadline,
                "only {} of {count} chats wait at the tool",
                waiting.len()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A webhook call of the platform; the text `one` asks for a human.
    fn call(&self, user: &str, text: &str) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let (_, route, _) = STAGES[self.at];
        let http = self.world.http.clone();
        let url = format!("{}/handover/{route}", self.world.server.base);
        let mut body = json!({
            "userId": user, "botId": "support", "accessToken": WEBHOOK_TOKEN,
            "queryInput": { "text": { "text": text, "languageCode": "en" } },
            "queryParams": { "contexts": [] },
        });
        if text == "one" {
            body["session"] = json!(format!("projects/p/agent/sessions/{user}"));
            body["dialogflowResponse"] = json!({ "queryResult": { "queryText": text } });
        }
        let id = format!("{user}/{text}");
        async move {
            let answer = http.post(&url, &[("idempotency-key", &id)], &body).await?;
            let answer: Value = answer.expect(200)?.json()?;
            ensure!(answer["paused"] == true, "{id}: {answer}");
            Ok(())
        }
    }
}

/// Measurements while messages were exchanged.
struct Talk {
    cores: f64,
    per_second: f64,
    to_agent: Vec<Duration>,
    to_visitor: Vec<Duration>,
    wrong: usize,
}

impl Opening<'_> {
    /// Every chat has one message each way within `length`, evenly spread.
    async fn talk(&self, open: &[Open], length: Duration) -> anyhow::Result<Talk> {
        let (start, world) = (Instant::now(), self.world);
        let (mut said, mut answered) = (HashMap::new(), HashMap::new());
        let step = length / u32::try_from(open.len().max(1))?;
        let speaking = async {
            let mut under_way = JoinSet::new();
            for (n, Open { user, chat }) in (0..).zip(open) {
                let due = tokio::time::Instant::from_std(start + step * n);
                tokio::time::sleep_until(due).await;
                let question = format!("question of {user}");
                under_way.spawn(self.call(user, &question));
                said.insert(question, world.time.now());
                let text = format!("answer to {user}");
                answered.insert(text.clone(), Instant::now());
                let done = self.tool.act(chat, Act::Say { text });
                done.map_err(|why| anyhow::anyhow!("{chat}: {why}"))?;
                while let Some(called) = under_way.try_join_next() {
                    called??;
                }
            }
            while let Some(called) = under_way.join_next().await {
                called??;
            }
            anyhow::Ok(())
        };
        let cores = world.cores(speaking).await?;
        let per_second = open.len() as f64 / start.elapsed().as_secs_f64();
        let deadline = Instant::now() + ARRIVE;
        let (to_agent, to_visitor) = loop {
            let (at_agent, at_visitor) = (self.read(&said), self.shown(&answered));
            if at_agent.is_all_of(open) && at_visitor.is_all_of(open) || Instant::now() > deadline {
                break (at_agent, at_visitor);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        let wrong = to_agent.wrong(open) + to_visitor.wrong(open);
        let (to_agent, to_visitor) = (to_agent.delays, to_visitor.delays);
        Ok(Talk { cores, per_second, to_agent, to_visitor, wrong })
    }

    /// The visitors' messages that the tool shows.
    fn read(&self, said: &HashMap<String, i64>) -> Arrived {
        let mut arrived = Arrived::default();
        for chat in self.tool.chats() {
            for line in chat.lines.iter().filter(|line| line.from == From::Visitor) {
                if let Some(said) = said.get(&line.text) {
                    arrived.add(&line.text, "question of ", since(line.at, *said));
                }
            }
        }
        arrived
    }

    /// The messages that were pushed.
    fn shown(&self, answered: &HashMap<String, Instant>) -> Arrived {
        let mut arrived = Arrived::default();
        for call in self.world.platform.calls() {
            let text = call.body["text"].as_str().unwrap_or_default();
            if let Some(said) = answered.get(text) {
                arrived.add(text, "answer to ", call.at.duration_since(*said));
            }
        }
        arrived
    }
}

/// The messages of one direction that have arrived; each visitor has one.
#[derive(Default)]
struct Arrived {
    times: HashMap<String, u32>,
    delays: Vec<Duration>,
}

impl Arrived {
    fn add(&mut self, text: &str, before: &str, delay: Duration) {
        let user = text.strip_prefix(before).unwrap_or(text);
        *self.times.entry(user.to_owned()).or_default() += 1;
        self.delays.push(delay);
    }

    fn is_all_of(&self, open: &[Open]) -> bool {
        open.iter().all(|chat| self.times.contains_key(&chat.user))
    }

    /// Messages that did not arrive exactly once.
    fn wrong(&self, open: &[Open]) -> usize {
        let times = |chat: &&Open| self.times.get(&chat.user) != Some(&1);
        open.iter().filter(times).count()
    }
}

fn polls(calls: &[(Instant, String)], part: &str, length: Duration) -> anyhow::Result<Polls> {
    let mut last: HashMap<&str, Instant> = HashMap::new();
    let mut gaps = Vec::new();
    let mut count = 0;
    for (at, path) in calls.iter().filter(|(_, path)| path.contains(part)) {
        count += 1;
        if let Some(before) = last.insert(path, *at) {
            gaps.push(*at - before);
        }
    }
    let on_time = gaps.iter().filter(|gap| gap.abs_diff(POLL) <= POLL_MISS).count();
    Ok(Polls {
        per_second: f64::from(count) / length.as_secs_f64(),
        on_time: on_time as f64 / gaps.len().max(1) as f64,
        gaps: Quantiles::of(gaps)?,
    })
}

/// From `said` to `read`, both in milliseconds of one clock.
fn since(read: i64, said: i64) -> Duration {
    Duration::from_millis(u64::try_from(read - said).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(user: &str) -> Open {
        Open { user: user.to_owned(), chat: String::new() }
    }

    #[test]
    fn a_message_lost_beside_one_that_came_twice_is_two_wrong() {
        let mut arrived = Arrived::default();
        for text in ["answer to a", "answer to b", "answer to b"] {
            arrived.add(text, "answer to ", Duration::from_millis(1));
        }
        let all = [open("a"), open("b"), open("c")];
        assert_eq!(arrived.wrong(&all), 2);
        assert!(!arrived.is_all_of(&all));
        assert!(arrived.is_all_of(&all[..2]));
    }
}
