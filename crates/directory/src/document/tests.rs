use proptest::prelude::*;
use serde_json::json;

use super::*;

fn body(number: u8) -> Arc<Body> {
    let Value::Object(body) = json!({ "name": number }) else { unreachable!() };
    Arc::new(body)
}

fn create(slug: &str) -> Input {
    let author = Author::file();
    Input::Create { kind: Kind::Bot, slug: slug.to_owned(), body: body(0), author }
}

fn change(seen: Seen, number: u8) -> Input {
    Input::Change { seen, body: body(number), author: Author::system() }
}

fn made() -> Document {
    let mut document = Document::blank();
    document.step(&(), 1, create("support")).unwrap();
    document
}

#[test]
fn a_stale_change_is_refused_with_both_versions() {
    let mut document = made();
    document.step(&(), 2, change(Seen::Version(1), 1)).unwrap();
    let refused = document.step(&(), 3, change(Seen::Version(1), 2)).unwrap_err();
    assert_eq!(refused, Refusal::Stale { seen: 1, current: 2 });
    assert_eq!((document.version(), document.body()), (2, &body(1)));
    document.step(&(), 4, change(Seen::Any, 2)).unwrap();
    assert_eq!((document.version(), document.changed_at()), (3, 4));
}

#[test]
fn the_same_settings_again_are_no_new_version() {
    let mut document = made();
    let again = || Input::Change { seen: Seen::Any, body: body(0), author: Author::file() };
    assert_eq!(document.step(&(), 2, again()).unwrap(), []);
    assert_eq!((document.version(), document.changed_at()), (1, 1));
    document.step(&(), 3, change(Seen::Any, 0)).unwrap();
    assert_eq!(document.version(), 2, "they are no longer those of a file");
    assert_eq!(document.step(&(), 4, change(Seen::Any, 0)).unwrap(), []);
}

#[test]
fn a_removed_document_frees_its_name_and_keeps_its_id() {
    let mut document = made();
    assert_eq!(document.peer(), Some("bot/support"));
    let (seen, author) = (Seen::Version(1), Author::system());
    document.step(&(), 2, Input::Remove { seen, author }).unwrap();
    assert!(document.is_removed());
    assert_eq!(document.peer(), None);
    assert_eq!(document.step(&(), 3, change(Seen::Any, 1)), Err(Refusal::Removed));
    assert_eq!(document.step(&(), 3, create("support")), Err(Refusal::Taken));
    let restore = |slug: &str| {
        let (slug, author) = (slug.to_owned(), Author::file());
        Input::Restore { slug, body: body(3), author }
    };
    document.step(&(), 4, restore("help")).unwrap();
    assert_eq!((document.peer(), document.body()), (Some("bot/help"), &body(3)));
    assert_eq!(document.step(&(), 5, restore("help")), Err(Refusal::Present));
}

#[test]
fn the_audit_trail_is_owed_every_version() {
    let mut document = made();
    document.step(&(), 2, change(Seen::Any, 1)).unwrap();
    assert_eq!(document.unaudited(), 1..=2);
    document.step(&(), 3, Input::Audited { version: 1 }).unwrap();
    assert!(document.owes());
    document.step(&(), 3, Input::Audited { version: 2 }).unwrap();
    assert!(!document.owes());
    assert_eq!(document.version(), 2, "a note is no version");
    for version in [0, 1, 2, 3] {
        assert_eq!(document.step(&(), 4, Input::Audited { version }).unwrap(), []);
    }
}

fn inputs() -> impl Strategy<Value = Input> {
    let seen = || prop_oneof![Just(Seen::Any), (0_u64..6).prop_map(Seen::Version)];
    let author = || Just(Author::system());
    prop_oneof![
        "[ab]".prop_map(|slug| create(&slug)),
        (seen(), 0_u8..3).prop_map(|(seen, number)| change(seen, number)),
        (seen(), "[ab]", author()).prop_map(|(seen, slug, author)| Input::Rename {
            seen,
            slug,
            author
        }),
        (seen(), author()).prop_map(|(seen, author)| Input::Remove { seen, author }),
        ("[ab]", author()).prop_map(|(slug, author)| Input::Restore {
            slug,
            body: body(2),
            author
        }),
        (0_u64..8).prop_map(|version| Input::Audited { version }),
    ]
}

proptest! {
    /// The state is the sum of its events, a refusal changes nothing, and the JSON form keeps all.
    #[test]
    fn events_rebuild_the_state(inputs in proptest::collection::vec(inputs(), 0..24)) {
        let mut document = Document::blank();
        let mut rebuilt = Document::initial(None).unwrap();
        for (now, input) in (1..).zip(inputs) {
            let before = document.clone();
            if let Ok(events) = document.step(&(), now, input) {
                for event in &events {
                    rebuilt.apply(event);
                }
            } else {
                prop_assert_eq!(&document, &before);
            }
            prop_assert_eq!(&rebuilt, &document);
            prop_assert_eq!(document.owes(), document.unaudited().count() > 0);
        }
        let text = serde_json::to_string(&document).unwrap();
        prop_assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document);
    }
}
