use std::io::{Cursor, Write};

use dialogflow::{
    Input,
    local::{LoadError, LocalAgent, LocalBot, NoticeKind, Report},
};
use serde_json::json;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::script::{agents, query};

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn load(files: &[(&str, &str)]) -> (LocalAgent, Report) {
    LocalAgent::from_files("test", files.iter().map(|(n, b)| (*n, *b))).unwrap()
}

const AGENT: (&str, &str) = ("agent.json", r#"{"language": "en"}"#);

#[test]
fn six_real_agents_load() {
    for (name, intents, phrases, entities, values) in [
        ("handoff-demo", 5, 29, 0, 0),
        ("room-reservation", 7, 112, 1, 3),
        ("number-genie", 11, 167, 0, 0),
        ("corona-wuerzburg-de", 88, 1946, 3, 83),
        ("covid19-pathfinder", 98, 1277, 4, 20),
        ("mystery-animal", 62, 404, 37, 6247),
    ] {
        let (agent, report) = LocalAgent::load(agents().join(name)).unwrap();
        let of_values: usize = report.languages.iter().map(|l| l.values).sum();
        let counts = (report.intents, report.phrases(), report.entities, of_values);
        assert_eq!(counts, (intents, phrases, entities, values), "{name}");
        assert_eq!(report.of(NoticeKind::UnknownField).count(), 0, "{report}");
        assert_eq!(report.of(NoticeKind::Unreadable).count(), 0, "{report}");
        assert_eq!(report.of(NoticeKind::OrphanFile).count(), 0, "{report}");
        assert!(agent.languages().any(|l| l == agent.language()));
    }
}

#[test]
fn the_report_is_readable() {
    let (_, report) = LocalAgent::load(agents().join("handoff-demo")).unwrap();
    assert_eq!(
        report.to_string(),
        "handoff-demo: 5 intents, 29 training phrases, 0 entities\n  \
         en: 29 phrases, 0 entity values\n\
         not taken, or not as Dialogflow takes it:\n  \
         agent.json switches on prebuilt domains; not available here (enabledDomainFeatures)\n"
    );
    let (_, report) = LocalAgent::load(agents().join("number-genie")).unwrap();
    let text = report.to_string();
    assert!(text.contains("en: 91 phrases") && text.contains("fr: 76 phrases"), "{text}");
    assert!(
        text.contains(
            "intents/Default Fallback Intent.json and 10 more: relies on the agent's webhook"
        ),
        "{text}"
    );
    let (_, report) = LocalAgent::load(agents().join("covid19-pathfinder")).unwrap();
    let telephony = report.of(NoticeKind::UnsupportedMessage).count();
    assert!(telephony > 80, "{report}");
    let never = report.of(NoticeKind::NeverMatched).map(|n| n.file.as_str());
    assert_eq!(never.collect::<Vec<_>>(), ["intents/support.livechat.json"]);
}

#[test]
fn folder_and_zip_are_the_same_agent() {
    for name in ["number-genie", "room-reservation"] {
        let folder = LocalAgent::load(agents().join(name)).unwrap();
        let archive = LocalAgent::load(agents().join(name).join("agent.zip")).unwrap();
        assert_eq!(folder.1.languages, archive.1.languages);
        assert_eq!(folder.1.notices, archive.1.notices);
        let bytes = std::fs::read(agents().join(name).join("agent.zip")).unwrap();
        assert_eq!(LocalAgent::from_zip_bytes(&bytes).unwrap().1.notices, archive.1.notices);
        let holder = tempfile::tempdir().unwrap();
        std::fs::write(holder.path().join("agent.zip"), &bytes).unwrap();
        assert_eq!(LocalAgent::load(holder.path()).unwrap().1.languages, archive.1.languages);
    }
    let wrapped = zip(&[("my agent/agent.json", b"{}"), ("my agent/intents/a.json", b"{}")]);
    assert_eq!(LocalAgent::from_zip_bytes(&wrapped).unwrap().1.intents, 1);
}

#[test]
fn a_bad_file_is_left_out_and_reported() {
    let (_, report) = load(&[
        AGENT,
        ("intents/good.json", "\u{feff}{\"name\": \"good\", \"surprise\": 1}"),
        ("intents/bad.json", "{ not json"),
        ("intents/gone_usersays_en.json", "[]"),
        ("intents/good_usersays_en.json", r#"[{"data": [{"text": "x", "meta": "@none"}]}]"#),
        ("entities/lost_entries_en.json", "[]"),
        ("customSmalltalkResponses_en.json", r#"[{"action": "a", "customAnswers": ["b"]}]"#),
        ("notes.json", "{}"),
    ]);
    let notices: Vec<(&str, NoticeKind, &str)> =
        report.notices.iter().map(|n| (n.file.as_str(), n.kind, n.detail.as_str())).collect();
    assert_eq!(
        notices,
        [
            ("customSmalltalkResponses_en.json", NoticeKind::SmallTalk, ""),
            ("notes.json", NoticeKind::UnknownFile, ""),
            ("entities/lost_entries_en.json", NoticeKind::OrphanFile, ""),
            ("intents/bad.json", NoticeKind::Unreadable, "not valid JSON at line 1"),
            ("intents/good.json", NoticeKind::UnknownField, "surprise"),
            ("intents/gone_usersays_en.json", NoticeKind::OrphanFile, ""),
            ("intents/good.json", NoticeKind::UnknownEntity, "@none"),
        ]
    );
}

#[test]
fn what_is_not_taken_is_said() {
    let intent = json!({
        "name": "a", "webhookUsed": true, "webhookForSlotFilling": true,
        "conditionalResponses": [{}], "condition": "$x > 1",
        "userSays": [{ "data": [{ "text": "hello" }] }],
        "responses": [{
            "messages": [
                { "type": 99 },
                { "type": 0, "platform": "pigeon", "speech": "coo" },
                { "type": "0", "speech": "hi", "condition": "$x" }
            ],
            "parameters": [{ "name": "x", "dataType": "@sys.flight-number", "promptMessages": [1] }]
        }]
    });
    let agent = json!({
        "language": "en", "webhook": { "available": true, "headers": { "key": "hush" } },
        "customClassifierMode": "use.instead", "enabledKnowledgeBaseNames": ["k"]
    });
    let mut regexp = json!({ "name": "r", "isRegexp": true });
    regexp["entries"] = json!([{ "value": "(" }]);
    let (agent, intent) = (agent.to_string(), intent.to_string());
    let regexp = regexp.to_string();
    let same = r#"{"name": "b", "userSays": [{"data": [{"text": "Hello!"}]}]}"#;
    let (_, report) = load(&[
        ("agent.json", &agent),
        ("intents/a.json", &intent),
        ("intents/b.json", same),
        ("entities/r.json", &regexp),
    ]);
    let mut kinds: Vec<NoticeKind> = report.notices.iter().map(|n| n.kind).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            NoticeKind::UnsupportedMessage,
            NoticeKind::UnsupportedMessage,
            NoticeKind::UnsupportedMessage,
            NoticeKind::SystemEntity,
            NoticeKind::BadPattern,
            NoticeKind::Condition,
            NoticeKind::Condition,
            NoticeKind::Condition,
            NoticeKind::Webhook,
            NoticeKind::Webhook,
            NoticeKind::Webhook,
            NoticeKind::Settings,
            NoticeKind::Settings,
            NoticeKind::SharedPhrase,
        ],
        "{report}"
    );
    assert!(!format!("{report:?}{report}").contains("hush"));
}

#[test]
fn what_is_no_export_is_refused() {
    let reason = |bytes: &[u8]| LocalAgent::from_zip_bytes(bytes).unwrap_err();
    assert!(matches!(reason(b"PK, but no archive"), LoadError::NotAZip));
    assert!(matches!(reason(&zip(&[("readme.txt", b"hi")])), LoadError::NotAnAgent));
    assert!(matches!(reason(&zip(&[("agent.json", b"{{{")])), LoadError::NotAnAgent));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(LocalAgent::load(empty.path()), Err(LoadError::NotAnAgent)));
    let nowhere = empty.path().join("nowhere");
    assert!(matches!(LocalAgent::load(nowhere), Err(LoadError::Unreadable { .. })));
}

/// F18.
#[test]
fn archives_made_on_windows_are_read() {
    let intent = br#"{"name": "a", "userSays": [{"data": [{"text": "hello"}]}]}"#;
    for root in ["", "my agent\\", ".\\", "./"] {
        let names = [format!("{root}agent.json"), format!("{root}intents\\a.json")];
        let bytes = zip(&[(&names[0], b"{}"), (&names[1], intent)]);
        let (_, report) = LocalAgent::from_zip_bytes(&bytes).unwrap();
        assert_eq!((report.intents, report.phrases()), (1, 1), "{root:?}");
        assert_eq!(report.notices, []);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("agent.json"), "{}").unwrap();
    std::fs::write(folder.path().join("intents\\a.json"), intent).unwrap();
    assert_eq!(LocalAgent::load(folder.path()).unwrap().1.intents, 1);
}

/// F18: what cannot be taken is named with its own reason.
#[test]
fn an_entry_is_left_out_with_the_true_reason() {
    let long = format!("intents/{}.json", "x".repeat(600));
    let deep = format!("{}a.json", "a/".repeat(9));
    let bytes = zip(&[
        ("agent.json", b"{}"),
        ("intents/a.json", b"{}"),
        ("intents\\a.json", b"{}"),
        (&long, b"{}"),
        (&deep, b"{}"),
    ]);
    let (_, report) = LocalAgent::from_zip_bytes(&bytes).unwrap();
    let kinds: Vec<NoticeKind> = report.notices.iter().map(|n| n.kind).collect();
    assert_eq!(kinds, [NoticeKind::Unreadable, NoticeKind::Limit, NoticeKind::Limit], "{report}");
    assert_eq!(report.notices[0].detail, "it is in the archive twice");
}

/// F12.
#[test]
fn byte_order_marks_are_no_content() {
    let utf_16 = |text: &str, big: bool| -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let phrases = r#"[{"data": [{"text": "grüß dich"}]}]"#;
    let files = [
        ("agent.json", "\u{feff}\u{feff}{\"language\": \"de\"}".as_bytes().to_vec()),
        ("intents/a.json", utf_16(r#"{"name": "a"}"#, false)),
        ("intents/a_usersays_de.json", utf_16(phrases, true)),
        ("entities/e.json", "\u{feff}{\"name\": \"e\"}".as_bytes().to_vec()),
        ("entities/e_entries_de.json", "\u{feff}[{\"value\": \"v\"}]".as_bytes().to_vec()),
        ("customSmalltalkResponses_de.json", "\u{feff}[]".as_bytes().to_vec()),
    ];
    let (_, report) = LocalAgent::from_files("test", files).unwrap();
    assert_eq!(report.notices, []);
    assert_eq!((report.phrases(), report.languages[0].values), (1, 1));
}

#[test]
fn a_large_file_of_a_folder_is_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("agent.json"), "{}").unwrap();
    let huge = std::fs::File::create(folder.path().join("huge.json")).unwrap();
    // Without disk blocks; more than any memory.
    huge.set_len(1 << 42).unwrap();
    assert!(matches!(LocalAgent::load(folder.path()), Err(LoadError::TooLarge(_))));
}

#[test]
fn archives_that_point_outside_are_refused() {
    for name in [
        "../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
        "a\\..\\evil.json",
        "\\evil.json",
        "C:\\evil.json",
        "c:/evil.json",
        "..\\evil.json",
        "./../evil.json",
    ] {
        let bytes = zip(&[("agent.json", b"{}"), (name, b"{}")]);
        assert!(matches!(LocalAgent::from_zip_bytes(&bytes), Err(LoadError::UnsafePath)), "{name}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_symlink("intents/a.json", "/etc/passwd", options).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(matches!(LocalAgent::from_zip_bytes(&bytes), Err(LoadError::UnsafePath)));
}

#[test]
fn bombs_are_refused_while_they_unpack() {
    let refused = |bytes: &[u8]| match LocalAgent::from_zip_bytes(bytes) {
        Err(LoadError::TooLarge(why)) => why,
        other => panic!("{other:?}"),
    };
    // One entry of blanks: it unpacks to a thousand times its size.
    let blanks = vec![b' '; 8 << 20];
    let one = zip(&[("agent.json", b"{}"), ("intents/a.json", &blanks)]);
    assert_eq!(refused(&one), "it unpacks to more than a hundredfold");
    // The same with a false declared size: the limit counts the unpacked bytes.
    let mut lying = one.clone();
    let size = u32::try_from(blanks.len()).unwrap().to_le_bytes();
    while let Some(at) = lying.windows(4).position(|w| w == size) {
        lying[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
    }
    match LocalAgent::from_zip_bytes(&lying) {
        Err(LoadError::TooLarge(_)) => {}
        Ok((_, report)) => assert_eq!(report.of(NoticeKind::Unreadable).count(), 1, "{report}"),
        Err(other) => panic!("{other}"),
    }
    // Many entries, each below its limit.
    let names: Vec<String> = (0..64).map(|n| format!("intents/{n}.json")).collect();
    let small = vec![b' '; 1 << 20];
    let many: Vec<(&str, &[u8])> = std::iter::once(("agent.json", &b"{}"[..]))
        .chain(names.iter().map(|name| (name.as_str(), &small[..])))
        .collect();
    assert_eq!(refused(&zip(&many)), "it unpacks to more than a hundredfold");
    // More than the total limit, with an ordinary ratio.
    let mut noise = 1_u64;
    let honest: Vec<u8> = (0..9 << 20)
        .map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b'a' + (noise >> 62) as u8
        })
        .collect();
    let packed = zip(&[("agent.json", &honest)]);
    let mut packed = ZipArchive::new(Cursor::new(packed)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["agent.json", "1.json", "2.json", "3.json", "4.json"] {
        writer.raw_copy_file_rename(packed.by_index(0).unwrap(), name).unwrap();
    }
    let large = writer.finish().unwrap().into_inner();
    assert_eq!(refused(&large), "it unpacks to more than 40 MiB");
    // Too many entries.
    let names: Vec<String> = (0..20_100).map(|n| format!("{n}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    assert_eq!(refused(&zip(&entries)), "the archive has too many entries");
    // The archive itself is too large.
    assert_eq!(refused(&vec![0; (16 << 20) + 1]), "the archive has more than 16 MiB");
}

#[test]
fn deep_json_is_one_bad_file() {
    let deep = "[".repeat(100_000);
    let (_, report) = load(&[AGENT, ("intents/deep.json", &deep)]);
    assert_eq!(report.of(NoticeKind::Unreadable).count(), 1);
}

#[test]
fn an_archive_inside_the_archive_stays_closed() {
    let inner = zip(&[("agent.json", b"{}")]);
    let bytes = zip(&[("agent.json", b"{}"), ("intents/more.zip", &inner)]);
    let (_, report) = LocalAgent::from_zip_bytes(&bytes).unwrap();
    assert_eq!(report.of(NoticeKind::UnknownFile).count(), 1);
}

#[test]
fn kinds_of_messages_become_canonical() {
    let intent = json!({
        "id": "1", "name": "all", "events": [{ "name": "ALL" }],
        "responses": [{ "messages": [
            { "type": 0, "speech": "" },
            { "type": "1", "platform": "facebook", "title": "T", "imageUrl": "i", "buttons": [
                { "text": "b", "postback": "p" }] },
            { "type": 2, "platform": "slack", "title": "Q", "replies": ["a"] },
            { "type": 3, "platform": "telegram", "imageUrl": "i" },
            { "type": 4, "payload": { "k": [1] } },
            { "type": "simple_response", "platform": "google", "textToSpeech": "t" },
            { "type": "suggestion_chips", "platform": "google", "suggestions": [{ "title": "c" }] },
            { "type": "link_out_chip", "platform": "google", "destinationName": "d", "url": "u" },
            { "type": "basic_card", "platform": "google", "title": "T", "formattedText": "f",
              "image": { "url": "i" },
              "buttons": [{ "title": "o", "openUrlAction": { "url": "u" } }] },
            { "type": "carousel_card", "platform": "google", "items": [
                { "optionInfo": { "key": "k" }, "title": "T", "image": { "url": "i" } }] },
            { "type": "list_card", "platform": "google", "title": "L", "items": [] }
        ] }]
    });
    let (agent, report) = load(&[AGENT, ("intents/all.json", &intent.to_string())]);
    assert_eq!(report.notices, []);
    let event = Input::Event { name: "all".to_owned(), parameters: serde_json::Map::default() };
    let response = LocalBot::new(agent).answer(&query(event, "en")).unwrap().response;
    assert_eq!(
        response["queryResult"]["fulfillmentMessages"],
        json!([
            { "text": { "text": [""] } },
            { "platform": "FACEBOOK", "card": { "title": "T", "imageUri": "i", "buttons": [
                { "text": "b", "postback": "p" }] } },
            { "platform": "SLACK", "quickReplies": { "title": "Q", "quickReplies": ["a"] } },
            { "platform": "TELEGRAM", "image": { "imageUri": "i" } },
            { "payload": { "k": [1] } },
            { "platform": "ACTIONS_ON_GOOGLE", "simpleResponses": { "simpleResponses": [
                { "textToSpeech": "t" }] } },
            { "platform": "ACTIONS_ON_GOOGLE", "suggestions": { "suggestions": [
                { "title": "c" }] } },
            { "platform": "ACTIONS_ON_GOOGLE", "linkOutSuggestion": {
                "destinationName": "d", "uri": "u" } },
            { "platform": "ACTIONS_ON_GOOGLE", "basicCard": { "title": "T", "formattedText": "f",
                "image": { "imageUri": "i" },
                "buttons": [{ "title": "o", "openUriAction": { "uri": "u" } }] } },
            { "platform": "ACTIONS_ON_GOOGLE", "carouselSelect": { "items": [
                { "info": { "key": "k" }, "title": "T", "image": { "imageUri": "i" } }] } },
            { "platform": "ACTIONS_ON_GOOGLE", "listSelect": { "title": "L" } }
        ])
    );
}

#[test]
fn the_webhook_of_an_agent_is_read_and_its_secrets_are_not_told() {
    let agent = json!({ "language": "en", "webhook": {
        "url": "https://example.com/hook", "available": true, "useForDomains": true,
        "username": "u", "password": "hush", "cloudFunctionsEnabled": false, "surprise": 1,
        "headers": { "": "", "x-key": "hush", "bad name": "hush", "x-line": "a\nhush" },
    } });
    let (agent, report) = load(&[("agent.json", &agent.to_string())]);
    let webhook = agent.webhook();
    assert_eq!((webhook.url.as_str(), webhook.is_on), ("https://example.com/hook", true));
    assert!(webhook.has_credentials() && webhook.password.is_some());
    let names = webhook.headers.iter().map(|(name, _)| name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["x-key"]);
    let notices = report.notices.iter().map(|n| (n.kind, n.detail.as_str()));
    assert_eq!(
        notices.collect::<Vec<_>>(),
        [
            (NoticeKind::Settings, "webhook.headers: a name or value that a header cannot have"),
            (NoticeKind::Settings, "webhook.useForDomains: there are no domains"),
            (NoticeKind::UnknownField, "webhook.surprise"),
            (NoticeKind::Webhook, "switched on for the agent"),
        ]
    );
    assert!(!report.to_string().contains("hush"), "{report}");
    let (agent, _) = load(&[AGENT]);
    assert!(!agent.webhook().has_credentials() && agent.webhook().url.is_empty());
}

/// F10.
#[test]
fn every_kind_of_message_is_taken_or_named() {
    let image = json!({ "url": "i", "accessibilityText": "a" });
    let intent = json!({
        "id": "1", "name": "all", "events": [{ "name": "ALL" }],
        "responses": [{ "messages": [
            { "type": "simple_response", "textToSpeech": "", "items": [
                { "displayText": "one", "textToSpeech": "1" }, { "ssml": "<speak>2</speak>" }] },
            { "type": "browse_carousel_card", "imageDisplayOptions": "WHITE", "items": [
                { "title": "T", "description": "d", "footer": "f", "image": image,
                  "openUrlAction": { "url": "u" } }] },
            { "type": "media_content", "mediaType": "audio", "mediaObjects": [
                { "name": "n", "contentUrl": "c", "description": "d", "largeImage": image }] },
            { "type": "table_card", "title": "T", "image": image,
              "columnProperties": [{ "header": "h", "horizontalAlignment": "CENTER" }],
              "rows": [{ "cells": [{ "text": "c" }], "dividerAfter": true }],
              "buttons": [{ "title": "b", "openUrlAction": { "url": "u" } }] },
            { "type": "link_out_suggestion", "destinationName": "d", "uri": "u" },
            { "type": "suggestion_chips", "suggestions": ["a", { "title": "b" }] },
            { "type": "image", "imageUrl": "i" },
            { "type": "text", "speech": "t" },
            { "type": "custom_payload", "platform": "kik", "payload": { "a": 1 } },
            { "type": "simple_response", "items": [] },
            { "type": "basic_card" },
            { "type": "list_card", "platform": "google", "cards": [1] },
            { "type": 1, "platform": "facebook" },
            { "type": 4 },
            { "type": "hologram", "items": [{ "title": "T" }] },
            { "speech": "of no kind" },
            { "type": 2, "title": "Q", "replies": ["a"], "textToSpeech": "unused" },
            "no object"
        ] }]
    });
    let (agent, report) = load(&[AGENT, ("intents/all.json", &intent.to_string())]);
    let details: Vec<&str> = report.notices.iter().map(|n| n.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "type simple_response without content",
            "type basic_card without content",
            "responses[].messages[].cards",
            "type list_card without content",
            "type 1 without content",
            "type 4 without content",
            "type hologram",
            "type ",
            "responses[].messages[].textToSpeech",
            "not an object",
        ]
    );
    let event = Input::Event { name: "all".to_owned(), parameters: serde_json::Map::default() };
    let response = LocalBot::new(agent).answer(&query(event, "en")).unwrap().response;
    let image = json!({ "imageUri": "i", "accessibilityText": "a" });
    let google = "ACTIONS_ON_GOOGLE";
    assert_eq!(
        response["queryResult"]["fulfillmentMessages"],
        json!([
            { "platform": google, "simpleResponses": { "simpleResponses": [
                { "textToSpeech": "1", "displayText": "one" }, { "ssml": "<speak>2</speak>" }] } },
            { "platform": google, "browseCarouselCard": {
                "items": [{ "openUriAction": { "url": "u" }, "title": "T", "description": "d",
                    "image": image, "footer": "f" }],
                "imageDisplayOptions": "WHITE" } },
            { "platform": google, "mediaContent": { "mediaType": "AUDIO", "mediaObjects": [
                { "name": "n", "description": "d", "contentUrl": "c", "largeImage": image }] } },
            { "platform": google, "tableCard": { "title": "T", "image": image,
                "columnProperties": [{ "header": "h", "horizontalAlignment": "CENTER" }],
                "rows": [{ "cells": [{ "text": "c" }], "dividerAfter": true }],
                "buttons": [{ "title": "b", "openUriAction": { "uri": "u" } }] } },
            { "platform": google, "linkOutSuggestion": { "destinationName": "d", "uri": "u" } },
            { "platform": google, "suggestions": { "suggestions": [
                { "title": "a" }, { "title": "b" }] } },
            { "image": { "imageUri": "i" } },
            { "text": { "text": ["t"] } },
            { "platform": "KIK", "payload": { "a": 1 } },
            { "quickReplies": { "title": "Q", "quickReplies": ["a"] } },
        ])
    );
}
