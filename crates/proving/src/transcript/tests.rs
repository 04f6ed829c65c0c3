//! The judge must see what it is there for.

use std::collections::HashSet;

use super::{
    connectors::Reading,
    journal::Fate,
    judge::Case,
    words::{Kind, Line, Notice, Said, Speaker, Token},
};

fn token(word: &str) -> Token {
    Token::parse(word).unwrap()
}

fn said(word: &str, kind: Kind, after: Option<&str>) -> Said {
    let (token, text) = (token(word), format!("{word} is said"));
    Said { token, text, kind, after: after.map(self::token) }
}

fn lines(words: &str) -> Vec<Line> {
    let line = |word| Line { token: token(word), text: format!("{word} is said") };
    words.split(' ').map(line).collect()
}

fn notice(place: usize, text: &str) -> Notice {
    Notice { place, text: text.to_owned() }
}

/// A visitor asks the bot and then a human, who reads two messages and answers each; the call of
/// one message fails, and after goodbye another one is turned away.
fn good() -> Case {
    Case {
        said: vec![
            said("v1n1", Kind::Word, None),
            said("v1n2", Kind::Ask, None),
            said("v1n3", Kind::Word, None),
            said("v1n4", Kind::Word, None),
            said("v1n5", Kind::Word, Some("a1n1")),
            said("v1n6", Kind::Goodbye, None),
            said("v1n7", Kind::Goodbye, None),
            said("a1n1", Kind::Word, Some("v1n3")),
            said("a1n2", Kind::Word, Some("v1n6")),
        ],
        fates: [
            ("v1n1", Fate::Bot),
            ("v1n2", Fate::Told),
            ("v1n3", Fate::Told),
            ("v1n4", Fate::Doubtful),
            ("v1n5", Fate::Told),
            ("v1n6", Fate::Told),
            ("v1n7", Fate::Told),
        ]
        .map(|(word, fate)| (token(word), fate))
        .into(),
        visitor: lines("v1n1 v1n2 v1n3 v1n4 a1n1 v1n5 v1n6 v1n7 a1n2"),
        platform: lines("v1n1 v1n2 v1n3 v1n4 a1n1 v1n5 v1n6 v1n7 a1n2"),
        bridge: lines("v1n3 a1n1 v1n5 v1n6 v1n7 a1n2"),
        tool: lines("v1n3 a1n1 v1n5 v1n6 a1n2"),
        agent: lines("v1n3 a1n1 v1n5 v1n6 a1n2"),
        notices_pushed: vec![notice(0, "Welcome.")],
        notices_shown: vec![notice(2, "Welcome.")],
        notices_seen: vec![notice(2, "Welcome.")],
        reading: Reading::Once,
        admission: None,
        calm: false,
        late: [token("v1n6"), token("v1n7")].into(),
        reasons: HashSet::new(),
        owed_later: HashSet::new(),
        missed: HashSet::new(),
        retold: HashSet::new(),
        hasty: Vec::new(),
    }
}

/// The faults of the good case with one change.
fn faults(change: impl FnOnce(&mut Case)) -> Vec<String> {
    let mut case = good();
    change(&mut case);
    case.faults()
}

type Side = (&'static str, fn(&mut Case) -> &mut Vec<Line>);
const SIDES: [Side; 5] = [
    ("the visitor", |case| &mut case.visitor),
    ("the platform", |case| &mut case.platform),
    ("the bridge", |case| &mut case.bridge),
    ("the tool", |case| &mut case.tool),
    ("the agent", |case| &mut case.agent),
];

#[test]
fn five_sides_that_hold_the_same_have_no_faults() {
    assert_eq!(faults(|_| {}), Vec::<String>::new());
    let arrived = |case: &mut Case| {
        for (_, of) in SIDES.iter().skip(2) {
            of(case).insert(1, lines("v1n4").remove(0));
        }
    };
    assert_eq!(faults(arrived), Vec::<String>::new(), "a failed call may have arrived");
}

#[test]
fn what_is_lost_is_named_with_its_side() {
    for (side, of) in SIDES {
        for word in ["v1n3", "a1n1", "a1n2"] {
            let found = faults(|case| of(case).retain(|line| line.token != token(word)));
            assert!(found.contains(&format!("{side}: {word} is lost")), "{side}: {found:?}");
        }
    }
    let found = faults(|case| {
        case.fates.insert(token("v1n4"), Fate::Told);
    });
    assert_eq!(found, ["the bridge: v1n4 is lost"]);
    let found = faults(|case| {
        case.fates.insert(token("v1n4"), Fate::Open);
    });
    assert!(found.contains(&"the platform: nobody has answered v1n4".to_owned()), "{found:?}");
}

#[test]
fn what_is_doubled_or_foreign_or_changed_is_named_with_its_side() {
    for (side, of) in SIDES {
        let found = faults(|case| of(case).extend(lines("v1n5 v1n5")));
        assert_eq!(found, [format!("{side}: v1n5 is there 3 times")]);
        let found = faults(|case| of(case).extend(lines("a1n9")));
        assert_eq!(found, [format!("{side}: nobody said \"a1n9 is said\"")]);
        let found = faults(|case| "v1n3 is".clone_into(&mut of(case)[0].text));
        assert!(found[0].starts_with(side), "{found:?}");
    }
    let found = faults(|case| case.notices_shown.push(notice(3, "Welcome.")));
    assert_eq!(found.len(), 1, "{found:?}");
    let found = faults(|case| case.notices_seen.clear());
    assert_eq!(found.len(), 1, "{found:?}");
}

const LOSS: &str = "Words may be lost.";

/// Three sides on which `word` is missing, and a notice of it stands at these places.
fn lose(case: &mut Case, word: &str, places: [usize; 3]) {
    case.admission = Some(LOSS);
    for lines in [&mut case.visitor, &mut case.platform, &mut case.bridge] {
        lines.retain(|line| line.token != token(word));
    }
    for (notices, place) in
        [&mut case.notices_seen, &mut case.notices_shown, &mut case.notices_pushed]
            .into_iter()
            .zip(places)
    {
        notices.push(notice(place, LOSS));
    }
}

#[test]
fn an_agent_s_words_may_be_missing_where_that_is_said_and_nowhere_else() {
    // The first word stands before a1n2, the second one is the last.
    for (word, good, early, late) in
        [("a1n1", [4, 4, 1], None, Some([8, 8, 5])), ("a1n2", [8, 8, 5], Some([4, 4, 1]), None)]
    {
        assert_eq!(faults(|case| lose(case, word, good)), Vec::<String>::new(), "{word}");
        for places in [early, late].into_iter().flatten() {
            let found = faults(|case| lose(case, word, places));
            for side in ["the visitor", "the platform", "the bridge"] {
                let fault = format!("{side}: {word} is lost");
                assert!(found.contains(&fault), "{places:?}: {found:?}");
            }
        }
        let found = faults(|case| {
            lose(case, word, good);
            case.admission = None;
        });
        assert_eq!(found.len(), 3, "other connectors lose nothing: {found:?}");
    }
}

#[test]
fn a_notice_of_loss_excuses_nothing_else() {
    let found = faults(|case| {
        lose(case, "a1n2", [8, 8, 5]);
        case.bridge.extend(lines("a1n2"));
    });
    let lost = ["the visitor: a1n2 is lost", "the platform: a1n2 is lost"];
    assert_eq!(found, lost, "the bridge has it");
    let found = faults(|case| lose(case, "v1n6", [6, 6, 3]));
    assert!(found.contains(&"the bridge: v1n6 is lost".to_owned()), "{found:?}");
    let found = faults(|case| {
        lose(case, "a1n2", [8, 8, 5]);
        case.visitor.extend(lines("a1n1"));
    });
    assert_eq!(found, ["the visitor: a1n1 is there 2 times"]);
    let found = faults(|case| {
        lose(case, "a1n2", [8, 8, 5]);
        case.notices_seen.pop();
    });
    assert!(found.contains(&"the visitor: a1n2 is lost".to_owned()), "{found:?}");
    for lines in
        [(|case| &mut case.tool) as fn(&mut Case) -> &mut Vec<Line>, |case| &mut case.agent]
    {
        let found = faults(|case| {
            lose(case, "a1n2", [8, 8, 5]);
            lines(case).retain(|line| line.token != token("a1n2"));
        });
        assert!(!found.is_empty(), "only the way to the visitor may lose it");
    }
}

#[test]
fn where_nothing_went_wrong_nothing_may_be_said_to_be_lost() {
    let needless = |case: &mut Case| {
        case.admission = Some(LOSS);
        for notices in [&mut case.notices_pushed, &mut case.notices_shown, &mut case.notices_seen] {
            notices.push(notice(3, LOSS));
        }
    };
    assert_eq!(faults(needless), Vec::<String>::new(), "the answer may have told of typing");
    let found = faults(|case| {
        needless(case);
        case.calm = true;
    });
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn only_agents_may_read_again_what_lost_its_answer() {
    for (side, of) in SIDES {
        let found = faults(|case| {
            case.reading = Reading::AgainAfterLoss;
            of(case).extend(lines("v1n5"));
        });
        let borne = matches!(side, "the tool" | "the agent");
        assert_eq!(found.is_empty(), borne, "{side}: {found:?}");
        let found = faults(|case| {
            case.reading = Reading::AgainAfterLoss;
            of(case).extend(lines("a1n1"));
        });
        assert_eq!(found, [format!("{side}: a1n1 is there 2 times")]);
    }
}

#[test]
fn disorder_is_named_with_its_side() {
    for (side, of) in SIDES {
        let swap = |case: &mut Case, one: &str, other: &str| {
            let place = |lines: &[Line], word: &str| {
                lines.iter().position(|line| line.token == token(word)).unwrap()
            };
            let lines = of(case);
            let (one, other) = (place(lines, one), place(lines, other));
            lines.swap(one, other);
        };
        let found = faults(|case| swap(case, "v1n5", "v1n6"));
        assert_eq!(found, [format!("{side}: v1n6 stands before v1n5")]);
        let found = faults(|case| swap(case, "v1n3", "a1n1"));
        assert!(
            found.contains(&format!("{side}: a1n1 stands before v1n3, which it answers")),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_for_the_bot_stays_with_the_bot() {
    for (side, of) in SIDES.into_iter().skip(2) {
        let found = faults(|case| of(case).insert(0, lines("v1n1").remove(0)));
        assert!(found[0].starts_with(&format!("{side}: v1n1 has no business")), "{found:?}");
    }
}

#[test]
fn a_tool_may_be_told_why_the_bot_asked_for_a_human() {
    let tell = |case: &mut Case| {
        case.tool.insert(0, lines("v1n1").remove(0));
        case.agent.insert(0, lines("v1n1").remove(0));
    };
    let told = faults(|case| {
        tell(case);
        case.reasons.insert(token("v1n1"));
    });
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(faults(tell), ["the tool: v1n1 has no business there"]);
}

#[test]
fn a_chat_that_is_still_open_takes_what_made_the_bot_ask() {
    let asked = |case: &mut Case| {
        for (_, of) in SIDES.iter().skip(2) {
            of(case).insert(0, lines("v1n1").remove(0));
        }
        case.fates.insert(token("v1n1"), Fate::Asking);
    };
    assert_eq!(faults(asked), Vec::<String>::new());
    let found = faults(|case| {
        asked(case);
        case.tool.remove(0);
        case.agent.remove(0);
    });
    assert_eq!(found, ["the tool: v1n1 is lost"], "then it must reach the agent");
}

#[test]
fn tokens_are_found_among_any_words() {
    let text = "v3n14, <b>a2n1</b> (v3n15) van n1 v3 v3nx";
    let found = Token::all_in(text, Speaker::Visitor);
    assert_eq!(found, [token("v3n14"), token("v3n15")]);
    assert_eq!(found[0].to_string(), "v3n14");
    assert_eq!(Token::all_in(text, Speaker::Agent), [token("a2n1")]);
}

/// S2: what the bot answered because the bridge was away must be told with the next call.
#[test]
fn a_message_that_went_to_the_bot_must_be_told_later() {
    let owed = |case: &mut Case| {
        case.owed_later.insert(token("v1n4"));
    };
    let lost = ["the bridge: v1n4 went to the bot, and nobody told of it"];
    assert_eq!(faults(owed), lost);
    let told = |case: &mut Case| {
        owed(case);
        case.missed.insert(token("v1n4"));
    };
    assert_eq!(faults(told), Vec::<String>::new());
    let at_tool = |case: &mut Case| {
        told(case);
        for side in [&mut case.tool, &mut case.agent] {
            side.insert(2, lines("v1n4").remove(0));
        }
    };
    assert_eq!(faults(at_tool), Vec::<String>::new(), "the tool shows it with the next message");
    let taken_after_all = |case: &mut Case| {
        owed(case);
        for side in [&mut case.bridge, &mut case.tool, &mut case.agent] {
            side.insert(1, lines("v1n4").remove(0));
        }
    };
    assert_eq!(faults(taken_after_all), Vec::<String>::new(), "only the answer was lost");
}

#[test]
fn what_is_told_later_is_read_once_but_for_a_transcript() {
    let doubled = |case: &mut Case| {
        case.missed.insert(token("v1n5"));
        case.tool.extend(lines("v1n5"));
    };
    assert_eq!(faults(doubled), ["the tool: v1n5 is there 2 times"]);
    let found = faults(|case| {
        doubled(case);
        case.retold.insert(token("v1n5"));
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_call_that_is_given_up_early_is_a_fault() {
    let hasty = "the platform gave a call up after 3 ms: refused";
    assert_eq!(faults(|case| case.hasty.push(hasty.to_owned())), [hasty]);
}
