//! No secret is compared with `==`, whose time tells how much of a guess is right.

use std::path::Path;

use edge::secrets::KnownSecret;
use secrecy::SecretString;

/// Has one implementation for types without `PartialEq` and two for the others, so that naming it
/// for one of those is ambiguous and does not compile.
trait WithoutEquals<A> {
    fn is_one() -> bool {
        true
    }
}

struct ByEquals;

impl<T: ?Sized> WithoutEquals<()> for T {}
impl<T: ?Sized + PartialEq> WithoutEquals<ByEquals> for T {}

#[test]
fn g3_secrets_have_no_equals() {
    assert!(<SecretString as WithoutEquals<_>>::is_one());
    assert!(<KnownSecret as WithoutEquals<_>>::is_one());
}

/// Lines in which an exposed secret, a digest or a signature stands beside `==`.
fn faults(source: &str) -> Vec<String> {
    let secret = ["expose_secret()", "hash_hex(", "token_hash", "digest(", ".mac", "signature"];
    let lines = source.split("#[cfg(test)]").next().unwrap_or_default().lines();
    let lines = lines.map(str::trim).filter(|line| !line.starts_with("//"));
    let is_fault = |line: &&str| {
        let compares = line.contains(" == ") || line.contains(" != ");
        compares && secret.iter().any(|secret| line.contains(secret))
    };
    lines.filter(is_fault).map(str::to_owned).collect()
}

fn look(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let faults = faults(&source).into_iter();
            found.extend(faults.map(|line| format!("{}: {line}", path.display())));
        }
    }
}

#[test]
fn g3_no_source_compares_a_secret_with_equals() {
    for fault in [
        "if given == known.expose_secret() {",
        "if hash_hex(token) != record.hash {",
        "    visitor.token_hash == hash",
    ] {
        assert_eq!(faults(fault).len(), 1, "{fault}");
    }
    let rooms = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for room in ["baton", "bridge", "connector", "connectors", "dialogflow", "edge", "platform"] {
        look(&rooms.join(room).join("src"), &mut found);
    }
    assert!(found.is_empty(), "compare in constant time, by edge::secrets: {found:#?}");
}
