//! `docs/guarantees.md` and the tests agree: every test it names is there, and every test that is
//! named after a guarantee is in it.
//!
//! A guarantee has an id such as `A2`. A Rust test of it is a function whose name starts with
//! `a2_`; a test of the pages has a title that starts with `A2: `.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result};

const TABLE: &str = "docs/guarantees.md";

/// Tests by name: functions in Rust, titles in TypeScript.
#[derive(Debug, Default)]
pub(crate) struct Tests {
    named: BTreeSet<String>,
    /// Those whose name starts with the id of a guarantee.
    of_guarantees: BTreeSet<String>,
}

impl Tests {
    pub(crate) fn read_rust(&mut self, text: &str) {
        for line in text.lines() {
            let Some((before, after)) = line.split_once("fn ") else { continue };
            let is_start = before
                .split_whitespace()
                .all(|word| matches!(word, "async" | "const") || word.starts_with("pub"));
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &after[..end.unwrap_or(after.len())];
            if is_start && !name.is_empty() {
                self.add(name, name.split_once('_').map(|(id, _)| id.to_ascii_uppercase()));
            }
        }
    }

    /// A title may stand on the line after `test(`.
    pub(crate) fn read_script(&mut self, text: &str) {
        for call in text.split("test(").chain(text.split("it(")).skip(1) {
            let call = call.trim_start();
            let Some(quote) = call.chars().next().filter(|c| "\"'`".contains(*c)) else { continue };
            if let Some(title) = call.split(quote).nth(1) {
                self.add_title(title);
            }
        }
        // Cases for a browser are the keys of an object.
        for line in text.lines().map(str::trim_start) {
            let Some(quote) = line.chars().next().filter(|c| "\"'`".contains(*c)) else { continue };
            if let Some((title, rest)) = line[1..].split_once(quote)
                && rest.starts_with(':')
            {
                self.add_title(title);
            }
        }
    }

    fn add_title(&mut self, title: &str) {
        self.add(title, title.split_once(": ").map(|(id, _)| id.to_owned()));
    }

    fn add(&mut self, name: &str, id: Option<String>) {
        self.named.insert(name.to_owned());
        if id.is_some_and(|id| is_id(&id)) {
            self.of_guarantees.insert(name.to_owned());
        }
    }

    pub(crate) fn check(&self, wrong: &mut Vec<String>) -> Result<()> {
        let table = fs::read_to_string(Path::new(TABLE)).context(TABLE)?;
        self.check_table(&table, wrong);
        Ok(())
    }

    fn check_table(&self, table: &str, wrong: &mut Vec<String>) {
        let mut listed = BTreeSet::new();
        for (number, line) in table.lines().enumerate() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, id, _, tests, _] = cells[..] else { continue };
            if !is_id(id) {
                continue;
            }
            let place = format!("{TABLE}:{}", number + 1);
            // Between two backticks is every second part.
            let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
            if names.is_empty() {
                wrong.push(format!("{place}: {id} names no test"));
            }
            for name in names {
                if !self.named.contains(name) {
                    wrong.push(format!("{place}: {id} names `{name}`, and there is no such test"));
                }
                listed.insert(name);
            }
        }
        for name in &self.of_guarantees {
            if !listed.contains(name.as_str()) {
                wrong.push(format!("{TABLE}: the test `{name}` is in no row"));
            }
        }
    }
}

/// A letter from `A` to `M` and a number.
fn is_id(text: &str) -> bool {
    let Some((letter, number)) = text.split_at_checked(1) else { return false };
    matches!(letter.as_bytes(), [b'A'..=b'M'])
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "#[tokio::test]\nasync fn a2_syncs_first() {}\nfn helper() {}\n\
        on_both! {\n    async fn d9_keeps_order(place: Place) {\n    }\n}\n\
        let x = a(fn b2_is_no_function());\n";
    const SCRIPT: &str = "test(\n  \"C7: two tabs ring once\", () => {});\n\
        it('plain', () => {});\nconst x = \"C3: no test\";\n";

    fn wrong(table: &str) -> Vec<String> {
        let mut tests = Tests::default();
        tests.read_rust(CODE);
        tests.read_script(SCRIPT);
        let mut wrong = Vec::new();
        tests.check_table(table, &mut wrong);
        wrong
    }

    #[test]
    fn a_table_with_all_tests_is_good() {
        let table = "| id | what | tests |\n| --- | --- | --- |\n\
            | A2 | first the disk | `a2_syncs_first`, `plain` |\n\
            | C7 | once | `C7: two tabs ring once` |\n| D9 | order | `d9_keeps_order` |\n";
        assert_eq!(wrong(table), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_on_either_side_is_named() {
        let table = "| A2 | first the disk | `a2_syncs_second` |\n| B1 | nothing | none |\n";
        assert_eq!(
            wrong(table),
            [
                "docs/guarantees.md:1: A2 names `a2_syncs_second`, and there is no such test",
                "docs/guarantees.md:2: B1 names no test",
                "docs/guarantees.md: the test `C7: two tabs ring once` is in no row",
                "docs/guarantees.md: the test `a2_syncs_first` is in no row",
                "docs/guarantees.md: the test `d9_keeps_order` is in no row",
            ]
        );
    }
}
