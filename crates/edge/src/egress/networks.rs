//! `allow_networks` in the configuration: networks in CIDR form that a target may be in.

use std::{borrow::Cow, net::IpAddr};

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::address::{Allowed, is_all_never};

/// Most networks in one list.
const NETWORKS_MAX: usize = 64;

/// Networks such as `10.0.0.0/8` or `fd12::/16`; a single address is a network, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// Why a network cannot be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("{0:?} is no network: write an address and its bits, for example 10.0.0.0/8")]
    Form(String),
    #[error("{0} has bits behind its length: write {1}")]
    Loose(String, IpNet),
    #[error("{0} is never called: link-local, multicast, or the metadata service of a cloud")]
    Never(IpNet),
    #[error("at most {NETWORKS_MAX} networks may be listed")]
    TooMany,
}

impl Networks {
    pub fn parse(list: &[String]) -> Result<Self, NetworkError> {
        if list.len() > NETWORKS_MAX {
            return Err(NetworkError::TooMany);
        }
        list.iter().map(|text| network(text)).collect::<Result<_, _>>().map(Self)
    }
}

impl From<(bool, &Networks)> for Allowed {
    fn from((allow_private, networks): (bool, &Networks)) -> Self {
        Self::from(allow_private).with(&networks.0)
    }
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    let network: Option<IpNet> = address.or_else(|| text.parse().ok());
    let network = network.ok_or_else(|| NetworkError::Form(text.to_owned()))?;
    if network.trunc() != network {
        return Err(NetworkError::Loose(text.to_owned(), network.trunc()));
    }
    if is_all_never(&network) {
        return Err(NetworkError::Never(network));
    }
    Ok(network)
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Networks {
    fn schema_name() -> Cow<'static, str> {
        "Networks".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Networks that the URL may lead into, for example 10.0.0.0/8.",
            "type": "array",
            "items": { "type": "string" },
        })
    }
}
