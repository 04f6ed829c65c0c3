//! A checksum beside each stored state and event.
//!
//! No database notices a byte that changed in the middle of a text, and the changed text may be
//! another one that somebody could have said. CRC-32 finds every single changed byte, and of larger
//! damage all but one in four billion. It is no protection from people who can write to the
//! database. The id and the number are part of it, so that a row in another's place is found, too.

use crc32fast::Hasher;
use machine::Position;

/// What a state is stored with: the lower half is for the text, the upper for the checkpoint.
pub(crate) fn of_state(id: &str, format: i64, text: &str, checkpoint: Option<&str>) -> i64 {
    let text = sum(&[id.as_bytes(), &format.to_le_bytes(), text.as_bytes()]);
    let checkpoint = match checkpoint {
        Some(checkpoint) => sum(&[id.as_bytes(), checkpoint.as_bytes()]),
        None => 0,
    };
    ((u64::from(checkpoint) << 32) | u64::from(text)) as i64
}

/// What of a state is not as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The text alone, which the events can give back.
    Text,
    /// At least the checkpoint, which is nowhere else.
    Checkpoint,
}

impl Damage {
    /// For a row with the checksum `stored`; a row from before checksums cannot be judged.
    pub(crate) fn find(stored: Option<i64>, found: i64) -> Option<Self> {
        let difference = (stored? ^ found) as u64;
        match (difference as u32, difference >> 32) {
            (0, 0) => None,
            (_, 0) => Some(Self::Text),
            _ => Some(Self::Checkpoint),
        }
    }
}

/// What an event is stored with.
pub(crate) fn of_event(id: &str, position: Position, at: i64, format: i64, body: &str) -> i64 {
    let Position { seq, sub } = position;
    i64::from(sum(&[
        id.as_bytes(),
        &seq.to_le_bytes(),
        &sub.to_le_bytes(),
        &at.to_le_bytes(),
        &format.to_le_bytes(),
        body.as_bytes(),
    ]))
}

/// The length of each part counts, so that no byte can move from one to the next.
fn sum(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"type":"visitor","text":"send 100 to Ann"}"#;

    /// Every text that differs from `TEXT` in one byte and is still a text.
    fn changed() -> impl Iterator<Item = String> {
        (0..TEXT.len()).flat_map(|at| {
            (1..=255).filter_map(move |flip| {
                let mut bytes = TEXT.as_bytes().to_vec();
                bytes[at] ^= flip;
                String::from_utf8(bytes).ok()
            })
        })
    }

    #[test]
    fn every_changed_byte_is_found() {
        let at = Position { seq: 7, sub: 1 };
        let event = of_event("cnv_1", at, 5, 1, TEXT);
        let state = of_state("cnv_1", 1, TEXT, Some(TEXT));
        let mut tried = 0;
        for text in changed() {
            assert_ne!(of_event("cnv_1", at, 5, 1, &text), event, "{text}");
            let found = of_state("cnv_1", 1, &text, Some(TEXT));
            assert_eq!(Damage::find(Some(state), found), Some(Damage::Text), "{text}");
            let found = of_state("cnv_1", 1, TEXT, Some(&text));
            assert_eq!(Damage::find(Some(state), found), Some(Damage::Checkpoint), "{text}");
            tried += 1;
        }
        assert!(tried > 100 * TEXT.len(), "{tried}");
        assert_eq!(Damage::find(Some(state), state), None);
        assert_eq!(Damage::find(None, state), None, "a row from before");
    }

    #[test]
    fn a_row_in_another_place_is_found() {
        let at = |seq, sub| Position { seq, sub };
        let event = of_event("cnv_1", at(7, 1), 5, 1, TEXT);
        for other in [
            of_event("cnv_2", at(7, 1), 5, 1, TEXT),
            of_event("cnv_1", at(8, 1), 5, 1, TEXT),
            of_event("cnv_1", at(7, 0), 5, 1, TEXT),
            of_event("cnv_1", at(7, 1), 6, 1, TEXT),
            of_event("cnv_1", at(7, 1), 5, 2, TEXT),
            of_event("cnv_17", at(7, 1), 5, 1, &TEXT[1..]),
        ] {
            assert_ne!(other, event);
        }
        let state = of_state("cnv_1", 1, TEXT, None);
        for other in [
            of_state("cnv_2", 1, TEXT, None),
            of_state("cnv_1", 2, TEXT, None),
            of_state("cnv_1", 1, TEXT, Some("")),
        ] {
            assert!(Damage::find(Some(state), other).is_some());
        }
    }

    /// What is stored must be found to be right by every later release.
    #[test]
    fn checksums_stay_what_they_are() {
        assert_eq!(of_event("cnv_1", Position { seq: 7, sub: 1 }, 5, 1, TEXT), 3_262_068_025);
        assert_eq!(of_state("cnv_1", 1, TEXT, Some("c")), -8_950_347_438_283_330_256);
    }
}
