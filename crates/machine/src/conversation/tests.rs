//! Transcripts of conversations. Lines with `>` are fed to the machine; all others are what it must
//! answer, with `=>` for what is owed from then on, `~` for notes, and times since the beginning.

use std::fmt::Write as _;

use super::{
    BotAnswer, BotEvent, BotMessage, Control, Conversation, Effect, Event, Goodbye, HumanAgent,
    Input, PauseChange, Policy, PushInput, Reply, Said, Trigger, WhenAway,
};
use crate::{Machine, Millis, Recorded, TextFormat, limits};

mod hold;
mod notices;
mod order;
mod pause;
mod races;
mod replies;
mod sessions;
mod triggers;

const START: Millis = 1_700_000_000_000;

/// Plays the inputs of `transcript` and expects its other lines.
#[track_caller]
pub(super) fn check(transcript: &str) {
    let lines: Vec<&str> = transcript.lines().map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let mut stage = Stage::new();
    for line in &lines {
        if let Some(input) = line.strip_prefix("> ") {
            let _ = writeln!(stage.shown, "{line}");
            stage.play(input);
        }
    }
    let expected = lines.join("\n");
    let shown = stage.shown.trim_end();
    assert!(shown == expected, "\n--- expected\n{expected}\n--- shown\n{shown}\n---");
}

struct Stage {
    state: Conversation,
    policy: Policy,
    now: Millis,
    shown: String,
    owed: Option<Effect>,
    /// Calls that were asked and not answered yet, oldest first.
    asked: Vec<Effect>,
    last: Option<Input>,
}

impl Stage {
    fn new() -> Self {
        let policy = Policy { triggers: vec![human()], ..Policy::default() };
        Self {
            state: Conversation::new(),
            policy,
            now: START,
            shown: String::new(),
            owed: None,
            asked: Vec::new(),
            last: None,
        }
    }

    fn play(&mut self, line: &str) {
        if let Some(time) = line.strip_prefix('+') {
            return self.pass(time);
        }
        if line == "again" {
            let input = self.last.clone().expect("something was fed before");
            return self.feed(input);
        }
        let (who, what) = line.split_once(": ").unwrap_or((line, ""));
        let (who, call) = who.split_once(' ').unwrap_or((who, ""));
        let input = match who {
            "policy" => return self.choose(what),
            "visitor" if call == "leaves" => Input::VisitorLeft,
            "visitor" => visitor(what),
            "bot" => self.bot(call, what),
            "hook" => self.hook(call, what),
            "push" => Input::Pushed(push(what)),
            "wake" => Input::Woke,
            _ => panic!("unknown line: {line}"),
        };
        self.feed(input);
    }

    /// `+9m59s` lets time pass and wakes the machine when it wants; `+10m asleep` does not.
    fn pass(&mut self, time: &str) {
        let (time, asleep) = match time.strip_suffix(" asleep") {
            Some(time) => (time, true),
            None => (time, false),
        };
        let end = self.now + length(time);
        while let Some(at) = self.state.wake_at().filter(|at| *at <= end && !asleep) {
            self.now = self.now.max(at);
            self.feed(Input::Woke);
        }
        self.now = end;
    }

    fn choose(&mut self, what: &str) {
        let policy = &mut self.policy;
        match what.split_once(' ').unwrap_or((what, "")) {
            ("refusal", "keeps") => policy.refusal_ends_pause = false,
            ("away", "holds") => policy.when_away = WhenAway::Hold,
            ("lateness", "ends") => policy.lateness_ends_pause = true,
            ("max", minutes) => policy.max_pause = as_pause(minutes),
            ("default", minutes) => policy.default_pause = as_pause(minutes),
            ("unavailable", text) => policy.unavailable_notice = Some(text.to_owned()),
            ("session", minutes) => policy.session_length = Some(as_pause(minutes)),
            ("divider", text) => policy.session_notice = Some(text.to_owned()),
            ("fresh", _) => policy.new_session_on_resume = true,
            ("keep", "responses") => policy.keep_responses = true,
            ("fallbacks", enough) => {
                policy.triggers.push(Trigger::Fallbacks(enough.parse().expect("a number")));
            }
            ("failing", "triggers") => policy.triggers.push(Trigger::BotFailed),
            ("handoff", "triggers") => policy.triggers.push(Trigger::Handoff),
            _ => panic!("unknown policy: {what}"),
        }
    }

    fn feed(&mut self, input: Input) {
        self.last = Some(input.clone());
        let before = self.state.clone();
        match self.state.step(&self.policy, self.now, input) {
            Ok(events) => {
                let mut replayed = before;
                for recorded in &events {
                    replayed.apply(recorded);
                    let line = shown_event(recorded);
                    let _ = writeln!(self.shown, "{}", line.trim_end());
                }
                assert_eq!(replayed, self.state, "the state is the sum of its events");
            }
            Err(refusal) => {
                let _ = writeln!(self.shown, "! {refusal:?}");
                assert_eq!(before, self.state, "a refused input changes nothing");
            }
        }
        let owed = self.state.owed();
        assert_eq!(owed.is_some(), self.state.owes());
        assert_eq!(owed.as_ref().map(Effect::callee), self.state.owes_to());
        if owed != self.owed {
            let line = owed.as_ref().map_or("nothing".to_owned(), shown_effect);
            let _ = writeln!(self.shown, "=> {line}");
            self.asked.extend(owed.clone());
            self.owed = owed;
        }
    }

    /// Takes the call that an answer belongs to: the one named `turn/epoch`, else the oldest.
    fn call(&mut self, named: &str, of_bot: bool) -> (u64, u64) {
        if let Some((turn, epoch)) = named.split_once('/') {
            let call = (turn.parse().expect("turn"), epoch.parse().expect("epoch"));
            self.asked.retain(|asked| id(asked) != call);
            return call;
        }
        let is_bot = |asked: &Effect| matches!(asked, Effect::QueryBot { .. });
        let index = self.asked.iter().position(|asked| is_bot(asked) == of_bot);
        id(&self.asked.remove(index.expect("nothing was asked")))
    }

    fn bot(&mut self, call: &str, what: &str) -> Input {
        let (turn, epoch) = self.call(call, true);
        let (first, text) = what.split_once(' ').unwrap_or((what, ""));
        let (text, signals) = match first {
            "failed" => {
                let why = "no answer".to_owned();
                return Input::BotFailed { turn, epoch, why };
            }
            "trigger" => (text, vec![human()]),
            "handoff" => (text, vec![Trigger::Handoff]),
            "fallback" => (text, Vec::new()),
            "silence" => ("", Vec::new()),
            _ => (what, Vec::new()),
        };
        let messages = text.split(" | ").filter(|text| !text.is_empty());
        let messages = messages.map(|text| BotMessage { text: text.to_owned(), rich: None });
        let answer = BotAnswer {
            messages: messages.collect(),
            signals,
            is_fallback: first == "fallback",
            response: "{}".to_owned(),
            memory: Some("memory".to_owned()).filter(|_| first == "remember"),
        };
        Input::BotAnswered { turn, epoch, answer }
    }

    fn hook(&mut self, call: &str, what: &str) -> Input {
        let (turn, epoch) = self.call(call, false);
        let reply = match what.split_once(' ').unwrap_or((what, "")) {
            ("paused", "") => Reply::Paused { pause: None },
            ("paused", minutes) => Reply::Paused { pause: Some(as_pause(minutes)) },
            ("refused", _) => Reply::Refused,
            ("late", _) => Reply::Late,
            ("failed", _) => Reply::Failed { why: "no JSON".to_owned() },
            ("away", after) => {
                let why = "status 503".to_owned();
                let after = (!after.is_empty()).then(|| length(after));
                Reply::Away { why, after }
            }
            _ => panic!("unknown reply: {what}"),
        };
        Input::WebhookReplied { turn, epoch, reply }
    }
}

fn human() -> Trigger {
    Trigger::Context("human".to_owned())
}

fn id(effect: &Effect) -> (u64, u64) {
    match effect {
        Effect::QueryBot { turn, epoch, .. }
        | Effect::StepOne { turn, epoch, .. }
        | Effect::StepTwo { turn, epoch, .. } => (*turn, *epoch),
    }
}

/// `hello`, or `event NAME` for one without words.
fn visitor(what: &str) -> Input {
    let said = match what.strip_prefix("event ") {
        Some(name) => Said {
            event: Some(BotEvent { name: name.to_owned(), parameters: "{}".to_owned() }),
            ..Said::default()
        },
        None => Said::text(what),
    };
    let client_id = "c".to_owned();
    Input::VisitorSaid { client_id, said }
}

/// `message 'Hi' Jane paused 5`, `pause Jane 5`, `channel Jane`, `resume Jane [none | event NAME]`,
/// `typing [paused [5]]`: the agent and the minutes may be missing everywhere.
fn push(what: &str) -> PushInput {
    let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
    let (text, rest) = match rest.strip_prefix('\'') {
        Some(rest) => rest.split_once('\'').expect("closing quote"),
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().peekable();
    let agent = words.next_if(|word| word.starts_with(char::is_uppercase));
    let agent =
        agent.map(|name| HumanAgent { name: Some(name.to_owned()), avatar_url: String::new() });
    let asked = match kind {
        "pause" => Some("paused"),
        "resume" => Some("resume"),
        _ => words.next(),
    };
    let pause = match asked {
        None => PauseChange::Keep,
        Some("paused") => PauseChange::Pause(words.next().map(as_pause)),
        Some("resume") => PauseChange::Resume(match words.next() {
            None => Goodbye::Notice,
            Some("none") => Goodbye::Nothing,
            _ => Goodbye::Event(words.next().expect("event name").to_owned()),
        }),
        Some(word) => panic!("unknown word: {word}"),
    };
    match kind {
        "message" => {
            PushInput::Message { text: text.to_owned(), format: TextFormat::Markdown, agent, pause }
        }
        "typing" => PushInput::Typing { agent, pause },
        _ => PushInput::Channel { agent, pause },
    }
}

fn as_pause(minutes: &str) -> Millis {
    let minutes: f64 = minutes.parse().expect("minutes");
    (minutes * limits::MINUTE_MS as f64) as Millis
}

/// `9m59s`, `10m`, `1s`.
fn length(time: &str) -> Millis {
    let (minutes, seconds) = match time.split_once('m') {
        Some((minutes, seconds)) => (minutes, seconds),
        None => ("0", time),
    };
    let seconds = seconds.trim_end_matches('s');
    let number = |text: &str| text.parse::<Millis>().unwrap_or(0);
    number(minutes) * limits::MINUTE_MS + number(seconds) * limits::SECOND_MS
}

fn since_start(at: Millis) -> String {
    let (minutes, rest) = ((at - START) / limits::MINUTE_MS, (at - START) % limits::MINUTE_MS);
    format!("{minutes}m{}s", rest / limits::SECOND_MS)
}

fn shown_effect(effect: &Effect) -> String {
    let words = |said: &Said| match &said.event {
        Some(event) => format!("event {}", event.name),
        None => said.text.clone(),
    };
    match effect {
        Effect::QueryBot { turn, epoch, session, said, details } => {
            let mut more = String::new();
            if !details.clear.is_empty() {
                more.push_str(", clearing");
            }
            if let Some(pause) = details.past_pause.as_ref().filter(|_| *session > 0) {
                let agent = pause.agent.as_deref().unwrap_or("a human");
                let _ = write!(more, ", after {agent} from {}", since_start(pause.since));
            }
            if *session > 0 {
                let _ = write!(more, ", session {session}");
            }
            if details.memory.is_some() {
                more.push_str(", remembering");
            }
            format!("ask bot {turn}/{epoch}: {}{more}", words(said))
        }
        Effect::StepOne { turn, epoch, said, unheard, .. } => {
            format!("step one {turn}/{epoch}: {}{}", words(said), telling(*unheard))
        }
        Effect::StepTwo { turn, epoch, said, unheard, .. } => {
            format!("step two {turn}/{epoch}: {}{}", words(said), telling(*unheard))
        }
    }
}

fn telling(unheard: Option<u64>) -> String {
    unheard.map(|first| format!(", telling of {first}")).unwrap_or_default()
}

fn shown_event(recorded: &Recorded<Event>) -> String {
    let name = |agent: &Option<HumanAgent>| {
        let name = agent.as_ref().and_then(|agent| agent.name.as_deref());
        name.map(|name| format!(" {name}")).unwrap_or_default()
    };
    let shown = match &recorded.event {
        Event::VisitorSaid { said, .. } if said.is_silent() => "visitor: (silent)".to_owned(),
        Event::VisitorSaid { said, .. } => format!("visitor: {}", said.text),
        Event::BotSaid { message, .. } => format!("bot: {}", message.text),
        Event::AgentSaid { text, agent, .. } => format!("agent{}: {text}", name(agent)),
        Event::Noticed { text, .. } => format!("notice: {text}"),
        Event::ControlChanged { control, reason, agent } => {
            let who = match control {
                Control::Bot => "bot".to_owned(),
                Control::Requested { .. } => "requested".to_owned(),
                Control::Human { until } => {
                    format!("human{} until {}", name(agent), since_start(*until))
                }
            };
            format!("control: {who} ({})", reason.as_str())
        }
        Event::BotAnswered { turn, triggers, .. } if triggers.is_empty() => {
            format!("answered {turn}")
        }
        Event::BotAnswered { turn, .. } => format!("answered {turn} with a trigger"),
        Event::BotSuppressed { turn, epoch, messages, .. } => {
            let texts: Vec<&str> = messages.iter().map(|said| said.text.as_str()).collect();
            format!("suppressed {turn}/{epoch}: {}", texts.join(" | "))
        }
        Event::BotFailed { turn, .. } => format!("bot failed {turn}"),
        Event::CallSettled { turn, reply, forwarded } => {
            let what = if *forwarded { "forwarded" } else { "settled" };
            format!("{what} {turn}: {}", shown_reply(reply))
        }
        Event::CallIgnored { turn, epoch, reply } => {
            format!("ignored {turn}/{epoch}: {}", shown_reply(reply))
        }
        Event::CallHeld { turn, attempts, .. } => format!("held {turn} after {attempts}"),
        Event::CallRenewed { turn } => format!("call for {turn} renewed"),
        Event::PauseRenewed { until, .. } => format!("renewed until {}", since_start(*until)),
        Event::ResumeEvent { name, .. } => format!("resume event {name}"),
        Event::TurnDropped { turn } => format!("dropped {turn}"),
        Event::SessionStarted { session, why } => format!("session {session} ({why:?})"),
    };
    match recorded.position.sub {
        0 => format!("{} {shown}", recorded.position.seq),
        _ => format!("~ {shown}"),
    }
}

fn shown_reply(reply: &Reply) -> &'static str {
    match reply {
        Reply::Paused { .. } => "paused",
        Reply::Refused => "refused",
        Reply::Late => "late",
        Reply::Failed { .. } => "failed",
        Reply::Away { .. } => "away",
    }
}
