//! What the platform does by itself: it ends the pause, or hears our answers too late.

use super::check;

#[test]
fn a_visitor_who_leaves_ends_the_chat() {
    check(
        "
        > step one: human please
        1 opened: human please
        > visitor left
        2 closed (visitor_left)
        => resume
        > visitor left
        > pause expired
        > step two: hello?
        > step one: human again
        3 opened: human again
        => nothing
        > Jane: (claims)
        4 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 4
        => nothing
        > pause expired
        5 closed (pause_expired)
        => resume Jane
        ",
    );
}

#[test]
fn what_still_waits_would_pause_again_and_is_ended() {
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
        > Jane: one moment
        3 Jane: one moment
        => message Jane: one moment
        > visitor left
        4 closed (visitor_left)
        > push: accepted
        ~ accepted 3
        => resume Jane
        > push: accepted
        ~ accepted 4
        => nothing
        ",
    );
}

#[test]
fn an_answer_that_was_late_is_confirmed_unless_a_push_does_it_anyway() {
    check(
        "
        > answered late
        > step one: human please
        1 opened: human please
        > answered late
        ~ kept alive at 0m0s
        => pause
        > answered late
        > push: accepted
        ~ accepted 1
        => nothing
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > answered late
        > push: accepted
        ~ accepted 2
        => nothing
        > Jane: (closes)
        3 closed (agent_closed)
        => resume Jane
        > answered late
        ",
    );
}
