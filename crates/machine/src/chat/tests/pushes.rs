//! Pushes leave one at a time, in order, until they are accepted or refused.

use super::check;

#[test]
fn in_order() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > Jane: one
        3 Jane: one
        > Jane: two
        4 Jane: two
        > push: accepted
        ~ accepted 2
        => message Jane: one
        > push: accepted
        ~ accepted 3
        => message Jane: two
        > push: accepted
        ~ accepted 4
        => nothing
        ",
    );
}

#[test]
fn tried_again_after_a_growing_while() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: failed
        ~ attempt 1 failed, next at 0m1s
        > +1m
        > push: failed
        ~ attempt 2 failed, next at 1m1s
        > +1m
        > push: failed
        ~ attempt 3 failed, next at 2m5s
        > +1m
        > push: accepted
        ~ accepted 2
        => nothing
        ",
    );
}

#[test]
fn not_before_the_platform_asked() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: failed 2m
        ~ attempt 1 failed, next at 2m0s
        > again
        > +2m
        > push: accepted
        ~ accepted 2
        => nothing
        ",
    );
}

#[test]
fn given_up_in_the_end() {
    check(
        "
        > policy: give-up 5m
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > Jane: Hi
        3 Jane: Hi
        > push: failed
        ~ attempt 1 failed, next at 0m1s
        > +4m59s
        > push: failed
        ~ attempt 2 failed, next at 5m0s
        > +1m
        > push: failed
        4 refused 2: given up after 3 attempts: status 503
        => message Jane: Hi
        > push: accepted
        ~ accepted 3
        => nothing
        ",
    );
}

#[test]
fn refused_for_good() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > Jane: one
        3 Jane: one
        > push: accepted
        ~ accepted 2
        => message Jane: one
        > push: refused
        4 refused 3: status 400
        => nothing
        > again
        > Jane: two
        5 Jane: two
        => message Jane: two
        > push: accepted
        ~ accepted 5
        => nothing
        ",
    );
}

#[test]
fn a_repeated_answer_does_nothing() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > again
        > Jane: one
        3 Jane: one
        => message Jane: one
        > push: accepted
        ~ accepted 3
        => nothing
        > push: failed
        > push: refused
        ",
    );
}

#[test]
fn a_keep_alive_under_way_is_not_overtaken_by_the_end() {
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
        > +2m
        ~ kept alive at 2m0s
        => pause
        > Jane: (closes)
        3 closed (agent_closed)
        > push: accepted
        ~ accepted 2
        => resume Jane
        > push: accepted
        ~ accepted 3
        => nothing
        ",
    );
}
