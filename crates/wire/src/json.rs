//! JSON that others wrote. Everything that comes from outside is read here.
//!
//! Some writers put a byte order mark first, write UTF-16, cut a character of two escapes into
//! halves, or send bytes that are no UTF-8. The message in it still counts: what is no character
//! becomes U+FFFD. Signatures are checked over the bytes as they came.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Reads JSON; an error names the place.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(&with_whole_characters(bytes))
}

/// Whether there is nothing to read.
#[must_use]
pub fn is_blank(bytes: &[u8]) -> bool {
    without_mark(bytes).iter().all(u8::is_ascii_whitespace)
}

fn without_mark(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        bytes = rest;
    }
    bytes
}

/// The same in UTF-8, without a byte order mark and without halves of characters.
fn with_whole_characters(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = without_mark(bytes);
    let utf8 = match bytes {
        // JSON begins with ASCII, so a zero byte tells UTF-16 even without its mark.
        [0xff, 0xfe, rest @ ..] => of_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest, u16::from_be_bytes),
        [_, 0, ..] => of_utf16(bytes, u16::from_le_bytes),
        [0, _, ..] => of_utf16(bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    };
    let halves = half_pairs(utf8.as_bytes());
    match utf8 {
        Cow::Borrowed(text) if halves.is_empty() => Cow::Borrowed(text.as_bytes()),
        text => {
            let mut bytes = text.into_owned().into_bytes();
            for at in halves {
                bytes[at..at + 4].copy_from_slice(b"fffd");
            }
            Cow::Owned(bytes)
        }
    }
}

fn of_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'_, str> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let letters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(letters.collect())
}

/// Where the four digits of an escape stand that is half of a surrogate pair.
fn half_pairs(text: &[u8]) -> Vec<usize> {
    let mut halves = Vec::new();
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += next;
        at += match escaped(text, at) {
            Some(0xd800..=0xdbff) if matches!(escaped(text, at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                halves.push(at + 2);
                6
            }
            Some(_) => 6,
            // Any other escape, of which a second backslash is a part.
            None => 2,
        };
    }
    halves
}

/// The UTF-16 unit that is written as an escape at this place.
fn escaped(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    u16::from_str_radix(str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(bytes: &[u8]) -> Value {
        let object: Value = read(bytes).unwrap();
        object["text"].clone()
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_message() {
        assert_eq!(text(b"\xef\xbb\xbf{\"text\":\"hi\"}"), "hi");
        assert_eq!(text(b"\xef\xbb\xbf \n{\"text\":\"\xc3\xbc\"}"), "ü");
        assert!(is_blank(b"\xef\xbb\xbf \r\n") && is_blank(b"") && !is_blank(b"{}"));
    }

    #[test]
    fn utf16_is_read() {
        let units: Vec<u16> = "{\"text\":\"ü 😀\"}".encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            [b"\xff\xfe", little.as_slice()].concat(),
            [b"\xfe\xff", big.as_slice()].concat(),
            little,
            big,
        ] {
            assert_eq!(text(&bytes), "ü 😀");
        }
    }

    #[test]
    fn half_a_character_costs_no_more_than_itself() {
        for (written, expected) in [
            (r"\ud83d", "\u{fffd}"),
            (r"\uDE00", "\u{fffd}"),
            (r"ok \ud83d\ude00!", "ok 😀!"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\n", "\u{fffd}\n"),
            (r"a\\ud83d", r"a\ud83d"),
            (r"a\\\ud83d", "a\\\u{fffd}"),
        ] {
            let body = format!("{{\"text\":\"{written}\"}}");
            assert_eq!(text(body.as_bytes()), expected, "{written}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_cost_no_more_than_themselves() {
        assert_eq!(text(b"{\"text\":\"Gr\xfc\xdfe\"}"), "Gr\u{fffd}\u{fffd}e");
        // Half a pair as some writers encode it.
        let half = text(b"{\"text\":\"a\xed\xa0\xbdb\"}");
        assert!(half.as_str().unwrap().starts_with("a\u{fffd}"), "{half}");
    }

    #[test]
    fn what_is_not_json_is_told_by_its_place() {
        for body in
            ["{\"text\":", "{\"text\":\"\\ud8\"}", "{\"text\":\"\\ud83d", "\\", "\0", "\0\0"]
        {
            let error = read::<Value>(body.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("line 1"), "{body}: {error}");
        }
        let many = format!("{{\"text\":\"{}\"}}", r"\ud83d".repeat(200_000));
        assert_eq!(text(many.as_bytes()), json!("\u{fffd}".repeat(200_000)));
    }
}
