use serde_json::Value;

use super::*;

fn report() -> Report {
    let done =
        |id, outcome| Done { id, section: "8", rule: "a <rule> & \"more\"", outcome, millis: 7 };
    let failed = Outcome::Failed {
        expected: "<b>1 & 2</b>".to_owned(),
        seen: "\u{1b}[2J\u{0}\"'\u{ffff}".to_owned(),
        fix: "mend it",
    };
    let cases = vec![
        done("platform/one", Outcome::Passed),
        done("platform/another", failed),
        done("platform/third", Outcome::Skipped { why: "typing is off".to_owned() }),
    ];
    Report::new("platform", "http://127.0.0.1".to_owned(), cases, Duration::from_millis(1_500))
}

#[test]
fn the_text_is_aligned_and_steers_no_terminal() {
    let text = report().to_text(Paint::Plain);
    let expected = "\
platform http://127.0.0.1

  pass  platform/one           7 ms
  FAIL  platform/another       7 ms
  skip  platform/third         7 ms

platform/another
  rule      a <rule> & \"more\" (contract 8)
  expected  <b>1 & 2</b>
  seen      \u{fffd}[2J\u{fffd}\"'\u{ffff}
  fix       mend it

platform/third
  skipped   typing is off

1 passed, 1 failed, 1 skipped in 1.5 s
";
    assert_eq!(text, expected);
    let painted = report().to_text(Paint::Colours);
    assert!(painted.contains("\u{1b}[31mFAIL\u{1b}[0m") && !painted.contains("\u{1b}[2J"));
}

#[test]
fn json_is_one_document_with_the_fields_that_stay() {
    let value: Value = serde_json::from_str(&report().to_json()).unwrap();
    assert_eq!((&value["suite"], &value["passed"]), (&"platform".into(), &1.into()));
    assert_eq!((&value["failed"], &value["skipped"]), (&1.into(), &1.into()));
    let [passed, failed, skipped] = [0, 1, 2].map(|n| &value["cases"][n]);
    assert_eq!((&passed["id"], &passed["outcome"]), (&"platform/one".into(), &"passed".into()));
    assert_eq!((&failed["expected"], &failed["fix"]), (&"<b>1 & 2</b>".into(), &"mend it".into()));
    assert_eq!((&failed["section"], &failed["millis"]), (&"8".into(), &7.into()));
    assert_eq!(skipped["why"], "typing is off");
}

#[test]
fn junit_is_well_formed_whatever_was_said() {
    let xml = report().to_junit();
    assert!(xml.contains(r#"tests="3" failures="1" skipped="1" time="1.500""#), "{xml}");
    assert!(xml.contains("a &lt;rule&gt; &amp; &quot;more&quot; (contract 8)"), "{xml}");
    assert!(xml.contains("expected: &lt;b&gt;1 &amp; 2&lt;/b&gt;"), "{xml}");
    assert!(!xml.contains('\u{1b}') && !xml.contains('\u{0}') && !xml.contains('\u{ffff}'));
    // Every element that opens is closed, in order.
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match tag {
            _ if tag.starts_with('?') || tag.ends_with('/') => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(&tag[1..]), "{xml}"),
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
