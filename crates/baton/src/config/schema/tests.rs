use std::{collections::HashSet, fs, path::Path};

use boon::{Compiler, SchemaIndex, Schemas};

use super::{super::tests::GOOD, *};
use crate::demo;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

struct Checker {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Checker {
    fn new(document: Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("http://localhost/schema", document).unwrap();
        let index = compiler.compile("http://localhost/schema", &mut schemas).unwrap();
        Self { schemas, index }
    }

    /// What is wrong, or nothing.
    fn check(&self, file: &Value) -> Result<(), String> {
        self.schemas.validate(file, self.index).map_err(|error| format!("{error:#}"))
    }
}

fn of_toml(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn the_committed_schema_is_this_one() {
    let path = Path::new(ROOT).join("docs/baton.schema.json");
    let written = format!("{:#}\n", document());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == written, "docs/baton.schema.json is stale: run the tests with UPDATE=1");
}

/// The same file is good for the reader and for editors.
#[test]
fn the_schema_accepts_what_the_reader_accepts_and_refuses_unknown_keys() {
    let checker = Checker::new(document());
    checker.check(&of_toml(GOOD)).unwrap();
    let whole = proving::config::Setup::whole("http://127.0.0.1:9", 2).to_toml("127.0.0.1:0");
    checker.check(&of_toml(&whole)).unwrap();
    for (from, to) in [
        ("listen =", "lisen ="),
        ("push_key =", "pushkey ="),
        ("push_key = \"key\"", "push_key = { flie = \"x\" }"),
        ("[[agents]]", "[[agent]]"),
        ("minutes_paused = 0.5", "minutes_paused = \"x\""),
        ("kind = \"desk\"", "kindly = \"desk\""),
        ("id = \"support\"\n", ""),
    ] {
        let text = GOOD.replace(from, to);
        assert!(text != GOOD, "{from}");
        assert!(checker.check(&of_toml(&text)).is_err(), "{to}");
    }
    let connector = |settings: &str| of_toml(&format!("{GOOD}\n[connectors.tool]\n{settings}"));
    let webhook = "kind = \"webhook\"\nurl = \"https://example.com\"\nsigning_key = \"k\"\n";
    checker.check(&connector(&format!("{webhook}token = \"t\""))).unwrap();
    assert!(checker.check(&connector("kind = \"webhok\"\nurl = \"x\"")).is_err());
    assert!(checker.check(&connector(&format!("{webhook}ulr = \"t\""))).is_err());
}

#[test]
fn the_demo_is_described() {
    let documents = demo::example().unwrap();
    let mut file = Map::new();
    for new in documents {
        let (table, _) = TABLES.iter().find(|(_, kind)| *kind == new.kind).unwrap();
        let mut settings = new.settings;
        if new.kind != directory::kind::Kind::Agent {
            settings.insert("id".to_owned(), new.slug.into());
        }
        let entries = file.entry((*table).to_owned()).or_insert_with(|| json!([]));
        entries.as_array_mut().unwrap().push(settings.into());
    }
    assert_eq!(file.len(), 3);
    Checker::new(document()).check(&file.into()).unwrap();
}

/// Every example of the documentation. Where one leaves out what another page says, only what it
/// has is checked.
#[test]
fn every_example_of_the_documentation_is_described() {
    let (whole, mut part) = (Checker::new(document()), document());
    make_optional(&mut part);
    let part = Checker::new(part);
    let mut checked = HashSet::new();
    for (place, text) in examples() {
        let file = of_toml(&text);
        let file = in_its_table(&file);
        let result = if Config::parse(&text).is_ok() { &whole } else { &part }.check(&file);
        result.unwrap_or_else(|error| panic!("{place}:\n{text}\n{error}"));
        checked.insert(place);
    }
    assert!(checked.len() >= 15, "{}", checked.len());
}

/// Lines that belong into a table are put there.
fn in_its_table(file: &Value) -> Value {
    let fields = file.as_object().unwrap();
    let has = |name| fields.contains_key(name);
    match () {
        () if has("agent") => json!({ "bots": [file] }),
        () if has("connector") => json!({ "routes": [file] }),
        () if has("collection") => json!({ "connectors": { "one": with_kind(file) } }),
        () if file["bots"].is_object() => json!({ "bots": [file["bots"]] }),
        () => file.clone(),
    }
}

fn with_kind(settings: &Value) -> Value {
    let mut settings = settings.clone();
    settings["kind"] = "service-manager".into();
    settings
}

fn make_optional(schema: &mut Value) {
    match schema {
        // A secret is told from a table by what it requires.
        Value::Object(fields) if !fields.contains_key("x-secret") => {
            if let Some(Value::Array(required)) = fields.get_mut("required") {
                required.retain(|name| name == "kind");
            }
            fields.values_mut().for_each(make_optional);
        }
        Value::Array(items) => items.iter_mut().for_each(make_optional),
        _ => {}
    }
}

/// The blocks of the documentation in TOML, with the file and line of each.
fn examples() -> Vec<(String, String)> {
    let root = Path::new(ROOT);
    let folders = [root.to_owned(), root.join("docs"), root.join("docs/connectors")];
    let mut found = Vec::new();
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut block: Option<(usize, String)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            match &mut block {
                None if line == "```toml" => block = Some((number, String::new())),
                Some(_) if line == "```" => {
                    let (number, text) = block.take().unwrap();
                    found.push((format!("{}:{number}", path.display()), text));
                }
                Some((_, text)) => text.extend([line, "\n"]),
                None => {}
            }
        }
    }
    found
}
