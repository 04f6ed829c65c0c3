use serde_json::{Value, json};

use super::*;

macro_rules! example {
    ($name:literal) => {
        include_bytes!(concat!("../../examples/", $name, ".json")).as_slice()
    };
}

fn parse(body: &Value) -> Result<Push, Invalid> {
    Push::parse(body.to_string().as_bytes())
}

fn channel_update(pause: &Value) -> Pause {
    let mut body = json!({ "eventType": "channel_update", "userId": "u", "botId": "b" });
    body.as_object_mut().unwrap().extend(pause.as_object().unwrap().clone());
    parse(&body).unwrap().pause
}

#[test]
fn pushes_of_every_revision_are_read() {
    let jane = |avatar: &str| AgentProfile {
        name: Some("Jane Doe".to_owned()),
        avatar_url: avatar.to_owned(),
    };
    let five = Pause::Paused(Some(300_000));
    let message = PushKind::Message {
        text: "Hi, how may I assist?".to_owned(),
        format: MessageFormat::Markdown,
    };
    let resumed = Pause::Resumed(UnpauseChatEvent::Default);
    let cases = [
        (example!("r1.push_message"), message.clone(), five.clone(), Some(jane(""))),
        (example!("r1.push_pause"), PushKind::ChannelUpdate, five.clone(), Some(jane(""))),
        (example!("r1.push_resume"), PushKind::ChannelUpdate, resumed.clone(), Some(jane(""))),
        (example!("r1.push_typing"), PushKind::Typing, Pause::Unsaid, Some(jane(""))),
        (example!("r3.push_message"), message, five.clone(), None),
        (
            example!("r3.push_pause"),
            PushKind::ChannelUpdate,
            five.clone(),
            Some(jane("https://example.com/jane.png")),
        ),
        (example!("r3.push_resume"), PushKind::ChannelUpdate, resumed, None),
        (example!("r3.push_typing"), PushKind::Typing, five, None),
    ];
    for (body, kind, pause, agent) in cases {
        let push = Push::parse(body).unwrap();
        let shown = String::from_utf8_lossy(body);
        assert!(push.kind == kind, "{shown}");
        assert_eq!(push.pause, pause, "{shown}");
        assert_eq!(push.agent, agent, "{shown}");
    }
}

#[test]
fn unpause_chat_event_has_three_meanings() {
    let resumed =
        |event: Value| channel_update(&json!({"paused": false, "unpauseChatEvent": event}));
    assert_eq!(resumed(json!("default")), Pause::Resumed(UnpauseChatEvent::Default));
    assert_eq!(resumed(json!("")), Pause::Resumed(UnpauseChatEvent::Default));
    assert_eq!(resumed(json!(null)), Pause::Resumed(UnpauseChatEvent::Default));
    assert_eq!(resumed(json!("none")), Pause::Resumed(UnpauseChatEvent::None));
    let event = UnpauseChatEvent::Event("goodbye".to_owned());
    assert_eq!(resumed(json!("goodbye")), Pause::Resumed(event));
}

#[test]
fn booleans_and_numbers_may_come_as_strings() {
    assert_eq!(
        channel_update(&json!({ "paused": "true", "minutesPaused": "2.5" })),
        Pause::Paused(Some(150_000))
    );
    assert_eq!(
        channel_update(&json!({ "paused": "false" })),
        Pause::Resumed(UnpauseChatEvent::Default)
    );
}

#[test]
fn agent_typing_is_user_typing_and_blank_names_are_none() {
    let push = parse(&json!({
        "eventType": "agent_typing", "userId": "u", "botId": "b", "agentProfile": { "name": "  " }
    }))
    .unwrap();
    assert!(push.kind == PushKind::Typing);
    assert_eq!(push.agent, Some(AgentProfile::default()));
}

#[test]
fn a_push_that_cannot_be_read_names_the_field() {
    let cases = [
        (json!("x"), None),
        (json!({ "eventType": "message", "botId": "b", "text": "t" }), Some("userId")),
        (json!({ "eventType": "message", "userId": "u", "text": "t" }), Some("botId")),
        (json!({ "userId": "u", "botId": "b" }), Some("eventType")),
        (json!({ "eventType": "shout", "userId": "u", "botId": "b" }), Some("eventType")),
        (json!({ "eventType": "message", "userId": "u", "botId": "b" }), Some("text")),
        (json!({ "eventType": "message", "userId": "u", "botId": "b", "text": "" }), Some("text")),
        (
            json!({ "eventType": "message", "userId": "u", "botId": "b", "text": " \n" }),
            Some("text"),
        ),
        (
            json!({ "eventType": "message", "userId": "u", "botId": "b", "text": "\u{200b}\0" }),
            Some("text"),
        ),
        (
            json!({ "eventType": "user_typing", "userId": "u".repeat(3_000), "botId": "b" }),
            Some("userId"),
        ),
        (
            json!({ "eventType": "user_typing", "userId": "u\u{fffd}", "botId": "b" }),
            Some("userId"),
        ),
        (json!({ "eventType": "channel_update", "userId": "u", "botId": "b" }), Some("paused")),
        (
            json!({ "eventType": "channel_update", "userId": "u", "botId": "b", "paused": 1 }),
            Some("paused"),
        ),
        (
            json!({ "eventType": "channel_update", "userId": "u", "botId": "b", "paused": true,
                    "minutesPaused": "ten" }),
            Some("minutesPaused"),
        ),
        (
            json!({ "eventType": "message", "userId": "u", "botId": "b", "text": "t",
                    "agentProfile": { "name": 7 } }),
            Some("agentProfile.name"),
        ),
    ];
    for (body, field) in cases {
        let error = parse(&body).err().unwrap();
        assert_eq!(error.field.as_deref(), field, "{body}");
        assert!(field.is_none_or(|field| error.message.contains(field)), "{}", error.message);
    }
}

#[test]
fn a_profile_is_cleaned_and_never_refused() {
    let profile = |name: &str, avatar: &str| {
        let push = json!({ "eventType": "user_typing", "userId": "u", "botId": "b",
            "agentProfile": { "name": name, "avatarUrl": avatar } });
        let AgentProfile { name, avatar_url } = parse(&push).unwrap().agent.unwrap();
        (name.unwrap_or_default(), avatar_url)
    };
    let picture = "https://example.org/jane.png";
    assert_eq!(profile("Jane", picture), ("Jane".to_owned(), picture.to_owned()));
    for (name, expected) in [
        ("Ja\0ne\u{202e}", "Jane".to_owned()),
        (" \u{200f}\n", String::new()),
        (&"x".repeat(200_000), "x".repeat(profile::NAME_CHARS_MAX)),
    ] {
        assert_eq!(profile(name, "").0, expected);
    }
    for avatar in ["javascript:alert(1)", "data:text/html,x", "nonsense"] {
        assert_eq!(profile("Jane", avatar).1, "");
    }
}

/// Ids become keys of the store, which cannot hold a NUL everywhere.
#[test]
fn an_id_with_control_characters_is_refused_and_a_text_with_them_is_not() {
    let whole = json!({ "eventType": "message", "userId": "u", "botId": "b", "text": "t",
                        "messageId": "m" });
    let mut update = whole.clone();
    update["eventType"] = "channel_update".into();
    update["paused"] = false.into();
    for control in ["\0", "\u{1f}", "\n", "\t", "\u{7f}", "\u{9f}"] {
        let odd = format!("a{control}b");
        let fields = [
            (&whole, "userId"),
            (&whole, "botId"),
            (&whole, "messageId"),
            (&update, "unpauseChatEvent"),
        ];
        for (body, field) in fields {
            let mut body = body.clone();
            body[field] = odd.clone().into();
            let error = parse(&body).err().unwrap();
            assert_eq!((error.code, error.field.as_deref()), ("invalid_field", Some(field)));
            let message = format!("`{field}` holds control characters: send printable ones");
            assert_eq!(error.message, message);
        }
        let mut body = whole.clone();
        body["text"] = odd.into();
        assert!(parse(&body).is_ok(), "{body}");
    }
    let mut body = whole;
    body["messageId"] = "Zoë/日本 1".into();
    assert!(parse(&body).is_ok());
}

#[test]
fn a_push_is_written_as_r1_prints_it() {
    let body = PushBody {
        access_token: Some("push-key"),
        event_type: "message",
        user_id: "usr_1",
        bot_id: "support",
        text: Some("Hi, how may I assist?"),
        format: None,
        paused: Some(true),
        minutes_paused: Some(5.0),
        unpause_chat_event: None,
        agent_profile: Some(AgentProfileBody { name: "Jane Doe", avatar_url: "" }),
        message_id: None,
    };
    let example: Value = serde_json::from_slice(example!("r1.push_message")).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), example);
}
