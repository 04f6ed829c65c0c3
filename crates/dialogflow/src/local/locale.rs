//! Languages and their locales: which language of an agent answers a query, and which languages a
//! locale adds to. Likely subtags, aliases and parents come from CLDR (Unicode TS 35, part 1).

use icu_locale::{
    LanguageIdentifier, Locale, LocaleCanonicalizer, LocaleExpander, LocaleFallbacker,
    fallback::LocaleFallbackConfig,
    subtags::{Language, language, region},
};

/// The language and what it inherits from, nearest first, in lower case: `es-mx`, `es-419`, `es`.
/// A locale adds its phrases, values and answers to those of the others.
pub(crate) fn lineage(language: &str) -> Vec<String> {
    let mut all = vec![language.to_lowercase()];
    let inherited = read(language).map(|wanted| parents(&wanted)).unwrap_or_default();
    let shorter = language.char_indices().rev().filter(|(_, c)| *c == '-');
    let shorter = shorter.map(|(at, _)| language[..at].to_lowercase());
    for name in inherited.iter().map(name).chain(shorter) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// The available language that is nearest to the wanted one: the same or the nearest that it
/// inherits from, then the same language in the same script, then in any script.
pub(crate) fn nearest<'a>(
    wanted: &str,
    available: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let available: Vec<&str> = available.collect();
    // Browsers and systems also write `en_US`, `en-US.UTF-8`, `en-US@posix` and `en-US,en;q=0.9`.
    let wanted = wanted.split(['.', '@', ',', ';']).next().unwrap_or_default();
    let wanted = wanted.trim().replace('_', "-").to_lowercase();
    if let Some(same) = available.iter().find(|l| **l == wanted) {
        return Some(same);
    }
    let wanted = read(&wanted)?;
    let known: Vec<Known<'a>> = available.iter().filter_map(|l| Known::read(l)).collect();
    let steps = parents(&wanted);
    let itself = |step: &LanguageIdentifier| known.iter().find(|k| k.id == *step);
    let akin = |step: &LanguageIdentifier| {
        let full = maximized(step);
        let same = known.iter().find(|k| k.full == full);
        same.or_else(|| known.iter().find(|k| k.parents.contains(step)))
    };
    let full = maximized(&wanted);
    let language = |k: &&Known<'_>| k.full.language == full.language;
    let found = steps.iter().find_map(itself).or_else(|| steps.iter().find_map(akin));
    found
        .or_else(|| known.iter().filter(language).find(|k| k.full.script == full.script))
        .or_else(|| known.iter().find(language))
        .map(|k| k.name)
}

/// A language of the agent.
struct Known<'a> {
    name: &'a str,
    id: LanguageIdentifier,
    full: LanguageIdentifier,
    parents: Vec<LanguageIdentifier>,
}

impl<'a> Known<'a> {
    fn read(name: &'a str) -> Option<Self> {
        let id = read(name)?;
        Some(Self { name, full: maximized(&id), parents: parents(&id), id })
    }
}

/// Reads a language tag in its canonical form (`iw` is `he`). What cannot be read at its end is
/// left out.
fn read(tag: &str) -> Option<LanguageIdentifier> {
    let mut tag = tag;
    let mut id = loop {
        match LanguageIdentifier::try_from_str(tag) {
            Ok(id) => break id,
            Err(_) => tag = tag.rsplit_once('-')?.0,
        }
    };
    // Cantonese is a locale of Chinese in Dialogflow: `zh-hk`.
    if id.language == language!("yue") {
        id.language = language!("zh");
        id.region = id.region.or(Some(region!("HK")));
    }
    let mut locale = Locale::from(id);
    LocaleCanonicalizer::new_common().canonicalize(&mut locale);
    (locale.id.language != Language::UNKNOWN).then_some(locale.id)
}

/// The language itself and what it inherits from, nearest first.
fn parents(id: &LanguageIdentifier) -> Vec<LanguageIdentifier> {
    let mut steps = vec![id.clone()];
    let fallbacker = LocaleFallbacker::new().for_config(LocaleFallbackConfig::default());
    let mut walk = fallbacker.fallback_for(id.into());
    while !walk.get().is_unknown() {
        let step = walk.get().into_locale().id;
        if !steps.contains(&step) {
            steps.push(step);
        }
        walk.step();
    }
    steps
}

fn maximized(id: &LanguageIdentifier) -> LanguageIdentifier {
    let mut full = id.clone();
    LocaleExpander::new_common().maximize(&mut full);
    full
}

fn name(id: &LanguageIdentifier) -> String {
    id.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{lineage, nearest};

    #[test]
    fn the_nearest_language_answers() {
        for (wanted, available, expected) in [
            ("zh-Hant-TW", "en zh-cn zh-tw", "zh-tw"),
            ("zh-Hans-CN", "en zh-cn zh-tw", "zh-cn"),
            ("zh", "en zh-cn zh-tw", "zh-cn"),
            ("zh-SG", "en zh-tw zh-cn", "zh-cn"),
            ("zh-Hans-SG", "en zh-tw zh-cn", "zh-cn"),
            ("zh-MO", "en zh-cn zh-hk", "zh-hk"),
            ("zh-Hant", "en zh-cn zh-hk zh-tw", "zh-tw"),
            ("zh-HK", "en zh-cn zh-tw", "zh-tw"),
            ("yue", "en zh-cn zh-hk zh-tw", "zh-hk"),
            ("zh-TW", "en zh-cn", "zh-cn"),
            ("en-AU", "de en en-gb", "en"),
            ("en-NZ", "de en-us en-gb", "en-gb"),
            ("en_us", "de en-gb en-us", "en-us"),
            ("en-US@posix", "de en-gb en-us", "en-us"),
            ("en-US,en;q=0.9", "de en", "en"),
            ("en-US.UTF-8", "de en", "en"),
            ("pt-PT", "en pt pt-br", "pt"),
            ("pt-BR", "en pt", "pt"),
            ("pt-PT", "en pt-br", "pt-br"),
            ("pt-AO", "en pt-br pt-pt", "pt-pt"),
            ("pt", "en pt-pt pt-br", "pt-br"),
            ("es-MX", "es-ar es-es", "es-ar"),
            ("es-MX", "es es-419", "es-419"),
            ("sr-Latn", "en sr sr-latn", "sr-latn"),
            ("sr-Latn-RS", "en sr", "sr"),
            ("no", "en nb", "nb"),
            ("nb-NO", "en no", "no"),
            ("nn", "en no", "no"),
            ("iw", "en he", "he"),
            ("he-IL", "en iw", "iw"),
            ("tl", "en fil", "fil"),
            ("in-ID", "en id", "id"),
            ("de-AT-1901-x-private", "de en", "de"),
            ("de-AT", "de-de en", "de-de"),
            ("ja", "en de", "-"),
            ("", "en de", "-"),
            ("nonsense!", "en de", "-"),
        ] {
            let found = nearest(wanted, available.split(' ')).unwrap_or("-");
            assert_eq!(found, expected, "{wanted} of {available}");
        }
    }

    #[test]
    fn a_locale_adds_to_what_it_inherits_from() {
        assert_eq!(lineage("en-gb"), ["en-gb", "en-001", "en"]);
        assert_eq!(lineage("es-MX"), ["es-mx", "es-419", "es"]);
        assert_eq!(lineage("pt-br"), ["pt-br", "pt"]);
        let hong_kong = lineage("zh-hk");
        assert!(hong_kong.iter().any(|l| l == "zh") && !hong_kong.iter().any(|l| l == "zh-tw"));
        assert_eq!(lineage("de"), ["de"]);
    }
}
