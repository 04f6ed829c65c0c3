use super::{Manner, Mark};

#[test]
fn entries_carry_the_place_of_their_message() {
    let mark = Mark::new("chat");
    let texts = |id, words, most| -> Vec<String> {
        mark.entries(id, words, most).into_iter().map(|entry| entry.text).collect()
    };
    assert_eq!(texts("cht_1/17-0", "hello", 100), ["[chat 17] hello"]);
    assert_eq!(texts("cht_1/17-2", "hello", 100), ["[chat 17-2] hello"]);
    let long = texts("cht_1/17-0", &"word ".repeat(100), 100);
    assert!(long.iter().all(|text| text.chars().count() <= 100), "{long:?}");
    assert!(long[1].starts_with("[chat 17.2] word"), "{long:?}");
}

#[test]
fn only_our_own_entries_are_ours() {
    let mark = Mark::new("chat");
    for ours in ["[chat 17] x", "[chat 17.2] x", "[chat 17-2] "] {
        assert!(mark.is_ours(ours), "{ours}");
    }
    for other in ["[chat] x", "[chat a] x", "chat 17", "[chats 17] x", " [chat 17] x", "[chat ]"] {
        assert!(!mark.is_ours(other), "{other}");
    }
    for entry in mark.entries("c/1-0", &"x".repeat(500), 100) {
        assert!(mark.is_ours(&entry.text) && entry.text.starts_with(&entry.mark));
    }
}

#[test]
fn a_poll_needs_a_time_between() {
    for wrong in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        assert!(Manner::new("chat", "", 100, wrong).is_err(), "{wrong}");
    }
    assert!(Manner::new("chat", "", 100, 0.5).is_ok());
}
