use secrecy::{ExposeSecret as _, SecretString};

use super::*;

fn opened(ring: &Keyring, place: &str, sealed: &str) -> Result<String, SealError> {
    ring.open(place, sealed).map(|secret| secret.expose_secret().to_owned())
}

#[test]
fn only_the_same_place_opens_a_secret() {
    let ring = Keyring::generate();
    let sealed = ring.seal("bot_1 webhook.token", &SecretString::from("s3cret ü")).unwrap();
    assert!(!sealed.contains("s3cret"));
    assert_eq!(opened(&ring, "bot_1 webhook.token", &sealed).unwrap(), "s3cret ü");
    for place in ["bot_2 webhook.token", "bot_1 push.key", ""] {
        assert_eq!(opened(&ring, place, &sealed), Err(SealError::Forged), "{place}");
    }
    let again = ring.seal("bot_1 webhook.token", &SecretString::from("s3cret ü")).unwrap();
    assert_ne!(sealed, again, "the same secret never looks the same");
}

#[test]
fn a_changed_text_is_refused() {
    let ring = Keyring::generate();
    let sealed = ring.seal("p", &SecretString::from("secret")).unwrap();
    for at in 2..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        // The last character has bits that base64 does not use.
        if let Ok(text) = opened(&ring, "p", &changed) {
            panic!("{changed} was opened: {text}");
        }
    }
    for form in ["", "1", "x.y", "1.", "1.AAAA", "1.=="] {
        assert!(matches!(opened(&ring, "p", form), Err(SealError::Form)), "{form}");
    }
    let other = Keyring::generate();
    assert_eq!(opened(&other, "p", &sealed), Err(SealError::Forged));
}

#[test]
fn a_new_key_seals_and_the_old_one_opens() {
    let old = Keyring::generate();
    let before = old.seal("p", &SecretString::from("before")).unwrap();
    let new = old.rotated();
    assert!(old.is_current(&before) && !new.is_current(&before));
    assert_eq!(opened(&new, "p", &before).unwrap(), "before");
    let after = new.seal("p", &SecretString::from("after")).unwrap();
    assert_eq!(opened(&old, "p", &after), Err(SealError::UnknownKey(2)));
    let pruned = new.pruned();
    assert_eq!(opened(&pruned, "p", &after).unwrap(), "after");
    assert_eq!(opened(&pruned, "p", &before), Err(SealError::UnknownKey(1)));
}

#[test]
fn a_key_file_is_read_as_it_was_written() {
    let ring = Keyring::generate().rotated();
    let sealed = ring.seal("p", &SecretString::from("secret")).unwrap();
    let text = format!("# keys of Baton\n\n{}", ring.to_text().expose_secret());
    let read = Keyring::parse(&text).unwrap();
    assert_eq!(opened(&read, "p", &sealed).unwrap(), "secret");
    assert!(read.is_current(&sealed));
    let line = ring.to_text().expose_secret().lines().next().unwrap().to_owned();
    for (text, error) in [
        ("", KeyringError::Empty),
        ("# none\n", KeyringError::Empty),
        ("1 short", KeyringError::Line(1)),
        ("\nkey", KeyringError::Line(2)),
        (&format!("{line}\n{line}"), KeyringError::Twice(1)),
    ] {
        assert_eq!(Keyring::parse(text).err(), Some(error), "{text}");
    }
    assert_eq!(format!("{read:?}"), "Keyring { keys: [1, 2] }");
}
