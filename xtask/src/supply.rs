//! Where foreign code comes from, and under which licence: every Rust crate and every npm package
//! that the lock files name.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";
const NPM_LOCK: &str = "web/package-lock.json";

/// Licences that Apache-2.0 software may be shipped with.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
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
    "Zlib",
];

pub(crate) fn check(wrong: &mut Vec<String>) -> Result<()> {
    let output =
        Command::new("cargo").args(["metadata", "--format-version", "1", "--locked"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wrong.extend(crates(&serde_json::from_slice(&output.stdout)?)?);
    let lock = fs::read_to_string(NPM_LOCK).context(NPM_LOCK)?;
    wrong.extend(packages(&serde_json::from_str(&lock).context(NPM_LOCK)?)?);
    Ok(())
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

    use super::{CRATES_IO, crates, licence_problem, packages};

    #[test]
    fn licences_that_cannot_be_shipped_are_found() {
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
    fn code_from_elsewhere_is_found() {
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
