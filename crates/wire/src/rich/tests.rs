use serde_json::Value;

use super::*;

macro_rules! examples {
    ($($kind:literal)*) => {
        [$(($kind, include_str!(concat!("../../examples/rich.", $kind, ".json")))),*]
    };
}

#[test]
fn the_examples_are_the_form_and_show_every_kind() {
    let examples = examples!(
        "text" "suggestions" "card" "carousel" "list" "media" "table" "form" "bot_card" "bot_list"
    );
    for (kind, example) in examples {
        let event: Value = serde_json::from_str(example).unwrap();
        assert_eq!(event["content"][0]["type"], kind);
        let content: Vec<Element> = serde_json::from_value(event["content"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&content).unwrap(), event["content"], "{kind}");
    }
}

#[test]
fn addresses_that_run_or_mislead_are_none() {
    let link = |text: &str| Address::parse(text).is_some();
    let source = |text: &str| Source::parse(text).is_some();
    for text in [
        "",
        "x",
        "/relative",
        "//example.com",
        "https:",
        "https:///x",
        "https:/\\example.com",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "https://exa mple.com",
        "https://example.com/\u{0}",
        "data:text/html,x",
        "blob:https://example.com/x",
        "vbscript:x",
        "file:///etc/passwd",
        "tel:",
        "mailto://example.com",
        &format!("https://example.com/{}", "x".repeat(ADDRESS_BYTES_MAX)),
    ] {
        assert!(!link(text) && !source(text), "{text}");
    }
    for text in ["tel:+43 1".replace(' ', "").as_str(), "mailto:jane@example.com"] {
        assert!(link(text) && !source(text), "{text}");
    }
    for text in [" https://example.com/a?b#c ", "HTTP://example.com", "https://[::1]:8080/x"] {
        assert!(link(text) && source(text), "{text}");
    }
    assert!(serde_json::from_str::<Address>(r#""javascript:alert(1)""#).is_err());
    assert!(serde_json::from_str::<Source>(r#""tel:1""#).is_err());
}
