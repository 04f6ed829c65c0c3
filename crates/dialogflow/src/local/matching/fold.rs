//! Letters without their case and form: the keys by which words are compared.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_properties::{CodePointMapData, props::GeneralCategory};
use unicode_normalization::UnicodeNormalization;

/// How a language folds letters where languages differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Letters {
    #[default]
    Common,
    /// Turkish and Azeri: `I` is the capital of `ı`, `İ` of `i`.
    Turkic,
}

impl Letters {
    pub(crate) fn of(language: &str) -> Self {
        match language.split('-').next() {
            Some("tr" | "az") => Self::Turkic,
            _ => Self::Common,
        }
    }

    /// The letters of a word in lower case, and otherwise as written.
    pub(crate) fn exactly(self, raw: &str) -> String {
        let raw: String = raw.nfkc().collect();
        let folded = match self {
            Self::Common => CaseMapper::new().fold_string(&raw),
            Self::Turkic => CaseMapper::new().fold_turkic_string(&raw),
        };
        folded.nfc().collect()
    }
}

/// The form of a word that is the same in every way of typing it: in capitals, without the dot of
/// `i` or the accents that Greek capitals lose, with full-width or other digits, with or without
/// the points of Arabic and Hebrew, on an Arabic or a Persian keyboard, with the dots of `ё` or
/// not. It is the same in every language; where values differ in letters that it takes for one,
/// [`Letters::exactly`] decides.
pub(crate) fn fold(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Cow::Borrowed(raw);
    }
    if raw.is_ascii() {
        let kept = |b: &u8| !matches!(b, b'\'' | b'`') && !b.is_ascii_whitespace();
        let bytes = raw.bytes().filter(kept).map(|b| char::from(b.to_ascii_lowercase()));
        return Cow::Owned(bytes.collect());
    }
    let compatible: String = raw.nfkc().collect();
    let mut folded = String::with_capacity(raw.len());
    // The last letter that is not a mark.
    let mut base = '\0';
    for c in CaseMapper::new().fold_string(&compatible).nfd() {
        match c {
            'ı' => folded.push('i'),
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' => {}
            // The dot of `İ` in lower case, and of `i` with an accent in Lithuanian.
            '\u{307}' if matches!(base, 'i' | 'ı') => {}
            c if is_greek(base) && is_lost_in_capitals(c) => {}
            c if is_optional(c) || (is_mark(c) && is_left_out(base, c)) => {}
            'ك' => folded.push('ک'),
            'ي' | 'ى' => folded.push('ی'),
            c if c.is_whitespace() || is_invisible(c) => {}
            c => folded.push(digit(c)),
        }
        if !is_mark(c) {
            base = c;
        }
    }
    Cow::Owned(folded.nfc().collect())
}

pub(crate) fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    !c.is_ascii() && matches!(category(c), NonspacingMark | SpacingMark | EnclosingMark)
}

/// Joiners, soft hyphens and other characters that are not seen.
pub(crate) fn is_format(c: char) -> bool {
    !c.is_ascii() && category(c) == GeneralCategory::Format
}

/// Symbols such as `+` and `#`, which may be part of a name; no punctuation of sentences.
pub(crate) fn is_sign(c: char) -> bool {
    use GeneralCategory::{CurrencySymbol, DashPunctuation, MathSymbol, OtherSymbol};
    matches!(c, '#' | '*' | '&' | '@' | '-' | '%')
        || matches!(category(c), MathSymbol | CurrencySymbol | OtherSymbol | DashPunctuation)
}

/// A decimal digit of any script as an ASCII digit; other characters unchanged.
fn digit(c: char) -> char {
    if c.is_ascii() || !is_digit(c) {
        return c;
    }
    // Digits of one script follow each other, and zero is the first.
    let before = |back: &u32| char::from_u32(u32::from(c) - back).is_some_and(is_digit);
    let value = (1..10).take_while(before).count();
    u32::try_from(value).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

pub(crate) fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && category(c) == GeneralCategory::DecimalNumber)
}

/// ASCII digits in place of the digits of other scripts.
pub(crate) fn with_digits(text: &str) -> String {
    text.nfkc().map(digit).collect()
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Variation selectors, the frame of keycaps, and [`is_format`].
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{20dd}'..='\u{20e4}') || is_format(c)
}

/// Points of vowels in Arabic and Hebrew, and the line that only stretches a word.
fn is_optional(c: char) -> bool {
    let arabic = matches!(c, '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}');
    let hebrew = matches!(c, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}');
    arabic || hebrew || matches!(c, '\u{5c4}' | '\u{5c5}' | '\u{5c7}')
}

/// Marks that most people do not type: the dots of Cyrillic `ё`, and the hamza of an Arabic alef.
fn is_left_out(base: char, mark: char) -> bool {
    matches!((base, mark), ('е', '\u{308}') | ('ا', '\u{653}'..='\u{655}'))
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}

/// Accents and breathings; the diaeresis stays.
fn is_lost_in_capitals(c: char) -> bool {
    matches!(c, '\u{300}' | '\u{301}' | '\u{313}' | '\u{314}' | '\u{342}')
}

#[cfg(test)]
mod tests {
    use super::{Letters, fold};

    #[test]
    fn every_way_of_typing_a_word_is_the_same() {
        for (one, other) in [
            ("İstanbul", "istanbul"),
            ("i\u{307}stanbul", "ISTANBUL"),
            ("I\u{307}STANBUL", "ıstanbul"),
            ("Diyarbakır", "DİYARBAKIR"),
            ("Maß", "MASS"),
            ("STRAẞE", "straße"),
            ("ΟΔΌΣ", "οδός"),
            ("ΟΔΟΣ", "οδός"),
            ("ΜΑΪΟΥ", "μαΐου"),
            ("ＩＳＴＡＮＢＵＬ", "istanbul"),
            ("i\u{307}\u{300}", "Ì"),
            ("É", "e\u{301}"),
            ("١٢٣", "123"),
            ("۴۵", "45"),
            ("५", "5"),
            ("๙", "9"),
            ("１２", "12"),
            ("1\u{fe0f}\u{20e3}", "1"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("co\u{ad}op", "coop"),
            ("O’Neill", "oneill"),
            ("Счёт", "счет"),
            ("كتاب", "کتاب"),
            ("يزدي", "یزدی"),
            ("مَرْحَباً", "مرحبا"),
            ("مرحبـــا", "مرحبا"),
            ("أريد", "اريد"),
            ("آسف", "اسف"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        for (one, other) in
            [("schon", "schön"), ("ano", "año"), ("й", "и"), ("ї", "і"), ("が", "か"), ("ؤ", "و")]
        {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_language_tells_its_own_letters_apart() {
        assert_eq!(Letters::of("tr-tr").exactly("ILIK"), "ılık");
        assert_eq!(Letters::of("az").exactly("İLİK"), "ilik");
        assert_eq!(Letters::of("en").exactly("ILIK"), "ilik");
    }
}
