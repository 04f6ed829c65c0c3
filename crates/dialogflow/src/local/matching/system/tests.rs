use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;

use super::{Moment, find};
use crate::local::matching::text::Text;

/// Friday, 5 March 2027, 13:00 in Vienna.
fn now() -> Moment {
    let now: Timestamp = "2027-03-05T12:00:00Z".parse().unwrap();
    now.in_tz("Europe/Vienna").unwrap()
}

/// The longest value of an entity in a text.
fn value(language: &str, entity: &str, text: &str) -> String {
    let wanted = HashSet::from([Arc::from(entity)]);
    let spans = find(&Text::new(text), &wanted, language, &now());
    let longest = spans.into_iter().rev().max_by_key(|span| span.words.len());
    longest.map_or_else(|| "-".to_owned(), |span| span.value.to_string().replace('"', ""))
}

#[test]
fn numbers() {
    for (language, text, expected) in [
        ("en", "there will be 5 of us", "5"),
        ("en", "twenty five people", "25"),
        ("en", "1,234.5 apples", "1234.5"),
        ("de", "1.234,5 Äpfel", "1234.5"),
        ("de", "fünfundzwanzig", "25"),
        ("fr", "vingt-cinq", "25"),
        ("es", "veinticinco", "25"),
        ("en", "it is -7 outside", "-7"),
        ("en", "no digits here", "-"),
        ("en", "covid19 and a1b2", "-"),
        ("xx", "42", "42"),
        ("en", "I need 5kg", "5"),
        ("en", "2.5kg of it", "2.5"),
        ("en", "10people", "10"),
        ("en", "7up and a 2nd try", "-"),
        ("en", "1e3 of them", "1000"),
        ("en", "1.5E3", "1500"),
        ("en", "1e-3", "0.001"),
        ("en", "2E+2", "200"),
        ("en", "1e999", "-"),
        ("ar", "أريد ١٢ تذكرة", "12"),
        ("ar", "١٬٢٣٤٫٥", "1234.5"),
        ("fa", "۴۵ نفر", "45"),
        ("hi", "५ लोग", "5"),
        ("th", "๒๓ คน", "23"),
        ("th", "จอง๕คน", "5"),
        ("ko", "5명", "5"),
        ("ja", "１２人", "12"),
        ("it", "un tavolo per favore", "-"),
        ("it", "una pizza", "-"),
        ("it", "due pizze", "2"),
        ("it", "un milione di cose", "1000000"),
        ("it", "una", "1"),
        ("it", "un, due, tre", "1"),
        ("es", "quiero un taxi", "-"),
        // "You are", and six.
        ("it", "chi sei", "-"),
        ("it", "sei un robot?", "-"),
        ("it", "tu sei molto gentile", "-"),
        ("it", "sei gentile", "-"),
        ("it", "dove sei nato", "-"),
        ("it", "ma sei sicuro?", "-"),
        ("it", "sei", "6"),
        ("it", "Sei!", "6"),
        ("it", "un tavolo per sei", "6"),
        ("it", "siamo in sei", "6"),
        ("it", "sei persone", "6"),
        ("it", "vorrei sei biglietti", "6"),
        ("it", "cinque, sei o sette", "5"),
        ("it", "sei euro", "6"),
        ("it", "trentasei", "36"),
        ("it", "ci sei alle sei?", "6"),
        // "New", and nine.
        ("fr", "quoi de neuf ?", "-"),
        ("fr", "je veux un téléphone neuf", "-"),
        ("fr", "il est tout neuf", "-"),
        ("fr", "neuf", "9"),
        ("fr", "neuf personnes", "9"),
        ("fr", "nous sommes neuf", "9"),
        ("fr", "un vélo neuf à neuf cents euros", "900"),
        ("fr", "huit neuf dix", "8"),
        ("fr", "dix-neuf", "19"),
        ("fr", "table neuf", "9"),
        ("fr", "une table", "-"),
        ("fr", "vingt et un", "21"),
        ("de", "ich brauche einen Tisch", "-"),
        ("de", "ein Tisch", "-"),
        ("de", "eins", "1"),
        ("pt", "um café", "-"),
        ("nl", "een tafel", "-"),
    ] {
        assert_eq!(value(language, "@sys.number", text), expected, "{text}");
    }
    assert_eq!(value("en", "@sys.number-integer", "2.5"), "-");
    assert_eq!(value("en", "@sys.ordinal", "my 2nd candidate"), "2");
    assert_eq!(value("en", "@sys.ordinal", "the third one"), "3");
}

#[test]
fn dates() {
    for (language, text, expected) in [
        ("en", "today", "2027-03-05T12:00:00+01:00"),
        ("en", "the day after tomorrow", "2027-03-07T12:00:00+01:00"),
        ("en", "on next Monday please", "2027-03-08T12:00:00+01:00"),
        ("en", "Friday", "2027-03-12T12:00:00+01:00"),
        ("en", "October 2", "2027-10-02T12:00:00+02:00"),
        ("en", "9th March 1997", "1997-03-09T12:00:00+01:00"),
        ("en", "the 2nd of January", "2028-01-02T12:00:00+01:00"),
        ("en", "3/4/2027", "2027-03-04T12:00:00+01:00"),
        ("de", "am 4.3.2028", "2028-03-04T12:00:00+01:00"),
        ("de", "am 4.6.", "2027-06-04T12:00:00+02:00"),
        ("de", "am 2. Oktober", "2027-10-02T12:00:00+02:00"),
        ("de", "morgen", "2027-03-06T12:00:00+01:00"),
        ("de", "nächsten Dienstag", "2027-03-09T12:00:00+01:00"),
        ("fr", "demain", "2027-03-06T12:00:00+01:00"),
        ("fr", "aujourd'hui", "2027-03-05T12:00:00+01:00"),
        ("fr", "le 14 juillet", "2027-07-14T12:00:00+02:00"),
        ("es", "el 2 de octubre de 2027", "2027-10-02T12:00:00+02:00"),
        ("en", "in three days", "2027-03-08T12:00:00+01:00"),
        ("en", "two weeks from now", "2027-03-19T12:00:00+01:00"),
        ("de", "in einer Woche", "2027-03-12T12:00:00+01:00"),
        ("en", "2027-12-24", "2027-12-24T12:00:00+01:00"),
        ("en", "February 31", "-"),
        ("en", "room 12", "-"),
        ("de", "hier", "-"),
    ] {
        assert_eq!(value(language, "@sys.date", text), expected, "{text}");
    }
}

#[test]
fn times() {
    for (language, text, expected) in [
        ("en", "at 10 am", "2027-03-05T10:00:00+01:00"),
        ("en", "2pm", "2027-03-05T14:00:00+01:00"),
        ("en", "12 am", "2027-03-05T00:00:00+01:00"),
        ("en", "10:30", "2027-03-05T10:30:00+01:00"),
        ("en", "10:30pm", "2027-03-05T22:30:00+01:00"),
        ("en", "at 9", "2027-03-05T09:00:00+01:00"),
        ("en", "ten o'clock", "2027-03-05T10:00:00+01:00"),
        ("en", "half past ten", "2027-03-05T10:30:00+01:00"),
        ("en", "noon", "2027-03-05T12:00:00+01:00"),
        ("de", "um 18 Uhr 30", "2027-03-05T18:30:00+01:00"),
        ("de", "halb zehn", "2027-03-05T09:30:00+01:00"),
        ("fr", "à 14h30", "2027-03-05T14:30:00+01:00"),
        ("en", "9 people", "-"),
        ("en", "at 99", "-"),
        ("en", "15:30:45", "2027-03-05T15:30:45+01:00"),
        ("en", "at 03:04:05 pm", "2027-03-05T15:04:05+01:00"),
        ("en", "10:30:15pm", "2027-03-05T22:30:15+01:00"),
        ("de", "um 15:30:45 Uhr", "2027-03-05T15:30:45+01:00"),
        ("en", "15:30:99", "-"),
        ("ar", "الساعة ١٥:٣٠:٤٥", "2027-03-05T15:30:45+01:00"),
        ("fr", "à 14h", "2027-03-05T14:00:00+01:00"),
        ("fr", "vers 14h", "2027-03-05T14:00:00+01:00"),
        ("fr", "à une heure", "2027-03-05T01:00:00+01:00"),
        ("de", "um ein Uhr", "2027-03-05T01:00:00+01:00"),
        ("fr", "je parle à un ami", "-"),
    ] {
        assert_eq!(value(language, "@sys.time", text), expected, "{text}");
    }
    let both = value("en", "@sys.date-time", "tomorrow at 6 pm");
    assert_eq!(both, "{date_time:2027-03-06T18:00:00+01:00}");
    let period = value("en", "@sys.time-period", "from 3 pm to 5 pm");
    let expected = "{startTime:2027-03-05T15:00:00+01:00,endTime:2027-03-05T17:00:00+01:00}";
    assert_eq!(period, expected);
    let week = value("en", "@sys.date-period", "sometime next week");
    let expected = "{startDate:2027-03-08T12:00:00+01:00,endDate:2027-03-14T12:00:00+01:00}";
    assert_eq!(week, expected);
}

#[test]
fn amounts() {
    for (language, entity, text, expected) in [
        ("en", "@sys.duration", "a 2 hour meeting", "{amount:2,unit:h}"),
        ("en", "@sys.duration", "for half an hour", "{amount:30,unit:min}"),
        ("en", "@sys.duration", "for an hour", "{amount:1,unit:h}"),
        ("de", "@sys.duration", "drei Tage", "{amount:3,unit:day}"),
        ("en", "@sys.unit-currency", "it costs 20€", "{amount:20,currency:EUR}"),
        ("en", "@sys.unit-currency", "$5.50", "{amount:5.5,currency:USD}"),
        ("en", "@sys.percentage", "50 percent", "50%"),
        ("en", "@sys.age", "she is 30 years old", "{amount:30,unit:yr}"),
        ("en", "@sys.temperature", "38 degrees celsius", "{amount:38,unit:C}"),
        ("en", "@sys.unit-length", "12 km", "{amount:12,unit:km}"),
        ("en", "@sys.email", "write to ann@example.org.", "ann@example.org"),
        ("en", "@sys.url", "see example.org/a", "example.org/a"),
        ("en", "@sys.phone-number", "call +43 1 234 56 78", "+4312345678"),
        ("en", "@sys.unit-weight", "5kg of rice", "{amount:5,unit:kg}"),
        ("en", "@sys.unit-weight", "2.5kg", "{amount:2.5,unit:kg}"),
        ("en", "@sys.duration", "30min", "{amount:30,unit:min}"),
        ("it", "@sys.unit-weight", "un kg di riso", "{amount:1,unit:kg}"),
        ("de", "@sys.duration", "ein Tag", "{amount:1,unit:day}"),
        (
            "en",
            "@sys.email",
            "my e-mail is first.last+tag@example.com",
            "first.last+tag@example.com",
        ),
        ("en", "@sys.url", "my e-mail is first.last+tag@example.com", "-"),
        ("en", "@sys.email", "a_b-c.d@mail.example.co.uk!", "a_b-c.d@mail.example.co.uk"),
        ("ja", "@sys.email", "メールはa.b@example.jpです", "a.b@example.jp"),
        ("en", "@sys.number", "write to room.5@example.com", "-"),
        (
            "en",
            "@sys.url",
            "https://example.org/a?mail=a@b.org#x",
            "https://example.org/a?mail=a@b.org#x",
        ),
        ("en", "@sys.email", "https://example.org/a?mail=a@b.org#x", "-"),
        ("en", "@sys.phone-number", "https://example.org/call/06641234567", "-"),
        ("ar", "@sys.phone-number", "٠٦٦٤ ١٢٣٤٥٦٧", "06641234567"),
        ("en", "@sys.percentage", "٥٠٪", "50%"),
        ("de", "@sys.color", "die rote, äh, grün", "green"),
        ("en", "@sys.geo-country", "cases in Austria", "Austria"),
        ("de", "@sys.geo-city", "in Wien", "Vienna"),
        ("en", "@sys.location", "for 10 of us", "-"),
    ] {
        assert_eq!(value(language, entity, text), expected, "{text}");
    }
}
