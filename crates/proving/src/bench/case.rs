//! One case: which processes serve, and one run of load against them.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kit::address::free_address;

use super::{Options, machine};
use crate::{
    config::{Agent, Bot, Route, Setup},
    load::{Crowd, Direction, Figures, Halves},
    server::Server,
};

/// Load before each measurement, which is not counted.
const WARM_UP: Duration = Duration::from_millis(700);
/// How often a run is repeated that other programs disturbed.
const REPEATS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    RelayTwo,
    DurableTwo,
    BatonTwo,
    RelayOne,
    DurableOne,
    BatonOne,
}

/// What one run found.
pub(super) struct Run {
    pub(super) to_agent: Figures,
    pub(super) to_visitor: Figures,
    /// Processor time of the servers for one message, in microseconds, both directions together.
    pub(super) cpu_us: f64,
    /// Cores that other programs used meanwhile.
    pub(super) others: f64,
}

impl Case {
    pub(super) const ALL: [Self; 6] = [
        Self::RelayTwo,
        Self::DurableTwo,
        Self::BatonTwo,
        Self::RelayOne,
        Self::DurableOne,
        Self::BatonOne,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RelayTwo => "relay, two processes",
            Self::DurableTwo => "durable floor, two processes",
            Self::BatonTwo => "baton, two processes",
            Self::RelayOne => "relay, one process",
            Self::DurableOne => "durable floor, one process",
            Self::BatonOne => "baton, one process",
        }
    }

    /// The bare and the durable floor to compare with; `None` for a floor.
    pub(super) fn floors(self) -> Option<(Self, Self)> {
        match self {
            Self::BatonTwo => Some((Self::RelayTwo, Self::DurableTwo)),
            Self::BatonOne => Some((Self::RelayOne, Self::DurableOne)),
            _ => None,
        }
    }

    /// Runs fresh processes and one measurement each way; repeats it when other programs disturbed
    /// it.
    pub(super) async fn run(
        self,
        options: &Options,
        conversations: usize,
        length: Duration,
    ) -> anyhow::Result<Run> {
        let mut repeats = 0;
        loop {
            machine::wait_for_quiet().await?;
            let run = self.run_once(options, conversations, length).await?;
            if run.others < machine::OTHERS_MAX || repeats == REPEATS {
                return Ok(run);
            }
            repeats += 1;
        }
    }

    async fn run_once(
        self,
        options: &Options,
        conversations: usize,
        length: Duration,
    ) -> anyhow::Result<Run> {
        let agents = conversations.div_ceil(options.chats_per_agent);
        let (halves, mut servers) = self.servers(options, agents)?;
        for server in &mut servers {
            server.start().await?;
        }
        let pids: Vec<_> = servers.iter().filter_map(Server::pid).collect();
        let mut crowd = Crowd::gather(&halves, conversations, options.chats_per_agent)
            .await
            .with_context(|| format!("{}:\n{}", self.name(), logs(&servers)))?;
        let used = Used::so_far(&pids)?;
        let mut messages = 0;
        let mut measured = Vec::new();
        for direction in [Direction::ToAgent, Direction::ToVisitor] {
            messages += crowd.run(direction, WARM_UP).await?.messages;
            let figures = crowd.run(direction, length).await?;
            messages += figures.messages;
            measured.push(figures);
        }
        let since = Used::so_far(&pids)?;
        for server in &mut servers {
            server.kill().await?;
        }
        let (Some(to_visitor), Some(to_agent)) = (measured.pop(), measured.pop()) else {
            unreachable!("both directions were measured");
        };
        Ok(Run {
            to_agent,
            to_visitor,
            cpu_us: (since.servers - used.servers) * 1e6 / messages.max(1) as f64,
            others: since.others_since(&used),
        })
    }

    /// The processes, not started yet.
    fn servers(self, options: &Options, agents: usize) -> anyhow::Result<(Halves, Vec<Server>)> {
        let (first, second) = (free_address()?, free_address()?);
        let (platform, bridge) = (format!("http://{first}"), format!("http://{second}"));
        let database = matches!(self, Self::DurableOne | Self::DurableTwo);
        let servers = match self {
            Self::RelayTwo | Self::DurableTwo => vec![
                floor("platform", &first, Some(("--bridge", &bridge)), database)?,
                floor("bridge", &second, Some(("--platform", &platform)), database)?,
            ],
            Self::RelayOne | Self::DurableOne => vec![floor("whole", &first, None, database)?],
            Self::BatonTwo => {
                let bot = Bot::demo("support", &format!("{bridge}/handover/desk"));
                let theirs = Setup::bridge(&platform, agents);
                vec![
                    Server::baton_at(&options.baton, &first, &Setup::platform(vec![bot]))?,
                    Server::baton_at(&options.baton, &second, &theirs)?,
                ]
            }
            Self::BatonOne => {
                let setup = Setup {
                    routes: vec![Route::desk("desk", &platform)],
                    agents: (0..agents).map(Agent::number).collect(),
                    ..Setup::whole(&platform, 0)
                };
                vec![Server::baton_at(&options.baton, &first, &setup)?]
            }
        };
        let bridge = if servers.len() == 2 { bridge } else { platform.clone() };
        let halves = Halves { platform, bridge, bot_id: "support".to_owned() };
        Ok((halves, servers))
    }
}

/// This program as a floor at `address`.
pub(super) fn floor(
    side: &str,
    address: &str,
    peer: Option<(&str, &str)>,
    database: bool,
) -> anyhow::Result<Server> {
    let mut args = vec!["floor", side, "--listen", address];
    if let Some((name, url)) = peer {
        args.extend([name, url]);
    }
    if database {
        args.extend(["--database", "floor.db"]);
    }
    Server::program(&std::env::current_exe()?, address, &args)
}

fn logs(servers: &[Server]) -> String {
    servers.iter().map(Server::log).collect::<Vec<_>>().join("\n")
}

/// Processor time used up to a moment.
struct Used {
    at: Instant,
    servers: f64,
    own: f64,
    all: f64,
}

impl Used {
    fn so_far(pids: &[u32]) -> anyhow::Result<Self> {
        let mut servers = 0.0;
        for pid in pids {
            servers += machine::cpu_seconds(*pid)?;
        }
        Ok(Self {
            at: Instant::now(),
            servers,
            own: machine::cpu_seconds(std::process::id())?,
            all: machine::busy_seconds()?,
        })
    }

    /// Cores that programs other than the servers and this one used since then.
    fn others_since(&self, then: &Self) -> f64 {
        let ours = self.servers - then.servers + self.own - then.own;
        let others = (self.all - then.all - ours).max(0.0);
        others / (self.at - then.at).as_secs_f64()
    }
}
