//! L3: where foreign code comes from, under which licence, and that it is the code that was locked:
//! every Rust crate and npm package that a lock file names. Scripts of npm packages never run.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";
const CARGO_LOCK: &str = "Cargo.lock";
const NPM_LOCKS: [&str; 5] = [
    "web/package-lock.json",
    "crates/edge/tests/clients/package-lock.json",
    "crates/simulators/tests/vendors/package-lock.json",
    "crates/dialogflow/tests/fulfilment/package-lock.json",
    "crates/dialogflow/tests/clients/package-lock.json",
];
/// Settings of npm in the folder where people run it by hand.
const NPM_SETTINGS: &str = "web/.npmrc";

/// Licences that Apache-2.0 software may be shipped and tested with.
const LICENCES: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn check(wrong: &mut Vec<String>) -> Result<()> {
    let output =
        Command::new("cargo").args(["metadata", "--format-version", "1", "--locked"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wrong.extend(crates(&serde_json::from_slice(&output.stdout)?)?);
    wrong.extend(unhashed(&fs::read_to_string(CARGO_LOCK).context(CARGO_LOCK)?));
    for path in NPM_LOCKS {
        let lock = fs::read_to_string(path).context(path)?;
        let problems = packages(&serde_json::from_str(&lock).context(path)?)?;
        wrong.extend(problems.into_iter().map(|problem| format!("{path}: {problem}")));
    }
    wrong.extend(scripts(&fs::read_to_string(NPM_SETTINGS).context(NPM_SETTINGS)?));
    Ok(())
}

/// The crates of a `Cargo.lock` that come from somewhere and have no hash.
fn unhashed(lock: &str) -> Vec<String> {
    let crates = lock.split("[[package]]").skip(1);
    let is_bare = |entry: &&str| entry.contains("\nsource = ") && !entry.contains("\nchecksum = ");
    let name = |entry: &str| entry.lines().find(|line| line.starts_with("name")).map(str::to_owned);
    crates
        .filter(is_bare)
        .map(|entry| {
            format!("a crate has no hash in {CARGO_LOCK}: {}", name(entry).unwrap_or_default())
        })
        .collect()
}

/// What is wrong with the settings of npm.
fn scripts(settings: &str) -> Option<String> {
    let off = settings.lines().any(|line| line.replace(' ', "") == "ignore-scripts=true");
    (!off).then(|| format!("{NPM_SETTINGS}: set ignore-scripts=true, packages must not run code"))
}

/// Checks the output of `cargo metadata`.
fn crates(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let foreign = packages.iter().filter(|package| !package["source"].is_null());
    let problems = foreign.filter_map(|package| {
        let problem = if package["source"] == CRATES_IO {
            licence_problem(package["license"].as_str())?
        } else {
            format!("comes from {}, not from crates.io", package["source"])
        };
        Some(format!("crate {} {problem}", package["name"]))
    });
    Ok(problems.collect())
}

/// Checks an npm lock file.
fn packages(lock: &Value) -> Result<Vec<String>> {
    let packages = lock["packages"].as_object().context("no packages")?;
    // Our own packages are folders, or links to them.
    let foreign = packages
        .iter()
        .filter(|(path, package)| path.contains("node_modules/") && package["link"] != true);
    let problems = foreign.filter_map(|(path, package)| {
        let is_elsewhere = |resolved: &str| !resolved.starts_with(NPM);
        let problem = if package["resolved"].as_str().is_some_and(is_elsewhere) {
            format!("comes from {}, not from {NPM}", package["resolved"])
        } else if package["integrity"].is_null() {
            "has no hash in the lock file".to_owned()
        } else {
            licence_problem(package["license"].as_str())?
        };
        Some(format!("npm package {path} {problem}"))
    });
    Ok(problems.collect())
}

fn licence_problem(licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some("names no licence".to_owned()) };
    // Older crates write a slash for OR.
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("has the licence {licence:?}, which is no SPDX expression"));
    };
    let allows = |wanted: &LicenseReq| {
        wanted.license.id().is_some_and(|licence| LICENCES.contains(&licence.name))
    };
    (!expression.evaluate(allows)).then(|| format!("has the licence {licence}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CRATES_IO, check, crates, licence_problem, packages, scripts, unhashed};

    #[test]
    fn l3_what_the_lock_files_name_may_be_used() {
        std::env::set_current_dir(crate::shell::root()).unwrap();
        let mut wrong = Vec::new();
        check(&mut wrong).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn l3_a_crate_without_a_hash_and_scripts_of_packages_are_found() {
        let source = format!("source = \"{CRATES_IO}\"");
        let entry = |name: &str, more: &str| format!("[[package]]\nname = \"{name}\"\n{more}\n\n");
        let own = entry("ours", "version = \"1.0.0\"");
        let good = entry("good", &format!("{source}\nchecksum = \"4148\""));
        let bare = entry("bare", &source);
        assert_eq!(unhashed(&format!("{own}{good}")), Vec::<String>::new());
        assert_eq!(unhashed(&format!("{own}{bare}{good}")).len(), 1);
        assert_eq!(scripts("fund=false\nignore-scripts = true\n"), None);
        for settings in ["", "fund=false", "ignore-scripts=false", "# ignore-scripts=true"] {
            assert!(scripts(settings).is_some(), "{settings}");
        }
    }

    #[test]
    fn l3_licences_that_cannot_be_shipped_are_found() {
        for good in
            ["MIT", "MIT/Apache-2.0", "LGPL-2.1-or-later OR MIT", "(MIT OR GPL-3.0) AND ISC"]
        {
            assert_eq!(licence_problem(Some(good)), None, "{good}");
        }
        for bad in ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "Our own"] {
            assert!(licence_problem(Some(bad)).is_some(), "{bad}");
        }
        assert!(licence_problem(None).is_some());
    }

    fn package(place: &str, hash: Option<&str>) -> Value {
        let place = format!("https://{place}.tgz");
        json!({ "license": "MIT", "resolved": place, "integrity": hash })
    }

    #[test]
    fn l3_code_from_elsewhere_is_found() {
        let of = |source: &str| json!({ "name": "it", "license": "MIT", "source": source });
        let metadata = json!({ "packages": [of(CRATES_IO), of("git+https://example.com/it")] });
        assert_eq!(crates(&metadata).unwrap().len(), 1);
        let lock = json!({ "packages": {
            "": {},
            "widget": {},
            "node_modules/widget": { "link": true },
            "node_modules/good": package("registry.npmjs.org/good", Some("sha512-1")),
            "node_modules/bare": package("registry.npmjs.org/bare", None),
            "node_modules/far": package("example.com/far", Some("sha512-1")),
        } });
        assert_eq!(packages(&lock).unwrap().len(), 2);
    }
}
