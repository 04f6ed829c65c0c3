//! What the visitor is told (contract, section 10).

use super::check;

#[test]
fn a_pause_push_greets_once() {
    check(
        "
        > push: pause
        1 control: human until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: pause
        ~ renewed until 10m0s
        > push: pause
        ~ renewed until 10m0s
        ",
    );
}

#[test]
fn a_pause_push_greets_each_new_name() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: pause Jane
        ~ renewed until 10m0s
        > push: pause Bob
        ~ renewed until 10m0s
        3 control: human Bob until 10m0s (agent_changed)
        4 notice: You are now chatting with an Agent.
        > push: pause
        ~ renewed until 10m0s
        > push: resume Bob
        5 control: bot (push)
        6 notice: Bob has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn a_pause_push_that_only_confirms_step_one_greets_when_it_names() {
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
        > push: pause
        ~ renewed until 10m0s
        > push: pause Jane
        ~ renewed until 10m0s
        4 control: human Jane until 10m0s (agent_changed)
        5 notice: You are now chatting with an Agent.
        ",
    );
}

#[test]
fn a_message_greets_nobody() {
    check(
        "
        > push: message 'Hi' Jane paused
        1 control: human Jane until 10m0s (agent_message)
        2 agent Jane: Hi
        > push: message 'Still here' paused
        ~ renewed until 10m0s
        3 agent Jane: Still here
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn a_resume_names_who_left() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane
        3 control: bot (push)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn a_resume_without_a_name_says_the_human() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume
        3 control: bot (push)
        4 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn a_message_may_resume() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: message 'Bye' Jane resume
        3 agent Jane: Bye
        4 control: bot (agent_message)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn a_message_may_resume_while_nobody_paused() {
    check(
        "
        > push: message 'Bye' Jane resume
        1 agent Jane: Bye
        ",
    );
}

#[test]
fn none_says_nothing() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane none
        3 control: bot (push)
        ",
    );
}

#[test]
fn an_event_answers_instead() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane event goodbye
        3 control: bot (push)
        ~ resume event goodbye
        => ask bot 3/2: event goodbye
        > bot: Welcome back.
        4 bot: Welcome back.
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn an_event_that_fails_is_made_up_for() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane event goodbye
        3 control: bot (push)
        ~ resume event goodbye
        => ask bot 3/2: event goodbye
        > bot: failed
        ~ bot failed 3
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        => nothing
        ",
    );
}

#[test]
fn an_event_that_shows_nothing_is_made_up_for() {
    check(
        "
        > push: pause
        1 control: human until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume event goodbye
        3 control: bot (push)
        ~ resume event goodbye
        => ask bot 3/2: event goodbye
        > bot: silence
        4 notice: The human has left the conversation. You are now chatting with the bot.
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn an_event_goes_before_what_waits_and_behind_what_is_under_way() {
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
        > push: resume event goodbye
        5 control: bot (push)
        ~ resume event goodbye
        > hook: paused
        ~ settled 3: paused
        => ask bot 5/2: event goodbye
        > bot: Welcome back.
        6 bot: Welcome back.
        ~ answered 5
        => ask bot 4/2: two
        > bot: Two it is.
        7 bot: Two it is.
        ~ answered 4
        => nothing
        ",
    );
}

#[test]
fn an_event_waits_for_a_forwarded_input() {
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
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: one
        > push: resume event goodbye
        5 control: bot (push)
        ~ resume event goodbye
        > bot: One it is.
        6 bot: One it is.
        ~ answered 3
        => ask bot 5/2: event goodbye
        > bot: Welcome back.
        7 bot: Welcome back.
        ~ answered 5
        => ask bot 4/2: two
        > bot: Two it is.
        8 bot: Two it is.
        ~ answered 4
        => nothing
        ",
    );
}

#[test]
fn an_event_that_an_agent_overtakes_is_dropped() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane event goodbye
        3 control: bot (push)
        ~ resume event goodbye
        => ask bot 3/2: event goodbye
        > push: pause Bob
        4 control: human Bob until 10m0s (push)
        5 notice: You are now chatting with an Agent.
        ~ dropped 3
        => nothing
        > bot: Welcome back.
        ~ suppressed 3/2: Welcome back.
        ",
    );
}

#[test]
fn an_event_may_trigger() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: resume Jane event goodbye
        3 control: bot (push)
        ~ resume event goodbye
        => ask bot 3/2: event goodbye
        > bot: trigger Wait.
        4 bot: Wait.
        5 control: requested (trigger)
        ~ answered 3 with a trigger
        => step one 3/3: event goodbye
        > hook: refused
        ~ settled 3: refused
        6 control: bot (webhook_refused)
        => nothing
        ",
    );
}

#[test]
fn nobody_leaves_who_was_not_there() {
    check(
        "
        > push: resume Jane
        > push: resume Jane event goodbye
        > visitor: human please
        1 visitor: human please
        => ask bot 1/0: human please
        > bot: trigger
        2 control: requested (trigger)
        ~ answered 1 with a trigger
        => step one 1/1: human please
        > push: resume Jane
        3 control: bot (push)
        => nothing
        > hook: paused
        ~ ignored 1/1: paused
        ",
    );
}

#[test]
fn the_end_of_the_clock_names_the_last_agent() {
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
        > push: message 'Hi' Jane
        4 agent Jane: Hi
        > +10m
        5 control: bot (expired)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        > visitor: human again
        7 visitor: human again
        => ask bot 7/3: human again, clearing
        > bot: trigger
        8 control: requested (trigger)
        ~ answered 7 with a trigger
        => step one 7/4: human again
        > hook: paused
        ~ settled 7: paused
        9 control: human until 20m0s (webhook_paused)
        => nothing
        > +10m
        10 control: bot (expired)
        11 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn an_unnamed_message_shows_the_last_agent() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: message 'Hi'
        3 agent Jane: Hi
        > push: message 'Hello' Bob
        4 agent Bob: Hello
        > push: message 'Me again'
        5 agent Bob: Me again
        ",
    );
}

#[test]
fn a_bot_that_fails_is_apologized_for() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > bot: failed
        ~ bot failed 1
        2 notice: Sorry, that could not be answered. Please try again.
        => nothing
        > visitor: hello?
        3 visitor: hello?
        => ask bot 3/0: hello?
        > bot: Hello.
        4 bot: Hello.
        ~ answered 3
        => nothing
        ",
    );
}
