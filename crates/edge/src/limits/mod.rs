//! Limits on what one address, visitor, bot or account may ask of the server, and how they are
//! set. The composition root makes one [`Limits`] and wraps the routers in [`identify`]; handlers
//! take a [`Client`] and ask its limits. Without that layer nothing is limited.
//!
//! Each limit keeps a bounded number of counters. A counter that still says something is never
//! dropped for another.

use std::{borrow::Cow, fmt, num::NonZeroU32, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Clock;

mod at_once;
mod client;
mod exceeded;
mod limiter;
mod proxies;
mod sign_in;

pub use at_once::{AtOnce, Entered};
pub use client::{Client, identify};
pub use exceeded::Exceeded;
pub use ipnet::IpNet;
pub use limiter::Limiter;
pub use proxies::Proxies;
pub use sign_in::SignIn;

/// So many at once, and then that pace: `60/minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub per: Duration,
}

/// The table `[limits]`. "At once" means open at the same time; the rest are rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct Settings {
    /// False switches all of them off but `queued_chats`.
    pub enabled: bool,
    /// Requests of one address to the visitor API.
    pub requests: Rate,
    /// New visitors from one address.
    pub new_visitors: Rate,
    /// New visitors of one bot.
    pub new_visitors_of_bot: Rate,
    /// Messages of one visitor.
    pub messages: Rate,
    /// Typing calls of one visitor.
    pub typing: Rate,
    /// Polls of one visitor.
    pub polls: Rate,
    /// Streams of one visitor, or of one human agent, at once.
    pub streams: usize,
    /// Streams of one address at once.
    pub streams_of_address: usize,
    /// Webhook calls and pushes of one address that present no valid secret.
    pub failed_calls: Rate,
    /// Bodies of one address that are read at once before a secret is checked.
    pub unproven_bodies: usize,
    /// Failed sign-ins of one address.
    pub failed_sign_ins: Rate,
    /// Failed sign-ins of one account, and of one known device.
    pub failed_sign_ins_of_account: Rate,
    /// Chats of one route that wait for a human agent.
    pub queued_chats: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            requests: Rate::per_minute(12_000),
            new_visitors: Rate::per_minute(300),
            new_visitors_of_bot: Rate::per_minute(6_000),
            messages: Rate::per_minute(60),
            typing: Rate::per_minute(120),
            polls: Rate::per_minute(300),
            streams: 20,
            streams_of_address: 2_000,
            failed_calls: Rate::per_minute(120),
            unproven_bodies: 64,
            failed_sign_ins: Rate::per_minute(20),
            failed_sign_ins_of_account: Rate::per_minute(5),
            queued_chats: 1_000,
        }
    }
}

/// The limits in use.
#[derive(Debug)]
pub struct Limits {
    pub requests: Limiter,
    pub new_visitors: Limiter,
    pub new_visitors_of_bot: Limiter,
    pub messages: Limiter,
    pub typing: Limiter,
    pub polls: Limiter,
    pub streams: AtOnce,
    pub streams_of_address: AtOnce,
    pub failed_calls: Limiter,
    pub unproven_bodies: AtOnce,
    pub failed_sign_ins: Limiter,
    pub failed_sign_ins_of_account: Limiter,
    pub failed_sign_ins_of_device: Limiter,
}

impl Limits {
    #[must_use]
    pub fn new(settings: &Settings, clock: &Clock) -> Self {
        let enabled = settings.enabled;
        let rate = |name, rate| {
            if enabled { Limiter::new(name, rate, clock) } else { Limiter::unlimited(name) }
        };
        let at_once = |name, max| AtOnce::new(name, if enabled { max } else { usize::MAX });
        Self {
            requests: rate("requests", settings.requests),
            new_visitors: rate("new_visitors", settings.new_visitors),
            new_visitors_of_bot: rate("new_visitors_of_bot", settings.new_visitors_of_bot),
            messages: rate("messages", settings.messages),
            typing: rate("typing", settings.typing),
            polls: rate("polls", settings.polls),
            streams: at_once("streams", settings.streams),
            streams_of_address: at_once("streams_of_address", settings.streams_of_address),
            failed_calls: rate("failed_calls", settings.failed_calls),
            unproven_bodies: at_once("unproven_bodies", settings.unproven_bodies),
            failed_sign_ins: rate("failed_sign_ins", settings.failed_sign_ins),
            failed_sign_ins_of_account: rate(
                "failed_sign_ins_of_account",
                settings.failed_sign_ins_of_account,
            ),
            failed_sign_ins_of_device: rate(
                "failed_sign_ins_of_device",
                settings.failed_sign_ins_of_account,
            ),
        }
    }

    /// No limits at all.
    #[must_use]
    pub fn off() -> Self {
        Self::new(&Settings { enabled: false, ..Settings::default() }, &Clock::system())
    }
}

impl Rate {
    #[must_use]
    pub const fn per_minute(count: u32) -> Self {
        let count = match NonZeroU32::new(count) {
            Some(count) => count,
            None => NonZeroU32::MIN,
        };
        Self { count, per: Duration::from_mins(1) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per.as_secs() {
            1 => "second",
            3_600 => "hour",
            _ => "minute",
        };
        write!(f, "{}/{per}", self.count)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rate: write one such as \"60/minute\"");
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().map_err(|_| wrong())?;
        let seconds = match per.trim() {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            _ => return Err(wrong()),
        };
        Ok(Self { count, per: Duration::from_secs(seconds) })
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "So many at once, and then that pace: `60/minute`.",
            "pattern": "^ *[0-9]+ */ *(second|minute|hour) *$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        for text in ["60/minute", "1/second", "4000/hour"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for wrong in ["", "60", "0/minute", "-1/minute", "5/day", "5/", "/minute", "x/minute"] {
            assert!(wrong.parse::<Rate>().unwrap_err().contains("60/minute"), "{wrong}");
        }
    }

    #[test]
    fn limits_that_are_off_refuse_nothing() {
        let limits = Limits::off();
        assert!((0..100_000).all(|_| limits.messages.check(&"one visitor").is_ok()));
        let entered: Vec<_> = (0..1_000).map(|_| limits.streams.enter(&1).unwrap()).collect();
        assert_eq!(entered.len(), 1_000);
    }
}
