//! Times: the queue, silence, and keeping the pause alive.

use super::check;

#[test]
fn nobody_claims_it_in_time() {
    check(
        "
        > policy: queue 5m
        > step one: human please
        1 opened: human please
        > +4m59s
        > step two: hello?
        2 visitor: hello?
        > +1s
        3 closed (queue_timeout)
        => resume
        > push: accepted
        ~ accepted 3
        => nothing
        ",
    );
}

#[test]
fn nobody_says_anything_for_too_long() {
    check(
        "
        > policy: idle 5m
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > +4m59s
        > step two: hello?
        3 visitor: hello?
        > +4m59s
        ~ kept alive at 6m40s
        => pause
        > Jane: Hi
        4 Jane: Hi
        > push: accepted
        ~ accepted 3
        => message Jane: Hi
        > +5m
        5 closed (idle)
        > push: accepted
        ~ accepted 4
        => resume Jane
        ",
    );
}

#[test]
fn the_pause_is_kept_alive_at_two_thirds() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > +2m
        ~ kept alive at 2m0s
        => pause
        > push: accepted
        ~ accepted 1
        => nothing
        > +2m
        ~ kept alive at 4m0s
        => pause
        > push: accepted
        ~ accepted 1
        => nothing
        > +1m59s
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > +5m
        > push: accepted
        ~ accepted 2
        => nothing
        > +2m
        ~ kept alive at 12m59s
        => pause
        ",
    );
}

#[test]
fn a_shorter_pause_of_the_platform_is_kept_alive_sooner() {
    check(
        "
        > policy: pause 9m
        > step one: human please
        1 opened: human please
        > +6m
        ~ kept alive at 6m0s
        => pause
        > push: accepted 3m
        ~ accepted 1
        => nothing
        > +2m
        ~ kept alive at 8m0s
        => pause
        > push: accepted 20m
        ~ accepted 1
        => nothing
        > +6m
        ~ kept alive at 14m0s
        => pause
        > push: accepted
        ~ accepted 1
        => nothing
        > +6m
        ~ kept alive at 20m0s
        => pause
        ",
    );
}

/// The end of a pause may seem to be over already when the platform's clock is behind.
#[test]
fn a_clock_that_is_wrong_does_not_make_it_busy() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted 0m
        ~ accepted 2
        => nothing
        > +39s
        > +1s
        ~ kept alive at 0m40s
        => pause
        ",
    );
}

#[test]
fn what_visitors_say_keeps_nothing_alive() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > +1m59s
        > step two: hello?
        2 visitor: hello?
        > +1s
        ~ kept alive at 2m0s
        => pause
        ",
    );
}

#[test]
fn messages_keep_it_alive() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > +1m
        > Jane: Hi
        3 Jane: Hi
        => message Jane: Hi
        > push: accepted
        ~ accepted 3
        => nothing
        > +1m59s
        > +1s
        ~ kept alive at 3m0s
        => pause
        ",
    );
}

#[test]
fn a_refused_keep_alive_is_not_repeated_at_once() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > +2m
        ~ kept alive at 2m0s
        => pause
        > push: refused
        2 refused 1: status 400
        => nothing
        > +1m59s
        > +1s
        ~ kept alive at 4m0s
        => pause
        > push: refused
        3 refused 2: status 400
        => nothing
        ",
    );
}

#[test]
fn a_refused_message_does_not_keep_it_alive() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > +1m
        > Jane: Hi
        3 Jane: Hi
        => message Jane: Hi
        > +1m30s
        > push: refused
        4 refused 3: status 400
        => nothing
        > wake
        ~ kept alive at 2m30s
        => pause
        ",
    );
}

#[test]
fn a_closed_chat_sleeps() {
    check(
        "
        > policy: pause 3m
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > Jane: (closes)
        3 closed (agent_closed)
        => resume Jane
        > +60m
        > push: accepted
        ~ accepted 3
        => nothing
        ",
    );
}
