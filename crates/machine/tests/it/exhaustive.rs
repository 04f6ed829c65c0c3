//! Every interleaving, to a stated depth, of the race for control: a bot answering, step one and
//! step two under way, an agent taking over and leaving, a pause running out.

use std::collections::{BTreeSet, HashSet};

use machine::Machine as _;
use machine::conversation::{
    BotEvent, Control, Goodbye, HumanAgent, Input, PauseChange, Policy, PushInput, Said, WhenAway,
};

use crate::world::{Call, Outcome, RARE, Rare, To, World, outcome, policy};

const DEPTH: usize = 9;
const DEPTH_HOLDING: usize = 8;
/// Inputs of the visitor in one schedule; more of them only wait.
const INPUTS_MAX: usize = 3;

#[derive(Debug, Clone)]
enum Choice {
    Answer(Call, Outcome),
    Tell(Input),
    /// The clock stands at the end of the pause; somebody may notice, or not.
    EndOfPause,
    /// The time of the next call for a kept input.
    NextCall,
}

fn choices(world: &World, said: usize) -> Vec<Choice> {
    let mut choices = Vec::new();
    for call in &world.asked {
        let answer = |trigger| Outcome::Answer { messages: 1, trigger };
        let paused = Outcome::Paused { pause: None };
        let outcomes = match call.to {
            To::Bot => vec![answer(false), answer(true), Outcome::Failed],
            To::StepOne => vec![paused, Outcome::Refused],
            To::StepTwo if world.policy.when_away == WhenAway::Hold => {
                vec![paused, Outcome::Refused, Outcome::Away]
            }
            To::StepTwo => vec![paused, Outcome::Refused, Outcome::Late],
        };
        choices.extend(outcomes.into_iter().map(|how| Choice::Answer(*call, how)));
    }
    if said < INPUTS_MAX {
        choices.push(Choice::Tell(visitor("hello", None)));
        choices.push(Choice::Tell(visitor("", Some("SCROLLED"))));
    }
    let jane = Some(HumanAgent { name: Some("Jane".to_owned()), avatar_url: String::new() });
    for pause in [
        PauseChange::Pause(None),
        PauseChange::Resume(Goodbye::Notice),
        PauseChange::Resume(Goodbye::Event("bye".to_owned())),
    ] {
        let agent = jane.clone();
        let push = PushInput::Channel { agent, pause };
        choices.push(Choice::Tell(Input::Pushed(push)));
    }
    if matches!(world.state.control(), Control::Human { .. }) {
        choices.push(Choice::EndOfPause);
        if world.state.owed().is_none() && world.waiting() > 0 {
            choices.push(Choice::NextCall);
        }
    }
    choices
}

fn visitor(text: &str, event: Option<&str>) -> Input {
    let event = event.map(|name| BotEvent { name: name.to_owned(), parameters: "{}".to_owned() });
    let said = Said { text: text.to_owned(), event, extra: None };
    Input::VisitorSaid { client_id: "c".to_owned(), said }
}

fn take(mut world: World, choice: &Choice) -> World {
    match choice {
        Choice::Answer(call, how) => world.answer(*call, outcome(*call, *how)),
        Choice::Tell(input) => world.feed(None, input.clone()),
        Choice::EndOfPause => {
            world.now = world.state.paused_until().unwrap_or(world.now);
            world.feed(None, Input::Woke);
        }
        Choice::NextCall => {
            world.now = world.state.wake_at().unwrap_or(world.now);
            world.feed(None, Input::Woke);
        }
    }
    world
}

struct Found {
    states: usize,
    steps: usize,
    rare: BTreeSet<Rare>,
}

/// Breadth first; the referee in each world checks each step, and the last layer comes to rest.
fn search(policy: Policy, depth: usize) -> Found {
    let mut seen = HashSet::new();
    let mut found = Found { states: 1, steps: 0, rare: BTreeSet::new() };
    let mut layer = vec![(World::new(policy), 0)];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (world, said) in layer {
            for choice in choices(&world, said) {
                let world = take(world.clone(), &choice);
                found.steps += 1;
                found.rare.extend(world.rare.iter().copied());
                let visitors = matches!(&choice, Choice::Tell(Input::VisitorSaid { .. }));
                let said = said + usize::from(visitors);
                if seen.insert((world.fingerprint(), said)) {
                    next.push((world, said));
                }
            }
        }
        found.states += next.len();
        layer = next;
    }
    for (mut world, _) in layer {
        world.drain(|call| outcome(call, Outcome::Late));
    }
    found
}

/// Fails when a path was never taken, but for those in `others`.
fn expect_rare(found: &Found, others: &[Rare]) {
    let rare = RARE.iter().filter(|path| !others.contains(path));
    let missed: Vec<_> = rare.filter(|path| !found.rare.contains(path)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

/// What a conversation that holds nothing cannot come to.
const OF_HOLDING: [Rare; 4] = [Rare::Held, Rare::HeldAgain, Rare::HeldAndTaken, Rare::HeldForBot];

#[test]
fn every_interleaving_keeps_the_rules() {
    let found = search(policy(), DEPTH);
    // Sessions are a matter of time, which hardly passes here.
    expect_rare(&found, &[&OF_HOLDING[..], &[Rare::NewSession]].concat());
    // A smaller search proves less, a larger one says that states multiply: look, then note it.
    let size = (found.states, found.steps);
    assert_eq!(size, (55_781, 217_070), "states and steps to depth {DEPTH}");
}

#[test]
fn every_interleaving_around_kept_words_keeps_the_rules() {
    let found = search(Policy { when_away: WhenAway::Hold, ..policy() }, DEPTH_HOLDING);
    expect_rare(&found, &[Rare::NewSession, Rare::ForwardedSuppressed, Rare::StepOneAgain]);
    let size = (found.states, found.steps);
    assert_eq!(size, (30_328, 92_189), "states and steps to depth {DEPTH_HOLDING}");
}
