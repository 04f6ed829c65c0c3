use standardwebhooks::Webhook;

use super::*;
use crate::Clock;

const FIRST: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SECOND: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";
const THIRD: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const BODY: &[u8] = br#"{"userId":"u1","text":"gr\u00fcezi"}"#;
const NOW: Millis = 1_795_341_600_123;

fn keys(secrets: &[&str]) -> SigningKeys {
    let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
    SigningKeys::new(&secrets).unwrap()
}

fn signed(secrets: &[&str], now: Millis) -> HeaderMap {
    let mut headers = HeaderMap::new();
    keys(secrets).sign(&mut headers, "cht_1/3-0", now, BODY).unwrap();
    headers
}

#[test]
fn the_published_example_gives_the_published_signature() {
    let mut headers = HeaderMap::new();
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    keys(&[FIRST]).sign(&mut headers, id, 1_649_367_553_999, body).unwrap();
    assert_eq!(headers[&ID], id);
    assert_eq!(headers[&TIMESTAMP], "1649367553");
    assert_eq!(headers[&SIGNATURE], "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
fn the_published_library_and_ours_take_each_others_signatures() {
    let now = Clock::system().now();
    let theirs = Webhook::new(FIRST).unwrap();
    theirs.verify(BODY, &signed(&[SECOND, FIRST], now)).unwrap();
    assert!(theirs.verify(BODY, &signed(&[SECOND], now)).is_err());

    let mut headers = signed(&[THIRD], now);
    let signature = theirs.sign("cht_1/3-0", now / 1_000, BODY).unwrap();
    headers.insert(SIGNATURE, signature.parse().unwrap());
    let id = keys(&[SECOND, FIRST]).verify(&headers, BODY, now).unwrap();
    assert_eq!(id.as_str(), "cht_1/3-0");
}

#[test]
fn a_key_is_changed_without_a_gap() {
    // Old on both sides, then both while the sides change one after the other, then the new one.
    let steps: [&[&str]; 3] = [&[FIRST], &[SECOND, FIRST], &[SECOND]];
    for (at, sender) in steps.iter().enumerate() {
        for receiver in &steps[at.saturating_sub(1)..(at + 2).min(3)] {
            let verified = keys(receiver).verify(&signed(sender, NOW), BODY, NOW);
            assert!(verified.is_ok(), "step {at}: {verified:?}");
        }
    }
    let verified = keys(&[SECOND]).verify(&signed(&[FIRST], NOW), BODY, NOW);
    assert_eq!(verified, Err(SignatureError::NoMatch));
}

#[test]
fn five_minutes_either_way_and_not_a_second_more() {
    let headers = signed(&[FIRST], NOW);
    for (later_s, expected) in [
        (0, None),
        (300, None),
        (-300, None),
        (301, Some(SignatureError::Stale(301))),
        (-301, Some(SignatureError::Ahead(301))),
        (86_400, Some(SignatureError::Stale(86_400))),
    ] {
        let verified = keys(&[FIRST]).verify(&headers, BODY, NOW + later_s * 1_000);
        assert_eq!(verified.err(), expected, "{later_s} seconds later");
    }
}

#[test]
fn whatever_is_changed_the_signature_holds_no_more() {
    let good = signed(&[FIRST], NOW);
    let verify = |headers: &HeaderMap, body: &[u8]| keys(&[FIRST]).verify(headers, body, NOW).err();
    assert_eq!(verify(&good, BODY), None);
    for at in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[at] ^= 1;
        assert_eq!(verify(&good, &body), Some(SignatureError::NoMatch), "byte {at}");
    }
    for (name, value) in [(ID, "cht_1/3-1"), (TIMESTAMP, "1795341601")] {
        let mut headers = good.clone();
        headers.insert(&name, value.parse().unwrap());
        assert_eq!(verify(&headers, BODY), Some(SignatureError::NoMatch), "{name}");
    }
    let signature = good[&SIGNATURE].to_str().unwrap();
    for length in "v1,".len()..signature.len() {
        let mut headers = good.clone();
        headers.insert(SIGNATURE, signature[..length].parse().unwrap());
        assert_eq!(verify(&headers, BODY), Some(SignatureError::NoMatch), "{length} characters");
    }
}

#[test]
fn an_error_says_what_is_wrong_with_which_header() {
    let cases: [(HeaderName, Option<&str>, SignatureError); 10] = [
        (SIGNATURE, None, SignatureError::Unsigned),
        (ID, None, SignatureError::Missing(ID)),
        (TIMESTAMP, None, SignatureError::Missing(TIMESTAMP)),
        (SIGNATURE, Some(" "), SignatureError::Unreadable(SIGNATURE)),
        (ID, Some(""), SignatureError::Unreadable(ID)),
        (TIMESTAMP, Some("soon"), SignatureError::Timestamp),
        (TIMESTAMP, Some("99999999999999999999"), SignatureError::Timestamp),
        (TIMESTAMP, Some("-9223372036854775808"), SignatureError::Stale(i64::MAX)),
        (SIGNATURE, Some("v1a,aGVsbG8= v2,aGVsbG8="), SignatureError::Version),
        (SIGNATURE, Some("aGVsbG8="), SignatureError::Version),
    ];
    for (name, value, expected) in cases {
        let mut headers = signed(&[FIRST], NOW);
        headers.remove(&name);
        if let Some(value) = value {
            headers.insert(&name, value.parse().unwrap());
        }
        let error = keys(&[FIRST]).verify(&headers, BODY, NOW).unwrap_err();
        assert_eq!(error, expected, "{name}: {value:?}");
        assert!(error.to_string().contains("webhook-"), "{error}");
        headers.append(&name, "1".parse().unwrap());
        headers.append(&name, "2".parse().unwrap());
        let error = keys(&[FIRST]).verify(&headers, BODY, NOW).unwrap_err();
        assert_eq!(error, SignatureError::Twice(name));
    }
}

#[test]
fn an_unfit_key_is_named_by_its_position_and_never_shown() {
    let cases = [
        (vec![], KeyError::None),
        (vec![FIRST, "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"], KeyError::Prefix { position: 2 }),
        (vec!["whsec_l33t*l33t"], KeyError::Base64 { position: 1 }),
        (vec![FIRST, SECOND, "whsec_c2hvcnQ="], KeyError::Length { position: 3, bytes: 5 }),
        (vec!["whsec_"], KeyError::Length { position: 1, bytes: 0 }),
    ];
    for (secrets, expected) in cases {
        let given: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        let error = SigningKeys::new(&given).unwrap_err();
        assert_eq!(error, expected);
        let shown = format!("{error} {error:?}");
        let words = ["C2FVsB", "l33t", "c2hvcnQ"];
        assert!(words.iter().all(|word| !shown.contains(word)), "{shown}");
    }
    assert_eq!(format!("{:?}", keys(&[FIRST, SECOND])), "SigningKeys(2)");
}

#[test]
fn an_id_that_could_be_read_in_two_ways_is_not_signed() {
    for id in ["", "a.b", "a\nb"] {
        let mut headers = HeaderMap::new();
        let signed = keys(&[FIRST]).sign(&mut headers, id, NOW, BODY);
        assert_eq!(signed, Err(SignatureError::Unreadable(ID)), "{id:?}");
        assert!(headers.is_empty());
    }
}
