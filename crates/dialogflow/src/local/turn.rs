//! One turn: from a query and the session to an answer and the contexts after it.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{Answer, BotError, Input, Query};

mod answer;
pub(crate) mod fulfilled;
mod parameters;
mod phrasebook;
mod references;
mod slots;

use self::{
    parameters::{capture, missing, resolve},
    slots::Reply,
};
use super::{
    agent::LocalAgent,
    matching::{
        Candidate, Matcher,
        span::Span,
        system::{self, Moment},
        text::Text,
    },
    model::Intent,
    session::{Captured, Dialog, Session},
};

/// Limits of the service (docs/dialogflow.md), in characters.
const TEXT_CHARS_MAX: usize = 256;
const EVENT_CHARS_MAX: usize = 150;

/// The result of a turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// Position of the matched intent.
    pub(crate) intent: Option<usize>,
    pub(crate) confidence: f32,
    pub(crate) resolved: Captured,
    /// Present while required parameters are missing.
    pub(crate) dialog: Option<Dialog>,
    /// The visitor left slot filling.
    pub(crate) cancelled: bool,
}

/// The inputs of a turn.
#[derive(Clone)]
pub(crate) struct Turn<'a> {
    pub(crate) agent: &'a LocalAgent,
    pub(crate) query: &'a Query,
    /// What is being answered: the query's input, or an event that a webhook named.
    pub(crate) input: Input,
    pub(crate) language: &'a str,
    pub(crate) matcher: &'a Matcher,
    pub(crate) session: Session,
}

/// Answers a query with the agent's own texts.
pub(crate) fn run(agent: &LocalAgent, query: &Query) -> Result<Answer, BotError> {
    let (turn, outcome) = play(agent, query)?;
    let response = answer::response(&turn, &outcome);
    Ok(Answer { response, memory: turn.session.to_memory() })
}

/// Matches a query and updates the session.
fn play<'a>(agent: &'a LocalAgent, query: &'a Query) -> Result<(Turn<'a>, Outcome), BotError> {
    check(query)?;
    let language = agent.language_for(&query.language);
    let Some(matcher) = agent.matchers.get(language) else {
        return Err(BotError::Refused(format!("the agent does not speak {language}")));
    };
    let session = Session::begin(query.memory.as_deref(), query.now, &query.contexts);
    let input = query.input.clone();
    let mut turn = Turn { agent, query, input, language, matcher, session };
    let outcome = match &query.input {
        Input::Event { name, parameters } => {
            turn.session.set_event(name, parameters);
            turn.event(name)
        }
        Input::Text(text) => turn.text(text),
    };
    turn.settle(&outcome);
    Ok((turn, outcome))
}

fn check(query: &Query) -> Result<(), BotError> {
    let refuse = |why: &str| Err(BotError::Refused(why.to_owned()));
    if !query.session.starts_with("projects/") || !query.session.contains("/sessions/") {
        return refuse("Resource name does not match 'projects/*/agent/sessions/*'.");
    }
    match &query.input {
        Input::Text(text) if text.is_empty() => refuse("Input text not set."),
        Input::Text(text) if text.chars().count() > TEXT_CHARS_MAX => {
            refuse("Input text exceeds 256 characters.")
        }
        Input::Event { name, .. } if name.is_empty() => refuse("Event name not set."),
        Input::Event { name, .. } if name.chars().count() > EVENT_CHARS_MAX => {
            refuse("Event name exceeds 150 characters.")
        }
        _ => Ok(()),
    }
}

impl Turn<'_> {
    /// Selects an intent by the name of the event and the input contexts: most contexts first, then
    /// priority. Without such an intent, the fallback intent answers, because a pressed button must
    /// not be met with silence. The event that opens a chat is no question: nothing answers it.
    fn event(&mut self, name: &str) -> Outcome {
        if let Some(outcome) = self.intent_of_event(name) {
            return outcome;
        }
        let name = name.to_lowercase();
        let opens = name == "welcome" || name.ends_with("_welcome");
        if opens { Outcome::default() } else { self.fallback() }
    }

    /// The intent that has this event and whose contexts are active.
    fn intent_of_event(&mut self, name: &str) -> Option<Outcome> {
        let name = name.to_lowercase();
        let listed = |i: &Intent| i.events.contains(&name) && i.priority >= 0;
        let intents = self.agent.intents.iter().enumerate();
        let found =
            intents.filter(|(_, i)| listed(i) && self.inputs_active(i)).min_by_key(|(_, i)| {
                (std::cmp::Reverse((i.inputs.len(), i.priority)), i.name.as_str())
            });
        let (position, _) = found?;
        self.session.dialog = None;
        Some(self.matched(position, 1.0, Captured::default()))
    }

    fn text(&mut self, raw: &str) -> Outcome {
        let text = self.matcher.lexicon.read(raw);
        let session = &self.session.entities;
        let spans = self.matcher.lexicon.find(&text, &self.moment(), session);
        if let Some(dialog) = self.session.dialog.take()
            && let Some(outcome) = self.in_dialog(dialog, &text, &spans)
        {
            return outcome;
        }
        self.fresh(&text, &spans)
    }

    /// Answers a text outside of slot filling.
    fn fresh(&mut self, text: &Text, spans: &[Span]) -> Outcome {
        if let Some(candidate) = self.exact(text, spans) {
            return self.matched_candidate(&candidate, 1.0, text, spans);
        }
        match self.nearest(text, spans) {
            Some(candidate) if !self.agent.intents[candidate.intent].fallback => {
                let confidence = self.confidence(candidate.similarity);
                self.matched_candidate(&candidate, confidence, text, spans)
            }
            _ => self.fallback(),
        }
    }

    /// Answers a text during slot filling; `None` when it means another intent.
    fn in_dialog(&mut self, mut dialog: Dialog, text: &Text, spans: &[Span]) -> Option<Outcome> {
        let agent = self.agent;
        let mut all = agent.intents.iter().enumerate();
        let (position, intent) = all.find(|(_, intent)| intent.id == dialog.intent)?;
        let exact = self.exact(text, spans);
        let says =
            |g: &Candidate| g.literal && g.intent != position && self.matcher.plain_words(g) > 0;
        if exact.as_ref().is_some_and(says) {
            return None;
        }
        if slots::is_cancel(text, self.language) {
            let resolved = resolve(intent, &dialog.captured, &self.session);
            let cancelled = true;
            return Some(Outcome {
                intent: Some(position),
                confidence: 1.0,
                resolved,
                cancelled,
                ..Outcome::default()
            });
        }
        let again = exact.or_else(|| self.nearest(text, spans));
        let again =
            again.filter(|c| c.intent == position && self.restates(c, &dialog, text, spans));
        if let Some(candidate) = again {
            let captured = capture(intent, &candidate, self.matcher, text, spans);
            dialog.captured.values.extend(captured.values);
            dialog.captured.originals.extend(captured.originals);
            if dialog.captured.has(&dialog.awaited) {
                return Some(self.matched_again(position, dialog));
            }
        }
        match slots::fill(intent, &mut dialog, self.matcher, text, spans) {
            Reply::Filled => {}
            // Any words would be accepted here, so a clearly better intent goes first.
            Reply::Taken(taken) => {
                if self.other_intent(position, slots::CLEARLY, text, spans) {
                    return None;
                }
                dialog.captured = taken;
            }
            Reply::Nothing => {
                if self.other_intent(position, self.threshold(), text, spans) {
                    return None;
                }
            }
        }
        Some(self.matched_again(position, dialog))
    }

    /// Whether a text says the open intent again, in other words, so that its values replace what
    /// is filled. A text that is only a little like a phrase does so when it has most of its words
    /// and no answer to the prompt: `Hamburg` answers `Where to?`, and leaves alone where from.
    fn restates(
        &self,
        candidate: &Candidate,
        dialog: &Dialog,
        text: &Text,
        spans: &[Span],
    ) -> bool {
        if self.matcher.plain_words(candidate) <= 1 {
            return false;
        }
        let intent = &self.agent.intents[candidate.intent];
        let awaited = intent.parameter(&dialog.awaited).and_then(|p| p.entity.as_ref());
        let answers = awaited.is_none_or(|awaited| {
            system::takes_anything(awaited) || spans.iter().any(|s| s.entity == *awaited)
        });
        candidate.similarity >= slots::CLEARLY
            || (!answers && self.matcher.has_most_words(candidate, text))
    }

    fn other_intent(&self, own: usize, similarity: f32, text: &Text, spans: &[Span]) -> bool {
        self.nearest(text, spans).is_some_and(|candidate| {
            candidate.intent != own
                && candidate.similarity >= similarity
                && !self.agent.intents[candidate.intent].fallback
        })
    }

    fn matched_candidate(
        &mut self,
        candidate: &Candidate,
        confidence: f32,
        text: &Text,
        spans: &[Span],
    ) -> Outcome {
        let intent = &self.agent.intents[candidate.intent];
        let captured = capture(intent, candidate, self.matcher, text, spans);
        self.matched(candidate.intent, confidence, captured)
    }

    fn matched(&mut self, position: usize, confidence: f32, captured: Captured) -> Outcome {
        let intent = &self.agent.intents[position];
        let dialog =
            Dialog { intent: intent.id.clone(), captured, awaited: String::new(), asked: 0 };
        let mut outcome = self.matched_again(position, dialog);
        outcome.confidence = confidence;
        outcome
    }

    /// Answers, or asks for the next missing parameter.
    fn matched_again(&mut self, position: usize, mut dialog: Dialog) -> Outcome {
        let intent = &self.agent.intents[position];
        let resolved = resolve(intent, &dialog.captured, &self.session);
        let first = missing(intent, &resolved.values).map(|p| p.name.clone());
        let dialog = first.map(|name| {
            dialog.asked = if dialog.awaited == name { dialog.asked + 1 } else { 0 };
            dialog.awaited = name;
            dialog
        });
        Outcome { intent: Some(position), confidence: 1.0, resolved, dialog, cancelled: false }
    }

    /// The fallback intent with the most active input contexts, then the highest priority.
    fn fallback(&mut self) -> Outcome {
        let intents = self.agent.intents.iter().enumerate();
        let found = intents
            .filter(|(_, i)| i.fallback && i.priority >= 0 && self.inputs_active(i))
            .min_by_key(|(_, i)| {
                (std::cmp::Reverse((i.inputs.len(), i.priority)), i.name.as_str())
            });
        match found {
            Some((position, _)) => self.matched(position, 1.0, Captured::default()),
            None => Outcome::default(),
        }
    }

    fn exact(&self, text: &Text, spans: &[Span]) -> Option<Candidate> {
        self.matcher.exact(text, spans, &self.agent.intents, |i| self.may_match(i))
    }

    fn nearest(&self, text: &Text, spans: &[Span]) -> Option<Candidate> {
        let intents = &self.agent.intents;
        self.matcher.nearest(text, spans, intents, self.threshold(), |i| {
            self.may_match(i) || (intents[i].fallback && self.inputs_active(&intents[i]))
        })
    }

    fn may_match(&self, position: usize) -> bool {
        let intent = &self.agent.intents[position];
        !intent.fallback && intent.priority >= 0 && self.inputs_active(intent)
    }

    fn inputs_active(&self, intent: &Intent) -> bool {
        intent.inputs.iter().all(|name| self.session.is_active(name))
    }

    /// The lowest similarity at which a phrase counts as meant.
    fn threshold(&self) -> f32 {
        0.25 + 0.5 * self.agent.confidence_min
    }

    /// The confidence to report for a similarity; never below the agent's minimum.
    fn confidence(&self, similarity: f32) -> f32 {
        let (min, threshold) = (self.agent.confidence_min, self.threshold());
        let share = ((similarity - threshold) / (1.0 - threshold)).clamp(0.0, 1.0);
        min + share * (1.0 - min)
    }

    fn moment(&self) -> Moment {
        let own = [self.agent.zone.as_str()];
        let mut names = self.query.time_zone.as_deref().into_iter().chain(own);
        let zone = names.find_map(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let now = Timestamp::from_millisecond(self.query.now).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(zone)
    }

    /// Updates contexts and counters after the turn.
    fn settle(&mut self, outcome: &Outcome) {
        let agent = self.agent;
        let intent = outcome.intent.map(|position| &agent.intents[position]);
        let missed = intent.is_none_or(|i| i.fallback);
        let is_text = matches!(self.input, Input::Text(_));
        self.session.no_match = match missed {
            true if is_text => self.session.no_match.saturating_add(1),
            true => self.session.no_match,
            false => 0,
        };
        self.session.dialog.clone_from(&outcome.dialog);
        let Some(intent) = intent else { return };
        if outcome.dialog.is_none() && !outcome.cancelled {
            if intent.resets_contexts {
                self.session.contexts.clear();
            }
            for output in &intent.outputs {
                self.session.set(&output.name, output.lifespan, &output.parameters);
            }
        }
        for context in &mut self.session.contexts {
            context.put(with_originals(&outcome.resolved));
        }
    }
}

/// Parameters and the visitor's words for them, as contexts contain them.
pub(crate) fn with_originals(resolved: &Captured) -> Vec<(String, Value)> {
    let mut pairs = Vec::new();
    for (name, value) in &resolved.values {
        pairs.push((name.clone(), value.clone()));
        let original = resolved.originals.get(name).cloned();
        pairs.push((format!("{name}.original"), original.unwrap_or_default()));
    }
    pairs
}
