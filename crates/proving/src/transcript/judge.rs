//! What was said against what each of the five sides holds: nothing is lost, nothing stands there
//! twice, nothing that nobody said, the words of each speaker in their order, and no answer before
//! what it answers. Every fault names the side. Where a vendor's API loses what it told, words of
//! agents may be missing, but only where the visitor is told so.

use std::collections::{HashMap, HashSet};

use super::{
    connectors::Reading,
    journal::Fate,
    words::{Kind, Line, Notice, Said, Speaker, Token},
};

const TOOL: &str = "the tool";
const AGENT: &str = "the agent";

/// One conversation as all sides hold it.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// Everything both speakers were promised to have said, each in order.
    pub(super) said: Vec<Said>,
    pub(super) fates: HashMap<Token, Fate>,
    /// Seen live by the visitor.
    pub(super) visitor: Vec<Line>,
    pub(super) platform: Vec<Line>,
    pub(super) bridge: Vec<Line>,
    pub(super) tool: Vec<Line>,
    /// Read and said by the agents.
    pub(super) agent: Vec<Line>,
    /// Words of nobody, which the bridge pushed, the platform showed and the visitor saw.
    pub(super) notices_pushed: Vec<Notice>,
    pub(super) notices_shown: Vec<Notice>,
    pub(super) notices_seen: Vec<Notice>,
    pub(super) reading: Reading,
    /// Which of these say that words of an agent may be missing, if any may.
    pub(super) admission: Option<&'static str>,
    /// Nothing went wrong, so nothing may be missing.
    pub(super) calm: bool,
    /// What the visitor said in a handover after a goodbye.
    pub(super) late: HashSet<Token>,
    /// What the visitor said to the bot that made it ask for a human.
    pub(super) reasons: HashSet<Token>,
    /// Forwarded to the bot because the bridge was away, with a later call that was taken: that
    /// call must have told of them.
    pub(super) owed_later: HashSet<Token>,
    /// Of which the bridge was told later.
    pub(super) missed: HashSet<Token>,
    /// Those in the transcript with which a chat opens: an earlier chat may have had them.
    pub(super) retold: HashSet<Token>,
    /// Calls that were given up too early.
    pub(super) hasty: Vec<String>,
}

/// Whether a side must have a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Must,
    May,
    MustNot,
}

impl Case {
    /// Nothing where all is well.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let bridge = tokens(&self.bridge);
        let lost = self.admitted(&self.bridge, &self.notices_pushed);
        for (side, lines, notices) in [
            ("the visitor", &self.visitor, &self.notices_seen),
            ("the platform", &self.platform, &self.notices_shown),
        ] {
            // What the bridge has is lost by nobody but us.
            let admitted = self.admitted(lines, notices);
            let admitted: HashSet<_> = admitted.intersection(&lost).collect();
            let due =
                |said: &Said| if admitted.contains(&said.token) { Due::May } else { Due::Must };
            faults.extend(self.side(side, lines, due));
        }
        let due = |said: &Said| {
            if lost.contains(&said.token) { Due::May } else { self.due_at_bridge(said) }
        };
        faults.extend(self.side("the bridge", &self.bridge, due));
        faults.extend(self.side(TOOL, &self.tool, |said| self.due_at_tool(said, &bridge)));
        let tool = tokens(&self.tool);
        faults.extend(self.side(AGENT, &self.agent, |said| due_at_agent(said, &tool)));
        for (token, fate) in &self.fates {
            if *fate == Fate::Open {
                faults.push(format!("the platform: nobody has answered {token}"));
            }
        }
        faults.extend(self.hasty.iter().cloned());
        // The text of a question for a human has no token by which it could be found.
        let words = self.said.iter().filter(|said| said.kind != Kind::Ask);
        for token in words.map(|said| said.token).filter(|token| self.owed_later.contains(token)) {
            if !bridge.contains(&token) && !self.missed.contains(&token) {
                faults.push(format!("the bridge: {token} went to the bot, and nobody told of it"));
            }
        }
        let texts = |notices: &[Notice]| notices.iter().map(|n| n.text.clone()).collect::<Vec<_>>();
        let pushed = texts(&self.notices_pushed);
        for (how, notices) in [("shown", &self.notices_shown), ("seen", &self.notices_seen)] {
            let found = texts(notices);
            if pushed != found {
                faults.push(format!("the bridge's own words {pushed:?} were {how} as {found:?}"));
            }
        }
        if self.calm && self.admissions(&self.notices_pushed).next().is_some() {
            faults.push("the bridge: it says that words may be lost, and none can be".to_owned());
        }
        faults
    }

    /// How many words of agents are missing where it is said so.
    pub(super) fn admitted_words(&self) -> usize {
        self.admitted(&self.bridge, &self.notices_pushed).len()
    }

    /// The places where it is said that words of an agent may be missing.
    fn admissions<'a>(&'a self, notices: &'a [Notice]) -> impl Iterator<Item = usize> + 'a {
        let admits = |notice: &&Notice| self.admission == Some(notice.text.as_str());
        notices.iter().filter(admits).map(|notice| notice.place)
    }

    /// The words of agents that are missing where it is said so: after the word before them, and
    /// before the next one.
    fn admitted(&self, lines: &[Line], notices: &[Notice]) -> HashSet<Token> {
        let place = |token| lines.iter().position(|line| line.token == token);
        let (mut admitted, mut missing, mut from) = (HashSet::new(), Vec::new(), 0);
        let mut settle = |missing: &mut Vec<Token>, from: usize, to: usize| {
            if self.admissions(notices).any(|place| (from..=to).contains(&place)) {
                admitted.extend(missing.iter().copied());
            }
            missing.clear();
        };
        for said in self.said.iter().filter(|said| said.token.speaker == Speaker::Agent) {
            match place(said.token) {
                None => missing.push(said.token),
                Some(place) => {
                    settle(&mut missing, from, place);
                    from = place + 1;
                }
            }
        }
        settle(&mut missing, from, lines.len());
        admitted
    }

    /// A transcript tells a new agent what an earlier one may have read. Within a chat nothing is
    /// read twice, also where the bridge took a message, only its answer was late, and it was told
    /// later.
    fn may_be_read_again(&self, side: &str, line: &Line) -> bool {
        (self.reading == Reading::AgainAfterLoss || self.retold.contains(&line.token))
            && line.token.speaker == Speaker::Visitor
            && matches!(side, TOOL | AGENT)
    }

    fn due_at_bridge(&self, said: &Said) -> Due {
        match (said.token.speaker, said.kind, self.fates.get(&said.token)) {
            // The text of a question for a human has no token, and it may come as a message where
            // a human is there already.
            (Speaker::Visitor, Kind::Ask, _)
            | (Speaker::Visitor, _, Some(Fate::Doubtful | Fate::Asking)) => Due::May,
            (Speaker::Visitor, _, Some(Fate::Bot) | None) => Due::MustNot,
            _ => Due::Must,
        }
    }

    /// What the bridge has goes to the tool, but for what is said while the agent ends the chat.
    /// What is said too late for the bridge goes to the bot, and where that asks for a human
    /// because of it, it is told as the reason.
    fn due_at_tool(&self, said: &Said, bridge: &HashSet<Token>) -> Due {
        if said.token.speaker == Speaker::Agent {
            return Due::Must;
        }
        let is_told = bridge.contains(&said.token) || self.missed.contains(&said.token);
        match (said.kind, is_told) {
            // A tool need not show the transcript with which a chat opens.
            (Kind::Word, true) if !bridge.contains(&said.token) => Due::May,
            (Kind::Word, true) if !self.late.contains(&said.token) => Due::Must,
            (Kind::Word, false) if !self.reasons.contains(&said.token) => Due::MustNot,
            _ => Due::May,
        }
    }

    fn side(
        &self,
        side: &str,
        lines: &[Line],
        due: impl Fn(&Said) -> Due,
    ) -> impl Iterator<Item = String> {
        let said: HashMap<_, _> = self.said.iter().map(|said| (said.token, said)).collect();
        let mut faults = Vec::new();
        let mut places: HashMap<Token, usize> = HashMap::new();
        let mut doubled = HashSet::new();
        for (place, line) in lines.iter().enumerate() {
            match said.get(&line.token) {
                None => faults.push(format!("nobody said {:?}", line.text)),
                Some(said) if !line.text.contains(&said.text) => {
                    faults.push(format!("{:?} became {:?}", said.text, line.text));
                }
                Some(_) => {}
            }
            let again = places.contains_key(&line.token) && !self.may_be_read_again(side, line);
            if again && doubled.insert(line.token) {
                let times = lines.iter().filter(|other| other.token == line.token).count();
                faults.push(format!("{} is there {times} times", line.token));
            }
            places.entry(line.token).or_insert(place);
        }
        for said in &self.said {
            let place = places.get(&said.token);
            match due(said) {
                Due::Must if place.is_none() => faults.push(format!("{} is lost", said.token)),
                Due::MustNot if place.is_some() => {
                    faults.push(format!("{} has no business there", said.token));
                }
                _ => {}
            }
            let before = said.after.and_then(|after| Some((after, places.get(&after)?)));
            if let (Some(place), Some((after, before))) = (place, before)
                && place < before
            {
                faults.push(format!("{} stands before {after}, which it answers", said.token));
            }
        }
        faults.extend(disorder(&self.said, &places));
        let side = side.to_owned();
        faults.into_iter().map(move |fault| format!("{side}: {fault}"))
    }
}

/// The first message of each speaker that stands before an earlier one.
fn disorder(said: &[Said], places: &HashMap<Token, usize>) -> Vec<String> {
    let mut faults = Vec::new();
    for speaker in [Speaker::Visitor, Speaker::Agent] {
        let of_speaker = said.iter().filter(|said| said.token.speaker == speaker);
        let found: Vec<_> =
            of_speaker.filter_map(|said| Some((said.token, *places.get(&said.token)?))).collect();
        let wrong = found.windows(2).find(|pair| pair[0].1 > pair[1].1);
        if let Some([(first, _), (second, _)]) = wrong {
            faults.push(format!("{second} stands before {first}"));
        }
    }
    faults
}

/// What agents said themselves, and what the tool shows of the visitor.
fn due_at_agent(said: &Said, tool: &HashSet<Token>) -> Due {
    let is_own = said.token.speaker == Speaker::Agent;
    if is_own || tool.contains(&said.token) { Due::Must } else { Due::MustNot }
}

fn tokens(lines: &[Line]) -> HashSet<Token> {
    lines.iter().map(|line| line.token).collect()
}
