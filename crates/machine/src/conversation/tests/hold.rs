//! The human's side is away: its words are kept, or the bot answers and the human is told later.

use super::check;

#[test]
fn words_are_kept_in_order_and_delivered_when_the_side_is_back() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > visitor: two
        4 visitor: two
        > hook: away
        5 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > +2s
        ~ call for 3 renewed
        => step two 3/2: one
        > hook: away
        ~ held 3 after 2
        => nothing
        > visitor: three
        6 visitor: three
        > +3s
        ~ call for 3 renewed
        => step two 3/3: one
        > hook: paused 10
        ~ renewed until 10m5s
        ~ settled 3: paused
        => step two 4/3: two
        > hook: paused 10
        ~ renewed until 10m5s
        ~ settled 4: paused
        => step two 6/3: three
        > hook: away
        7 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 6 after 1
        => nothing
        ",
    );
}

#[test]
fn a_push_shows_that_the_side_is_back() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: away
        4 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > push: message 'Still here' Jane paused 10
        ~ renewed until 10m0s
        5 agent Jane: Still here
        ~ call for 3 renewed
        => step two 3/3: one
        > hook 3/1: away
        > hook 3/3: paused 10
        ~ renewed until 10m0s
        ~ settled 3: paused
        => nothing
        ",
    );
}

/// A push comes from another part of the human's side than the one that asks for time.
#[test]
fn a_push_shortens_no_wait_that_was_asked_for() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: away 5m
        4 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > +1m
        > push: message 'Still here' Jane paused 10
        ~ renewed until 11m0s
        5 agent Jane: Still here
        > +3m59s
        > +1s
        ~ call for 3 renewed
        => step two 3/3: one
        > hook: paused 10
        ~ renewed until 15m0s
        ~ settled 3: paused
        => nothing
        ",
    );
}

#[test]
fn the_end_of_the_pause_gives_kept_words_to_the_bot() {
    check(
        "
        > policy: away holds
        > push: pause Jane 1
        1 control: human Jane until 1m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > visitor: two
        4 visitor: two
        > hook: away 2m
        5 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > +1m
        6 control: bot (expired)
        7 notice: Jane has left the conversation. You are now chatting with the bot.
        => ask bot 3/2: one
        > bot: First.
        8 bot: First.
        ~ answered 3
        => ask bot 4/2: two
        > bot: trigger Second.
        9 bot: Second.
        10 control: requested (trigger)
        ~ answered 4 with a trigger
        => step one 4/3: two, telling of 3
        > hook: paused 10
        ~ settled 4: paused
        11 control: human until 11m0s (webhook_paused)
        => nothing
        ",
    );
}

/// The pause runs out while a call is under way, which then finds nobody there.
#[test]
fn a_pause_that_is_over_keeps_nothing_and_promises_nothing() {
    check(
        "
        > policy: away holds
        > push: pause Jane 1
        1 control: human Jane until 1m0s (push)
        2 notice: You are now chatting with an Agent.
        > +59s
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > +3s
        > hook: away
        ~ held 3 after 1
        4 control: bot (expired)
        5 notice: Jane has left the conversation. You are now chatting with the bot.
        => ask bot 3/2: one
        ",
    );
}

#[test]
fn only_absence_holds() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: late
        ~ forwarded 3: late
        => ask bot 3/1: one
        > bot: Hm?
        4 bot: Hm?
        ~ answered 3
        => nothing
        > visitor: two
        5 visitor: two
        => step two 5/1: two, telling of 3
        > hook: failed
        ~ forwarded 5: failed
        => ask bot 5/1: two
        > bot: Hm?
        6 bot: Hm?
        ~ answered 5
        => nothing
        > visitor: three
        7 visitor: three
        => step two 7/1: three, telling of 3
        > hook: refused
        8 control: bot (webhook_refused)
        9 notice: Jane has left the conversation. You are now chatting with the bot.
        ~ forwarded 7: refused
        => ask bot 7/2: three
        ",
    );
}

#[test]
fn a_refusal_after_an_absence_ends_the_pause() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: away
        4 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > +2s
        ~ call for 3 renewed
        => step two 3/2: one
        > hook: refused
        5 control: bot (webhook_refused)
        6 notice: Jane has left the conversation. You are now chatting with the bot.
        ~ forwarded 3: refused
        => ask bot 3/3: one
        ",
    );
}

#[test]
fn a_visitor_who_leaves_is_answered_by_the_bot() {
    check(
        "
        > policy: away holds
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: away
        4 notice: Your message is kept. It will be delivered when our team can be reached again.
        ~ held 3 after 1
        => nothing
        > visitor leaves
        5 control: bot (visitor_left)
        6 notice: You have ended the live chat. You are now chatting with the bot.
        => ask bot 3/2: one
        ",
    );
}

/// The contract's own way: the bot answers, the pause goes on, the next call that is taken tells.
#[test]
fn what_the_bot_was_asked_meanwhile_is_told_once() {
    check(
        "
        > push: pause Jane 10
        1 control: human Jane until 10m0s (push)
        2 notice: You are now chatting with an Agent.
        > visitor: one
        3 visitor: one
        => step two 3/1: one
        > hook: away
        ~ forwarded 3: away
        => ask bot 3/1: one
        > bot: I am the bot.
        4 bot: I am the bot.
        ~ answered 3
        => nothing
        > visitor: two
        5 visitor: two
        => step two 5/1: two, telling of 3
        > hook: paused 10
        ~ renewed until 10m0s
        ~ settled 5: paused
        => nothing
        > visitor: three
        6 visitor: three
        => step two 6/1: three
        ",
    );
}
