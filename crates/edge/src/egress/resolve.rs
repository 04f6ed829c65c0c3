//! Looks names up, and drops every address that may not be called.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    EgressError,
    address::{Allowed, Verdict},
    own::OwnListener,
};

/// Where addresses of names come from.
pub(super) trait Lookup: Send + Sync {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives the client only addresses that its targets may be at. The client connects to one of them
/// and asks nobody else, so a name that leads elsewhere a moment later leads nowhere.
pub(super) struct Guard {
    pub(super) allowed: Allowed,
    /// One of our listeners that is not to be reached.
    pub(super) own: Option<OwnListener>,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (allowed, own) = (self.allowed.clone(), self.own.clone());
        let found = self.lookup.lookup(host.clone());
        Box::pin(async move {
            let mut found = found.await?;
            if let Some(own) = own {
                let before = found.len();
                found.retain(|address| !own.is_at(*address));
                if found.is_empty() && before > 0 {
                    return Err(EgressError::Own(host).into());
                }
            }
            let judged: Vec<_> = found.iter().map(|address| allowed.judge(*address)).collect();
            let admitted =
                found.iter().zip(&judged).filter(|(_, judged)| **judged == Verdict::Allowed);
            // The client puts the port of the URL in the place of 0.
            let admitted: Vec<_> =
                admitted.map(|(&address, _)| SocketAddr::new(address, 0)).collect();
            if !admitted.is_empty() || found.is_empty() {
                return Ok(Box::new(admitted.into_iter()) as Addrs);
            }
            let may_be_allowed = judged.contains(&Verdict::NotPublic);
            let refused =
                if may_be_allowed { EgressError::Blocked } else { EgressError::Forbidden };
            Err(refused(host).into())
        })
    }
}
