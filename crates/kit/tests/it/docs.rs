//! What is written about the cases is what they are.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use kit::conformance::{middleware, platform, report::table};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `UPDATE=1` writes the tables anew.
#[test]
fn the_tables_in_the_guide_are_the_cases() {
    let path = root().join("docs/check.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut expected = text.clone();
    for (name, rows) in [
        ("middleware", table(middleware::tables().into_iter().flatten())),
        ("platform", table(platform::tables().into_iter().flatten())),
    ] {
        let (begin, end) = (format!("<!-- {name} cases -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = expected.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        expected = format!("{before}{begin}\n{rows}\n{end}{after}");
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(text == expected, "docs/check.md is not up to date: run this test with UPDATE=1");
}

#[test]
fn ids_are_unique_and_plain() {
    let ids: Vec<_> = middleware::tables().into_iter().flatten().map(|case| case.id).collect();
    let more = platform::tables().into_iter().flatten().map(|case| case.id);
    let ids: Vec<_> = ids.into_iter().chain(more).collect();
    let mut seen = HashSet::new();
    for id in ids {
        assert!(seen.insert(id), "{id} twice");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-./".contains(c);
        assert!(id.chars().all(plain), "{id}");
    }
    assert!(seen.iter().filter(|id| id.starts_with("middleware/")).count() >= 40);
    assert!(seen.iter().filter(|id| id.starts_with("platform/")).count() >= 40);
}

/// Every ambiguity of the contract has a row whose tests and cases exist.
#[test]
fn every_ambiguity_is_held_by_a_test() {
    let text = std::fs::read_to_string(root().join("docs/ambiguities.md")).unwrap();
    let cases: HashSet<_> = middleware::tables()
        .into_iter()
        .flatten()
        .map(|case| case.id)
        .chain(platform::tables().into_iter().flatten().map(|case| case.id))
        .collect();
    let sources = sources();
    let mut numbers = BTreeSet::new();
    for row in text.lines().filter(|line| line.starts_with("| 13.")) {
        let cells: Vec<_> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        let [number, resolution, tests] = cells[..] else { panic!("three cells: {row}") };
        numbers.insert(number.trim_start_matches("13.").parse::<u32>().unwrap());
        assert!(!resolution.is_empty(), "{row}");
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {row}");
        for name in names {
            let exists = if name.contains('/') {
                cases.contains(name)
            } else {
                sources.contains(&format!("fn {name}("))
            };
            assert!(exists, "13.{number}: there is no {name}");
        }
    }
    assert_eq!(numbers, (1..=29).collect(), "a row for each");
}

/// All Rust and TypeScript sources of ours as one text.
fn sources() -> String {
    let mut folders = vec![root().join("crates")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &std::fs::read_to_string(&path).unwrap();
            }
        }
    }
    text
}
