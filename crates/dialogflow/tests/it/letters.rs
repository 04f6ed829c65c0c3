//! Languages and scripts: how a text is folded, where a word ends, which locale answers.

use dialogflow::{
    Input,
    local::{LocalAgent, LocalBot, NoticeKind, Report},
};
use serde_json::{Value, json};

use crate::script::query;

/// A part of a phrase: plain words, or words that stand for an entity.
enum Part {
    Plain(&'static str),
    /// Words, entity, parameter.
    Slot(&'static str, &'static str, &'static str),
}
use Part::{Plain, Slot};

type Phrases<'a> = &'a [&'a [Part]];
/// Language, phrases, values, and what is said with the value that is found in it.
type Case<'a> = (&'a str, Phrases<'a>, &'a [&'a str], &'a [(&'a str, &'a str)]);

/// An agent of one language with one intent for each list of phrases, `i0`, `i1`, …, and one
/// parameter `x` of the entity `@x`.
fn agent(language: &str, intents: &[Phrases<'_>], values: &Value) -> (LocalBot, Report) {
    let mut files = vec![
        ("agent.json".to_owned(), json!({ "language": language })),
        ("entities/x.json".to_owned(), json!({ "name": "x", "entries": values })),
    ];
    for (at, phrases) in intents.iter().enumerate() {
        files.push((format!("intents/i{at}.json"), intent(&format!("i{at}"), phrases)));
    }
    let files = files.into_iter().map(|(name, value)| (name, value.to_string()));
    let (agent, report) = LocalAgent::from_files("test", files).unwrap();
    (LocalBot::new(agent), report)
}

fn intent(name: &str, phrases: Phrases<'_>) -> Value {
    let mut types: Vec<(&str, &str)> = Vec::new();
    let phrases: Vec<Value> = phrases
        .iter()
        .map(|parts| {
            let data: Vec<Value> = parts
                .iter()
                .map(|part| match part {
                    Plain(text) => json!({ "text": text }),
                    Slot(text, entity, alias) => {
                        types.push((*alias, *entity));
                        json!({ "text": text, "meta": entity, "alias": alias })
                    }
                })
                .collect();
            json!({ "data": data })
        })
        .collect();
    types.sort_unstable();
    types.dedup();
    let parameters: Vec<Value> = types
        .into_iter()
        .map(|(alias, entity)| {
            json!({ "name": alias, "dataType": entity, "value": format!("${alias}") })
        })
        .collect();
    json!({
        "id": name, "name": name, "userSays": phrases,
        "responses": [{ "parameters": parameters, "messages": [{ "type": 0, "speech": name }] }]
    })
}

/// The intent that answers, the parameter `x` and the visitor's words for it.
fn answer(bot: &LocalBot, language: &str, text: &str) -> (String, Value, String) {
    let answer = bot.answer(&query(Input::Text(text.to_owned()), language)).unwrap();
    let result = &answer.response["queryResult"];
    let name = result["intent"]["displayName"].as_str().unwrap_or("-").to_owned();
    let counters = result["outputContexts"].as_array().unwrap().last().unwrap();
    let original = counters["parameters"]["x.original"].as_str().unwrap_or_default().to_owned();
    (name, result["parameters"]["x"].clone(), original)
}

#[track_caller]
fn finds(bot: &LocalBot, language: &str, text: &str, value: &str, original: &str) {
    let (_, found, said) = answer(bot, language, text);
    assert_eq!((found, said.as_str()), (json!(value), original), "{text}");
}

/// F5.
#[test]
fn turkish_and_azeri_letters_fold_as_people_write_them() {
    for language in ["tr", "az"] {
        let values = json!([
            { "value": "IST", "synonyms": ["İstanbul"] },
            { "value": "DIY", "synonyms": ["Diyarbakır"] },
            { "value": "warm", "synonyms": ["ılık"] },
            { "value": "marrow", "synonyms": ["ilik"] },
        ]);
        let phrases: Phrases<'_> = &[&[Slot("İstanbul", "@x", "x"), Plain("'a uçmak istiyorum")]];
        let plain: Phrases<'_> = &[&[Plain("ılık mı istiyorsunuz")]];
        let (bot, report) = agent(language, &[phrases, plain], &values);
        assert_eq!(report.of(NoticeKind::CollidingValues).count(), 0, "{report}");
        finds(&bot, language, "istanbul'a uçmak istiyorum", "IST", "istanbul");
        finds(&bot, language, "İSTANBUL'A UÇMAK İSTİYORUM", "IST", "İSTANBUL");
        finds(&bot, language, "ISTANBUL'A UÇMAK ISTIYORUM", "IST", "ISTANBUL");
        finds(&bot, language, "i\u{307}stanbul'a uçmak istiyorum", "IST", "i\u{307}stanbul");
        finds(&bot, language, "DİYARBAKIR’A uçmak istiyorum", "DIY", "DİYARBAKIR");
        finds(&bot, language, "ILIK'a uçmak istiyorum", "warm", "ILIK");
        finds(&bot, language, "İLİK'a uçmak istiyorum", "marrow", "İLİK");
        for text in ["ILIK MI İSTİYORSUNUZ", "ILIK MI ISTIYORSUNUZ", "ilik mi istiyorsunuz"] {
            assert_eq!(answer(&bot, language, text).0, "i1", "{text}");
        }
    }
}

/// F5.
#[test]
fn capitals_of_every_script_are_the_same_letters() {
    let values = json!([
        { "value": "street", "synonyms": ["Straße", "οδός", "улица", "Ì\u{328}", "ﬁne"] },
    ]);
    let phrases: Phrases<'_> = &[&[Plain("x "), Slot("Straße", "@x", "x")]];
    let (bot, _) = agent("de", &[phrases], &values);
    let texts = ["STRASSE", "STRAẞE", "strasse", "ΟΔΟΣ", "ΟΔΌΣ", "УЛИЦА", "ＳＴＲＡＳＳＥ", "FINE"];
    for text in texts {
        finds(&bot, "de", &format!("X {text}"), "street", text);
    }
}

/// F6.
#[test]
fn a_value_inside_a_word_is_found() {
    let cases: [Case<'_>; 5] = [
        (
            "he",
            &[&[Plain("אני רוצה לנסוע ל"), Slot("חיפה", "@x", "x"), Plain(" מחר")]],
            &["חיפה", "אילת", "תל אביב"],
            &[
                ("אני רוצה לנסוע לחיפה מחר", "חיפה"),
                ("אני רוצה לנסוע לאילת מחר", "אילת"),
                ("אני רוצה לנסוע לתל אביב מחר", "תל אביב"),
                ("אני רוצה לנסוע מאילת מחר", "אילת"),
            ],
        ),
        (
            "ko",
            &[&[Slot("서울", "@x", "x"), Plain("에 가고 싶어요")]],
            &["서울", "부산"],
            &[
                ("서울에 가고 싶어요", "서울"),
                ("부산에 가고 싶어요", "부산"),
                ("부산으로 가고 싶어요", "부산"),
                ("서울 가고 싶어요", "서울"),
            ],
        ),
        (
            "en",
            &[&[Plain("i like "), Slot("cat", "@x", "x"), Plain("s a lot")]],
            &["cat", "dog", "polar bear", "glass"],
            &[
                ("i like cats a lot", "cat"),
                ("I LIKE DOGS A LOT", "dog"),
                ("i like polar bears a lot", "polar bear"),
                ("i like a dog's tail a lot", "dog"),
                ("i like glass a lot", "glass"),
            ],
        ),
        (
            "th",
            &[&[Plain("อยากไป"), Slot("เชียงใหม่", "@x", "x"), Plain("ครับ")]],
            &["เชียงใหม่", "บางแสน", "น้ำตก"],
            &[
                ("อยากไปเชียงใหม่ครับ", "เชียงใหม่"),
                ("อยากไปบางแสนครับ", "บางแสน"),
                ("ผมอยากไปน้ำตกครับ", "น้ำตก"),
            ],
        ),
        (
            "hi",
            &[&[Plain("मुझे "), Slot("दिल्ली", "@x", "x"), Plain(" जाना है")]],
            &["दिल्ली", "मुंबई"],
            &[("मुझे दिल्ली जाना है", "दिल्ली"), ("मुझे मुंबई जाना है", "मुंबई")],
        ),
    ];
    for (language, phrases, values, texts) in cases {
        let values: Vec<Value> = values.iter().map(|v| json!({ "value": v })).collect();
        let (bot, _) = agent(language, &[phrases], &json!(values));
        for (text, value) in texts {
            let (_, found, said) = answer(&bot, language, text);
            assert_eq!(found, json!(value), "{text}");
            assert_eq!(said.to_lowercase(), *value, "{text}");
        }
    }
}

/// F6: what is not listed can only be told by the phrase.
#[test]
fn an_unlisted_value_inside_a_word_is_found() {
    let name: Phrases<'_> =
        &[&[Plain("제 이름은 "), Slot("철수", "@sys.any", "x"), Plain("입니다")]];
    let (bot, _) = agent("ko", &[name], &json!([]));
    finds(&bot, "ko", "제 이름은 철수입니다", "철수", "철수");
    finds(&bot, "ko", "제 이름은 영희입니다", "영희", "영희");
    let place: Phrases<'_> = &[&[Plain("לנסוע ל"), Slot("חיפה", "@sys.geo-city", "x")]];
    let (bot, _) = agent("he", &[place], &json!([]));
    finds(&bot, "he", "לנסוע לחיפה", "חיפה", "חיפה");
    finds(&bot, "he", "לנסוע לצפת", "צפת", "צפת");
    // Annotated, but in no list: the phrase itself still says where the value is.
    let pet: Phrases<'_> = &[&[Plain("my "), Slot("axolotl", "@x", "x"), Plain("s are ill")]];
    let (bot, _) = agent("en", &[pet], &json!([{ "value": "cat" }]));
    finds(&bot, "en", "My axolotls are ill!", "axolotl", "axolotl");
    finds(&bot, "en", "my cats are ill", "cat", "cat");
}

/// F7.
#[test]
fn signs_tell_values_apart_that_have_the_same_words() {
    let values = json!([
        { "value": "A+" }, { "value": "A-" },
        { "value": "C", "synonyms": ["C"] }, { "value": "C#" },
        { "value": "C++", "synonyms": ["C++", "cpp"] },
        { "value": "NET" }, { "value": ".NET" },
        { "value": "one" , "synonyms": ["t-1"] }, { "value": "other", "synonyms": ["t+1"] },
    ]);
    let phrases: Phrases<'_> = &[&[Plain("i want "), Slot("C", "@x", "x"), Plain(" please")]];
    let (bot, report) = agent("en", &[phrases], &values);
    assert_eq!(report.of(NoticeKind::CollidingValues).count(), 0, "{report}");
    for (said, value) in [
        ("A-", "A-"),
        ("a+", "A+"),
        ("A−", "A-"),
        ("C", "C"),
        ("c#", "C#"),
        ("C＃", "C#"),
        ("c++", "C++"),
        ("(C++)", "C++"),
        ("CPP", "C++"),
        ("net", "NET"),
        (".net", ".NET"),
        ("t-1", "one"),
        ("T+1", "other"),
    ] {
        let (_, found, _) = answer(&bot, "en", &format!("i want {said} please"));
        assert_eq!(found, json!(value), "{said}");
    }
    let (_, none, _) = answer(&bot, "en", "i want a please");
    assert_eq!(none, json!(""), "an article is neither A+ nor A-");
}

/// F7.
#[test]
fn phrases_that_differ_in_signs_reach_their_own_intents() {
    let plain: Phrases<'_> = &[&[Plain("what is C")]];
    let plus: Phrases<'_> = &[&[Plain("What is C++?")]];
    let sharp: Phrases<'_> = &[&[Plain("what is C#")]];
    let (bot, _) = agent("en", &[plain, plus, sharp], &json!([]));
    for (text, intent) in [("what is c?", "i0"), ("what is c++", "i1"), ("WHAT IS C#!", "i2")] {
        assert_eq!(answer(&bot, "en", text).0, intent, "{text}");
    }
}

/// F7.
#[test]
fn values_that_nothing_tells_apart_are_reported() {
    let values = json!([
        { "value": "first", "synonyms": ["Maße", "the same"] },
        { "value": "second", "synonyms": ["MASSE", "other"] },
        { "value": "third", "synonyms": ["third", "Third"] },
        { "value": "fourth", "synonyms": ["The Same!"] },
    ]);
    let (_, report) = agent("de", &[], &values);
    let details: Vec<&str> =
        report.of(NoticeKind::CollidingValues).map(|n| n.detail.as_str()).collect();
    assert_eq!(details, [r#""first" and "second""#, r#""first" and "fourth""#]);
}

fn locales(languages: &[(&str, &str)]) -> LocalBot {
    let own: Vec<&str> = languages.iter().map(|(language, _)| *language).collect();
    let mut files = vec![(
        "agent.json".to_owned(),
        json!({ "language": own[0], "supportedLanguages": own[1..] }),
    )];
    let messages: Vec<Value> =
        own.iter().map(|l| json!({ "type": 0, "lang": l, "speech": format!("in {l}") })).collect();
    let answer =
        |name: &str| json!({ "id": name, "name": name, "responses": [{ "messages": messages }] });
    for name in ["greet", "other"] {
        files.push((format!("intents/{name}.json"), answer(name)));
    }
    files.push(("entities/lift.json".to_owned(), json!({ "name": "lift" })));
    for (language, phrase) in languages {
        let phrases = json!([{ "data": [{ "text": phrase }] }]);
        files.push((format!("intents/greet_usersays_{language}.json"), phrases));
        let phrases = json!([{ "data": [{ "text": format!("something else in {language}") }] }]);
        files.push((format!("intents/other_usersays_{language}.json"), phrases));
    }
    let files = files.into_iter().map(|(name, value)| (name, value.to_string()));
    LocalBot::new(LocalAgent::from_files("test", files).unwrap().0)
}

fn said(bot: &LocalBot, language: &str, text: &str) -> String {
    let answer = bot.answer(&query(Input::Text(text.to_owned()), language)).unwrap();
    let result = &answer.response["queryResult"];
    let intent = result["intent"]["displayName"].as_str().unwrap_or("-");
    format!("{intent}: {}", result["fulfillmentText"].as_str().unwrap_or_default())
}

/// F3.
#[test]
fn a_locale_adds_to_its_root_language() {
    let bot =
        locales(&[("en", "hello"), ("en-gb", "ay up"), ("es", "hola"), ("es-419", "qué onda")]);
    assert_eq!(said(&bot, "en-GB", "hello"), "greet: in en-gb");
    assert_eq!(said(&bot, "en-GB", "ay up"), "greet: in en-gb");
    assert_eq!(said(&bot, "en", "ay up"), "-: ");
    assert_eq!(said(&bot, "en-AU", "hello"), "greet: in en");
    assert_eq!(said(&bot, "es-MX", "hola"), "greet: in es-419");
    assert_eq!(said(&bot, "es-MX", "qué onda"), "greet: in es-419");
    assert_eq!(said(&bot, "es-ES", "qué onda"), "-: ");
}

/// F3: the values of the locale come first, those of the root language stay.
#[test]
fn the_values_of_a_locale_add_to_those_of_its_root() {
    let entity = |value: &str, name: &str| json!([{ "value": value, "synonyms": [name] }]);
    let files = [
        ("agent.json", json!({ "language": "en", "supportedLanguages": ["en-gb"] })),
        ("entities/x.json", json!({ "name": "x" })),
        (
            "entities/x_entries_en.json",
            json!([
                { "value": "elevator", "synonyms": ["elevator"] },
                { "value": "give a ride", "synonyms": ["lift"] }
            ]),
        ),
        ("entities/x_entries_en-gb.json", entity("elevator", "lift")),
        ("intents/i.json", intent("i", &[&[Plain("a "), Slot("elevator", "@x", "x")]])),
    ];
    let files = files.map(|(name, value)| (name, value.to_string()));
    let (agent, report) = LocalAgent::from_files("test", files).unwrap();
    assert_eq!(report.of(NoticeKind::CollidingValues).count(), 0, "{report}");
    let bot = LocalBot::new(agent);
    finds(&bot, "en-GB", "a lift", "elevator", "lift");
    finds(&bot, "en-GB", "an elevator, a elevator", "elevator", "elevator");
    finds(&bot, "en", "a lift", "give a ride", "lift");
}

/// F17.
#[test]
fn the_nearest_locale_of_the_agent_answers() {
    let bot = locales(&[("en", "hello"), ("zh-cn", "你好"), ("zh-tw", "您好"), ("pt-br", "oi")]);
    for (language, text, expected) in [
        ("zh-Hant-TW", "您好", "greet: in zh-tw"),
        ("zh-Hans-CN", "你好", "greet: in zh-cn"),
        ("zh", "你好", "greet: in zh-cn"),
        ("zh-SG", "你好", "greet: in zh-cn"),
        ("zh-HK", "您好", "greet: in zh-tw"),
        ("zh_TW", "您好", "greet: in zh-tw"),
        ("pt", "oi", "greet: in pt-br"),
        ("pt-PT", "oi", "greet: in pt-br"),
        ("fr", "hello", "greet: in en"),
    ] {
        assert_eq!(said(&bot, language, text), expected, "{language}");
    }
}

/// Keyboards and habits: what people type for the letters of an export.
#[test]
fn letters_that_people_type_in_several_ways_are_the_same() {
    for (language, phrase, typed) in [
        ("ru", "где мой счёт", &["где мой счет", "ГДЕ МОЙ СЧЁТ", "где мой сче\u{308}т"][..]),
        ("fa", "کتاب من کجاست", &["كتاب من كجاست", "کتاب\u{200c} من کجاست"]),
        ("ar", "أريد أن أدفع الفاتورة", &["اريد ان ادفع الفاتورة", "أُريدُ أنْ أدفعَ الفاتورة"]),
        ("ar", "مرحبا", &["مرحبـــا", "مَرْحَبًا"]),
        ("he", "מה השעה", &["מָה הַשָּׁעָה"]),
        ("vi", "tôi muốn hủy đơn hàng", &["tôi muốn hu\u{309}y đơn hàng", "TÔI MUỐN HỦY ĐƠN HÀNG"]),
        ("hi", "क़ीमत क्या है", &["क\u{93c}ीमत क्या है"]),
        ("ko", "환불해 주세요", &["\u{1112}\u{116a}\u{11ab}불해 주세요"]),
        ("th", "ขอคำแนะนำ", &["ขอค\u{e4d}\u{e32}แนะน\u{e4d}\u{e32}"]),
    ] {
        let asked: Phrases<'_> = &[&[Plain(phrase)]];
        let other: Phrases<'_> = &[&[Plain("xyz")]];
        let (bot, _) = agent(language, &[asked, other], &json!([]));
        for text in typed {
            assert_eq!(answer(&bot, language, text).0, "i0", "{language}: {text}");
        }
    }
}

/// Where only such letters tell two values apart, what is typed decides.
#[test]
fn values_that_differ_in_such_letters_stay_apart() {
    let values = json!([
        { "value": "all", "synonyms": ["все"] },
        { "value": "everything", "synonyms": ["всё"] },
    ]);
    let phrases: Phrases<'_> = &[&[Plain("покажи "), Slot("все", "@x", "x")]];
    let (bot, _) = agent("ru", &[phrases], &values);
    finds(&bot, "ru", "покажи все", "all", "все");
    finds(&bot, "ru", "покажи всё", "everything", "всё");
}
