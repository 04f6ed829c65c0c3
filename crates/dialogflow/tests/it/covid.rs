use crate::script::check;

#[test]
fn payloads_come_through() {
    check(
        "covid19-pathfinder",
        r#"
        ! welcome
        = support.welcome 1.00
        : [payload] {"richContent":[[{"type":"description","text":["I will try t…
        # welcome 0
        > start screening
        = pts.start-screening 1.00
        : [payload] {"richContent":[[{"title":"Are you ready to get started?","t…
        # start-screener 5
    "#,
    );
}

#[test]
fn near_questions_are_answered_with_their_entities() {
    check(
        "covid19-pathfinder",
        r#"
        > how long does the virus live on plastic
        = coronavirus.last_on_surface 1.00
        : Studies have shown that the COVID-19 virus can survive for u…
        $ covid-19 ""
        $ surface "plastic"
        > How long does the coronvirus last on paper
        = coronavirus.last_on_surface 0.87
        : Studies have shown that the COVID-19 virus can survive for u…
        $ covid-19 "coronavirus"
        $ surface "paper"
        > how long can the virus live on wooden plastic toys
        = coronavirus.last_on_surface 0.88
        : Studies have shown that the COVID-19 virus can survive for u…
        $ covid-19 ""
        $ surface "plastic"
    "#,
    );
}

#[test]
fn an_intent_with_negative_priority_never_matches() {
    check(
        "covid19-pathfinder",
        "
        > talk to a live agent
        = Default Fallback Intent 1.00
        : I'm not sure how to answer that question. Try rephrasing it.
    ",
    );
}

#[test]
fn one_event_is_told_apart_by_contexts() {
    check(
        "covid19-pathfinder",
        r#"
        ! trigger-question
        = Default Fallback Intent 1.00
        : I'm not sure how to answer that question. Try rephrasing it.
        # trigger-question 0
        @ pronouns 5
        ! trigger-question
        = Default Fallback Intent 1.00
        : I don't understand the question.
        # pronouns 4
        # trigger-question 0
        @ q13-fever 5
        ! Trigger-Question
        = q13.fever 1.00
        : [payload] {"richContent":[[{"title":"Do  have fever (a temperature abo…
        # pronouns 3
        # q13-fever 4
        # trigger-question 0
        @ q13-fever 0
        @ end 2
        ! trigger-question
        = end 1.00
        # pronouns 2
        # trigger-question 0
    "#,
    );
}

#[test]
fn contexts_are_set_and_deleted_by_intents() {
    check(
        "covid19-pathfinder",
        r#"
        @ pronouns 5
        > start screening
        = pts.start-screening 1.00
        : [payload] {"richContent":[[{"title":"Are you ready to get started?","t…
        # start-screener 5
        > thanks
        = support.thank 1.00
        : You're welcome. Do you have any other questions?
        # start-screener 4
        # satisfied 5
        # satisfaction 5
        # thank 2
        > bye
        = support.bye 1.00
        : Before you go, from "very satisfied" to "not satisfied" how …
        : [payload] {"richContent":[[{"type":"chips","options":[{"text":"Very sa…
        # start-screener 3
        # satisfied 5
        # satisfaction 5
        # thank 1
        > no
        = pts-start-screening-no 1.00
        : [payload] {"richContent":[[{"type":"description","text":["I will try t…
        # satisfied 4
        # satisfaction 4
        # thank 0
    "#,
    );
}
