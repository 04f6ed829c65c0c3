//! Who sends a request, as far as limits go.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use bytes::Bytes;
use http::request::Parts;

use super::{Exceeded, Limits, Proxies, proxies::network};
use crate::http::{ApiError, SentBy, read_body};

/// The sender of a request, and the limits that apply.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address, or for IPv6 its network: a key of limits.
    pub address: IpAddr,
    pub limits: Arc<Limits>,
}

impl Client {
    /// The body of a request whose secret is not in a header, so it is read before it is known
    /// who sends it.
    ///
    /// # Errors
    /// [`Exceeded`] when too many of this address failed, or are read at the moment. The inner
    /// error is that of [`read_body`].
    pub async fn read_unproven(
        &self,
        body: Body,
        bytes_max: usize,
    ) -> Result<Result<Bytes, ApiError>, Exceeded> {
        self.limits.failed_calls.look(&self.address)?;
        let _entered = self.limits.unproven_bodies.enter(&self.address)?;
        let read = read_body(body, bytes_max, SentBy::Stranger).await;
        if read.is_err() {
            // It held memory and proved nothing.
            self.failed_call()?;
        }
        Ok(read)
    }

    /// Counts a request that presented no valid secret.
    ///
    /// # Errors
    /// [`Exceeded`] when there were too many of this address.
    pub fn failed_call(&self) -> Result<(), Exceeded> {
        self.limits.failed_calls.check(&self.address)
    }
}

/// Without [`identify`], nothing is limited.
impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self {
            address: IpAddr::from([0, 0, 0, 0]),
            limits: Arc::new(Limits::off()),
        }))
    }
}

struct Known {
    limits: Arc<Limits>,
    proxies: Proxies,
    has_warned: AtomicBool,
}

/// `router`, whose handlers learn the [`Client`] of each request.
pub fn identify(router: Router, limits: Arc<Limits>, proxies: Proxies) -> Router {
    let known = Known { limits, proxies, has_warned: AtomicBool::new(false) };
    router.layer(from_fn_with_state(Arc::new(known), tell))
}

async fn tell(State(known): State<Arc<Known>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(peer) = peer.map(|ConnectInfo(peer)| peer.ip()) {
        let headers = request.headers();
        if known.proxies.ignores(peer, headers) && !known.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "requests name a forwarded address that is not believed: if a proxy of yours \
                 sends them, add it to `trusted_proxies`, or all its clients share one limit"
            );
        }
        let address = network(known.proxies.client(peer, headers));
        let limits = Arc::clone(&known.limits);
        request.extensions_mut().insert(Client { address, limits });
    }
    next.run(request).await
}
