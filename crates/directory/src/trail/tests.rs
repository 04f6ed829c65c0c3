use super::*;

fn act(subject: &str) -> Act {
    Act {
        author: Author::system(),
        action: "bot.changed".to_owned(),
        subject: subject.to_owned(),
        version: Some(2),
        changes: vec![FieldChange {
            field: "name".to_owned(),
            before: None,
            after: Some("\"Support\"".to_owned()),
        }],
    }
}

fn written() -> (Trail, Vec<Recorded<Entry>>) {
    let mut trail = Trail::new();
    let mut entries = Vec::new();
    for (now, subject) in (1..).zip(["bot_1", "bot_2", "bot_3"]) {
        let Ok(recorded) = trail.step(&(), now, act(subject));
        entries.extend(recorded);
    }
    (trail, entries)
}

fn verify(trail: &Trail, entries: &[Recorded<Entry>]) -> Result<(), Broken> {
    let mut followed = Trail::new();
    followed.follow(entries)?;
    followed.ends_as(trail)
}

#[test]
fn a_whole_chain_is_accepted_in_parts_too() {
    let (trail, entries) = written();
    assert_eq!(verify(&trail, &entries), Ok(()));
    let mut followed = Trail::new();
    followed.follow(&entries[..1]).unwrap();
    followed.follow(&entries[1..]).unwrap();
    assert_eq!(followed.ends_as(&trail), Ok(()));
}

#[test]
fn a_change_of_anything_is_found() {
    let (trail, entries) = written();
    let changes: [fn(&mut Recorded<Entry>); 6] = [
        |entry| entry.at += 1,
        |entry| entry.event.act.subject.push('x'),
        |entry| entry.event.act.action.clear(),
        |entry| entry.event.act.version = None,
        |entry| entry.event.act.author = Author::file(),
        |entry| entry.event.act.changes[0].after = None,
    ];
    for change in changes {
        for at in 0..entries.len() {
            let mut entries = entries.clone();
            change(&mut entries[at]);
            assert_eq!(verify(&trail, &entries), Err(Broken::Changed(at as u64 + 1)));
        }
    }
}

#[test]
fn a_missing_or_moved_entry_is_found() {
    let (trail, entries) = written();
    assert_eq!(verify(&trail, &entries[..2]), Err(Broken::Short { found: 2, expected: 3 }));
    let without_second = [entries[0].clone(), entries[2].clone()];
    assert_eq!(verify(&trail, &without_second), Err(Broken::Missing(2)));
    let mut swapped = entries.clone();
    swapped.swap(0, 1);
    assert_eq!(verify(&trail, &swapped), Err(Broken::Missing(1)));
}

/// The last entry could be made anew with a right hash; then the stored trail ends otherwise.
#[test]
fn a_new_end_is_found() {
    let (trail, entries) = written();
    let mut forged = Trail::new();
    let mut all = entries[..2].to_vec();
    forged.follow(&all).unwrap();
    let Ok(recorded) = forged.step(&(), 3, act("bot_9"));
    all.extend(recorded);
    assert_eq!(verify(&trail, &all), Err(Broken::Changed(3)));
}
