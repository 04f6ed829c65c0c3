use super::{EntryLabel, TicketRules};

#[test]
fn entries_carry_the_place_of_their_message() {
    let label = EntryLabel::new("chat");
    let texts = |id, words, most| -> Vec<String> {
        label.entries(id, words, most).iter().map(|entry| label.text(entry)).collect()
    };
    assert_eq!(texts("cht_1/17-0", "hello", 100), ["[chat 17] hello"]);
    assert_eq!(texts("cht_1/17-2", "hello", 100), ["[chat 17-2] hello"]);
    let long = texts("cht_1/17-0", &"word ".repeat(100), 100);
    assert!(long.iter().all(|text| text.chars().count() <= 100), "{long:?}");
    assert!(long[1].starts_with("[chat 17.2] word"), "{long:?}");
}

#[test]
fn only_our_own_entries_are_ours() {
    let label = EntryLabel::new("chat");
    for ours in ["[chat 17] x", "[chat 17,18] x", "[chat 17.2] x", "[chat 17-2] "] {
        assert!(label.is_ours(ours), "{ours}");
    }
    for other in [
        "[chat] x",
        "[chat a] x",
        "chat 17",
        "[chats 17] x",
        " [chat 17] x",
        "[chat ]",
        "[chat ,] x",
    ] {
        assert!(!label.is_ours(other), "{other}");
    }
    for entry in label.entries("c/1-0", &"x".repeat(500), 100) {
        let text = label.text(&entry);
        assert!(label.is_ours(&text) && label.numbers(&text).eq([&*entry.numbers]));
    }
}

#[test]
fn quick_lines_are_one_entry_and_each_is_found_again() {
    let label = EntryLabel::new("chat");
    let all: Vec<_> =
        (17..20).flat_map(|n| label.entries(&format!("c/{n}-0"), "hello there", 100)).collect();
    let texts = |most| -> Vec<String> {
        label.join(all.clone(), most).iter().map(|entry| label.text(entry)).collect()
    };
    assert_eq!(texts(100), ["[chat 17,18,19] hello there\nhello there\nhello there"]);
    let tight = texts(40);
    assert_eq!(tight, ["[chat 17,18] hello there\nhello there", "[chat 19] hello there"]);
    let numbers: Vec<_> = tight.iter().flat_map(|text| label.numbers(text)).collect();
    assert_eq!(numbers, ["17", "18", "19"]);
}

#[test]
fn a_poll_needs_a_time_between() {
    for wrong in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        assert!(TicketRules::new("chat", "", 100, wrong).is_err(), "{wrong}");
    }
    let rules = || TicketRules::new("chat", "", 100, 0.5).expect("half a second is a time");
    for wrong in [f64::NAN, -1.0, 61.0] {
        assert!(rules().gathering(wrong).is_err(), "{wrong}");
    }
    assert_eq!(rules().gathering(1.5).expect("a time").gather, 1_500);
}
