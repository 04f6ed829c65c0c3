//! Our own listeners, which outgoing calls reach only where the contract has them: a URL of the
//! configuration, or a name that leads home, must not be a way to the desk or to the pages of
//! operators.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::Url;

/// One of our listeners.
#[derive(Debug, Clone)]
pub struct OwnListener {
    pub address: SocketAddr,
    /// Paths that may be called all the same, such as `/handover/`, each with what is below it.
    pub open: Vec<String>,
}

impl OwnListener {
    /// Whether a call of `url` is refused if its host is this machine.
    pub(super) fn refuses(&self, url: &Url) -> bool {
        url.port_or_known_default() == Some(self.address.port())
            && !self.open.iter().any(|open| url.path().starts_with(open))
    }

    /// Whether it is reached at this address of this machine or another.
    pub(super) fn is_at(&self, address: IpAddr) -> bool {
        let (address, bound) = (address.to_canonical(), self.address.ip().to_canonical());
        if address == bound {
            return true;
        }
        // Only an address of this machine can be bound to.
        bound.is_unspecified() && (address.is_loopback() || UdpSocket::bind((address, 0)).is_ok())
    }
}
