//! Who knows whom inside a crate: read from the paths that begin with `crate::`, `super::` and
//! `self::`, without tests. Modules beside each other must not know each other in a circle; parent
//! and child may.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

/// A module by its path from the crate's root; the root itself is empty.
type Module = Vec<String>;

/// One arrow between two modules that stand beside each other.
struct Arrow {
    from: Module,
    to: Module,
    /// Where it is drawn first.
    file: PathBuf,
}

/// Modules of a crate from top to bottom: each may know those below it only.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "platform",
        &[
            "http",
            "timers",
            "driver",
            "notify",
            "app",
            "webhook",
            "query",
            "history",
            "facts",
            "bots",
            "bot",
            "events",
            "visitors",
            "visitor_headers",
            "pulse",
            "config",
            "limit",
            "mutant",
        ],
    ),
    (
        "bridge",
        &[
            "bridge",
            "http",
            "timer",
            "driver",
            "connectors",
            "runtime",
            "desk",
            "routes",
            "route",
            "config",
            "access",
            "push",
            "queue",
            "answer_time",
            "tasks",
        ],
    ),
];

/// Checks every crate below `crates`.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir("crates")? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let arrows = arrows(&folder.join("src"))?;
        check_circles(&name, &arrows, wrong);
        if let Some((_, layers)) = LAYERS.iter().find(|(of, _)| *of == name) {
            check_layers(&name, layers, &arrows, wrong);
        }
    }
    Ok(())
}

fn check_layers(name: &str, layers: &[&str], arrows: &[Arrow], wrong: &mut Vec<String>) {
    let place = |module: &Module| layers.iter().position(|layer| module[0] == *layer);
    for Arrow { from, to, file } in arrows.iter().filter(|arrow| arrow.from.len() == 1) {
        match (place(from), place(to)) {
            (Some(from), Some(to)) if from < to => {}
            (Some(_), Some(_)) => wrong.push(format!(
                "{}: in {name}, {} must not know {}, which stands above it",
                file.display(),
                from[0],
                to[0]
            )),
            (place, _) => {
                let unknown = if place.is_none() { from } else { to };
                wrong.push(format!("give {}::{} its layer in modules.rs", name, unknown[0]));
            }
        }
    }
}

/// Reports each circle once.
fn check_circles(name: &str, arrows: &[Arrow], wrong: &mut Vec<String>) {
    let mut known: BTreeMap<&Module, Vec<&Arrow>> = BTreeMap::new();
    for arrow in arrows {
        known.entry(&arrow.from).or_default().push(arrow);
    }
    let mut told: BTreeSet<BTreeSet<&Module>> = BTreeSet::new();
    for start in arrows {
        let Some(circle) = way(&known, start) else { continue };
        if told.insert(circle.iter().map(|arrow| &arrow.from).collect()) {
            let steps: Vec<_> = circle.iter().map(|arrow| described(arrow)).collect();
            wrong
                .push(format!("{name}: modules know each other in a circle: {}", steps.join(", ")));
        }
    }
}

/// The shortest circle that begins with `start`, if there is one.
fn way<'a>(known: &BTreeMap<&Module, Vec<&'a Arrow>>, start: &'a Arrow) -> Option<Vec<&'a Arrow>> {
    let mut seen = BTreeSet::from([&start.to]);
    let mut ways = vec![vec![start]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let end = way.last().map(|arrow| &arrow.to)?;
            if *end == start.from {
                return Some(way);
            }
            for next in known.get(end).into_iter().flatten() {
                if seen.insert(&next.to) {
                    longer.push([&way[..], &[*next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

fn described(arrow: &Arrow) -> String {
    format!("{} → {} ({})", arrow.from.join("::"), arrow.to.join("::"), arrow.file.display())
}

/// All arrows between siblings of one crate.
fn arrows(source: &Path) -> Result<Vec<Arrow>> {
    let files = files(source)?;
    let modules: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
    let mut arrows = BTreeMap::new();
    for (module, path) in &files {
        let text = fs::read_to_string(path)?;
        for used in used(&without_tests(&text), module) {
            let known = (0..=used.len()).rev().map(|depth| used[..depth].to_vec());
            let Some(used) = known.into_iter().find(|prefix| modules.contains(prefix)) else {
                continue;
            };
            let shared = module.iter().zip(&used).take_while(|(one, other)| one == other).count();
            if shared < module.len() && shared < used.len() {
                let (from, to) = (module[..=shared].to_vec(), used[..=shared].to_vec());
                arrows.entry((from, to)).or_insert_with(|| path.clone());
            }
        }
    }
    let arrow = |((from, to), file)| Arrow { from, to, file };
    Ok(arrows.into_iter().map(arrow).collect())
}

/// Every file of a crate with its module; test files left out.
fn files(source: &Path) -> Result<Vec<(Module, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![(Module::new(), source.to_owned())];
    while let Some((module, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let inner = [&module[..], std::slice::from_ref(&stem)].concat();
            match stem.as_str() {
                "tests" | "bin" => {}
                _ if path.is_dir() => folders.push((inner, path)),
                "lib" | "main" | "mod" => found.push((module.clone(), path)),
                _ if path.extension().is_some_and(|extension| extension == "rs") => {
                    found.push((inner, path));
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Code up to the tests at its end, without comments.
fn without_tests(text: &str) -> String {
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let code = code.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The absolute paths that `text`, the code of `module`, names.
fn used(text: &str, module: &Module) -> Vec<Module> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("::") {
        let before = &text[..at];
        let start = before.rfind(|c| !is_name(c)).map_or(0, |last| last + 1);
        let base = match &before[start..] {
            _ if before[..start].ends_with("::") => continue,
            "crate" => Module::new(),
            "self" => module.clone(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            _ => continue,
        };
        follow(base, &text[at + 2..], &mut found);
    }
    found
}

/// Follows one path, into every branch of its braces.
fn follow(base: Module, path: &str, found: &mut Vec<Module>) {
    if let Some(group) = path.strip_prefix('{') {
        for branch in branches(group).into_iter().filter(|branch| !branch.trim().is_empty()) {
            follow(base.clone(), branch.trim(), found);
        }
        return;
    }
    let name: String = path.chars().take_while(|c| is_name(*c)).collect();
    let after = &path[name.len()..];
    let next = match name.as_str() {
        "super" => base[..base.len().saturating_sub(1)].to_vec(),
        "self" | "" => base,
        _ => [&base[..], &[name]].concat(),
    };
    match after.strip_prefix("::") {
        Some(deeper) => follow(next, deeper, found),
        None => found.push(next),
    }
}

/// What stands between the commas of a group, up to the brace that closes it.
fn branches(group: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut found = Vec::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                found.push(&group[start..at]);
                break;
            }
            ',' if depth == 0 => {
                found.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> Module {
        path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn paths_are_read_through_braces_and_relative_steps() {
        let text = "use crate::{\n    app::{App, route},\n    store,\n};\n\
            fn f() { super::other::g(); self::inner::h(); super::super::top(); std::mem::drop(1) }";
        let used = used(text, &module("a::b"));
        let named = ["app::App", "app::route", "store", "a::other::g", "a::b::inner::h", "top"];
        assert_eq!(used, named.map(module));
    }

    #[test]
    fn circles_are_told_once_and_layers_point_down() {
        let arrow = |from, to| Arrow { from: module(from), to: module(to), file: "x.rs".into() };
        let mut wrong = Vec::new();
        check_circles("c", &[arrow("a", "b"), arrow("b", "d")], &mut wrong);
        check_layers("c", &["a", "b", "d"], &[arrow("a", "b"), arrow("a", "d")], &mut wrong);
        assert_eq!(wrong, [""; 0]);
        check_circles("c", &[arrow("a", "b"), arrow("b", "d"), arrow("d", "a")], &mut wrong);
        assert_eq!(wrong.len(), 1);
        check_layers("c", &["a", "b"], &[arrow("b", "a"), arrow("a", "e")], &mut wrong);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }
}
