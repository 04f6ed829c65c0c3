//! All connectors: one folder for each vendor, and `tickets`, which two vendors share. What is
//! specific to a vendor is in its folder only. What all connectors need is in the crate
//! `connector`.
//!
//! To add a connector, write its folder and add one line to [`KINDS`]. Tests with a running bridge
//! and a simulated tool are in `crates/bridge/tests/it/connectors`.
#![forbid(unsafe_code)]

use std::ops::{Deref, DerefMut};

use connector::settings::{self, AnyKind, AnySettings, kind};
use serde::{Deserialize, Deserializer};

mod genesys_cloud;
mod pureconnect;
mod service_manager;
mod servicenow;
mod tickets;
mod webhook;

/// All kinds of connectors, by their keys.
pub static KINDS: &[&dyn AnyKind] = &[
    &kind::<pureconnect::PureConnect>(),
    &kind::<genesys_cloud::OpenMessaging>(),
    &kind::<genesys_cloud::WebMessaging>(),
    &kind::<service_manager::ServiceManager>(),
    &kind::<servicenow::ServiceNow>(),
    &kind::<webhook::Webhook>(),
];

/// `[connectors.NAME]`: the settings of one connector, of any kind.
pub struct Settings(Box<dyn AnySettings>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        settings::read(KINDS, from).map(Self)
    }
}

impl Deref for Settings {
    type Target = dyn AnySettings;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl DerefMut for Settings {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

#[cfg(test)]
mod tests;
