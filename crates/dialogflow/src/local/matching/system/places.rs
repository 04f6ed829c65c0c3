//! Countries and large cities by name. The lists are short on purpose: other places are accepted
//! where a phrase or a prompt expects one.

use serde_json::{Value, json};

use super::Found;
use crate::local::matching::text::{Text, normal};

/// English name, and other names (de, fr, es).
const COUNTRIES: &[(&str, &[&str])] = &[
    ("Argentina", &["argentinien", "argentine"]),
    ("Australia", &["australien", "australie"]),
    ("Austria", &["österreich", "autriche"]),
    ("Belgium", &["belgien", "belgique", "bélgica"]),
    ("Brazil", &["brasilien", "brésil", "brasil"]),
    ("Canada", &["kanada", "canadá"]),
    ("Chile", &["chili"]),
    ("China", &["chine"]),
    ("Colombia", &["kolumbien", "colombie"]),
    ("Croatia", &["kroatien", "croatie"]),
    ("Czechia", &["tschechien", "czech republic"]),
    ("Denmark", &["dänemark", "danemark", "dinamarca"]),
    ("Egypt", &["ägypten", "égypte"]),
    ("Finland", &["finnland", "finlande"]),
    ("France", &["frankreich", "francia"]),
    ("Germany", &["deutschland", "allemagne", "alemania"]),
    ("Greece", &["griechenland", "grèce", "grecia"]),
    ("Hungary", &["ungarn", "hongrie"]),
    ("India", &["indien", "inde"]),
    ("Indonesia", &["indonesien"]),
    ("Iran", &[]),
    ("Ireland", &["irland", "irlande"]),
    ("Israel", &[]),
    ("Italy", &["italien", "italie", "italia"]),
    ("Japan", &["japon"]),
    ("Kenya", &["kenia"]),
    ("Luxembourg", &["luxemburg"]),
    ("Mexico", &["mexiko", "mexique", "méxico"]),
    ("Netherlands", &["niederlande", "holland", "the netherlands", "pays bas"]),
    ("New Zealand", &["neuseeland"]),
    ("Nigeria", &[]),
    ("Norway", &["norwegen", "norvège"]),
    ("Poland", &["polen", "pologne"]),
    ("Portugal", &[]),
    ("Romania", &["rumänien"]),
    ("Russia", &["russland", "russie", "rusia"]),
    ("Singapore", &["singapur"]),
    ("Slovakia", &["slowakei"]),
    ("Slovenia", &["slowenien"]),
    ("South Africa", &["südafrika"]),
    ("South Korea", &["südkorea", "korea"]),
    ("Spain", &["spanien", "espagne", "españa"]),
    ("Sweden", &["schweden", "suède"]),
    ("Switzerland", &["schweiz", "die schweiz", "suisse", "suiza"]),
    ("Thailand", &[]),
    ("Turkey", &["türkei", "türkiye", "turquie"]),
    ("Ukraine", &[]),
    ("United Kingdom", &["uk", "great britain", "england", "grossbritannien", "royaume uni"]),
    ("United States", &["usa", "america", "united states of america", "états unis"]),
    ("Vietnam", &[]),
];

const CITIES: &[(&str, &[&str])] = &[
    ("Amsterdam", &[]),
    ("Athens", &["athen", "athènes"]),
    ("Bangkok", &[]),
    ("Barcelona", &[]),
    ("Beijing", &["peking", "pékin"]),
    ("Berlin", &[]),
    ("Boston", &[]),
    ("Brussels", &["brüssel", "bruxelles"]),
    ("Budapest", &[]),
    ("Buenos Aires", &[]),
    ("Cairo", &["kairo"]),
    ("Chicago", &[]),
    ("Cologne", &["köln"]),
    ("Copenhagen", &["kopenhagen"]),
    ("Delhi", &["new delhi"]),
    ("Dubai", &[]),
    ("Dublin", &[]),
    ("Frankfurt", &[]),
    ("Geneva", &["genf", "genève"]),
    ("Graz", &[]),
    ("Hamburg", &[]),
    ("Helsinki", &[]),
    ("Hong Kong", &[]),
    ("Istanbul", &[]),
    ("Lisbon", &["lissabon", "lisboa"]),
    ("London", &["londres"]),
    ("Los Angeles", &[]),
    ("Lyon", &[]),
    ("Madrid", &[]),
    ("Melbourne", &[]),
    ("Mexico City", &[]),
    ("Miami", &[]),
    ("Milan", &["mailand", "milano"]),
    ("Moscow", &["moskau"]),
    ("Mumbai", &[]),
    ("Munich", &["münchen"]),
    ("New York", &["nyc", "new york city"]),
    ("Oslo", &[]),
    ("Paris", &[]),
    ("Prague", &["prag"]),
    ("Rome", &["rom", "roma"]),
    ("San Francisco", &[]),
    ("Seattle", &[]),
    ("Seoul", &[]),
    ("Shanghai", &[]),
    ("Stockholm", &[]),
    ("Sydney", &[]),
    ("São Paulo", &["sao paulo"]),
    ("Tokyo", &["tokio"]),
    ("Toronto", &[]),
    ("Vienna", &["wien", "vienne"]),
    ("Warsaw", &["warschau"]),
    ("Washington", &[]),
    ("Würzburg", &[]),
    ("Zurich", &["zürich"]),
];

pub(crate) fn find(text: &Text) -> Vec<Found> {
    let mut found = Vec::new();
    for start in 0..text.len() {
        for end in start + 1..=text.len().min(start + 4) {
            let run = text.run(start..end);
            if let Some(name) = known(COUNTRIES, run) {
                found.push(("@sys.geo-country", start..end, json!(name)));
                found.push(("@sys.location", start..end, json!({ "country": name })));
            }
            if let Some(name) = known(CITIES, run) {
                found.push(("@sys.geo-city", start..end, json!(name)));
                found.push(("@sys.location", start..end, json!({ "city": name })));
            }
        }
    }
    found
}

/// The value of a location from its words: a country, a city or a street address.
pub(crate) fn location(words: &str) -> Value {
    let plain = normal(words);
    if let Some(name) = known(COUNTRIES, &plain) {
        return json!({ "country": name });
    }
    let named = known(CITIES, &plain);
    if named.is_some() || !plain.contains(|c: char| c.is_ascii_digit()) {
        return json!({ "city": named.unwrap_or(words) });
    }
    json!({ "street-address": words })
}

fn known(list: &[(&'static str, &[&str])], run: &str) -> Option<&'static str> {
    let same = |name: &str| name.eq_ignore_ascii_case(run) || name.to_lowercase() == run;
    // The length is compared first, because comparing in lower case allocates.
    let found = list
        .iter()
        .find(|(name, others)| others.contains(&run) || (name.len() == run.len() && same(name)));
    found.map(|(name, _)| *name)
}
