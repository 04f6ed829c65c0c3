//! `[connectors.NAME]`: reads the settings of a kind and builds its [`Connector`].
//!
//! A vendor implements [`Kind`] for its connector. A list of [`AnyKind`]s reads the settings of
//! all kinds; see [`read`].

use std::{marker::PhantomData, path::Path, sync::Arc};

use edge::{
    egress::{Allowed, Egress, EgressError, Target},
    given::{Secret, SecretError},
};
use machine::chat;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, de, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{connector::Connector, finding::Finding};

/// Smallest and largest number that a setting may be.
const POSITIVE_MIN: f64 = 0.001;
const POSITIVE_MAX: f64 = 1_000_000.0;

/// One kind of connector.
pub trait Kind: Connector + Sized {
    /// As in `kind = "…"`.
    const KEY: &'static str;
    /// Without `kind`. Unknown keys must be errors.
    type Settings: DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// Every secret of the settings.
    fn secrets(settings: &mut Self::Settings) -> Vec<&mut Secret>;

    /// The times of chats at this tool, unless the route says otherwise.
    fn clock(_settings: &Self::Settings) -> chat::Clock {
        chat::Clock::default()
    }

    fn schema() -> Schema {
        schemars::schema_for!(Self::Settings)
    }

    fn build(settings: &Self::Settings, parts: Parts) -> Result<Self, SettingsError>;
}

/// A [`Kind`] in a list of kinds; made by [`kind`].
pub trait AnyKind: Send + Sync {
    fn key(&self) -> &'static str;
    fn schema(&self) -> Schema;
    /// Reads the settings, without `kind`.
    fn read(&self, settings: Map<String, Value>) -> serde_json::Result<Box<dyn AnySettings>>;
}

/// Settings of any kind.
pub trait AnySettings: Send + Sync {
    /// Makes the paths of files relative to `base`.
    fn rebase(&mut self, base: &Path);
    /// The times of chats at this tool, unless the route says otherwise.
    fn clock(&self) -> chat::Clock;
    fn build(&self, parts: Parts) -> Result<Arc<dyn Connector>, SettingsError>;
}

impl dyn AnySettings {
    /// Checks the settings with calls to the real tool: credentials, queues, rights.
    pub async fn check(
        &self,
        name: &str,
        egress: Egress,
        clock: edge::Clock,
    ) -> Result<Vec<Finding>, SettingsError> {
        let connector = self.build(Parts { name: name.to_owned(), egress, clock })?;
        Ok(connector.check().await)
    }
}

/// `K` as an entry of a list.
#[must_use]
pub const fn kind<K: Kind>() -> impl AnyKind {
    Entry::<K>(PhantomData)
}

struct Entry<K>(PhantomData<fn() -> K>);

impl<K: Kind> AnyKind for Entry<K> {
    fn key(&self) -> &'static str {
        K::KEY
    }

    fn schema(&self) -> Schema {
        K::schema()
    }

    fn read(&self, settings: Map<String, Value>) -> serde_json::Result<Box<dyn AnySettings>> {
        let settings = serde_json::from_value(Value::Object(settings))?;
        Ok(Box::new(Read::<K> { settings }))
    }
}

struct Read<K: Kind> {
    settings: K::Settings,
}

impl<K: Kind> AnySettings for Read<K> {
    fn rebase(&mut self, base: &Path) {
        for secret in K::secrets(&mut self.settings) {
            secret.rebase(base);
        }
    }

    fn clock(&self) -> chat::Clock {
        K::clock(&self.settings)
    }

    fn build(&self, parts: Parts) -> Result<Arc<dyn Connector>, SettingsError> {
        Ok(Arc::new(K::build(&self.settings, parts)?))
    }
}

/// Reads a table of settings whose `kind` is one of `kinds`. Errors name the known kinds in serde's
/// words: "unknown variant `x`, expected one of `a`, `b`".
pub fn read<'de, D: Deserializer<'de>>(
    kinds: &'static [&'static dyn AnyKind],
    from: D,
) -> Result<Box<dyn AnySettings>, D::Error> {
    let mut settings = Map::deserialize(from)?;
    let key = match settings.remove("kind") {
        Some(Value::String(key)) => key,
        Some(_) => return Err(de::Error::custom("`kind` must be a text")),
        None => return Err(de::Error::missing_field("kind")),
    };
    let Some(kind) = kinds.iter().find(|kind| kind.key() == key) else {
        return Err(de::Error::custom(unknown(&key, kinds)));
    };
    kind.read(settings).map_err(de::Error::custom)
}

fn unknown(key: &str, kinds: &[&dyn AnyKind]) -> String {
    let known: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.key())).collect();
    format!("unknown variant `{key}`, expected one of {}", known.join(", "))
}

/// Why the settings of a connector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("`{key}`: {error}")]
    Url { key: String, error: EgressError },
    #[error("`{key}` {wrong}")]
    Value { key: String, wrong: String },
}

/// What a connector is made with.
pub struct Parts {
    /// As in `[connectors.NAME]`.
    pub name: String,
    pub egress: Egress,
    pub clock: edge::Clock,
}

impl Parts {
    /// The full name of a setting, for errors.
    #[must_use]
    pub fn key(&self, setting: &str) -> String {
        format!("connectors.{}.{setting}", self.name)
    }

    pub fn target(
        &self,
        setting: &str,
        url: &str,
        allowed: impl Into<Allowed>,
    ) -> Result<Target, SettingsError> {
        let key = self.key(setting);
        match Target::parse(url, allowed) {
            Ok(target) => Ok(target.warned(&key)),
            Err(error) => Err(SettingsError::Url { key, error }),
        }
    }

    /// A number of seconds or a rate per second; it is safe to divide by it.
    pub fn positive(&self, setting: &str, number: f64) -> Result<f64, SettingsError> {
        if (POSITIVE_MIN..=POSITIVE_MAX).contains(&number) {
            return Ok(number);
        }
        let wrong = format!("must be between {POSITIVE_MIN} and {POSITIVE_MAX}, not {number}");
        Err(self.wrong(setting, wrong))
    }

    /// The setting `calls_per_second`, which every connector has.
    pub fn pace(&self, calls: Option<f64>) -> Result<Option<f64>, SettingsError> {
        calls.map(|calls| self.positive("calls_per_second", calls)).transpose()
    }

    pub fn wrong(&self, setting: &str, wrong: impl Into<String>) -> SettingsError {
        SettingsError::Value { key: self.key(setting), wrong: wrong.into() }
    }
}
