//! Kinds of entities and messages that the bundled exports do not have.

use dialogflow::local::{LocalAgent, LocalBot};
use serde_json::{Value, json};

use crate::script::play;

pub(crate) fn bot(intents: &[Value], entities: &[Value]) -> LocalBot {
    let mut files = vec![("agent.json".to_owned(), json!({ "language": "en" }))];
    for (at, intent) in intents.iter().enumerate() {
        files.push((format!("intents/{at}.json"), intent.clone()));
    }
    for (at, entity) in entities.iter().enumerate() {
        files.push((format!("entities/{at}.json"), entity.clone()));
    }
    let files = files.into_iter().map(|(name, value)| (name, value.to_string()));
    LocalBot::new(LocalAgent::from_files("test", files).unwrap().0)
}

#[track_caller]
pub(crate) fn check(bot: &LocalBot, script: &str) {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let script = format!("{}\n", lines.join("\n"));
    let heard = play(bot, &script);
    assert!(heard == script, "--- expected\n{script}\n--- came\n{heard}");
}

/// An intent with one parameter, `x`, and phrases in template form.
fn intent(name: &str, entity: &str, phrases: &[&str]) -> Value {
    let phrases: Vec<Value> =
        phrases.iter().map(|p| json!({ "isTemplate": true, "data": [{ "text": p }] })).collect();
    json!({
        "id": name, "name": name, "userSays": phrases,
        "responses": [{
            "parameters": [{ "name": "x", "dataType": entity, "value": "$x" }],
            "messages": [{ "type": 0, "speech": "got $x" }]
        }]
    })
}

fn entity(name: &str, entries: &Value) -> Value {
    json!({ "name": name, "entries": entries })
}

#[test]
fn values_are_composed_of_other_entities() {
    let mut dose = entity("dose", &json!([{ "value": "@sys.number:count @unit:unit" }]));
    dose["isEnum"] = json!(true);
    let unit = entity("unit", &json!([{ "value": "pill", "synonyms": ["pill", "pills"] }]));
    let bot = bot(&[intent("take", "@dose", &["i take @dose:x daily"])], &[dose, unit]);
    check(
        &bot,
        r#"
        > I take two pills daily
        = take 1.00
        : got two pills
        $ x {"unit":"pill","count":2}
    "#,
    );
}

/// The value has 2^30 readings in this text, and none of them fits.
#[test]
fn a_composed_value_with_too_many_readings_takes_no_time() {
    let word = entity("word", &json!([{ "value": "x", "synonyms": ["x", "x x"] }]));
    let mut many = entity("many", &json!([{ "value": format!("{}y", "@word ".repeat(30)) }]));
    many["isEnum"] = json!(true);
    let bot = bot(&[intent("count", "@many", &["count @many:x"])], &[word, many]);
    let text = format!("> count {}z", "x ".repeat(45));
    let started = std::time::Instant::now();
    play(&bot, &format!("{text}\n"));
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn patterns_are_entities() {
    let mut order = entity("order", &json!([{ "value": "[A-Z]{2}-\\d{4}" }, { "value": "(" }]));
    order["isRegexp"] = json!(true);
    let bot = bot(&[intent("where", "@order", &["where is @order:x", "track @order:x"])], &[order]);
    check(
        &bot,
        r#"
        > where is AB-1234?
        = where 1.00
        : got AB-1234
        $ x "AB-1234"
        > track ab-1234
        = where 1.00
        : got ab-1234
        $ x "ab-1234"
    "#,
    );
}

#[test]
fn misspelt_values_are_found_where_the_entity_allows_it() {
    let entries = json!([{ "value": "cappuccino", "synonyms": [] }, { "value": "tea" }]);
    let mut drink = entity("drink", &entries);
    let phrases = ["i would like a @drink:x please"];
    let strict = bot(&[intent("order", "@drink", &phrases)], std::slice::from_ref(&drink));
    drink["allowFuzzyExtraction"] = json!(true);
    let fuzzy = bot(&[intent("order", "@drink", &phrases)], &[drink]);
    check(
        &fuzzy,
        r#"
        > I would like a capuccino please
        = order 1.00
        : got cappuccino
        $ x "cappuccino"
        > I would like a tee please
        = order 0.60
        : got
        $ x ""
    "#,
    );
    check(
        &strict,
        r#"
        > I would like a capuccino please
        = order 0.48
        : got
        $ x ""
    "#,
    );
}

#[test]
fn an_expanding_entity_takes_new_values_in_their_place() {
    let mut pet = entity("pet", &json!([{ "value": "dog" }]));
    pet["automatedExpansion"] = json!(true);
    let bot = bot(&[intent("feed", "@pet", &["please feed my @pet:x now"])], &[pet]);
    check(
        &bot,
        r#"
        > please feed my capybara now
        = feed 0.88
        : got capybara
        $ x "capybara"
    "#,
    );
}

#[test]
fn any_takes_the_rest_of_the_sentence() {
    let bot = bot(&[intent("say", "@sys.any", &["tell my boss that @sys.any:x"])], &[]);
    check(
        &bot,
        r#"
        > Tell my boss that I am ill, sorry!
        = say 0.88
        : got I am ill, sorry
        $ x "I am ill, sorry"
    "#,
    );
}

#[test]
fn events_bring_parameters_and_values_have_defaults() {
    let event = json!({
        "id": "e", "name": "greet", "events": [{ "name": "Hello_There" }],
        "responses": [{
            "parameters": [
                { "name": "who", "value": "#hello_there.name", "defaultValue": "stranger" },
                { "name": "mood", "value": "#weather.mood", "defaultValue": "#hello_there.mood" },
                { "name": "all", "value": "$who is $mood", "isList": true }
            ],
            "messages": [{ "type": 0, "speech": ["$all - #hello_there.missing", "Hi $who ($5)"] }]
        }]
    });
    check(
        &bot(&[event], &[]),
        r#"
        ! hello_there {"name": "Ann", "mood": "glad"}
        = greet 1.00
        : Hi Ann ($5)
        # hello_there 0
        $ who "Ann"
        $ mood "glad"
        $ all ["Ann is glad"]
        @ weather 2 {"mood": 7}
        ! HELLO_THERE
        = greet 1.00
        : Hi stranger ($5)
        # weather 1
        # hello_there 0
        $ who "stranger"
        $ mood 7
        $ all ["stranger is 7"]
    "#,
    );
}

#[test]
fn a_prompt_for_any_text_takes_what_comes() {
    let mut note = intent("note", "@sys.any", &["leave a message"]);
    note["responses"][0]["parameters"][0]["required"] = json!(true);
    note["responses"][0]["parameters"][0]["prompts"] = json!(["What shall I tell them?"]);
    note["responses"][0]["resetContexts"] = json!(true);
    note["responses"][0]["affectedContexts"] = json!([{ "name": "Done", "lifespan": 2 }]);
    let price = json!({
        "id": "p", "name": "price", "userSays": [{ "data": [{ "text": "what does it cost" }] }],
        "responses": [{ "messages": [{ "type": 0, "speech": "Nothing." }] }]
    });
    check(
        &bot(&[note, price], &[]),
        r#"
        @ Old 5
        > leave a message
        = note 1.00
        : What shall I tell them?
        # old 4
        # note_id_dialog_context 2
        # note_dialog_context 2
        # note_dialog_params_x 1
        $ x ""
        ?
        > I'll be late, call me
        = note 1.00
        : got I'll be late, call me
        # done 2
        $ x "I'll be late, call me"
        > leave a message
        = note 1.00
        : What shall I tell them?
        # done 1
        # note_id_dialog_context 2
        # note_dialog_context 2
        # note_dialog_params_x 1
        $ x ""
        ?
        > what does it cost?
        = price 1.00
        : Nothing.
        # done 0
    "#,
    );
}

#[test]
fn priority_decides_between_equals() {
    let plain = |name: &str, priority: i64| {
        json!({
            "id": name, "name": name, "priority": priority,
            "userSays": [{ "data": [{ "text": "may i please have a very large coffee" }] }],
            "responses": [{ "messages": [{ "type": 0, "speech": name }] }]
        })
    };
    let bot = bot(&[plain("a", 0), plain("b", 750_000), plain("c", 250_000), plain("d", -1)], &[]);
    check(
        &bot,
        "
        > May I please have a very large coffee?
        = b 1.00
        : b
        > may i please have a very large coffee now
        = b 0.94
        : b
    ",
    );
}

#[test]
fn an_intent_without_learning_matches_only_exactly() {
    let mut strict = intent("strict", "@sys.number", &["give me @sys.number:x apples"]);
    strict["auto"] = json!(false);
    check(
        &bot(&[strict], &[]),
        "
        > give me three apples
        = strict 1.00
        : got 3
        $ x 3
        > please give me three apples
        = -
    ",
    );
}
