//! What starts a handover beside a context: Dialogflow's own signal, fallbacks in a row, a bot
//! that fails.

use super::check;

#[test]
fn fallbacks_in_a_row_start_a_handover_and_count_anew_after_it() {
    check(
        "
        > policy: fallbacks 2
        > visitor: a
        1 visitor: a
        => ask bot 1/0: a
        > bot: fallback What?
        2 bot: What?
        ~ answered 1
        => nothing
        > visitor: b
        3 visitor: b
        => ask bot 3/0: b
        > bot: understood
        4 bot: understood
        ~ answered 3
        => nothing
        > visitor: c
        5 visitor: c
        => ask bot 5/0: c
        > bot: fallback What?
        6 bot: What?
        ~ answered 5
        => nothing
        > visitor: d
        7 visitor: d
        => ask bot 7/0: d
        > bot: fallback What now?
        8 bot: What now?
        9 control: requested (trigger)
        ~ answered 7 with a trigger
        => step one 7/1: d
        > hook: refused
        ~ settled 7: refused
        10 control: bot (webhook_refused)
        => nothing
        > visitor: e
        11 visitor: e
        => ask bot 11/2: e
        > bot: fallback What?
        12 bot: What?
        ~ answered 11
        => nothing
        ",
    );
}

#[test]
fn a_failing_bot_hands_over_when_its_owner_says_so() {
    check(
        "
        > policy: failing triggers
        > visitor: a
        1 visitor: a
        => ask bot 1/0: a
        > bot: failed
        2 control: requested (trigger)
        ~ bot failed 1
        3 notice: Sorry, that could not be answered. Please try again.
        => step one 1/1: a
        > hook: paused 5
        ~ settled 1: paused
        4 control: human until 5m0s (webhook_paused)
        => nothing
        ",
    );
}

#[test]
fn a_failing_bot_hands_over_to_nobody_by_default() {
    check(
        "
        > visitor: a
        1 visitor: a
        => ask bot 1/0: a
        > bot: failed
        ~ bot failed 1
        2 notice: Sorry, that could not be answered. Please try again.
        => nothing
        ",
    );
}

/// A signal is said once; only what stays set in the bot's session has to be cleared.
#[test]
fn a_handoff_signal_needs_no_clearing() {
    check(
        "
        > policy: handoff triggers
        > visitor: a
        1 visitor: a
        => ask bot 1/0: a
        > bot: handoff One moment
        2 bot: One moment
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: a
        > hook: refused
        ~ settled 1: refused
        4 control: bot (webhook_refused)
        => nothing
        > visitor: b
        5 visitor: b
        => ask bot 5/2: b
        ",
    );
}
