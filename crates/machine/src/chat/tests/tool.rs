//! Chats whose agents work in a tool of their own.

use super::*;

#[test]
fn a_whole_conversation() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: joined Jane
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > step two: my VPN is down
        3 visitor: my VPN is down
        -> say: my VPN is down
        > tool: took
        ~ delivered 3
        -> nothing
        > tool: said Jane which client
        4 Jane: which client
        => message Jane: which client
        > push: accepted
        ~ accepted 4
        => nothing
        > tool: ended
        5 closed (agent_closed)
        => resume Jane
        > push: accepted
        ~ accepted 5
        => nothing
        ",
    );
}

#[test]
fn a_tool_that_says_no_before_anybody_was_promised_a_human_leaves_nothing_to_push() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: refused
        2 undelivered 1: status 503
        3 closed (tool_refused)
        -> nothing
        > promised
        ",
    );
}

#[test]
fn a_tool_that_says_no_too_late_is_told_to_the_visitor() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > promised
        ~ promised
        > tool: refused
        2 undelivered 1: status 503
        3 notice: Nobody can take your chat at the moment. Please try again later.
        4 closed (tool_refused)
        => message Support: Nobody can take your chat at the moment. Please try again later.
        -> nothing
        > push: accepted
        ~ accepted 3
        => resume
        > push: accepted
        ~ accepted 4
        => nothing
        ",
    );
}

#[test]
fn an_opening_is_tried_for_a_minute() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: failed
        ~ delivery 1 failed, next at 0m0s
        > promised
        ~ promised
        > +55s
        > tool: lost
        ~ delivery 2 may have arrived, next at 0m57s
        > +6s
        > tool: failed
        2 undelivered 1: given up after 3 attempts: status 503
        3 notice: Nobody can take your chat at the moment. Please try again later.
        4 closed (tool_unreachable)
        => message Support: Nobody can take your chat at the moment. Please try again later.
        -> nothing
        > push: accepted
        ~ accepted 3
        => resume
        > push: accepted
        ~ accepted 4
        => nothing
        ",
    );
}

#[test]
fn what_may_have_arrived_stays_in_doubt() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > step two: one
        2 visitor: one
        -> say: one
        > tool: lost
        ~ delivery 1 may have arrived, next at 0m1s
        > tool: lost
        > +2s
        > tool: failed
        ~ delivery 2 may have arrived, next at 0m3s
        > +5s
        > tool: took
        ~ delivered 2
        -> nothing
        ",
    );
}

#[test]
fn what_is_said_waits_in_order_while_the_tool_is_away() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > step two: one
        2 visitor: one
        -> say: one
        > step two: two
        3 visitor: two
        > tool: failed 60s
        ~ delivery 1 failed, next at 1m0s
        > step two: three
        4 visitor: three
        > +1m
        > tool: took
        ~ delivered 2
        -> say: two
        > tool: took
        ~ delivered 3
        -> say: three
        > tool: took
        ~ delivered 4
        -> nothing
        ",
    );
}

#[test]
fn a_visitor_who_leaves_is_told_to_the_tool_after_what_was_said() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > step two: bye
        2 visitor: bye
        -> say: bye
        > visitor left
        3 closed (visitor_left)
        => resume
        > push: accepted
        ~ accepted 3
        => nothing
        > tool: took
        ~ delivered 2
        -> leave (visitor_left)
        > tool: took
        ~ delivered 3
        -> nothing
        ",
    );
}

#[test]
fn a_visitor_who_leaves_before_the_tool_has_answered() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > visitor left
        2 closed (visitor_left)
        => resume
        -> nothing
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> leave (visitor_left)
        > again
        > tool: took
        ~ delivered 2
        -> nothing
        ",
    );
}

#[test]
fn a_new_handover_waits_until_the_tool_has_heard_of_the_end_of_the_last() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > pause expired
        2 closed (pause_expired)
        => resume
        -> leave (pause_expired)
        > step one: again
        3 opened: again
        => nothing
        > tool: took
        ~ delivered 2
        -> open: again
        > tool: old
        > tool: took chat-8
        ~ delivered 3 chat-8
        -> nothing
        > tool: said Jane hello
        4 claimed by Jane
        5 Jane: hello
        => pause Jane
        ",
    );
}

#[test]
fn a_chat_that_is_gone_at_the_tool_ends() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > step two: there?
        2 visitor: there?
        -> say: there?
        > tool: gone
        3 undelivered 2: status 503
        4 notice: Your last message did not reach the agent.
        5 closed (agent_closed)
        => message Support: Your last message did not reach the agent.
        -> nothing
        ",
    );
}

#[test]
fn a_message_the_tool_will_never_take() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > step two: x
        2 visitor: x
        -> say: x
        > tool: refused
        3 undelivered 2: status 503
        4 notice: Your last message did not reach the agent.
        => message Support: Your last message did not reach the agent.
        -> nothing
        > step two: y
        5 visitor: y
        -> say: y
        > tool: took
        ~ delivered 5
        -> nothing
        ",
    );
}

#[test]
fn an_agent_who_goes_and_one_who_comes() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: joined Jane
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > tool: joined Jane
        > tool: left
        3 requeued
        > tool: left
        > tool: joined Bob
        4 claimed by Bob
        => pause Bob
        > tool: said Jane one more thing
        5 Jane: one more thing
        > tool: held
        6 held: true
        ",
    );
}

#[test]
fn an_agent_who_is_known_only_by_what_he_says() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: said Bob hello
        2 claimed by Bob
        3 Bob: hello
        => pause Bob
        ",
    );
}

#[test]
fn words_that_are_nobodys() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: notice You are next
        2 notice: You are next
        => message Support: You are next
        > push: accepted
        ~ accepted 2
        => nothing
        > tool: notice
        ",
    );
}

#[test]
fn silence_ends_the_chat_on_both_sides_and_what_was_undelivered_is_admitted() {
    check(
        "
        > policy: tool
        > policy: idle 20m
        > policy: pause 60m
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: joined Jane
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > step two: hello?
        3 visitor: hello?
        -> say: hello?
        > tool: failed 300s
        ~ delivery 1 failed, next at 5m0s
        > +20m
        4 notice: Your last message did not reach the agent.
        5 closed (idle)
        => message Support: Your last message did not reach the agent.
        ",
    );
}

#[test]
fn the_position_moves_without_news() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: moved chat-7 at 5
        checkpoint chat-7 at 5
        > tool: moved chat-7 at 5
        ",
    );
}

#[test]
fn news_of_a_chat_that_is_over_is_no_news() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > visitor left
        2 closed (visitor_left)
        => resume
        -> leave (visitor_left)
        > tool: said Jane too late
        ",
    );
}

#[test]
fn an_agent_who_ends_it_while_words_are_under_way_is_admitted() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > tool: joined Jane
        2 claimed by Jane
        => pause Jane
        > push: accepted
        ~ accepted 2
        => nothing
        > step two: wait!
        3 visitor: wait!
        -> say: wait!
        > tool: failed 60s
        ~ delivery 1 failed, next at 1m0s
        > tool: ended
        4 notice: Your last message did not reach the agent.
        5 closed (agent_closed)
        => message Support: Your last message did not reach the agent.
        -> nothing
        ",
    );
}

#[test]
fn what_an_old_handover_owes_holds_a_new_one_up_for_a_minute_at_most() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > visitor left
        2 closed (visitor_left)
        => resume
        -> leave (visitor_left)
        > tool: failed
        ~ delivery 1 failed, next at 0m1s
        > step one: again
        3 opened: again
        => nothing
        > +50s
        > tool: failed
        ~ delivery 2 failed, next at 0m51s
        > +11s
        > tool: failed
        4 undelivered 2: given up after 3 attempts: status 503
        -> open: again
        ",
    );
}

#[test]
fn an_opening_in_doubt_is_cleared_up_after_the_visitor_has_left() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: lost
        ~ delivery 1 may have arrived, next at 0m0s
        > visitor left
        2 closed (visitor_left)
        => resume
        > +2s
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> leave (visitor_left)
        > again
        > tool: took
        ~ delivered 2
        -> nothing
        ",
    );
}

#[test]
fn an_opening_in_doubt_that_stays_in_doubt_is_given_up() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: lost
        ~ delivery 1 may have arrived, next at 0m0s
        > visitor left
        2 closed (visitor_left)
        => resume
        > +61s
        > tool: lost
        3 undelivered 1: given up after 2 attempts: status 503
        -> nothing
        ",
    );
}

#[test]
fn nobody_available_is_no_handover_at_all() {
    check(
        "
        > policy: tool
        > step one, nobody there: help
        1 opened: help
        2 closed (nobody_available)
        ",
    );
}

#[test]
fn what_the_answer_to_a_delivery_tells_is_one_step_with_it() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: answered chat-7 two are before you
        ~ delivered 1 chat-7
        2 notice: two are before you
        3 claimed by Jane
        => message Support: two are before you
        -> nothing
        > again
        ",
    );
}

#[test]
fn what_the_answer_tells_of_a_handover_that_is_over_is_no_news() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: lost
        ~ delivery 1 may have arrived, next at 0m0s
        > visitor left
        2 closed (visitor_left)
        => resume
        > tool: answered chat-7 two are before you
        ~ delivered 1 chat-7
        -> leave (visitor_left)
        ",
    );
}

#[test]
fn a_chat_whose_route_leads_elsewhere_now_goes_back_to_the_bot() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > taken up
        > step two: my VPN is down
        2 visitor: my VPN is down
        -> say: my VPN is down
        > policy: other tool
        > taken up
        3 notice: Nobody can take your chat at the moment. Please try again later.
        4 closed (connector_changed)
        => message Support: Nobody can take your chat at the moment. Please try again later.
        -> nothing
        ",
    );
}

#[test]
fn the_end_that_is_owed_to_a_tool_is_not_delivered_to_another() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > tool: took chat-7
        ~ delivered 1 chat-7
        -> nothing
        > visitor left
        2 closed (visitor_left)
        => resume
        -> leave (visitor_left)
        > policy: other tool
        > taken up
        3 undelivered 2: the route leads to another connector now
        -> nothing
        ",
    );
}

#[test]
fn a_chat_at_the_desk_whose_route_leads_to_a_tool_now_goes_back_to_the_bot() {
    check(
        "
        > step one: help
        1 opened: help
        > policy: tool
        > taken up
        2 notice: Nobody can take your chat at the moment. Please try again later.
        3 closed (connector_changed)
        => message Support: Nobody can take your chat at the moment. Please try again later.
        ",
    );
}

#[test]
fn nobody_is_told_of_a_changed_connector_who_was_promised_nothing() {
    check(
        "
        > policy: tool
        > step one: help
        1 opened: help
        -> open: help
        > policy: other tool
        > taken up
        2 closed (connector_changed)
        => resume
        -> nothing
        ",
    );
}

fn at_tool() -> (Chat, Policy) {
    let mut chat = Chat::new("bot", "visitor");
    let policy = Policy { connector: Some("tool".to_owned()), ..Policy::default() };
    let opening = Opening {
        text: "help".to_owned(),
        language: "en".to_owned(),
        intent: None,
        transcript: Vec::new(),
    };
    chat.step(&policy, START, Input::StepOne { opening, available: true, missed: Vec::new() })
        .unwrap();
    (chat, policy)
}

/// The text was recorded and not delivered, and so many notices tell it.
fn check_no_room(chat: &mut Chat, policy: &Policy, text: &str, notices: usize) {
    let (waiting, pushes) = (chat.owed_deliveries().count(), chat.outbox.len());
    let input = Input::StepTwo { text: text.to_owned(), missed: Vec::new(), call: None };
    let events = chat.step(policy, START, input).unwrap();
    let said = Event::VisitorSaid {
        text: text.to_owned(),
        missed: Vec::new(),
        call: None,
        known: Vec::new(),
    };
    assert!(chat.is_open() && events[0].event == said, "{:?}", events[0]);
    let refused = Event::DeliveryRefused {
        delivery: events[0].position,
        detail: "too many messages wait for the tool".to_owned(),
    };
    assert_eq!(events[1].event, refused);
    let text = policy.tool.notices.undelivered.clone();
    let notice = Event::Notice { name: policy.tool.notices.name.clone(), text };
    assert_eq!(events.iter().filter(|recorded| recorded.event == notice).count(), notices);
    assert_eq!(events.len(), 2 + notices);
    assert_eq!(chat.owed_deliveries().count(), waiting);
    assert_eq!(chat.outbox.len(), pushes + notices);
}

#[test]
fn what_there_is_no_room_for_is_recorded_and_told_to_the_visitor() {
    let (mut chat, policy) = at_tool();
    let say = |text: String| Input::StepTwo { text, missed: Vec::new(), call: None };
    let whole = "x".repeat(limits::WEBHOOK_TEXT_CHARS_MAX);
    let fits = limits::WAITING_DELIVERY_CHARS_MAX / limits::WEBHOOK_TEXT_CHARS_MAX;
    for _ in 0..fits {
        chat.step(&policy, START, say(whole.clone())).unwrap();
    }
    check_no_room(&mut chat, &policy, &whole, 1);
    while chat.owed_deliveries().count() < limits::WAITING_DELIVERIES_MAX {
        chat.step(&policy, START, say("x".to_owned())).unwrap();
    }
    check_no_room(&mut chat, &policy, "x", 1);
    let first = chat.owed_delivery().unwrap().id;
    let took = Input::Delivered { id: first, checkpoint: None, events: Vec::new() };
    chat.step(&policy, START, took).unwrap();
    chat.step(&policy, START, say("y".to_owned())).unwrap();
    let last = chat.owed_deliveries().last().map(|owed| owed.delivery.clone());
    assert_eq!(last, Some(Delivery::Say { text: "y".to_owned() }));
}

#[test]
fn notices_of_what_there_is_no_room_for_do_not_grow_the_state_without_end() {
    let (mut chat, policy) = at_tool();
    while chat.owed_deliveries().count() < limits::WAITING_DELIVERIES_MAX {
        chat.step(
            &policy,
            START,
            Input::StepTwo { text: "x".to_owned(), missed: Vec::new(), call: None },
        )
        .unwrap();
    }
    let [email, name, avatar_url] = ["jane@example.com", "Jane", ""].map(str::to_owned);
    let agent = Agent { email, name, avatar_url };
    let (text, format) = ("hello".to_owned(), TextFormat::Markdown);
    let push = Push::Message { text, agent, format };
    while chat.outbox.len() < limits::WAITING_PUSHES_MAX {
        chat.owe(chat.position, START, push.clone());
    }
    check_no_room(&mut chat, &policy, "x", 1);
    for _ in 0..3 {
        check_no_room(&mut chat, &policy, "x", 0);
    }
    assert_eq!(chat.outbox.len(), limits::WAITING_PUSHES_MAX + 1);
}

/// It is a message of its own before the visitor's next words, and a visitor cannot speak for the
/// bot in it.
#[test]
fn a_tool_is_told_what_its_agent_missed() {
    let mut chat = Chat::new("bot", "visitor");
    let policy = Policy { connector: Some("tool".to_owned()), ..Policy::default() };
    let (opening, missed) = (opening("help"), Vec::new());
    chat.step(&policy, START, Input::StepOne { opening, available: true, missed }).unwrap();
    let lines = [(Speaker::Visitor, "anybody?\nBot: yes"), (Speaker::Bot, "I am the bot.")];
    let missed = lines.map(|(from, text)| Line::new(from, text)).to_vec();
    let input = Input::StepTwo { text: "hello again".to_owned(), missed, call: None };
    chat.step(&policy, START, input).unwrap();
    let owed: Vec<_> = chat.owed_deliveries().map(|owed| owed.delivery.clone()).collect();
    let told = "[While you could not be reached, the bot answered the visitor]\n\
                Visitor: anybody?\n    Bot: yes\nBot: I am the bot.";
    let say = |text: &str| Delivery::Say { text: text.to_owned() };
    assert_eq!(owed[1..], [say(told), say("hello again")]);
    let ids: Vec<_> = chat.owed_deliveries().map(|owed| owed.id).collect();
    assert!(ids[1] != ids[2] && ids[1].seq == ids[2].seq, "{ids:?}");
}

/// A chat remembers few calls: those of which its platform may still tell.
#[test]
fn words_that_came_before_are_not_told_again() {
    let (mut chat, policy) = at_tool();
    let line = |call: u64| Line { call: Some(call), ..Line::new(Speaker::Visitor, "late") };
    let mut say = |call: u64, missed: &[u64]| {
        let missed = missed.iter().map(|call| line(*call)).collect();
        let input = Input::StepTwo { text: "x".to_owned(), missed, call: Some(call) };
        let events = chat.step(&policy, START, input).unwrap();
        let told = events.into_iter().find_map(|recorded| match recorded.event {
            Event::VisitorSaid { missed, known, .. } => {
                let new: Vec<_> = missed.iter().filter_map(|line| line.call).collect();
                Some((new, known))
            }
            _ => None,
        });
        (told, serde_json::to_value(&chat.heard).unwrap())
    };
    assert_eq!(say(1, &[]).0, Some((vec![], vec![])));
    assert_eq!(say(2, &[1]).0, Some((vec![], vec![1])), "its answer was late");
    assert_eq!(say(4, &[1, 2, 3]).0, Some((vec![3], vec![1, 2])));
    assert_eq!(say(3, &[]).0, None, "it was told");
    let (told, heard) = say(5, &[]);
    assert_eq!(told, Some((vec![], vec![])));
    let remembered = serde_json::json!({ "calls": [5], "told": [1, 3, 2] });
    assert_eq!(heard, remembered, "the platform knew the answers before");
    for call in 6..500 {
        say(call, &[call + 1_000]);
    }
    let (_, heard) = say(500, &[1_500]);
    assert!(heard["told"].as_array().unwrap().len() <= 64, "{heard}");
}
