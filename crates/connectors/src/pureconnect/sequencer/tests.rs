//! Scripts: events of the server in, connector events out.

use connector::Typing;

use super::*;
use crate::pureconnect::event::{Kind::*, SYSTEM};

const OWN: &str = "own";
const LOSS: &str = "lost";

/// As Web Tools sends it: no times, names with every event.
fn event(number: u64, who: &str, payload: Payload) -> Event {
    let kind = match who {
        OWN | "own2" => WebUser,
        SYSTEM => System,
        _ => Agent,
    };
    let name = Some(who.to_owned());
    Event {
        number,
        participant: who.to_owned(),
        name,
        kind: Some(kind),
        at: String::new(),
        payload,
    }
}

fn says(number: u64, who: &str, text: &str) -> Event {
    event(number, who, Payload::Said(Said::Plain(text.to_owned())))
}

fn is(number: u64, who: &str, state: State) -> Event {
    event(number, who, Payload::State(state))
}

/// As `web-chat` sends it: texts have a time and no name.
fn dated(at: &str, event: Event) -> Event {
    Event { at: at.to_owned(), name: None, kind: None, ..event }
}

#[test]
fn a_repetition_has_the_same_id_and_a_new_text_never_has() {
    let ids = |sequencer: &mut Sequencer, own: &str, events: Vec<Event>| -> Vec<String> {
        sequencer.take(own, events);
        let events =
            sequencer.next_events(own, 0, &Texts { said: &|_| "text".to_owned(), loss: LOSS });
        events.into_iter().filter_map(|events| events.id).collect()
    };
    let (mut sequencer, events) = begun();
    let stored = sequencer.clone();
    let first = ids(&mut sequencer, OWN, events.clone());
    // The process ended after the events were stored, and before the checkpoint was.
    let mut old = stored;
    old.restart_numbers();
    assert_eq!(ids(&mut old, OWN, events), first);
    // Nothing is sent again: the same number and text are a new event.
    sequencer.restart_numbers();
    let states = vec![is(0, "own2", State::Active), is(1, "Jo", State::Active)];
    assert_eq!(ids(&mut sequencer, "own2", states), ["lost:0:7"]);
    let same = ids(&mut sequencer, "own2", (2..5).map(|n| says(n, "Jo", "hello")).collect());
    assert!(same.iter().all(|id| !first.contains(id)), "{same:?} {first:?}");
}

/// Connector events in short.
fn hear(sequencer: &mut Sequencer, own: &str, now: Millis, events: Vec<Event>) -> Vec<String> {
    sequencer.take(own, events);
    in_short(sequencer.next_events(own, now, &Texts { said: &write, loss: LOSS }))
}

/// What comes once nothing more will.
fn closed(sequencer: &mut Sequencer, own: &str) -> Vec<String> {
    in_short(sequencer.close(own, &Texts { said: &write, loss: LOSS }))
}

fn write(said: &Said) -> String {
    match said {
        Said::Plain(text) | Said::Html(text) | Said::Url(text) => text.clone(),
        Said::File { name, .. } => name.clone(),
    }
}

fn in_short(events: Vec<ConnectorEvent>) -> Vec<String> {
    let word = |events: ConnectorEvent| match events.kind {
        EventKind::Joined(agent) => format!("+{}", agent.name),
        EventKind::Said { agent, text } => format!("{}: {text}", agent.name),
        EventKind::Left => "left".to_owned(),
        EventKind::Held { on } => format!("held {on}"),
        EventKind::Types(typing) => format!("{typing:?}"),
        EventKind::Notice(text) => format!("* {text}"),
        EventKind::Ended => "ended".to_owned(),
    };
    events.into_iter().map(word).collect()
}

fn begun() -> (Sequencer, Vec<Event>) {
    let events = vec![
        is(0, OWN, State::Active),
        is(1, SYSTEM, State::Active),
        is(2, "Jo", State::Waiting),
        is(3, "Jo", State::Active),
        says(4, "Jo", "hello"),
        says(5, OWN, "hi"),
        says(6, "Jo", "so?"),
    ];
    (Sequencer::default(), events)
}

#[test]
fn each_event_is_told_once_and_in_order() {
    let (mut sequencer, mut events) = begun();
    events.reverse();
    events.extend(begun().1);
    assert_eq!(hear(&mut sequencer, OWN, 0, events), ["+Jo", "Jo: hello", "Jo: so?"]);
    assert!(hear(&mut sequencer, OWN, 0, begun().1).is_empty());
}

#[test]
fn what_is_missing_is_waited_for_then_admitted_and_still_welcome() {
    let (mut sequencer, mut events) = begun();
    let late = events.remove(4);
    assert_eq!(hear(&mut sequencer, OWN, 0, events), ["+Jo"]);
    assert!(sequencer.has_gap());
    assert!(hear(&mut sequencer, OWN, GAP_WAIT_MS - 1, vec![]).is_empty());
    assert!(!sequencer.has_old_gap(GAP_WAIT_MS - 1) && sequencer.has_old_gap(GAP_WAIT_MS));
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]), ["* lost", "Jo: so?"]);
    assert!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]).is_empty(), "once for each gap");
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![late.clone()]), ["Jo: hello"]);
    assert!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![late]).is_empty());
}

#[test]
fn a_server_without_echo_makes_nobody_wait_twice() {
    let (mut sequencer, mut events) = begun();
    events.truncate(5);
    hear(&mut sequencer, OWN, 0, events);
    sequencer.note_sent();
    assert!(hear(&mut sequencer, OWN, 0, vec![says(6, "Jo", "so?")]).is_empty(), "it may be late");
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]), ["Jo: so?"], "and is no loss");
    sequencer.note_sent();
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![says(8, "Jo", "well?")]), ["Jo: well?"]);
    assert!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![says(10, "Jo", "bye")]).is_empty());
}

#[test]
fn a_late_echo_does_not_let_words_out_of_their_turn() {
    let (mut sequencer, mut events) = begun();
    let rest = events.split_off(4);
    hear(&mut sequencer, OWN, 0, events);
    sequencer.note_sent();
    // The agent's text is late, and the visitor's comes after both.
    assert!(hear(&mut sequencer, OWN, 0, vec![says(5, "Jo", "second")]).is_empty());
    let late = vec![rest[0].clone(), says(6, OWN, "hi")];
    assert_eq!(hear(&mut sequencer, OWN, 1, late), ["Jo: hello", "Jo: second"]);
}

#[test]
fn what_was_told_late_is_recognized_in_its_turn() {
    let (mut sequencer, mut events) = begun();
    let late = events.remove(4);
    hear(&mut sequencer, OWN, 0, events);
    hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]);
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![late]), ["Jo: hello"]);
    sequencer.restart_numbers();
    assert!(hear(&mut sequencer, "own2", 0, begun().1).is_empty());
}

#[test]
fn hold_transfer_queue_and_end() {
    let (mut sequencer, events) = begun();
    hear(&mut sequencer, OWN, 0, events);
    let held = vec![is(7, "Jo", State::Held), is(8, "Jo", State::Active)];
    assert_eq!(hear(&mut sequencer, OWN, 0, held), ["held true", "held false"]);
    let transfer = vec![is(9, "Jo", State::Disconnected), is(10, "Al", State::Active)];
    assert_eq!(hear(&mut sequencer, OWN, 0, transfer), ["+Al"]);
    assert!(hear(&mut sequencer, OWN, 0, vec![is(11, "Al", State::Disconnected)]).is_empty());
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![]), ["left"], "one poll later nobody has come");
    assert!(hear(&mut sequencer, OWN, 0, vec![]).is_empty());
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![is(12, "Bo", State::Held)]), ["+Bo", "held true"]);
    let queued = vec![is(13, "Bo", State::Disconnected), is(14, SYSTEM, State::Active)];
    assert_eq!(hear(&mut sequencer, OWN, 0, queued), ["left"]);
    let end = vec![says(15, SYSTEM, "bye"), is(16, OWN, State::Disconnected)];
    assert_eq!(hear(&mut sequencer, OWN, 0, end), ["* bye", "ended"]);
}

#[test]
fn whoever_stays_in_a_conference_has_the_chat() {
    let (mut sequencer, events) = begun();
    hear(&mut sequencer, OWN, 0, events);
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![is(7, "Al", State::Active)]), ["+Al"]);
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![is(8, "Al", State::Disconnected)]), ["+Jo"]);
    assert!(hear(&mut sequencer, OWN, 0, vec![]).is_empty());
}

#[test]
fn only_agents_are_seen_to_type() {
    let (mut sequencer, events) = begun();
    hear(&mut sequencer, OWN, 0, events);
    let on = |number, who| event(number, who, Payload::Typing(Typing::On));
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![on(7, OWN), on(8, SYSTEM), on(9, "Jo")]), ["On"]);
}

#[test]
fn after_a_renewal_only_what_was_not_known_is_told() {
    let (mut sequencer, events) = begun();
    let mut first = events.clone();
    first.remove(4);
    first.pop();
    assert_eq!(hear(&mut sequencer, OWN, 0, first), ["+Jo"]);
    // As after a restart: what waited behind the gap is gone with the process.
    let stored = serde_json::to_string(&sequencer).unwrap();
    let mut sequencer: Sequencer = serde_json::from_str(&stored).unwrap();
    sequencer.restart_numbers();
    let mut again: Vec<Event> = events;
    for event in &mut again {
        if event.participant == OWN {
            "own2".clone_into(&mut event.participant);
        }
    }
    again.push(is(7, "Jo", State::Held));
    assert_eq!(
        hear(&mut sequencer, "own2", 0, again.clone()),
        ["Jo: hello", "Jo: so?", "held true"],
        "Jo was there before"
    );
    sequencer.restart_numbers();
    assert!(hear(&mut sequencer, "own2", 0, again).is_empty());
}

#[test]
fn a_server_that_repeats_nothing_loses_nothing() {
    let (mut sequencer, events) = begun();
    hear(&mut sequencer, OWN, 0, events);
    sequencer.restart_numbers();
    assert!(hear(&mut sequencer, "own2", 0, vec![]).is_empty(), "nothing yet");
    let there = vec![is(0, "own2", State::Active), is(1, "Jo", State::Active)];
    assert_eq!(hear(&mut sequencer, "own2", 0, there), ["* lost"], "what came meanwhile may be");
    assert_eq!(hear(&mut sequencer, "own2", 0, vec![says(2, "Jo", "hello")]), ["Jo: hello"]);
    sequencer.restart_numbers();
    let other = vec![is(0, "own2", State::Active), is(1, "Al", State::Active)];
    assert_eq!(hear(&mut sequencer, "own2", 0, other), ["* lost", "+Al"]);
    sequencer.restart_numbers();
    let alone = vec![is(0, "own2", State::Active)];
    assert_eq!(hear(&mut sequencer, "own2", 0, alone), ["* lost", "left"]);
    assert!(sequencer.replays_nothing());
}

#[test]
fn before_the_first_text_a_server_that_repeats_nothing_is_not_taken_for_one_that_does() {
    let again = || vec![is(0, "own2", State::Active), is(1, "Jo", State::Active)];
    let (sequencer, mut events) = begun();
    let (mut fewer, mut as_many, mut waiting) = (sequencer.clone(), sequencer.clone(), sequencer);
    events.truncate(4);
    hear(&mut fewer, OWN, 0, events.clone());
    fewer.restart_numbers();
    assert_eq!(hear(&mut fewer, "own2", 0, again()), ["* lost"]);

    hear(&mut as_many, OWN, 0, vec![is(0, OWN, State::Active), is(1, "Jo", State::Active)]);
    let mut calm = as_many.clone();
    calm.restart_numbers();
    assert!(hear(&mut calm, "own2", 0, again()).is_empty(), "no answer was lost");
    as_many.note_lost_reply(0);
    as_many.restart_numbers();
    assert_eq!(hear(&mut as_many, "own2", 0, again()), ["* lost"]);
    assert!(!as_many.replays_nothing(), "the next lost answer may be told again");

    hear(&mut waiting, OWN, 0, vec![is(0, OWN, State::Active), is(1, "Jo", State::Active)]);
    hear(&mut waiting, OWN, 0, vec![says(3, "Jo", "so?")]);
    waiting.restart_numbers();
    assert_eq!(hear(&mut waiting, "own2", 0, again()), ["* lost", "Jo: so?"]);
}

#[test]
fn what_stands_behind_a_gap_outlives_a_server_that_repeats_nothing() {
    let (mut sequencer, mut events) = begun();
    events.remove(4);
    assert_eq!(hear(&mut sequencer, OWN, 0, events), ["+Jo"]);
    sequencer.restart_numbers();
    let there = vec![is(0, "own2", State::Active), is(1, "Jo", State::Active)];
    // Of our own text, the only one whose answer was lost, the echo is among the rest.
    sequencer.own_sent = 0;
    sequencer.heard.push_back(1);
    assert_eq!(hear(&mut sequencer, "own2", 0, there), ["* lost", "Jo: so?"]);
    assert!(sequencer.has_arrived("hi"));
}

#[test]
fn a_gap_has_the_same_id_after_a_restart() {
    let (mut sequencer, mut events) = begun();
    let behind = events.split_off(5);
    events.pop();
    hear(&mut sequencer, OWN, 0, events);
    let stored = serde_json::to_string(&sequencer).unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut sequencer: Sequencer = serde_json::from_str(&stored).unwrap();
        sequencer.note_lost_reply(0);
        hear(&mut sequencer, OWN, 0, behind.clone());
        let words = Texts { said: &write, loss: LOSS };
        let mut events = sequencer.next_events(OWN, GAP_WAIT_MS, &words).into_iter();
        ids.push(events.next().and_then(|events| events.id).unwrap());
        assert_eq!(sequencer.losses(), 1);
    }
    assert_eq!(ids, ["lost:0:4", "lost:0:4"]);
}

#[test]
fn the_end_is_told_with_what_waited_and_what_is_missing() {
    let (mut sequencer, mut events) = begun();
    events.remove(4);
    hear(&mut sequencer, OWN, 0, events);
    assert_eq!(closed(&mut sequencer, OWN), ["* lost", "Jo: so?", "ended"]);
    assert!(closed(&mut sequencer, OWN).is_empty());

    let (mut sequencer, events) = begun();
    hear(&mut sequencer, OWN, 0, events.clone());
    assert_eq!(closed(&mut sequencer.clone(), OWN), ["ended"], "nothing was lost");
    sequencer.note_lost_reply(0);
    assert_eq!(closed(&mut sequencer.clone(), OWN), ["* lost", "ended"], "the last answer was");
    sequencer.restart_numbers();
    assert_eq!(closed(&mut sequencer, OWN), ["* lost", "ended"], "nobody told anything again");

    let (mut sequencer, _) = begun();
    sequencer.note_lost_reply(0);
    let end = vec![is(7, OWN, State::Disconnected)];
    hear(&mut sequencer, OWN, 0, events);
    assert_eq!(hear(&mut sequencer, OWN, 0, end), ["ended"]);
    assert!(closed(&mut sequencer, OWN).is_empty(), "every number was heard");
}

#[test]
fn after_a_lost_answer_a_gap_is_not_taken_for_our_own_texts() {
    let (mut sequencer, mut events) = begun();
    events.truncate(5);
    hear(&mut sequencer, OWN, 0, events);
    sequencer.note_sent();
    sequencer.note_lost_reply(0);
    assert!(hear(&mut sequencer, OWN, 0, vec![says(6, "Jo", "so?")]).is_empty());
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]), ["* lost", "Jo: so?"]);
    assert!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![says(8, "Jo", "well?")]).is_empty());
}

#[test]
fn a_late_number_does_not_vouch_for_what_a_lost_answer_told() {
    let (mut sequencer, mut events) = begun();
    let rest = events.split_off(4);
    hear(&mut sequencer, OWN, 0, events);
    // The answer with the rest is lost, but for what is late.
    sequencer.note_lost_reply(0);
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS - 1, rest[..1].to_vec()), ["Jo: hello"]);
    assert_eq!(closed(&mut sequencer.clone(), OWN), ["* lost", "ended"]);
    hear(&mut sequencer, OWN, GAP_WAIT_MS, rest[1..].to_vec());
    assert_eq!(closed(&mut sequencer, OWN), ["ended"], "so late nothing is told before its turn");
}

#[test]
fn where_everything_was_taken_in_no_gap_is_a_loss() {
    let (mut sequencer, mut events) = begun();
    events.remove(4);
    sequencer.note_lost_reply(0);
    sequencer.take(OWN, events);
    sequencer.mark_complete();
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![]), ["+Jo", "Jo: so?"]);
    assert!(hear(&mut sequencer, OWN, 0, vec![says(8, "Jo", "well?")]).is_empty());
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut sequencer = Sequencer::default();
    let events = vec![says(u64::MAX, "Jo", "hello"), says(u64::MAX - 1, "Jo", "hi")];
    hear(&mut sequencer, OWN, 0, events.clone());
    assert_eq!(hear(&mut sequencer, OWN, GAP_WAIT_MS, vec![]), ["* lost", "Jo: hi", "Jo: hello"]);
    let mut sequencer = Sequencer { heard: vec![1; HEARD_MAX].into(), ..Sequencer::default() };
    sequencer.restart_numbers();
    sequencer.heard = vec![events[0].fingerprint(); HEARD_MAX].into();
    let told = (0..32).map(|n| says(u64::MAX - n, "Jo", "hello")).collect();
    hear(&mut sequencer, "own2", 0, told);
}

#[test]
fn a_long_chat_is_recognized_by_its_end() {
    let (mut sequencer, mut events) = begun();
    events.extend((7..100).map(|number| says(number, "Jo", &format!("line {number}"))));
    hear(&mut sequencer, OWN, 0, events.clone());
    assert!(serde_json::to_string(&sequencer).unwrap().len() < 1_000);
    sequencer.restart_numbers();
    events.push(says(100, "Jo", "new"));
    assert_eq!(hear(&mut sequencer, OWN, 0, events), ["Jo: new"]);
}

#[test]
fn numbers_that_start_over_at_a_later_time_are_new() {
    let mut sequencer = Sequencer::default();
    let (first, later) = ("20260301T101500Z", "20260301T101600Z");
    let joined = is(0, "Jo", State::Active);
    let said = dated(first, says(1, "Jo", "hello"));
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![joined, said.clone()]), ["+Jo", "Jo: hello"]);
    assert!(hear(&mut sequencer, OWN, 0, vec![said]).is_empty());
    let anew = dated(later, says(0, "Jo", "hello"));
    assert_eq!(hear(&mut sequencer, OWN, 0, vec![anew]), ["Jo: hello"]);
}

#[test]
fn our_own_text_is_known_to_have_arrived_by_its_echo() {
    let (mut sequencer, events) = begun();
    sequencer.take(OWN, events.clone());
    assert!(sequencer.has_arrived("hi"));
    assert!(!sequencer.has_arrived("ho"));
    sequencer.note_sent();
    assert!(!sequencer.has_arrived("hi"), "that was the one we know of");
    hear(&mut sequencer, OWN, 0, vec![]);
    sequencer.restart_numbers();
    sequencer.take(OWN, events);
    hear(&mut sequencer, OWN, 0, vec![]);
    assert!(!sequencer.has_arrived("hi"), "told again, it is still one");
}
