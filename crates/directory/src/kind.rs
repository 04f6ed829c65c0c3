//! The kinds of documents.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a document describes. The name is part of addresses and of stored data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Organization,
    User,
    Membership,
    Bot,
    Route,
    Connector,
    Department,
    /// A human agent of the desk who is given by a file.
    Agent,
    ApiKey,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Organization,
        Self::User,
        Self::Membership,
        Self::Bot,
        Self::Route,
        Self::Connector,
        Self::Department,
        Self::Agent,
        Self::ApiKey,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User => "user",
            Self::Membership => "membership",
            Self::Bot => "bot",
            Self::Route => "route",
            Self::Connector => "connector",
            Self::Department => "department",
            Self::Agent => "agent",
            Self::ApiKey => "api_key",
        }
    }

    /// Prefix of the ids that Baton makes.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Organization => "org",
            Self::User => "usr",
            Self::Membership => "mem",
            Self::Bot => "bot",
            Self::Route => "rte",
            Self::Connector => "con",
            Self::Department => "dep",
            Self::Agent => "agt",
            Self::ApiKey => "key",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of document")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
