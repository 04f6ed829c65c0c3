//! One input at a time, in order, each answered once.

use super::{START, check, visitor};
use crate::{
    Machine,
    conversation::{Conversation, Policy, Refusal},
    limits,
};

#[test]
fn inputs_wait_for_the_answer_before() {
    check(
        "
        > visitor: one
        1 visitor: one
        => ask bot 1/0: one
        > visitor: two
        2 visitor: two
        > visitor: three
        3 visitor: three
        > bot: One.
        4 bot: One.
        ~ answered 1
        => ask bot 2/0: two
        > bot: Two.
        5 bot: Two.
        ~ answered 2
        => ask bot 3/0: three
        > bot: Three.
        6 bot: Three.
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn inputs_wait_while_a_human_is_asked_for() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > visitor: quick
        2 visitor: quick
        > bot: trigger One moment.
        3 bot: One moment.
        4 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > visitor: please
        5 visitor: please
        > hook: paused
        ~ settled 1: paused
        6 control: human until 10m0s (webhook_paused)
        => step two 2/2: quick
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 2: paused
        => step two 5/2: please
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 5: paused
        => nothing
        ",
    );
}

#[test]
fn inputs_that_waited_go_to_the_bot_when_nobody_comes() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > visitor: quick
        2 visitor: quick
        > bot: trigger One moment.
        3 bot: One moment.
        4 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: refused
        ~ settled 1: refused
        5 control: bot (webhook_refused)
        => ask bot 2/2: quick, clearing
        > bot: I am quick.
        6 bot: I am quick.
        ~ answered 2
        => nothing
        ",
    );
}

#[test]
fn messages_stay_with_the_human_one_call_at_a_time() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > visitor: two
        4 visitor: two
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 3: paused
        => step two 4/1: two
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 4: paused
        => nothing
        ",
    );
}

#[test]
fn a_repeated_answer_does_nothing() {
    check(
        "
        > visitor: one
        1 visitor: one
        => ask bot 1/0: one
        > visitor: two
        2 visitor: two
        > bot: One.
        3 bot: One.
        ~ answered 1
        => ask bot 2/0: two
        > again
        > bot: Two.
        4 bot: Two.
        ~ answered 2
        => nothing
        > again
        ",
    );
}

#[test]
fn a_repeated_reply_does_nothing() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 5
        ~ settled 1: paused
        3 control: human until 5m0s (webhook_paused)
        => nothing
        > again
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: paused 5
        ~ renewed until 5m0s
        ~ settled 4: paused
        => nothing
        > again
        > visitor: help!
        5 visitor: help!
        => step two 5/2: help!
        > hook: late
        ~ forwarded 5: late
        => ask bot 5/2: help!, clearing
        > again
        ",
    );
}

#[test]
fn an_answer_nobody_asked_for_does_nothing() {
    check(
        "
        > bot 9/9: Hi.
        > hook 9/9: paused 10
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > bot 1/7: Hi.
        > hook 1/0: paused 10
        > bot 1/0: Hi.
        2 bot: Hi.
        ~ answered 1
        => nothing
        ",
    );
}

#[test]
fn silent_events_go_to_the_bot_alone() {
    check(
        "
        > visitor: event WELCOME
        1 visitor: (silent)
        => ask bot 1/0: event WELCOME
        > bot: Welcome.
        2 bot: Welcome.
        ~ answered 1
        => nothing
        > push: pause Jane
        3 control: human Jane until 10m0s (push)
        4 notice: You are now chatting with an Agent.
        > visitor: event SCROLLED
        5 visitor: (silent)
        ~ dropped 5
        > visitor: help
        6 visitor: help
        => step two 6/1: help
        > visitor: event SCROLLED
        7 visitor: (silent)
        > visitor: help!
        8 visitor: help!
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 6: paused
        ~ dropped 7
        => step two 8/1: help!
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 8: paused
        => nothing
        ",
    );
}

#[test]
fn silent_events_that_waited_are_dropped_when_a_human_comes() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > visitor: event SCROLLED
        3 visitor: (silent)
        > visitor: help
        4 visitor: help
        > hook: paused
        ~ settled 1: paused
        5 control: human until 10m0s (webhook_paused)
        ~ dropped 3
        => step two 4/2: help
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 4: paused
        => nothing
        ",
    );
}

#[test]
fn silence_of_the_bot_is_an_answer() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > bot: silence
        ~ answered 1
        => nothing
        > visitor: hello?
        2 visitor: hello?
        => ask bot 2/0: hello?
        ",
    );
}

#[test]
fn too_many_waiting_inputs_are_refused_until_one_is_answered() {
    let (mut state, policy) = (Conversation::new(), Policy::default());
    for _ in 0..limits::WAITING_TURNS_MAX {
        state.step(&policy, START, visitor("hello")).expect("there is room");
    }
    let full = state.clone();
    let refused = state.step(&policy, START, visitor("one more"));
    assert_eq!(refused, Err(Refusal::TooManyWaiting));
    assert_eq!(state, full);
    let answer = super::Input::BotFailed { turn: 1, epoch: 0, why: String::new() };
    state.step(&policy, START, answer).expect("answers are never refused");
    state.step(&policy, START, visitor("one more")).expect("there is room again");
}

/// S9: the state holds what waits and is written at every step, so its size is what is written.
#[test]
fn what_waits_is_bounded_in_bytes_and_so_is_what_is_written() {
    let policy = Policy::default();
    let fill = |text: &str| {
        let (mut state, mut written, mut taken) = (Conversation::new(), 0, 0);
        while state.step(&policy, START, visitor(text)).is_ok() {
            written += serde_json::to_string(&state).expect("a state").len();
            taken += text.len();
        }
        (state, written, taken)
    };
    let (state, written, taken) = fill(&"x".repeat(limits::TEXT_CHARS_MAX));
    assert_eq!(taken, 8 * limits::TEXT_CHARS_MAX);
    assert!(written < 6 * taken, "{written} bytes for {taken}");
    // Four bytes to the character.
    let (_, written, taken) = fill(&"🙂".repeat(limits::TEXT_CHARS_MAX));
    assert!(taken <= limits::WAITING_BYTES_MAX && written < 3 * taken, "{written} for {taken}");
    // A small one still fits, and the first may be as large as it likes.
    let mut state = state;
    state.step(&policy, START, visitor("small")).expect("there is room");
    let large = "x".repeat(2 * limits::WAITING_BYTES_MAX);
    let mut empty = Conversation::new();
    empty.step(&policy, START, visitor(&large)).expect("the first is taken");
    assert_eq!(empty.step(&policy, START, visitor("small")), Err(Refusal::TooManyWaiting));
}
