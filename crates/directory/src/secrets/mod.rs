//! The secrets of a document: how they are stored, shown and read again.
//!
//! | | read again | only compared |
//! | --- | --- | --- |
//! | given | text | text, or `{"hash": "…"}` |
//! | stored | `{"id", "sealed", "ends"}` | `{"id", "hash", "ends"}` |
//! | shown | `{"stored": id, "ends"}` | `{"stored": id, "ends"}` |
//!
//! What was shown may be given back, and means that the secret stays as it is.

mod fields;

use std::{borrow::Cow, collections::HashMap};

use edge::{ids, secrets::hash_hex};
use machine::Millis;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

pub use fields::{KEYWORD, Use, visit};

use crate::{document::Body, seal::Keyring};

#[cfg(test)]
mod tests;

/// Characters of the end of a secret that are shown, and how long it must be for that.
const ENDS_CHARS: usize = 4;
const SHOWN_CHARS_MIN: usize = 12;
/// Fewest characters of a key that opens an endpoint.
const KEY_CHARS_MIN: usize = 12;

/// Why a secret in the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {wrong}")]
pub struct SecretError {
    pub field: String,
    pub wrong: Cow<'static, str>,
}

/// The secrets of one document.
pub struct Secrets<'a> {
    /// The document they belong to; it is bound into what is sealed.
    pub document: &'a str,
    pub schema: &'a Value,
    pub keyring: &'a Keyring,
}

impl Secrets<'_> {
    /// The settings as they are stored. `before` are those that are stored now: a secret that is
    /// the same keeps its form, so that the same settings given again are no change.
    ///
    /// # Errors
    /// When a secret is given in a form that cannot be stored.
    pub fn store(
        &self,
        given: Body,
        before: Option<&Body>,
        now: Millis,
    ) -> Result<Body, SecretError> {
        let stored = before.map(|before| self.stored(before)).unwrap_or_default();
        self.each(given, &mut |field, used, value| {
            let kept = Kept { secrets: self, stored: &stored, field };
            *value = kept.form(used, value, now)?;
            Ok(())
        })
    }

    /// The settings with every secret as text, or as its hash when only that is known.
    ///
    /// # Errors
    /// When a secret cannot be opened.
    pub fn open(&self, stored: &Body) -> Result<Body, SecretError> {
        self.each(stored.clone(), &mut |field, _, value| {
            if let Some(sealed) = value.get("sealed").and_then(Value::as_str) {
                let opened = self.open_one(field, sealed)?;
                *value = Value::String(opened.expose_secret().to_owned());
            } else if let Some(hash) = value.get("hash") {
                *value = json!({ "hash": hash });
            }
            Ok(())
        })
    }

    /// The settings as they are shown: of a secret only that it is there, and how it ends.
    #[must_use]
    pub fn show(&self, stored: &Body) -> Body {
        let shown = self.each(stored.clone(), &mut |_, _, value| {
            let mut shown = Map::new();
            let known = |key| value.get(key).cloned().unwrap_or(Value::Null);
            shown.insert("stored".to_owned(), known("id"));
            if let Some(ends) = value.get("ends") {
                shown.insert("ends".to_owned(), ends.clone());
            }
            *value = Value::Object(shown);
            Ok(())
        });
        shown.unwrap_or_default()
    }

    /// The settings sealed with the newest key; `None` when they are already.
    ///
    /// # Errors
    /// When a secret cannot be opened with any key.
    pub fn reseal(&self, stored: &Body) -> Result<Option<Body>, SecretError> {
        let mut is_old = false;
        let body = self.each(stored.clone(), &mut |field, _, value| {
            let Some(sealed) = value.get("sealed").and_then(Value::as_str) else {
                return Ok(());
            };
            if !self.keyring.is_current(sealed) {
                let opened = self.open_one(field, sealed)?;
                value["sealed"] = Value::String(self.seal_one(field, &opened)?);
                is_old = true;
            }
            Ok(())
        })?;
        Ok(is_old.then_some(body))
    }

    fn each(
        &self,
        body: Body,
        visit: &mut dyn FnMut(&str, Use, &mut Value) -> Result<(), SecretError>,
    ) -> Result<Body, SecretError> {
        let mut value = Value::Object(body);
        fields::visit(self.schema, &mut value, visit)?;
        match value {
            Value::Object(body) => Ok(body),
            _ => Ok(Body::new()),
        }
    }

    /// The stored secrets, by their ids.
    fn stored(&self, body: &Body) -> HashMap<String, (String, Value)> {
        let mut found = HashMap::new();
        // Nothing fails here.
        let _ = self.each(body.clone(), &mut |field, _, value| {
            if let Some(id) = value.get("id").and_then(Value::as_str) {
                found.insert(id.to_owned(), (field.to_owned(), value.clone()));
            }
            Ok(())
        });
        found
    }

    fn place(&self, field: &str) -> String {
        format!("{} {field}", self.document)
    }

    fn seal_one(&self, field: &str, secret: &SecretString) -> Result<String, SecretError> {
        let sealed = self.keyring.seal(&self.place(field), secret);
        sealed.map_err(|_| wrong(field, "this secret is too long"))
    }

    fn open_one(&self, field: &str, sealed: &str) -> Result<SecretString, SecretError> {
        let opened = self.keyring.open(&self.place(field), sealed);
        opened.map_err(|_| {
            let detail = "this sealed secret cannot be opened here: put the key file that sealed \
                          it back, or give the secret again";
            wrong(field, detail)
        })
    }
}

/// The secrets that are stored now, at one setting.
struct Kept<'a> {
    secrets: &'a Secrets<'a>,
    stored: &'a HashMap<String, (String, Value)>,
    field: &'a str,
}

impl Kept<'_> {
    /// How a secret is stored that is given as `value`.
    fn form(&self, used: Use, value: &Value, now: Millis) -> Result<Value, SecretError> {
        match value {
            Value::String(text) if text.is_empty() => Err(wrong(self.field, "the secret is empty")),
            Value::String(text) => {
                if used == Use::Compared {
                    strong(self.field, text)?;
                }
                self.of_text(used, text, now)
            }
            Value::Object(given) if given.contains_key("stored") => self.unchanged(given),
            Value::Object(given) if given.contains_key("hash") && used == Use::Compared => {
                self.of_hash(given, now)
            }
            Value::Object(given) if given.contains_key("sealed") => self.of_sealed(given),
            Value::Object(given) if given.contains_key("file") || given.contains_key("env") => {
                let advice = "a secret from a file or the environment is read by `baton apply`; \
                              here, give its text";
                Err(wrong(self.field, advice))
            }
            _ => Err(wrong(self.field, "give a secret as text")),
        }
    }

    fn of_text(&self, used: Use, text: &str, now: Millis) -> Result<Value, SecretError> {
        if let Some(same) = self.here().find(|value| self.is(value, text)) {
            return Ok(same.clone());
        }
        let mut form = Map::new();
        form.insert("id".to_owned(), ids::new_id("sec", now).into());
        match used {
            Use::Read => {
                let sealed = self.secrets.seal_one(self.field, &SecretString::from(text))?;
                form.insert("sealed".to_owned(), sealed.into());
            }
            Use::Compared => {
                form.insert("hash".to_owned(), hash_hex(text).into());
            }
        }
        if let Some(ends) = ends(text) {
            form.insert("ends".to_owned(), ends.into());
        }
        Ok(Value::Object(form))
    }

    /// What was shown is given back.
    fn unchanged(&self, given: &Map<String, Value>) -> Result<Value, SecretError> {
        let id = given.get("stored").and_then(Value::as_str).unwrap_or_default();
        let kept = self.stored.get(id).filter(|(field, _)| field == self.field);
        kept.map(|(_, value)| value.clone()).ok_or_else(|| {
            wrong(self.field, "no secret is stored here under this id: give it again")
        })
    }

    fn of_hash(&self, given: &Map<String, Value>, now: Millis) -> Result<Value, SecretError> {
        let hash = given.get("hash").and_then(Value::as_str).unwrap_or_default();
        let hash = hash.to_ascii_lowercase();
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong(self.field, "a hash has 64 hexadecimal digits; see `baton key`"));
        }
        if let Some(same) = self.here().find(|value| value["hash"] == *hash) {
            return Ok(same.clone());
        }
        Ok(json!({ "id": ids::new_id("sec", now), "hash": hash }))
    }

    /// From an export of this installation.
    fn of_sealed(&self, given: &Map<String, Value>) -> Result<Value, SecretError> {
        let sealed = given.get("sealed").and_then(Value::as_str).unwrap_or_default();
        let opened = self.secrets.open_one(self.field, sealed)?;
        if let Some(same) = self.here().find(|value| self.is(value, opened.expose_secret())) {
            return Ok(same.clone());
        }
        Ok(Value::Object(given.clone()))
    }

    /// The secrets that are stored at this setting.
    fn here(&self) -> impl Iterator<Item = &Value> {
        self.stored.values().filter(|(field, _)| field == self.field).map(|(_, value)| value)
    }

    fn is(&self, stored: &Value, text: &str) -> bool {
        if let Some(sealed) = stored.get("sealed").and_then(Value::as_str) {
            let opened = self.secrets.open_one(self.field, sealed);
            return opened.is_ok_and(|opened| edge::secrets::matches(&opened, text));
        }
        let hash = stored.get("hash").and_then(Value::as_str).unwrap_or_default();
        edge::secrets::matches_hash(hash, text)
    }
}

fn wrong(field: &str, wrong: impl Into<Cow<'static, str>>) -> SecretError {
    SecretError { field: field.to_owned(), wrong: wrong.into() }
}

/// Refuses a key that could be guessed: only its hash is kept, so nobody can see later that it is
/// short.
fn strong(field: &str, key: &str) -> Result<(), SecretError> {
    let chars = key.chars().count();
    if chars >= KEY_CHARS_MIN {
        return Ok(());
    }
    let detail = format!(
        "it has {chars} characters and could be guessed: give at least {KEY_CHARS_MIN}; \
         `baton key` makes a good one"
    );
    Err(wrong(field, detail))
}

/// The last characters of a secret that is long enough to show them.
fn ends(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    (chars.len() >= SHOWN_CHARS_MIN).then(|| chars[chars.len() - ENDS_CHARS..].iter().collect())
}
