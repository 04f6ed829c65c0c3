//! Encoded queries (`sysparm_query`): conditions joined by `^` and `^OR`, new ones by `^NQ`, and
//! orders. As on a real instance, a condition on a field that does not exist is left out, so that
//! such a query finds more than was asked for.

use std::cmp::Ordering;

/// Longer ones first, so that no operator hides another.
const OPERATORS: [&str; 13] = [
    "STARTSWITH",
    "ENDSWITH",
    "ISNOTEMPTY",
    "NOT LIKE",
    "ISEMPTY",
    "NOT IN",
    "LIKE",
    "IN",
    "!=",
    ">=",
    "<=",
    ">",
    "<",
];

#[derive(Debug, Default)]
pub(super) struct Query {
    /// Any of these groups, in each all of these, in each any of these conditions.
    any: Vec<Vec<Vec<Condition>>>,
    /// Field, and whether the greatest comes first.
    orders: Vec<(String, bool)>,
}

#[derive(Debug)]
struct Condition {
    field: String,
    operator: &'static str,
    value: String,
}

impl Query {
    /// `exists` says which fields there are.
    pub(super) fn parse(text: &str, exists: impl Fn(&str) -> bool) -> Self {
        let mut query = Self { any: vec![Vec::new()], orders: Vec::new() };
        for part in text.split('^').filter(|part| !part.is_empty() && *part != "EQ") {
            if let Some(field) = part.strip_prefix("ORDERBYDESC") {
                query.orders.push((field.to_owned(), true));
            } else if let Some(field) = part.strip_prefix("ORDERBY") {
                query.orders.push((field.to_owned(), false));
            } else if let Some(rest) = part.strip_prefix("NQ") {
                query.any.push(Vec::new());
                query.and(condition(rest), &exists);
            } else if let Some(rest) = part.strip_prefix("OR") {
                query.or(condition(rest), &exists);
            } else {
                query.and(condition(part), &exists);
            }
        }
        query
    }

    fn and(&mut self, condition: Option<Condition>, exists: &impl Fn(&str) -> bool) {
        if let (Some(condition), Some(all)) = (condition, self.any.last_mut())
            && exists(&condition.field)
        {
            all.push(vec![condition]);
        }
    }

    fn or(&mut self, condition: Option<Condition>, exists: &impl Fn(&str) -> bool) {
        if let Some(condition) = condition
            && exists(&condition.field)
            && let Some(alternatives) = self.any.last_mut().and_then(|all| all.last_mut())
        {
            alternatives.push(condition);
        }
    }

    /// Whether a record is found; `get` gives its values.
    pub(super) fn finds(&self, get: impl Fn(&str) -> String) -> bool {
        self.any.iter().any(|all| all.iter().all(|one| one.iter().any(|c| c.holds(&get(&c.field)))))
    }

    pub(super) fn order(
        &self,
        left: impl Fn(&str) -> String,
        right: impl Fn(&str) -> String,
    ) -> Ordering {
        let by = |(field, descending): &(String, bool)| {
            let order = left(field).cmp(&right(field));
            if *descending { order.reverse() } else { order }
        };
        self.orders.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// A field is written in small letters, so it ends where its operator begins.
fn condition(text: &str) -> Option<Condition> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    let end = text.find(|c| !is_name(c))?;
    let (field, rest) = text.split_at(end);
    let mut operators = OPERATORS.iter().copied().chain(["="]);
    let operator = operators.find(|operator| rest.starts_with(operator))?;
    let value = plain(&rest[operator.len()..]);
    Some(Condition { field: field.to_owned(), operator, value })
}

/// `javascript:gs.dateGenerate('2026-03-01','10:15:00')` is that moment.
fn plain(value: &str) -> String {
    let call = value.strip_prefix("javascript:gs.dateGenerate(");
    match call.and_then(|call| call.strip_suffix(')')) {
        Some(arguments) => {
            let parts: Vec<_> = arguments.split(',').map(|part| part.trim_matches('\'')).collect();
            parts.join(" ")
        }
        None => value.to_owned(),
    }
}

impl Condition {
    fn holds(&self, value: &str) -> bool {
        let (left, right) = (value.to_lowercase(), self.value.to_lowercase());
        let listed = || right.split(',').any(|item| item == left);
        match self.operator {
            "=" => left == right,
            "!=" => left != right,
            "LIKE" => left.contains(&right),
            "NOT LIKE" => !left.contains(&right),
            "STARTSWITH" => left.starts_with(&right),
            "ENDSWITH" => left.ends_with(&right),
            "IN" => listed(),
            "NOT IN" => !listed(),
            "ISEMPTY" => left.is_empty(),
            "ISNOTEMPTY" => !left.is_empty(),
            ">=" => left >= right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left < right,
        }
    }
}
