use std::collections::HashSet;

use dialogflow::{Input, response::output_context_names};

use crate::script::{bot, check, query};

#[test]
fn near_phrases_ask_for_a_person() {
    check(
        "handoff-demo",
        "
        > talk to a person
        = Operator Request 1.00
        : No worries! I'll connect you with a live operator. One momen…
        # operator_request 1
        > can I talk to a person please
        = Operator Request 0.58
        : No problem! I'll hand you over to a live operator. Just one …
        # operator_request 1
        > talk to a human being
        = Operator Request 0.85
        : No worries! I'll connect you with a live operator. One momen…
        # operator_request 1
        > I want a real person
        = Operator Request 0.77
        : No problem! I'll hand you over to a live operator. Just one …
        # operator_request 1
        > could you let me speak with a live representative?
        = Operator Request 0.50
        : No worries! I'll connect you with a live operator. One momen…
        # operator_request 1
        > Whats your purpose
        = What's My Purpose? 1.00
        : I'm designed to help developers learn how to escalate conver…
        # operator_request 0
        > what is your purpose
        = What's My Purpose? 0.62
        : I'm a very simple agent designed to help developers learn ho…
    ",
    );
}

#[test]
fn two_unknown_texts_in_a_row_hand_over() {
    check(
        "handoff-demo",
        "
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # defaultfallbackintent-followup 1
        > what's the weather in Paris?
        = Default Fallback Intent - fallback 1.00
        : I'm not sure I can help with that. I'm connecting you with a…
        # defaultfallbackintent-followup 0
        # operator_request 1
    ",
    );
}

#[test]
fn an_understood_text_in_between_starts_the_count_again() {
    check(
        "handoff-demo",
        "
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # defaultfallbackintent-followup 1
        > what's your purpose?
        = What's My Purpose? 1.00
        : I'm a very simple agent designed to help developers learn ho…
        # defaultfallbackintent-followup 0
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # defaultfallbackintent-followup 1
    ",
    );
}

#[test]
fn contexts_end_after_twenty_idle_minutes() {
    check(
        "handoff-demo",
        "
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # defaultfallbackintent-followup 1
        + 20
        > asdf qwer
        = Default Fallback Intent - fallback 1.00
        : I'm not sure I can help with that. I'm connecting you with a…
        # defaultfallbackintent-followup 0
        # operator_request 1
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # operator_request 0
        # defaultfallbackintent-followup 1
        + 21
        > asdf qwer
        = Default Fallback Intent 1.00
        : You can ask me about my purpose, or ask to speak with a pers…
        # defaultfallbackintent-followup 1
    ",
    );
}

#[test]
fn a_client_can_set_and_delete_contexts() {
    check(
        "handoff-demo",
        r#"
        @ defaultfallbackintent-followup 1
        > asdf qwer
        = Default Fallback Intent - fallback 1.00
        : I'm not sure I can help with that. I'm connecting you with a…
        # defaultfallbackintent-followup 0
        # operator_request 1
        > asdf qwer
        = Default Fallback Intent 1.00
        : You can ask me about my purpose, or ask to speak with a pers…
        # operator_request 0
        # defaultfallbackintent-followup 1
        @ DefaultFallbackIntent-followup 0
        > asdf qwer
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # defaultfallbackintent-followup 1
        @ other 3 {"a": 1}
        ! WELCOME {"name": "Ann"}
        = Default Welcome Intent 1.00
        : Hi! I'm an agent designed to demonstrate operator requests. …
        # defaultfallbackintent-followup 0
        # other 2
        # welcome 0
        ! NO_SUCH_EVENT
        = Default Fallback Intent 1.00
        : I can either connect you with a customer service agent or te…
        # other 1
        # no_such_event 0
        # defaultfallbackintent-followup 1
    "#,
    );
}

#[test]
fn the_trigger_is_seen_in_the_turn_that_sets_it() {
    let bot = bot("handoff-demo");
    let mut next = query(Input::Text("talk to a person".to_owned()), "en");
    let answer = bot.answer(&next).unwrap();
    assert!(output_context_names(&answer.response).contains(&"operator_request".to_owned()));
    next.memory = answer.memory;
    next.input = Input::Text("thanks a lot".to_owned());
    let answer = bot.answer(&next).unwrap();
    assert!(!output_context_names(&answer.response).contains(&"operator_request".to_owned()));
}

#[test]
fn variants_differ_between_turns_and_sessions_and_never_by_chance() {
    let bot = bot("handoff-demo");
    let says = |session: &str, turns: usize| -> Vec<String> {
        let mut next = query(Input::Text("purpose".to_owned()), "en");
        next.session = format!("projects/p/agent/sessions/{session}");
        let mut said = Vec::new();
        for _ in 0..turns {
            let answer = bot.answer(&next).unwrap();
            next.memory = answer.memory;
            let text = &answer.response["queryResult"]["fulfillmentText"];
            said.push(text.as_str().unwrap().to_owned());
        }
        said
    };
    let one = says("a", 3);
    assert_eq!(one, says("a", 3));
    assert_eq!(one.iter().collect::<HashSet<_>>().len(), 3);
    let first: HashSet<String> = (0..20).flat_map(|n| says(&format!("s{n}"), 1)).collect();
    assert_eq!(first.len(), 3);
}

#[test]
fn the_whole_answer_is_canonical() {
    let mut query = query(Input::Text("talk to a person".to_owned()), "en-GB");
    query.session = "projects/p/agent/environments/draft/users/-/sessions/s-9".to_owned();
    let response = bot("handoff-demo").answer(&query).unwrap().response;
    let id = response["responseId"].as_str().unwrap().to_owned();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12, 8], "{id}");
    let session = &query.session;
    assert_eq!(
        response,
        serde_json::json!({
            "responseId": id,
            "queryResult": {
                "queryText": "talk to a person",
                "parameters": {},
                "allRequiredParamsPresent": true,
                "fulfillmentText": response["queryResult"]["fulfillmentText"],
                "fulfillmentMessages": [
                    { "text": { "text": [response["queryResult"]["fulfillmentText"]] } }
                ],
                "outputContexts": [
                    {
                        "name": format!("{session}/contexts/operator_request"),
                        "lifespanCount": 1
                    },
                    {
                        "name": format!("{session}/contexts/__system_counters__"),
                        "lifespanCount": 1,
                        "parameters": { "no-match": 0, "no-input": 0 }
                    }
                ],
                "intent": {
                    "name": "projects/p/agent/intents/f790077b-44e0-44ff-a7de-2cf41c667091",
                    "displayName": "Operator Request"
                },
                "intentDetectionConfidence": 1.0,
                "languageCode": "en-gb"
            }
        })
    );
}
