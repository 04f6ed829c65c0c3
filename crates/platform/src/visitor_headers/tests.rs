use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Headers, VisitorHeaders};
use crate::limit;

fn headers(value: &str) -> Headers {
    vec![("x-token".to_owned(), SecretString::from(value))]
}

/// Puts headers aside and stores their message.
fn keep(kept: &VisitorHeaders, conversation: &str, turn: u64, headers: Headers) {
    let client_id = format!("c{turn}");
    kept.put_aside(conversation, &client_id, headers);
    kept.bind(conversation, &client_id, turn);
}

fn take(kept: &VisitorHeaders, conversation: &str, turn: u64) -> Option<String> {
    let headers = kept.take(&Arc::from(conversation), turn);
    headers.first().map(|(_, value)| value.expose_secret().to_owned())
}

#[test]
fn headers_go_with_their_own_message_and_are_forgotten_after_it() {
    let kept = VisitorHeaders::new();
    let of = |turn| take(&kept, "cnv_1", turn);
    keep(&kept, "cnv_1", 2, headers("two"));
    keep(&kept, "cnv_1", 3, headers("three"));
    keep(&kept, "cnv_1", 5, Vec::new());
    assert_eq!(of(1), None);
    assert_eq!(of(2).as_deref(), Some("two"));
    assert_eq!(of(2).as_deref(), Some("two"), "the bot and step one");
    assert_eq!(of(3).as_deref(), Some("three"));
    assert_eq!(of(2), None, "it was over");
    assert_eq!(of(4), None);
    assert!(kept.in_use.lock().is_empty());
    assert!(kept.waiting.get("cnv_1").unwrap().lock().is_empty());
    for turn in 0..1_000 {
        keep(&kept, "cnv_1", turn, headers("x"));
    }
    let waiting = kept.waiting.get("cnv_1").unwrap().lock().len();
    assert_eq!(waiting, limit::VISITOR_HEADERS_MESSAGES_MAX);
}

#[test]
fn headers_of_a_message_that_was_not_stored_are_dropped() {
    let kept = VisitorHeaders::new();
    kept.put_aside("cnv_1", "c", headers("first"));
    kept.put_aside("cnv_1", "c", headers("again"));
    kept.bind("cnv_1", "c", 7);
    kept.put_aside("cnv_1", "c", headers("repeated"));
    assert!(kept.has_unbound("cnv_1"));
    kept.forget("cnv_1", "c");
    assert!(!kept.has_unbound("cnv_1"));
    assert_eq!(take(&kept, "cnv_1", 7).as_deref(), Some("again"));
    kept.release("cnv_1");
    assert_eq!(take(&kept, "cnv_1", 7), None);
}

/// C5: the room is full of conversations that wait, and more arrive.
#[test]
fn a_full_room_loses_the_oldest_that_wait_and_none_in_use() {
    let kept = VisitorHeaders::new();
    let many = limit::VISITOR_HEADERS_CONVERSATIONS_MAX as usize;
    let name = |n: usize| format!("cnv_{n}");
    // More calls under way than may wait.
    for n in 0..=many {
        keep(&kept, &name(n), 1, headers("in use"));
        assert_eq!(take(&kept, &name(n), 1).as_deref(), Some("in use"));
    }
    // Used room is free room, so all of these fit.
    for n in 10_000..10_000 + many {
        keep(&kept, &name(n), 1, headers("waits"));
    }
    kept.waiting.run_pending_tasks();
    let waits = |n: usize| kept.waiting.contains_key(&*name(n));
    assert_eq!((10_000..10_000 + many).filter(|n| waits(*n)).count(), many);
    // The oldest go, one for each that is added.
    for n in 20_000..20_010 {
        keep(&kept, &name(n), 1, headers("new"));
        kept.waiting.run_pending_tasks();
    }
    assert!((10_000..10_010).all(|n| !waits(n)));
    assert!((10_010..10_000 + many).all(waits));
    for n in 20_000..20_010 {
        assert_eq!(take(&kept, &name(n), 1).as_deref(), Some("new"));
    }
    for n in 0..=many {
        assert_eq!(take(&kept, &name(n), 1).as_deref(), Some("in use"), "call {n}");
    }
}
