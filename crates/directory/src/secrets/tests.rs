use serde_json::json;

use super::*;

/// The forms in which schemas say what is a secret.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "token": { "$ref": "#/$defs/Secret" },
            "key": { "anyOf": [
                { "$ref": "#/$defs/Key" },
                { "type": "array", "items": { "$ref": "#/$defs/Key" } },
            ] },
            "header": { "anyOf": [{ "$ref": "#/$defs/Header" }, { "type": "null" }] },
            "more": { "type": "object", "additionalProperties": { "$ref": "#/$defs/Secret" } },
        },
        "$defs": {
            "Secret": { "x-secret": "read", "oneOf": [{ "type": "string" }] },
            "Key": { "x-secret": "compared" },
            "Header": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "value": { "$ref": "#/$defs/Secret" },
                },
            },
        },
    })
}

fn body(value: Value) -> Body {
    let Value::Object(body) = value else { panic!("settings are an object") };
    body
}

struct World {
    schema: Value,
    keyring: Keyring,
}

impl World {
    fn new() -> Self {
        Self { schema: schema(), keyring: Keyring::generate() }
    }

    fn of(&self, document: &'static str) -> Secrets<'_> {
        Secrets { document, schema: &self.schema, keyring: &self.keyring }
    }
}

fn full() -> Body {
    body(json!({
        "name": "a name that is no secret",
        "token": "token-of-the-webhook",
        "key": ["key-number-one", "key-number-two"],
        "header": { "name": "x-live-chat", "value": "value-of-the-header" },
        "more": { "a": "secret-of-a-map" },
    }))
}

const TEXTS: [&str; 5] = [
    "token-of-the-webhook",
    "key-number-one",
    "key-number-two",
    "value-of-the-header",
    "secret-of-a-map",
];

#[test]
fn no_text_of_a_secret_is_stored_or_shown() {
    let world = World::new();
    let secrets = world.of("bot_1");
    let stored = secrets.store(full(), None, 1).unwrap();
    let shown = secrets.show(&stored);
    for text in TEXTS {
        for body in [&stored, &shown] {
            assert!(!Value::Object(body.clone()).to_string().contains(text), "{text}");
        }
    }
    assert_eq!(stored["name"], "a name that is no secret");
    assert_eq!(stored["key"][0]["hash"], hash_hex("key-number-one"));
    assert_eq!(shown["token"]["ends"], "hook");
    assert_eq!(shown["token"].as_object().unwrap().len(), 2);
}

#[test]
fn what_is_sealed_is_opened_and_what_is_hashed_stays_a_hash() {
    let world = World::new();
    let secrets = world.of("bot_1");
    let opened = secrets.open(&secrets.store(full(), None, 1).unwrap()).unwrap();
    let mut expected = full();
    let hashes = ["key-number-one", "key-number-two"].map(|key| json!({ "hash": hash_hex(key) }));
    expected["key"] = json!(hashes);
    assert_eq!(opened, expected);
}

#[test]
fn the_same_settings_again_are_the_same_document() {
    let world = World::new();
    let secrets = world.of("bot_1");
    let stored = secrets.store(full(), None, 1).unwrap();
    assert_eq!(secrets.store(full(), Some(&stored), 2).unwrap(), stored);
    assert_eq!(secrets.store(secrets.show(&stored), Some(&stored), 2).unwrap(), stored);
    assert_eq!(secrets.store(stored.clone(), Some(&stored), 2).unwrap(), stored, "an export");
    let mut other = full();
    other["token"] = "another-token".into();
    let changed = secrets.store(other, Some(&stored), 2).unwrap();
    assert_ne!(changed["token"], stored["token"]);
    assert_eq!(changed["header"], stored["header"]);
}

#[test]
fn a_shown_secret_counts_at_its_own_setting_only() {
    let world = World::new();
    let secrets = world.of("bot_1");
    let stored = secrets.store(full(), None, 1).unwrap();
    let mut moved = secrets.show(&stored);
    moved["header"]["value"] = moved["token"].clone();
    let error = secrets.store(moved, Some(&stored), 2).unwrap_err();
    assert_eq!(error.field, "header.value");
    let mut unknown = full();
    unknown["token"] = json!({ "stored": "sec_0" });
    assert_eq!(secrets.store(unknown, Some(&stored), 2).unwrap_err().field, "token");
}

#[test]
fn a_sealed_secret_cannot_be_moved() {
    let world = World::new();
    let stored = world.of("bot_1").store(full(), None, 1).unwrap();
    assert!(world.of("bot_2").open(&stored).is_err(), "to another document");
    let mut moved = stored.clone();
    moved["header"]["value"] = stored["token"].clone();
    assert_eq!(world.of("bot_1").open(&moved).unwrap_err().field, "header.value");
    assert!(world.of("bot_1").store(moved, None, 2).is_err(), "nor by an import");
}

#[test]
fn wrong_forms_name_the_setting() {
    let world = World::new();
    for (value, expected) in [
        (json!({ "token": "" }), "`token`: the secret is empty"),
        (json!({ "key": "elevenchars" }), "`key`: it has 11 characters and could be guessed"),
        (json!({ "token": { "file": "/etc/passwd" } }), "`token`: a secret from a file"),
        (json!({ "key": { "env": "HOME" } }), "`key`: a secret from a file or the environment"),
        (json!({ "key": [{ "hash": "12" }] }), "`key[]`: a hash has 64"),
        (json!({ "token": { "hash": "12" } }), "`token`: give a secret as text"),
        (json!({ "header": { "value": 7 } }), "`header.value`: give a secret as text"),
        (json!({ "more": { "a": { "sealed": "1.AAAA" } } }), "`more.a`: this sealed secret"),
    ] {
        let error = world.of("bot_1").store(body(value.clone()), None, 1).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{value}: {error}");
    }
}

#[test]
fn a_new_key_seals_everything_again_and_changes_nothing_else() {
    let mut world = World::new();
    let stored = world.of("bot_1").store(full(), None, 1).unwrap();
    assert_eq!(world.of("bot_1").reseal(&stored).unwrap(), None);
    let opened = world.of("bot_1").open(&stored).unwrap();
    world.keyring = world.keyring.rotated();
    let resealed = world.of("bot_1").reseal(&stored).unwrap().unwrap();
    world.keyring = world.keyring.pruned();
    assert_eq!(world.of("bot_1").open(&resealed).unwrap(), opened);
    assert_eq!(resealed["key"], stored["key"]);
    assert!(world.of("bot_1").open(&stored).is_err(), "the old key is gone");
}
