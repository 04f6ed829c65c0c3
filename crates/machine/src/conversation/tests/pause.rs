//! The pause clock (contract, section 9).

use super::check;

#[test]
fn renewed_by_messages_updates_and_typing_that_say_so() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > +9m
        > push: message 'Hi' paused
        ~ renewed until 19m0s
        3 agent Jane: Hi
        > +9m
        > push: typing paused 5
        ~ renewed until 23m0s
        > +4m
        > push: pause 20
        ~ renewed until 42m0s
        > +19m59s
        > +1s
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn untouched_by_pushes_that_do_not_speak_of_it() {
    check(
        "
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > +5m
        > push: message 'Hi'
        3 agent Jane: Hi
        > push: typing Jane
        > push: channel Bob
        > +5m
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn shortened_by_an_explicit_smaller_number() {
    check(
        "
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: message 'Two minutes more' paused 2
        ~ renewed until 2m0s
        3 agent Jane: Two minutes more
        > +2m
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn cut_to_the_longest_allowed() {
    check(
        "
        > policy: max 30
        > push: pause Jane 1441
        1 control: human Jane until 30m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: paused 31
        ~ renewed until 30m0s
        ~ settled 3: paused
        => nothing
        > push: message 'Hi' paused 30.5
        ~ renewed until 30m0s
        4 agent Jane: Hi
        ",
    );
}

#[test]
fn ten_minutes_unless_the_operator_chose_otherwise() {
    check(
        "
        > policy: default 3
        > push: pause
        1 control: human until 3m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: paused
        ~ renewed until 3m0s
        ~ settled 3: paused
        => nothing
        > push: typing paused
        ~ renewed until 3m0s
        ",
    );
}

#[test]
fn fractions_count() {
    check(
        "
        > push: pause 0.5
        1 control: human until 0m30s (push)
        2 notice: You are now chatting with an Agent.
        > +29s
        > +1s
        3 control: bot (expired)
        4 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn no_minutes_on_a_push_resume() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: pause Jane 0
        3 control: bot (push)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        > push: message 'Hi' Jane paused -3
        5 agent Jane: Hi
        > push: typing paused
        6 control: human until 10m0s (agent_typing)
        ",
    );
}

#[test]
fn no_minutes_on_a_message_resume_after_it_was_said() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: message 'Bye' Jane paused 0
        3 agent Jane: Bye
        4 control: bot (agent_message)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn no_minutes_on_typing_resume() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > push: typing Jane paused 0
        3 control: bot (agent_typing)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn an_agent_may_start_the_conversation() {
    check(
        "
        > push: message 'Can I help?' Jane paused 5
        1 control: human Jane until 5m0s (agent_message)
        2 agent Jane: Can I help?
        > visitor: yes
        3 visitor: yes
        => step two 3/1: yes
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 3: paused
        => nothing
        ",
    );
}

#[test]
fn typing_may_start_it_too() {
    check(
        "
        > push: typing Jane paused 5
        1 control: human Jane until 5m0s (agent_typing)
        > push: typing resume
        2 control: bot (agent_typing)
        3 notice: The human has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn ends_although_nobody_noticed_in_time() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +7m asleep
        > visitor: hello?
        3 control: bot (expired)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        5 visitor: hello?
        => ask bot 5/2: hello?
        > bot: Here I am.
        6 bot: Here I am.
        ~ answered 5
        => nothing
        ",
    );
}

#[test]
fn ends_before_a_push_that_came_too_late() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +7m asleep
        > push: message 'Sorry' Jane paused 5
        3 control: bot (expired)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        5 control: human Jane until 12m0s (agent_message)
        6 agent Jane: Sorry
        ",
    );
}

#[test]
fn woken_early_it_goes_on() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +4m59s
        > wake
        > +1s
        3 control: bot (expired)
        4 notice: Jane has left the conversation. You are now chatting with the bot.
        > wake
        ",
    );
}

#[test]
fn an_input_sent_in_time_keeps_it() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +4m59s
        > visitor: are you there?
        3 visitor: are you there?
        => step two 3/1: are you there?
        > +4s
        > wake
        > hook: paused
        ~ renewed until 15m3s
        ~ settled 3: paused
        => nothing
        > +10m
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn an_input_sent_in_time_and_refused_ends_it_once() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +4m59s
        > visitor: are you there?
        3 visitor: are you there?
        => step two 3/1: are you there?
        > visitor: hello?
        4 visitor: hello?
        > +4s
        > hook: refused
        5 control: bot (webhook_refused)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        ~ forwarded 3: refused
        => ask bot 3/2: are you there?
        > bot: I am.
        7 bot: I am.
        ~ answered 3
        => ask bot 4/2: hello?
        ",
    );
}

#[test]
fn a_late_reply_does_not_hold_it_any_longer() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +4m59s
        > visitor: are you there?
        3 visitor: are you there?
        => step two 3/1: are you there?
        > visitor: hello?
        4 visitor: hello?
        > +5s
        > hook: late
        ~ forwarded 3: late
        5 control: bot (expired)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        => ask bot 3/1: are you there?
        > bot: I am.
        7 bot: I am.
        ~ answered 3
        => ask bot 4/2: hello?
        > bot: Hello.
        8 bot: Hello.
        ~ answered 4
        => nothing
        ",
    );
}

#[test]
fn a_push_while_a_reply_is_awaited_renews_it() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > +4m59s
        > visitor: are you there?
        3 visitor: are you there?
        => step two 3/1: are you there?
        > +4s
        > push: message 'Yes' Jane paused 5
        ~ renewed until 10m3s
        4 agent Jane: Yes
        > hook: paused 20
        ~ settled 3: paused
        => nothing
        > +5m
        5 control: bot (expired)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        ",
    );
}

#[test]
fn ends_while_a_reply_is_awaited_that_a_push_has_overtaken() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > push: pause Jane 2
        ~ renewed until 2m0s
        > +2m
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > hook: paused 10
        ~ settled 3: paused
        => nothing
        ",
    );
}
