//! Answers that were overtaken while under way.

use super::check;

#[test]
fn an_answer_after_a_human_took_over_is_never_shown() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: hello
        > bot 1/0: Hi.
        ~ suppressed 1/0: Hi.
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 1: paused
        => nothing
        ",
    );
}

#[test]
fn nor_when_the_human_answered_first() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: hello
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 1: paused
        => nothing
        > bot: Hi.
        ~ suppressed 1/0: Hi.
        > again
        ",
    );
}

#[test]
fn nor_after_the_human_has_left_again() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: hello
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 1: paused
        => nothing
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > bot 1/0: Hi.
        ~ suppressed 1/0: Hi.
        ",
    );
}

#[test]
fn nor_when_the_input_came_back_to_the_bot() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: hello
        > hook: refused
        4 control: bot (webhook_refused)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ~ forwarded 1: refused
        => ask bot 1/2: hello
        > bot 1/0: Hi from before.
        ~ suppressed 1/0: Hi from before.
        > bot: Hi.
        6 bot: Hi.
        ~ answered 1
        => nothing
        ",
    );
}

#[test]
fn a_failure_after_a_human_took_over_is_not_apologized_for() {
    check(
        "
        > visitor: hello
        1 visitor: hello
        => ask bot 1/0: hello
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: hello
        > bot: failed
        ~ suppressed 1/0:
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 1: paused
        => nothing
        ",
    );
}

#[test]
fn a_suppressed_trigger_is_cleared_later() {
    check(
        "
        > visitor: human
        1 visitor: human
        => ask bot 1/0: human
        > push: pause Jane
        2 control: human Jane until 10m0s (push)
        3 notice: You are now chatting with an Agent.
        => step two 1/1: human
        > bot: trigger
        ~ suppressed 1/0:
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 1: paused
        => nothing
        > push: resume none
        4 control: bot (push)
        > visitor: hello
        5 visitor: hello
        => ask bot 5/2: hello, clearing
        > bot: Hello.
        6 bot: Hello.
        ~ answered 5
        => nothing
        ",
    );
}

#[test]
fn a_push_overtakes_step_one() {
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
        > push: pause Jane 5
        4 control: human Jane until 5m0s (push)
        5 notice: You are now chatting with an Agent.
        => nothing
        > hook: refused
        ~ ignored 1/1: refused
        > visitor: help
        6 visitor: help
        => step two 6/2: help
        ",
    );
}

#[test]
fn a_message_overtakes_step_one() {
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
        > push: message 'Hi' Jane paused 5
        4 control: human Jane until 5m0s (agent_message)
        5 agent Jane: Hi
        => nothing
        > hook: late
        ~ ignored 1/1: late
        ",
    );
}

#[test]
fn a_message_that_says_nothing_of_the_pause_does_not() {
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
        > push: message 'Soon' Jane
        4 agent Jane: Soon
        > hook: paused 5
        ~ settled 1: paused
        5 control: human until 5m0s (webhook_paused)
        => nothing
        ",
    );
}

#[test]
fn a_resume_overtakes_step_one() {
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
        > visitor: well?
        4 visitor: well?
        > push: resume
        5 control: bot (push)
        => ask bot 4/2: well?, clearing
        > hook: paused 10
        ~ ignored 1/1: paused
        > bot: Here.
        6 bot: Here.
        ~ answered 4
        => nothing
        ",
    );
}

#[test]
fn a_reply_after_a_resume_does_not_pause_again() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > hook: paused 10
        ~ settled 3: paused
        => nothing
        > visitor: hello
        6 visitor: hello
        => ask bot 6/2: hello
        ",
    );
}

#[test]
fn a_refusal_after_a_resume_still_forwards() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > hook: refused
        ~ forwarded 3: refused
        => ask bot 3/2: help
        > bot: I can help.
        6 bot: I can help.
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn a_refusal_after_a_renewal_does_not_end_the_pause() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > push: message 'I am here' Jane paused
        ~ renewed until 10m0s
        4 agent Jane: I am here
        > hook: refused
        ~ forwarded 3: refused
        => ask bot 3/2: help
        > bot: I can help.
        5 bot: I can help.
        ~ answered 3
        => nothing
        > visitor: more
        6 visitor: more
        => step two 6/2: more
        ",
    );
}

#[test]
fn a_reply_after_resume_and_pause_does_not_count() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > push: pause Bob 5
        6 control: human Bob until 5m0s (push)
        7 notice: You are now chatting with an Agent.
        > hook: paused 60
        ~ settled 3: paused
        => nothing
        ",
    );
}

#[test]
fn a_forwarded_answer_is_overtaken_by_an_agent() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > visitor: more
        4 visitor: more
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: help
        > push: message 'I am here' Jane paused
        ~ renewed until 10m0s
        5 agent Jane: I am here
        > bot: I can help.
        ~ suppressed 3/1: I can help.
        => step two 4/2: more, telling of 3
        > hook: paused
        ~ renewed until 10m0s
        ~ settled 4: paused
        => nothing
        ",
    );
}

#[test]
fn a_forwarded_answer_is_overtaken_by_a_new_agent() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: refused
        4 control: bot (webhook_refused)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        ~ forwarded 3: refused
        => ask bot 3/2: help
        > push: pause Bob
        6 control: human Bob until 10m0s (push)
        7 notice: You are now chatting with an Agent.
        > bot: I can help.
        ~ suppressed 3/2: I can help.
        => nothing
        > again
        ",
    );
}

#[test]
fn a_forwarded_answer_is_not_overtaken_by_a_resume() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: help
        > push: resume Jane
        4 control: bot (push)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > bot: I can help.
        6 bot: I can help.
        ~ answered 3
        => nothing
        ",
    );
}

#[test]
fn a_forwarded_answer_is_not_overtaken_by_the_clock() {
    check(
        "
        > push: pause Jane 5
        1 control: human Jane until 5m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: help
        > +5m
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        > bot: trigger I can help.
        6 bot: I can help.
        7 control: requested (trigger)
        ~ answered 3 with a trigger
        => step one 3/3: help, telling of 3
        > hook: paused
        ~ settled 3: paused
        8 control: human until 15m0s (webhook_paused)
        => nothing
        ",
    );
}

#[test]
fn a_forwarded_failure_that_was_overtaken() {
    check(
        "
        > push: pause Jane
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: help
        3 visitor: help
        => step two 3/1: help
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: help
        > push: pause Bob
        ~ renewed until 10m0s
        4 control: human Bob until 10m0s (agent_changed)
        5 notice: You are now chatting with an Agent.
        > bot: failed
        ~ suppressed 3/1:
        => nothing
        ",
    );
}

#[test]
fn control_changes_hands_while_everything_is_under_way() {
    check(
        "
        > visitor: one
        1 visitor: one
        => ask bot 1/0: one
        > visitor: two
        2 visitor: two
        > push: pause Jane
        3 control: human Jane until 10m0s (push)
        4 notice: You are now chatting with an Agent.
        => step two 1/1: one
        > push: resume Jane
        5 control: bot (push)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        > push: pause Bob
        7 control: human Bob until 10m0s (push)
        8 notice: You are now chatting with an Agent.
        > bot: One.
        ~ suppressed 1/0: One.
        > hook: paused
        ~ settled 1: paused
        => step two 2/3: two
        > push: resume Bob
        9 control: bot (push)
        10 notice: Bob has left the conversation. You are now chatting with the bot.
        > hook: late
        ~ forwarded 2: late
        => ask bot 2/4: two
        > bot: Two.
        11 bot: Two.
        ~ answered 2
        => nothing
        ",
    );
}
