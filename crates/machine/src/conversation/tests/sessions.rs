//! The bot's sessions: when one ends, and what the bot is told after a pause.

use super::check;

#[test]
fn a_session_ends_when_the_visitor_was_silent_too_long() {
    check(
        "
        > policy: session 20
        > policy: divider Your session has expired
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > bot: remember this
        2 bot: remember this
        ~ answered 1
        => nothing
        > +19m59s
        > visitor: in time
        3 visitor: in time
        => ask bot 3/0: in time, remembering
        > bot: remember that
        4 bot: remember that
        ~ answered 3
        => nothing
        > +20m
        > visitor: too late
        ~ session 1 (Expired)
        5 notice: Your session has expired
        6 visitor: too late
        => ask bot 6/0: too late, session 1
        ",
    );
}

#[test]
fn an_answer_under_way_keeps_its_session() {
    check(
        "
        > policy: session 20
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > +30m
        > visitor: still there?
        2 visitor: still there?
        > bot: yes
        3 bot: yes
        ~ answered 1
        => ask bot 2/0: still there?
        ",
    );
}

/// Contract 13.21: the session's clock never interrupts a live chat, and a new session may start
/// on resume.
#[test]
fn ambiguity_13_21_a_live_chat_outlives_the_session() {
    check(
        "
        > policy: session 20
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment
        2 bot: One moment
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > hook: paused 60
        ~ settled 1: paused
        4 control: human until 60m0s (webhook_paused)
        => nothing
        > +30m
        > visitor: are you there
        5 visitor: are you there
        => step two 5/2: are you there
        > hook: paused 60
        ~ renewed until 90m0s
        ~ settled 5: paused
        => nothing
        > push: resume Jane
        6 control: bot (push)
        ~ session 1 (Expired)
        7 notice: Jane has left the conversation. You are now chatting with the bot.
        > visitor: thanks
        8 visitor: thanks
        => ask bot 8/3: thanks, after a human from 0m0s, session 1
        ",
    );
}

#[test]
fn an_owner_may_want_a_fresh_session_after_each_human() {
    check(
        "
        > policy: fresh
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +2m
        > push: resume event BACK
        3 control: bot (push)
        ~ session 1 (Resumed)
        ~ resume event BACK
        => ask bot 3/2: event BACK, after Jane from 0m0s, session 1
        > bot: welcome back
        4 bot: welcome back
        ~ answered 3
        => nothing
        > visitor: hi
        5 visitor: hi
        => ask bot 5/2: hi, session 1
        ",
    );
}

#[test]
fn a_message_forwarded_while_a_human_has_control_keeps_its_session() {
    check(
        "
        > policy: fresh
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: hello
        3 visitor: hello
        => step two 3/1: hello
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: hello
        > push: resume none
        4 control: bot (push)
        > bot: hi
        5 bot: hi
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn the_visitor_may_end_the_live_chat() {
    check(
        "
        > visitor leaves
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor leaves
        3 control: bot (visitor_left)
        4 notice: You have ended the live chat. You are now chatting with the bot.
        > visitor leaves
        ",
    );
}

/// A visitor who leaves during step one has not met a human agent. The reply comes too late.
#[test]
fn the_visitor_may_leave_before_anybody_came() {
    check(
        "
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger One moment
        2 bot: One moment
        3 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > visitor leaves
        4 control: bot (visitor_left)
        => nothing
        > hook: paused
        ~ ignored 1/1: paused
        ",
    );
}
