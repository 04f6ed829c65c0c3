//! The names of the months.

const MONTHS: [[&str; 5]; 12] = [
    ["january", "jan", "januar", "janvier", "enero"],
    ["february", "feb", "februar", "février", "febrero"],
    ["march", "mar", "märz", "mars", "marzo"],
    ["april", "apr", "april", "avril", "abril"],
    ["may", "may", "mai", "mai", "mayo"],
    ["june", "jun", "juni", "juin", "junio"],
    ["july", "jul", "juli", "juillet", "julio"],
    ["august", "aug", "august", "août", "agosto"],
    ["september", "sep", "sept", "septembre", "septiembre"],
    ["october", "oct", "oktober", "octobre", "octubre"],
    ["november", "nov", "november", "novembre", "noviembre"],
    ["december", "dec", "dezember", "décembre", "diciembre"],
];

pub(super) fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}
