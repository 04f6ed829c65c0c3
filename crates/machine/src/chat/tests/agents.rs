//! Queue, claim, words and goodbye.

use super::check;

#[test]
fn a_handover_from_start_to_end() {
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
        > step two: help
        3 visitor: help
        > Jane: Hi
        4 Jane: Hi
        => message Jane: Hi
        > push: accepted
        ~ accepted 4
        => nothing
        > Jane: Bye
        5 Jane: Bye
        => message Jane: Bye
        > Jane: (closes)
        6 closed (agent_closed)
        > push: accepted
        ~ accepted 5
        => resume Jane
        > push: accepted
        ~ accepted 6
        => nothing
        ",
    );
}

#[test]
fn nobody_available_owes_nothing() {
    check(
        "
        > step one, nobody there: human please
        1 opened: human please
        2 closed (nobody_available)
        > step two: hello?
        > Jane: (claims)
        ! Closed
        ",
    );
}

#[test]
fn two_agents_claim_and_one_wins() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > Bob: (claims)
        ! taken by Jane
        > Jane: (claims)
        > Bob: Hi
        ! taken by Jane
        > Bob: (closes)
        ! taken by Jane
        ",
    );
}

#[test]
fn nobody_speaks_before_claiming() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: Hi
        ! NotClaimed
        > Jane: (closes)
        ! NotClaimed
        ",
    );
}

#[test]
fn nobody_speaks_after_the_end() {
    check(
        "
        > step one: human please
        1 opened: human please
        > Jane: (claims)
        2 claimed by Jane
        => pause Jane
        > Jane: (closes)
        3 closed (agent_closed)
        > Jane: Hi
        ! Closed
        > Jane: (closes)
        ! Closed
        > step two: hello?
        ",
    );
}

#[test]
fn nothing_happens_in_a_chat_nobody_opened() {
    check(
        "
        > step two: hello?
        > Jane: (claims)
        ! Closed
        > wake
        > push: accepted
        ",
    );
}

#[test]
fn a_second_step_one_is_one_more_message() {
    check(
        "
        > step one: human please
        1 opened: human please
        > step one: human please!
        2 visitor: human please!
        > Jane: (claims)
        3 claimed by Jane
        => pause Jane
        > step one: hello?
        4 visitor: hello?
        ",
    );
}

#[test]
fn it_opens_again_after_the_end() {
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
        > Jane: (closes)
        3 closed (agent_closed)
        => resume Jane
        > push: accepted
        ~ accepted 3
        => nothing
        > step one: human again
        4 opened: human again
        > Bob: (claims)
        5 claimed by Bob
        => pause Bob
        ",
    );
}

#[test]
fn opened_again_it_forgets_the_resume_but_not_the_words() {
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
        > Jane: Bye
        3 Jane: Bye
        => message Jane: Bye
        > Jane: (closes)
        4 closed (agent_closed)
        > step one: human again
        5 opened: human again
        > push: accepted
        ~ accepted 3
        => nothing
        > push: accepted
        ",
    );
}

#[test]
fn opened_again_and_refused_it_resumes_after_the_words() {
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
        > Jane: Bye
        3 Jane: Bye
        => message Jane: Bye
        > Jane: (closes)
        4 closed (agent_closed)
        > step one, nobody there: human again
        5 opened: human again
        6 closed (nobody_available)
        > push: accepted
        ~ accepted 3
        => resume
        > push: accepted
        ~ accepted 6
        => nothing
        ",
    );
}
