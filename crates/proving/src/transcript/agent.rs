//! The scripted human agents at the tool. They accept waiting chats, read what the tool shows,
//! answer, and end the chat when asked to. They record what they read and said, in that order.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use simulators::{Act, Chat, From, Phase, Simulator, rng::Rng};

use super::{
    party::GOODBYE,
    words::{Kind, Line, Said, Speaker, Token},
};

/// Time between two looks at the tool.
const LOOK: Duration = Duration::from_millis(20);
const NAMES: [&str; 3] = ["Jo Park", "Ann Lee", "Max Field"];

/// What the agents did and read for one visitor.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) said: Vec<Said>,
    /// Both what was read and what was said.
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) parties: BTreeMap<u64, Record>,
    /// Faults that the agents saw.
    pub(super) faults: Vec<String>,
}

pub(super) struct Agents {
    simulator: Arc<Simulator>,
    rng: Rng,
    over: Arc<AtomicBool>,
    screens: HashMap<String, Screen>,
    records: Records,
}

/// What the agents have seen of one chat.
#[derive(Default)]
struct Screen {
    lines: Vec<simulators::Line>,
    party: Option<u64>,
    read: Option<Token>,
    faulty: bool,
}

impl Agents {
    pub(super) fn new(simulator: Arc<Simulator>, seed: u64, over: Arc<AtomicBool>) -> Self {
        let (screens, records) = (HashMap::new(), Records::default());
        Self { simulator, rng: Rng::new(seed), over, screens, records }
    }

    /// Works until the run is over.
    pub(super) async fn work(mut self) -> Records {
        while !self.over.load(Ordering::Relaxed) {
            for chat in self.simulator.chats() {
                self.look(&chat);
            }
            tokio::time::sleep(LOOK).await;
        }
        self.records
    }

    fn look(&mut self, chat: &Chat) {
        if chat.phase == Phase::Waiting && self.rng.below(4) == 0 {
            let agent = NAMES[self.rng.below(3) as usize].to_owned();
            // Some tools assign chats to agents themselves.
            let _taken = self.simulator.act(&chat.id, Act::Accept { agent });
        }
        let fresh = self.read(chat);
        let Some(party) = self.screens.get(&chat.id).and_then(|screen| screen.party) else {
            return;
        };
        if matches!(chat.phase, Phase::Ended | Phase::Waiting) {
            return;
        }
        let goodbye = fresh.iter().any(|line| line.text.contains(GOODBYE));
        for _ in &fresh {
            if self.rng.below(3) > 0 {
                self.say(chat, party);
            }
        }
        if goodbye {
            // The last message goes out just before the end.
            for _ in 0..=self.rng.below(3) {
                self.say(chat, party);
            }
            let _ended = self.simulator.act(&chat.id, Act::End);
        } else if self.rng.below(40) == 0 {
            self.say(chat, party);
        }
    }

    /// Records the new lines on the screen.
    fn read(&mut self, chat: &Chat) -> Vec<Line> {
        let screen = self.screens.entry(chat.id.clone()).or_default();
        if !chat.lines.starts_with(&screen.lines) {
            if !std::mem::replace(&mut screen.faulty, true) {
                let fault = format!("{}: the tool changed what it had shown", chat.id);
                self.records.faults.push(fault);
            }
            return Vec::new();
        }
        let added = &chat.lines[screen.lines.len()..];
        let of_visitor = added.iter().filter(|line| line.from == From::Visitor);
        let fresh: Vec<_> =
            of_visitor.flat_map(|line| Line::all_in(&line.text, Speaker::Visitor)).collect();
        screen.lines.extend_from_slice(added);
        if let (Some(first), Some(last)) = (fresh.first(), fresh.last()) {
            let party = *screen.party.get_or_insert(first.token.party);
            screen.read = Some(last.token);
            self.records.parties.entry(party).or_default().lines.extend(fresh.iter().cloned());
        }
        fresh
    }

    fn say(&mut self, chat: &Chat, party: u64) {
        let record = self.records.parties.entry(party).or_default();
        let token = Token { speaker: Speaker::Agent, party, n: record.said.len() as u64 + 1 };
        let text = format!("{token} says the agent");
        // An ended chat refuses messages, so nothing was said.
        if self.simulator.act(&chat.id, Act::Say { text: text.clone() }).is_ok() {
            let after = self.screens.get(&chat.id).and_then(|screen| screen.read);
            record.lines.push(Line { token, text: text.clone() });
            record.said.push(Said { token, text, kind: Kind::Word, after });
        }
    }
}
