//! The reply matrix of the contract (section 8), row by row, for both steps.

use super::check;

#[test]
fn step_one_paused_for_the_minutes_it_says() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 5
        ~ settled 1: paused
        4 control: human until 5m0s (webhook_paused)
        => nothing
        > +4m59s
        > +1s
        5 control: bot (expired)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn step_one_paused_for_ten_minutes_when_it_does_not_say() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        4 control: human until 10m0s (webhook_paused)
        => nothing
        > +9m59s
        > +1s
        5 control: bot (expired)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn step_one_paused_for_no_time_is_a_refusal() {
    check(
        "
        > policy: unavailable Nobody is here.
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 0
        ~ settled 1: paused
        4 control: bot (webhook_refused)
        5 notice: Nobody is here.
        => nothing
        ",
    );
}

#[test]
fn step_one_paused_for_less_than_no_time_is_a_refusal() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused -1
        ~ settled 1: paused
        4 control: bot (webhook_refused)
        => nothing
        > visitor: hello?
        5 visitor: hello?
        => ask bot 5/2: hello?, clearing
        ",
    );
}

#[test]
fn step_one_refused() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: refused
        ~ settled 1: refused
        4 control: bot (webhook_refused)
        => nothing
        > visitor: hello?
        5 visitor: hello?
        => ask bot 5/2: hello?, clearing
        > bot: I am still here.
        6 bot: I am still here.
        ~ answered 5
        => nothing
        ",
    );
}

#[test]
fn step_one_late_is_late_for_good() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: late
        ~ settled 1: late
        4 control: bot (webhook_late)
        => nothing
        > hook 1/1: paused 10
        > again
        ",
    );
}

#[test]
fn step_one_failed() {
    check(
        "
        > policy: unavailable Nobody is here.
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment.
        2 bot: One moment.
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: failed
        ~ settled 1: failed
        4 control: bot (webhook_failed)
        5 notice: Nobody is here.
        => nothing
        > visitor: hello?
        6 visitor: hello?
        => ask bot 6/2: hello?, clearing
        ",
    );
}

#[test]
fn without_a_trigger_there_is_no_step_one() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > bot: Hi. | How are you?
        2 bot: Hi.
        3 bot: How are you?
        ~ answered 1
        => nothing
        ",
    );
}

#[test]
fn step_two_paused_moves_the_end() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 10
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > +9m
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: paused
        ~ renewed until 19m0s
        ~ settled 4: paused
        => nothing
        > +9m59s
        > +1s
        5 control: bot (expired)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn step_two_may_shorten_the_pause() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 10
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: paused 0.5
        ~ renewed until 0m30s
        ~ settled 4: paused
        => nothing
        > +29s
        > +1s
        5 control: bot (expired)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn step_two_paused_for_no_time_ends_the_pause_and_keeps_the_input() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: bye
        4 visitor: bye
        => step two 4/2: bye
        > visitor: bot?
        5 visitor: bot?
        > hook: paused 0
        6 control: bot (webhook_refused)
        7 notice: The human has left the conversation. You are now chatting with the bot.
        ~ settled 4: paused
        => ask bot 5/3: bot?, clearing
        > bot: Yes?
        8 bot: Yes?
        ~ answered 5
        => nothing
        ",
    );
}

#[test]
fn step_two_refused_forwards_and_ends() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > visitor: anybody?
        5 visitor: anybody?
        > hook: refused
        6 control: bot (webhook_refused)
        7 notice: The human has left the conversation. You are now chatting with the bot.
        ~ forwarded 4: refused
        => ask bot 4/3: help, clearing
        > bot: I can help.
        8 bot: I can help.
        ~ answered 4
        => ask bot 5/3: anybody?
        > bot: Yes.
        9 bot: Yes.
        ~ answered 5
        => nothing
        ",
    );
}

#[test]
fn step_two_refused_forwards_and_keeps_where_so_chosen() {
    check(
        "
        > policy: refusal keeps
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: refused
        ~ forwarded 4: refused
        => ask bot 4/2: help, clearing
        > bot: I can help.
        5 bot: I can help.
        ~ answered 4
        => nothing
        > visitor: more
        6 visitor: more
        => step two 6/2: more
        ",
    );
}

#[test]
fn step_two_late_forwards_and_keeps_the_old_end() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > +9m
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: late
        ~ forwarded 4: late
        => ask bot 4/2: help, clearing
        > bot: I can help.
        5 bot: I can help.
        ~ answered 4
        => nothing
        > visitor: more
        6 visitor: more
        => step two 6/2: more, telling of 4
        > hook: paused
        ~ renewed until 19m0s
        ~ settled 6: paused
        => nothing
        > +9m59s
        > +1s
        7 control: bot (expired)
        8 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn step_two_late_forwards_and_ends_where_so_chosen() {
    check(
        "
        > policy: lateness ends
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: late
        5 control: bot (webhook_late)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ~ forwarded 4: late
        => ask bot 4/3: help, clearing
        > bot: I can help.
        7 bot: I can help.
        ~ answered 4
        => nothing
        > visitor: more
        8 visitor: more
        => ask bot 8/3: more
        ",
    );
}

#[test]
fn step_two_failed_is_as_late() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: failed
        ~ forwarded 4: failed
        => ask bot 4/2: help, clearing
        > bot: failed
        ~ bot failed 4
        5 notice: Sorry, that could not be answered. Please try again.
        => nothing
        ",
    );
}

#[test]
fn step_two_late_is_late_for_good() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: help
        4 visitor: help
        => step two 4/2: help
        > hook: late
        ~ forwarded 4: late
        => ask bot 4/2: help, clearing
        > hook 3/2: paused 60
        > bot: I can help.
        5 bot: I can help.
        ~ answered 4
        => nothing
        > hook 3/2: paused 60
        ",
    );
}

#[test]
fn a_forwarded_input_may_start_step_one_again() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: no, a human!
        4 visitor: no, a human!
        => step two 4/2: no, a human!
        > hook: refused
        5 control: bot (webhook_refused)
        6 notice: The human has left the conversation. You are now chatting with the bot.
        ~ forwarded 4: refused
        => ask bot 4/3: no, a human!, clearing
        > bot: trigger Calling one.
        7 bot: Calling one.
        8 control: requested (trigger)
        ~ answered 4 with a trigger
        => step one 4/4: no, a human!
        > hook: paused
        ~ settled 4: paused
        9 control: human until 10m0s (webhook_paused)
        => nothing
        ",
    );
}

#[test]
fn a_forwarded_input_starts_nothing_while_the_human_has_control() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused
        ~ settled 1: paused
        3 control: human until 10m0s (webhook_paused)
        => nothing
        > visitor: a human!
        4 visitor: a human!
        => step two 4/2: a human!
        > hook: late
        ~ forwarded 4: late
        => ask bot 4/2: a human!, clearing
        > bot: trigger Calling one.
        5 bot: Calling one.
        ~ answered 4 with a trigger
        => nothing
        > +10m
        6 control: bot (expired)
        7 notice: The human has left the conversation. You are now chatting with the bot.
        > visitor: hello
        8 visitor: hello
        => ask bot 8/3: hello, clearing
        > bot: Hello.
        9 bot: Hello.
        ~ answered 8
        => nothing
        > visitor: hello again
        10 visitor: hello again
        => ask bot 10/3: hello again
        ",
    );
}

#[test]
fn a_used_trigger_is_cleared_with_the_next_query() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: refused
        ~ settled 1: refused
        3 control: bot (webhook_refused)
        => nothing
        > visitor: hello
        4 visitor: hello
        => ask bot 4/2: hello, clearing
        > bot: failed
        ~ bot failed 4
        5 notice: Sorry, that could not be answered. Please try again.
        => nothing
        > visitor: hello
        6 visitor: hello
        => ask bot 6/2: hello, clearing
        > bot: Hello.
        7 bot: Hello.
        ~ answered 6
        => nothing
        > visitor: hello again
        8 visitor: hello again
        => ask bot 8/2: hello again
        ",
    );
}
