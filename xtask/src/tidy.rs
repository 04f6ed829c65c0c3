//! The rules that a program can check: sizes, edges between crates, unfinished work.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{guarantees::Tests, modules, supply};

const LINE_CHARS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

/// Which crate may use which. Every other edge between our crates is an error.
const EDGES: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("machine", &[]),
    ("dialogflow", &["wire"]),
    ("store", &["machine"]),
    ("edge", &["machine", "wire"]),
    ("platform", &["dialogflow", "edge", "machine", "store", "wire"]),
    ("connector", &["edge", "machine", "wire"]),
    ("connectors", &["connector", "edge", "machine", "wire"]),
    ("bridge", &["connector", "edge", "machine", "store", "wire"]),
    ("directory", &["connector", "edge", "machine", "store", "wire"]),
    ("portal", &["directory", "edge", "machine", "store", "wire"]),
    ("kit", &["wire"]),
    ("simulators", &[]),
    ("proving", &["kit", "simulators", "wire"]),
    (
        "baton",
        &[
            "bridge",
            "connector",
            "connectors",
            "dialogflow",
            "directory",
            "edge",
            "kit",
            "machine",
            "platform",
            "portal",
            "simulators",
            "store",
            "wire",
        ],
    ),
];

/// Checks every rule and reports all broken ones together.
pub(crate) fn tidy() -> Result<()> {
    let mut wrong = Vec::new();
    for (name, allowed) in EDGES {
        check_edges(name, allowed, &mut wrong)?;
    }
    modules::check(&mut wrong)?;
    supply::check(&mut wrong)?;
    let mut tests = Tests::default();
    for path in files(Path::new("."))? {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let text = match extension {
            Some("rs" | "ts" | "mjs" | "md") => fs::read_to_string(&path)?,
            _ => continue,
        };
        match extension {
            Some("rs") => {
                // Its own tests hold examples.
                if !path.ends_with("xtask/src/guarantees.rs") {
                    tests.read_rust(&text);
                }
                check_rust(&path, &text, &mut wrong);
            }
            Some("md") => check_markdown(&path, &text, &mut wrong),
            _ => {
                tests.read_script(&text);
                check_unfinished(&path, &text, &mut wrong);
            }
        }
    }
    tests.check(&mut wrong)?;
    for problem in &wrong {
        eprintln!("tidy: {problem}");
    }
    ensure!(wrong.is_empty(), "{} rules broken", wrong.len());
    Ok(())
}

fn check_edges(name: &str, allowed: &[&str], wrong: &mut Vec<String>) -> Result<()> {
    let path = format!("crates/{name}/Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| path.clone())?;
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    for line in dependencies.lines() {
        let Some(dependency) = line.split(['.', ' ', '=']).next() else {
            continue;
        };
        let ours = EDGES.iter().any(|(known, _)| *known == dependency);
        if ours && !allowed.contains(&dependency) {
            wrong.push(format!("{path}: {name} must not use {dependency}"));
        }
    }
    Ok(())
}

fn check_rust(path: &Path, text: &str, wrong: &mut Vec<String>) {
    check_unfinished(path, text, wrong);
    let shown = path.display();
    for (number, line) in text.lines().enumerate() {
        if line.chars().count() > LINE_CHARS_MAX {
            wrong.push(format!("{shown}:{}: over {LINE_CHARS_MAX} characters", number + 1));
        }
    }
    let is_test = path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs");
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    if !is_test && code > FILE_LINES_MAX {
        wrong.push(format!("{shown}: {code} lines without tests, over {FILE_LINES_MAX}"));
    }
    for (start, lines) in functions(text) {
        if !is_test && start <= code && lines > FUNCTION_LINES_MAX {
            wrong.push(format!("{shown}:{start}: a function of {lines} lines"));
        }
    }
}

/// Start and length of every function. In the layout of rustfmt, the closing brace is alone on a
/// line with the indentation of the line that opened it.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.trim_start().split(' ').take(5).collect();
        let keyword = words.iter().position(|word| *word == "fn");
        let only_qualifiers = keyword.is_some_and(|place| {
            words[..place].iter().all(|word| {
                matches!(*word, "async" | "const" | "unsafe") || word.starts_with("pub")
            })
        });
        let opening = lines[start..].iter().find(|line| line.ends_with(['{', ';', '}']));
        if !only_qualifiers || !opening.is_some_and(|line| line.ends_with('{')) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| *line == closing);
        if let Some(length) = end {
            found.push((start + 1, length + 1));
        }
    }
    found
}

fn check_markdown(path: &Path, text: &str, wrong: &mut Vec<String>) {
    let mut in_code = false;
    let titles = text.lines().filter(|line| {
        in_code ^= line.starts_with("```");
        !in_code && line.starts_with("# ")
    });
    let titles = titles.count();
    if titles != 1 {
        wrong.push(format!("{}: {titles} titles instead of one", path.display()));
    }
}

fn check_unfinished(path: &Path, text: &str, wrong: &mut Vec<String>) {
    // Spelled apart, so that this file does not find itself.
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("X", "XX")];
    for (number, line) in text.lines().enumerate() {
        if words.iter().any(|word| line.contains(word)) {
            wrong.push(format!("{}:{}: unfinished", path.display(), number + 1));
        }
    }
}

/// Every file of this repository.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    const NOT_OURS: [&str; 6] = ["target", "node_modules", "dist", ".git", "agents", "demo-data"];
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured() {
        let text =
            "fn one() {\n    body\n}\n\nimpl X {\n    pub(crate) async fn two() {\n    }\n}\n";
        assert_eq!(functions(text), [(1, 3), (6, 2)]);
    }

    #[test]
    fn long_functions_files_and_lines_are_found() {
        let body = "    x();\n".repeat(80);
        let mut wrong = Vec::new();
        check_rust(Path::new("a.rs"), &format!("fn long() {{\n{body}}}\n"), &mut wrong);
        check_rust(Path::new("b.rs"), &"x\n".repeat(501), &mut wrong);
        check_rust(Path::new("c.rs"), &"x".repeat(101), &mut wrong);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }
}
