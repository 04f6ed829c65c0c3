//! Numbers with a unit: percentages, money, durations, ages, temperatures, measures.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    Found,
    numbers::{Number, json_number},
};
use crate::local::matching::text::Text;

/// Entity, unit in values, and how people write the unit (en, de, fr, es).
const UNITS: &[(&str, &str, &[&str])] = &[
    (
        "@sys.duration",
        "s",
        &[
            "s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "seconde", "secondes",
            "segundo", "segundos",
        ],
    ),
    ("@sys.duration", "min", &["min", "mins", "minute", "minutes", "minuten", "minuto", "minutos"]),
    (
        "@sys.duration",
        "h",
        &[
            "h", "hr", "hrs", "hour", "hours", "stunde", "stunden", "std", "heure", "heures",
            "hora", "horas",
        ],
    ),
    (
        "@sys.duration",
        "day",
        &["day", "days", "tag", "tage", "tagen", "jour", "jours", "día", "días", "dia", "dias"],
    ),
    (
        "@sys.duration",
        "wk",
        &["week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas"],
    ),
    (
        "@sys.duration",
        "mo",
        &["month", "months", "monat", "monate", "monaten", "mois", "mes", "meses"],
    ),
    (
        "@sys.duration",
        "yr",
        &[
            "year", "years", "jahr", "jahre", "jahren", "an", "ans", "année", "années", "año",
            "años",
        ],
    ),
    (
        "@sys.temperature",
        "C",
        &[
            "c",
            "celsius",
            "°c",
            "° c",
            "grad",
            "grad celsius",
            "degrees celsius",
            "degrés",
            "grados",
        ],
    ),
    ("@sys.temperature", "F", &["f", "fahrenheit", "°f", "° f", "degrees fahrenheit", "degrees"]),
    (
        "@sys.unit-length",
        "m",
        &[
            "m", "meter", "meters", "metre", "metres", "metern", "mètre", "mètres", "metro",
            "metros",
        ],
    ),
    (
        "@sys.unit-length",
        "km",
        &["km", "kilometer", "kilometers", "kilometre", "kilometres", "kilomètres", "kilómetros"],
    ),
    (
        "@sys.unit-length",
        "cm",
        &["cm", "centimeter", "centimeters", "zentimeter", "centimètres", "centímetros"],
    ),
    ("@sys.unit-length", "mm", &["mm", "millimeter", "millimeters"]),
    ("@sys.unit-length", "mi", &["mile", "miles", "meile", "meilen"]),
    ("@sys.unit-length", "ft", &["ft", "foot", "feet"]),
    ("@sys.unit-length", "in", &["inch", "inches"]),
    ("@sys.unit-weight", "kg", &["kg", "kilo", "kilos", "kilogram", "kilograms", "kilogramm"]),
    ("@sys.unit-weight", "g", &["g", "gram", "grams", "gramm"]),
    ("@sys.unit-weight", "mg", &["mg", "milligram", "milligrams", "milligramm"]),
    ("@sys.unit-weight", "oz", &["oz", "ounce", "ounces"]),
    ("@sys.unit-weight", "lb", &["lb", "lbs", "pound", "pounds", "pfund"]),
    ("@sys.unit-volume", "mL", &["ml", "milliliter", "milliliters", "millilitre", "millilitres"]),
    ("@sys.unit-volume", "l", &["l", "liter", "liters", "litre", "litres", "litro", "litros"]),
    (
        "@sys.unit-area",
        "sq_m",
        &["qm", "m²", "m2", "square meters", "square metres", "quadratmeter"],
    ),
    ("@sys.unit-speed", "km/h", &["kmh", "km h", "kph"]),
    ("@sys.unit-speed", "mph", &["mph"]),
    ("@sys.unit-information", "GB", &["gb", "gigabyte", "gigabytes"]),
    ("@sys.unit-information", "MB", &["mb", "megabyte", "megabytes"]),
    ("@sys.unit-currency", "EUR", &["€", "eur", "euro", "euros"]),
    ("@sys.unit-currency", "USD", &["$", "usd", "dollar", "dollars", "dólares", "bucks"]),
    ("@sys.unit-currency", "GBP", &["£", "gbp", "pounds sterling"]),
    ("@sys.unit-currency", "CHF", &["chf", "franken", "swiss francs"]),
    ("@sys.unit-currency", "JPY", &["jpy", "yen"]),
    ("@sys.percentage", "%", &["%", "٪", "percent", "prozent", "pour cent", "por ciento"]),
];

/// Words for "one" before a unit of time: `an hour`.
const ONE: [&str; 10] = ["a", "an", "one", "ein", "eine", "einen", "einer", "une", "un", "una"];
const HALF: [&str; 7] =
    ["half a", "half an", "eine halbe", "einer halben", "une demi", "media", "half"];
const OLD: [&str; 6] = ["old", "alt", "of age", "year old", "years old", "ans"];

pub(crate) fn find(text: &Text, language: &str, numbers: &[Number]) -> Vec<Found> {
    let mut found = Vec::new();
    for number in numbers.iter().filter(|n| !n.ordinal) {
        for (entity, unit, end) in units_at(text, number.words.end) {
            let words = number.words.start..end;
            found.push((entity, words.clone(), amount(entity, number.value, unit)));
            if unit == "yr" {
                found.extend(age(text, words, number.value, language));
            }
        }
        // Currency signs may come before the number.
        if number.words.start > 0 {
            let sign = text.word(number.words.start - 1);
            if let Some((_, unit, _)) = UNITS
                .iter()
                .find(|(entity, _, names)| *entity == "@sys.unit-currency" && names.contains(&sign))
            {
                let words = number.words.start - 1..number.words.end;
                let value = amount("@sys.unit-currency", number.value, unit);
                found.push(("@sys.unit-currency", words, value));
            }
        }
    }
    found.extend(durations_without_number(text));
    found
}

fn amount(entity: &str, value: f64, unit: &str) -> Value {
    match entity {
        "@sys.percentage" => json!(format!("{}%", json_number(value))),
        "@sys.unit-currency" => json!({ "amount": json_number(value), "currency": unit }),
        _ => json!({ "amount": json_number(value), "unit": unit }),
    }
}

/// The units that begin at a word, each with its longest name.
fn units_at(text: &Text, at: usize) -> Vec<(&'static str, &'static str, usize)> {
    let mut found: Vec<(&'static str, &'static str, usize)> = Vec::new();
    for end in (at + 1..=text.len().min(at + 2)).rev() {
        let run = text.run(at..end);
        for (entity, unit, names) in UNITS {
            if names.contains(&run) && !found.iter().any(|(e, _, _)| e == entity) {
                found.push((entity, unit, end));
            }
        }
    }
    found
}

/// Years are an age when a word says so (`years old`); in French always.
fn age(text: &Text, words: Range<usize>, value: f64, language: &str) -> Option<Found> {
    let says = |end: usize| OLD.contains(&text.run(words.end..end));
    let end = (words.end + 1..=text.len().min(words.end + 2)).rev().find(|end| says(*end));
    let end = end.or_else(|| (language == "fr").then_some(words.end))?;
    Some(("@sys.age", words.start..end, amount("@sys.age", value, "yr")))
}

fn durations_without_number(text: &Text) -> Vec<Found> {
    let mut found = Vec::new();
    for at in 0..text.len() {
        let Some((_, unit, end)) =
            units_at(text, at).into_iter().find(|(entity, _, _)| *entity == "@sys.duration")
        else {
            continue;
        };
        // Short names are units only after a number.
        if text.run(at..end).chars().count() < 3 || at == 0 {
            continue;
        }
        let half = (at.saturating_sub(2)..at).find(|start| HALF.contains(&text.run(*start..at)));
        if let Some(start) = half {
            let value = if unit == "h" {
                amount("@sys.duration", 30.0, "min")
            } else {
                amount("@sys.duration", 0.5, unit)
            };
            found.push(("@sys.duration", start..end, value));
        } else if ONE.contains(&text.word(at - 1)) {
            found.push(("@sys.duration", at - 1..end, amount("@sys.duration", 1.0, unit)));
        }
    }
    found
}
