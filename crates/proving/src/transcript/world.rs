//! One installation and its environment: two processes, the links between all sides, a tool,
//! visitors and human agents. It runs under faults, comes to rest, and is judged.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::future::join_all;
use kit::{address::free_address, http::Http, visitor::Visitor};
use simulators::{From, Simulator, faults, rng::Rng};
use tokio::task::JoinHandle;

use super::{
    Plan, Report,
    agent::{self, Agents},
    connectors::{Installed, Pace, Reading, Site, every_fault},
    journal::{self, Database, Fate},
    judge::Case,
    links::{HttpProxy, Links, TcpProxy},
    party::{self, Party, Record},
    words::{Kind, Line, Speaker},
};
use crate::{
    config::{Bot, Route, Setup},
    kill::live::Live,
    postgres::{Postgres, Stop},
    server::Server,
};

/// Name of the connector and of its route in the bridge's configuration.
const NAME: &str = "tool";
/// Name of the platform's database and log.
const PLATFORM: &str = "platform";
/// Time from a start to the next kill, and from a kill to the next start, in milliseconds.
const ALIVE_MS: (u64, u64) = (300, 1_600);
const AWAY_MS: (u64, u64) = (1, 300);
/// Longest time the parties may take to finish after the faults have ended.
const SETTLE: Duration = Duration::from_mins(3);
/// Longest time until no work is owed, and how long nothing may change after that.
const REST_MAX: Duration = Duration::from_mins(2);
const REST: Duration = Duration::from_millis(1_500);
/// Longest wait for a visitor's stream that was just cut.
const RECONNECT_MAX: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct World {
    platform: Server,
    bridge: Server,
    /// Keeps both sides' data, where that is not in files of their own.
    postgres: Option<Postgres>,
    links: Links,
    simulator: Arc<Simulator>,
    reading: Reading,
    admission: Option<&'static str>,
}

/// A visitor after the last round.
type Talked = (Record, Live, Visitor);

impl World {
    pub(super) async fn start(binary: &Path, plan: &Plan) -> anyhow::Result<Self> {
        let (first, second) = (free_address()?, free_address()?);
        let (platform, bridge) = (format!("http://{first}"), format!("http://{second}"));
        let calls = HttpProxy::start(&bridge, worst_of_calls()).await?;
        let mut events = HttpProxy::start(&bridge, every_fault()).await?;
        let pushes = HttpProxy::start(&platform, every_fault()).await?;
        let visitors = TcpProxy::start(&first, plan.seed).await?;
        let site = Site { bridge: events.base.clone(), name: NAME, pace: Pace::Quick };
        let installed = (plan.connector.install)(site).await?;
        let Installed { simulator, settings, worst, worst_of_events, reading, admission } =
            installed;
        events.worst = worst_of_events;
        // A rolling restart is met by the calls themselves, without the link in between.
        let called = if plan.restarts > 0 { &bridge } else { &calls.base };
        let mut bot = Bot::demo("support", &format!("{called}/handover/{NAME}"));
        if plan.holds {
            "when_away = \"hold\"".clone_into(&mut bot.more);
        }
        let postgres =
            if plan.postgres { Some(Postgres::start(&[PLATFORM, NAME]).await?) } else { None };
        let database = |side| postgres.as_ref().map(|server| server.url(side)).unwrap_or_default();
        let platform = Setup { database: database(PLATFORM), ..Setup::platform(vec![bot]) };
        let bridge = Setup {
            database: database(NAME),
            routes: vec![Route::tool(NAME, &pushes.base)],
            connectors: format!("\n[connectors.{NAME}]\n{settings}"),
            ..Setup::default()
        };
        let tool = (simulator.faults().clone(), worst);
        let mut world = Self {
            platform: Server::baton_at(binary, &first, &platform)?,
            bridge: Server::baton_at(binary, &second, &bridge)?,
            postgres,
            links: Links { visitors, calls, pushes, events, tool },
            simulator: Arc::new(simulator),
            reading,
            admission,
        };
        world.platform.start().await?;
        world.bridge.start().await?;
        Ok(world)
    }

    pub(super) async fn live_through(mut self, plan: &Plan) -> anyhow::Result<Report> {
        let mut rng = Rng::new(plan.seed);
        let (silence, closing_time) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let agents = Agents::new(self.simulator.clone(), rng.number(), Arc::clone(&closing_time));
        let agents = tokio::spawn(agents.work());
        let parties = self.parties(plan, &mut rng, &silence).await?;
        let kills = match plan.restarts {
            0 => self.bad_times(plan, &mut rng).await,
            times => self.rolling_restarts(times, &mut rng).await,
        };
        self.links.calm();
        silence.store(true, Ordering::Relaxed);
        let mut report = Report {
            connector: plan.connector.name,
            seed: plan.seed,
            kills: kills?,
            wrongs: self.links.wrongs(),
            ..Report::default()
        };
        let talked = tokio::time::timeout(SETTLE, join_all(parties)).await;
        let talked = talked.context("the parties did not come to an end")?;
        let talked = talked.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Err(error) = self.rest().await {
            report.faults.push(format!("{error:#}"));
        }
        closing_time.store(true, Ordering::Relaxed);
        let agents = agents.await?;
        self.judge(&mut report, talked, agents).await?;
        Ok(report)
    }

    async fn parties(
        &self,
        plan: &Plan,
        rng: &mut Rng,
        over: &Arc<AtomicBool>,
    ) -> anyhow::Result<Vec<JoinHandle<Talked>>> {
        let http = Http::new();
        let mut parties = Vec::new();
        for number in 1..=plan.parties {
            let visitor = Visitor::create(&http, &self.links.visitors.base, "support").await?;
            let rng = Rng::new(rng.number());
            parties.push(tokio::spawn(Party::new(number, visitor, rng, over.clone()).talk()));
        }
        Ok(parties)
    }

    /// Kills both processes at moments chosen by the seed, while the links have faults.
    async fn bad_times(&mut self, plan: &Plan, rng: &mut Rng) -> anyhow::Result<u32> {
        let end = Instant::now() + plan.length;
        if plan.length.is_zero() {
            return Ok(0);
        }
        let (seed, links) = (rng.number(), &self.links);
        let (platform, bridge) = (&mut self.platform, &mut self.bridge);
        let kills = async {
            let mut kills = 0;
            while Instant::now() < end {
                tokio::time::sleep(rng.millis(ALIVE_MS.0, ALIVE_MS.1)).await;
                let server = if rng.below(2) == 0 { &mut *platform } else { &mut *bridge };
                server.kill().await?;
                tokio::time::sleep(rng.millis(AWAY_MS.0, AWAY_MS.1)).await;
                server.start().await?;
                kills += 1;
            }
            Ok(kills)
        };
        tokio::select! {
            kills = kills => kills,
            () = links.storm(seed) => Ok(0),
        }
    }

    /// Ends each process in good order and starts it again, so many times, while the parties talk;
    /// the database server every second time as in a crash.
    async fn rolling_restarts(&mut self, times: u32, rng: &mut Rng) -> anyhow::Result<u32> {
        for time in 0..times {
            if let Some(postgres) = &self.postgres {
                postgres.stop(if time % 2 == 0 { Stop::Fast } else { Stop::Immediate }).await?;
                tokio::time::sleep(rng.millis(AWAY_MS.0, AWAY_MS.1)).await;
                postgres.go_on().await?;
                tokio::time::sleep(rng.millis(ALIVE_MS.0, ALIVE_MS.1)).await;
            }
            for server in [&mut self.bridge, &mut self.platform] {
                server.stop().await?;
                tokio::time::sleep(rng.millis(AWAY_MS.0, AWAY_MS.1)).await;
                server.start().await?;
                tokio::time::sleep(rng.millis(ALIVE_MS.0, ALIVE_MS.1)).await;
            }
        }
        Ok(times * if self.postgres.is_some() { 3 } else { 2 })
    }

    /// Waits until neither process owes work and nothing has changed for a while.
    async fn rest(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + REST_MAX;
        let mut last = (Instant::now(), None);
        loop {
            let (platform, bridge) = (
                journal::owing(&self.database(PLATFORM)).await?,
                journal::owing(&self.database(NAME)).await?,
            );
            let at_tool: usize = self.simulator.chats().iter().map(|chat| chat.lines.len()).sum();
            let moved = (platform.1, bridge.1, at_tool);
            if last.1 != Some(moved) || platform.0 + bridge.0 > 0 {
                last = (Instant::now(), Some(moved));
            }
            if last.0.elapsed() >= REST {
                return Ok(());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "no rest within {REST_MAX:?}: {} conversations and {} chats owe something",
                platform.0,
                bridge.0
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    fn database(&self, side: &str) -> Database {
        match &self.postgres {
            Some(postgres) => Database::Postgres(postgres.url(side)),
            None => Database::Sqlite(self.server(side).path("data").join("baton.db")),
        }
    }

    fn server(&self, side: &str) -> &Server {
        if side == PLATFORM { &self.platform } else { &self.bridge }
    }

    async fn judge(
        &mut self,
        report: &mut Report,
        talked: Vec<Talked>,
        mut agents: agent::Records,
    ) -> anyhow::Result<()> {
        let mut seen = Vec::new();
        for (mut record, live, visitor) in talked {
            let history = visitor.history().await?;
            // A stream that was just cut needs a moment to reconnect.
            record.seen = live.seen_within(RECONNECT_MAX, history.len()).await;
            if record.seen != history {
                let fault = "what the visitor saw live is not what the history says";
                record.faults.push(fault.to_owned());
            }
            seen.push((visitor.user_id, record));
        }
        self.platform.stop().await?;
        self.bridge.stop().await?;
        report.faults.append(&mut agents.faults);
        let mut conversations = journal::conversations(&self.database(PLATFORM)).await?;
        let mut chats = journal::chats(&self.database(NAME)).await?;
        let mut tool = at_tool(&self.simulator.chats(), &mut report.faults);
        for (user, record) in seen {
            let party = record.party;
            let conversation = conversations.remove(&party).unwrap_or_default();
            let chats = chats.remove(&user).unwrap_or_default();
            let agent = agents.parties.remove(&party).unwrap_or_default();
            report.count(&record, &agent, &conversation.fates);
            let case = Case {
                visitor: party::lines(&record.seen),
                said: record.said.into_iter().chain(agent.said).collect(),
                fates: conversation.fates,
                platform: conversation.lines,
                bridge: chats.lines,
                tool: tool.remove(&party).unwrap_or_default(),
                agent: agent.lines,
                notices_pushed: chats.notices,
                notices_shown: conversation.notices,
                notices_seen: party::notices(&record.seen),
                reading: self.reading,
                admission: self.admission,
                calm: report.kills == 0 && report.wrongs.iter().all(|(_, times)| *times == 0),
                late: chats.late,
                reasons: chats.reasons,
                owed_later: conversation.owed_later,
                missed: chats.missed,
                retold: chats.retold,
                hasty: conversation.hasty,
            };
            report.faults.extend(record.faults);
            report.faults.extend(chats.refused);
            report.admitted += case.admitted_words();
            report.faults.extend(case.faults());
        }
        if !report.faults.is_empty() {
            report.kept = Some(self.keep(report)?);
        }
        Ok(())
    }

    /// Copies both journals to a place that survives the run.
    fn keep(&self, report: &Report) -> anyhow::Result<PathBuf> {
        let name =
            format!("transcript-{}-{}-{}", report.connector, report.seed, std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        for side in [PLATFORM, NAME] {
            if let Database::Sqlite(path) = self.database(side) {
                std::fs::copy(path, folder.join(format!("{side}.db")))?;
            }
            std::fs::write(folder.join(format!("{side}.log")), self.server(side).log())?;
        }
        Ok(folder)
    }
}

impl Report {
    fn count(
        &mut self,
        record: &Record,
        agent: &agent::Record,
        fates: &HashMap<super::words::Token, Fate>,
    ) {
        self.handovers += record.handovers;
        self.from_visitors += record.said.len();
        self.from_agents += agent.said.len();
        let words = record.said.iter().filter(|said| said.kind != Kind::Ask);
        for said in words {
            match fates.get(&said.token) {
                Some(Fate::Told) => self.told += 1,
                Some(Fate::Doubtful) => self.forwarded += 1,
                _ => {}
            }
        }
    }
}

/// A webhook call has five seconds (contract, section 8), and is tried again within them, so hardly
/// any message goes to the bot. No call is repeated late: a bridge stores nothing about a call that
/// it refused, and would accept the repeat as new once the next chat is open.
fn worst_of_calls() -> faults::Plan {
    let (cut, lose, repeat, delay_ms_max) = (60, 60, 250, 250);
    faults::Plan { cut, lose, repeat, delay_ms_max, ..faults::Plan::default() }
}

/// What the tool shows, by party. A chat with lines of two parties is a fault.
fn at_tool(chats: &[simulators::Chat], faults: &mut Vec<String>) -> BTreeMap<u64, Vec<Line>> {
    let mut parties: BTreeMap<u64, Vec<Line>> = BTreeMap::new();
    for chat in chats {
        let mut lines = Vec::new();
        for line in &chat.lines {
            match line.from {
                From::Visitor => lines.extend(Line::all_in(&line.text, Speaker::Visitor)),
                From::Agent => lines.extend(Line::all_in(&line.text, Speaker::Agent)),
                From::History | From::Note | From::System => {}
            }
        }
        if let Some(party) = one_party(&lines, faults) {
            parties.entry(party).or_default().extend(lines);
        }
    }
    parties
}

/// The party to which these lines belong.
fn one_party(lines: &[Line], faults: &mut Vec<String>) -> Option<u64> {
    let party = lines.first()?.token.party;
    if let Some(other) = lines.iter().find(|line| line.token.party != party) {
        let first = lines[0].token;
        faults.push(format!(
            "a chat of the tool has words of two visitors: {first} and {}",
            other.token
        ));
    }
    Some(party)
}
