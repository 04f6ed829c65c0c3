//! Every outgoing call of both sides. Targets on loopback, private and special networks are refused
//! unless the owner of the target allows them, both as literal addresses and after name lookup. A
//! name is looked up once for each connection, and only what was checked is connected to.
//!
//! A call has one deadline from connecting to the last byte, a size limit for the response, no
//! redirects and no proxy from the environment. A target has a number of calls that may run at a
//! time, [`IN_FLIGHT_MAX`] by default; a call waits for its [`Turn`] no longer than its own
//! deadline.

use std::{
    collections::HashMap,
    error::Error as _,
    fmt,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, Method, header};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

use crate::tls;
use address::{Verdict, is_local_name, is_never_named};
use resolve::{Guard, Lookup, SystemLookup};

mod address;
mod networks;
mod own;
mod relay;
mod resolve;
mod socket;

pub use address::{Allowed, is_public};
pub use networks::{NetworkError, Networks};
pub use own::OwnListener;
pub use relay::Relayed;
pub use socket::{Heard, Socket};

/// Calls to one target at a time. More calls wait, first come, first served.
pub const IN_FLIGHT_MAX: usize = 64;
/// How long a host may take to accept a connection. After that nothing was sent, so a call may be
/// made again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Idle connections are closed after this time. Common servers close theirs after five seconds, and
/// a call on a connection that the server is just closing fails.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Why a call has no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    #[error("the URL cannot be used: {0}")]
    BadUrl(String),
    #[error(
        "{0} is not a public address: list its network in allow_networks beside the URL, or set \
         allow_private = true for all private networks"
    )]
    Blocked(String),
    #[error("{0} is never called: link-local, multicast, or the metadata service of a cloud")]
    Forbidden(String),
    #[error("{0} is this server itself: only its webhook and push URLs are called")]
    Own(String),
    #[error("no complete response in time")]
    Late,
    /// Nothing was sent.
    #[error("too many other calls to this host are under way")]
    NoTurn,
    /// The server did not switch to WebSocket; its HTTP status.
    #[error("the server answers with status {0} instead of opening a WebSocket")]
    NoSocket(u16),
    #[error("the response is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the call failed: {0}")]
    Network(String),
    /// The connection ended before an answer began. A server that is stopped or started leaves
    /// calls like this; it has most likely not taken them.
    #[error("the connection ended before an answer: {0}")]
    Unanswered(String),
    /// No connection could be opened, so nothing was sent.
    #[error("no connection: {0}")]
    Unreachable(String),
}

/// Where calls go. Clones share the limit of calls in flight.
#[derive(Debug, Clone)]
pub struct Target {
    url: Url,
    allowed: Allowed,
    in_flight: Arc<Semaphore>,
}

impl Target {
    /// Checks the URL: http or https, no user or password, and no literal address that is neither
    /// public nor allowed. `true` allows all private networks. Names are looked up and checked
    /// with each call.
    pub fn parse(url: &str, allowed: impl Into<Allowed>) -> Result<Self, EgressError> {
        let url: Url =
            url.parse().map_err(|error| EgressError::BadUrl(format!("{url}: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::BadUrl(format!("{url}: use http or https")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::BadUrl("a URL must not carry a user or password".to_owned()));
        }
        let (allowed, in_flight) = (allowed.into(), Arc::new(Semaphore::new(IN_FLIGHT_MAX)));
        let target = Self { url, allowed, in_flight };
        target.check_literal()?;
        Ok(target)
    }

    /// The same target with another number of calls at a time, which it shares with no other.
    #[must_use]
    pub fn with_calls_at_once(self, calls: usize) -> Self {
        let calls = calls.clamp(1, Semaphore::MAX_PERMITS);
        Self { in_flight: Arc::new(Semaphore::new(calls)), ..self }
    }

    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the owner allows besides the public internet.
    #[must_use]
    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// The host, when calls to it are not encrypted and may well cross the public internet.
    #[must_use]
    pub fn public_and_plain(&self) -> Option<String> {
        let public = match self.url.host()? {
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
            Host::Domain(name) => !is_local_name(name),
        };
        (public && self.url.scheme() == "http").then(|| self.url.host_str().map(str::to_owned))?
    }

    /// The same target, with a warning in the log if it is [`Self::public_and_plain`]; `key` is
    /// the setting.
    #[must_use]
    pub fn warned(self, key: &str) -> Self {
        if let Some(host) = self.public_and_plain() {
            tracing::warn!(
                setting = key,
                host,
                "calls to this host are not encrypted: they show messages and secrets to every \
                 network on their way; use https"
            );
        }
        self
    }

    /// A target below this one: `path` may have a query; an empty `path` gives this target itself.
    /// Both share the limit of calls in flight. [`EgressError::BadUrl`] when the result would be
    /// another host, another port or outside this target's path.
    pub fn at(&self, path: &str) -> Result<Self, EgressError> {
        if path.is_empty() {
            return Ok(self.clone());
        }
        let base = self.url.as_str().trim_end_matches('/');
        let url = format!("{base}/{}", path.trim_start_matches('/'));
        let url: Url =
            url.parse().map_err(|error| EgressError::BadUrl(format!("{url}: {error}")))?;
        let same = url.host() == self.url.host() && url.port() == self.url.port();
        if !same || !url.path().starts_with(self.url.path().trim_end_matches('/')) {
            return Err(EgressError::BadUrl(format!("{url} is not below {}", self.url)));
        }
        Ok(Self { url, ..self.clone() })
    }

    /// The address, when the host is one.
    fn literal(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        }
    }

    /// Checks a host that is a literal address. The URL parser turns every spelling (decimal,
    /// octal, short, mapped) into the address, and no resolver is asked for it.
    fn check_literal(&self) -> Result<(), EgressError> {
        let address = match self.url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(name)) if is_never_named(name) => {
                return Err(EgressError::Forbidden(name.to_owned()));
            }
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(EgressError::BadUrl(format!("{} has no host", self.url))),
        };
        match self.allowed.judge(address) {
            Verdict::Allowed => Ok(()),
            Verdict::NotPublic => Err(EgressError::Blocked(address.to_string())),
            Verdict::Never => Err(EgressError::Forbidden(address.to_string())),
        }
    }
}

/// A place among the calls to a target that run at a time; given back when it is dropped.
#[derive(Debug)]
pub struct Turn {
    target: Target,
    _permit: OwnedSemaphorePermit,
}

impl Target {
    /// Waits for other calls, first come, first served. [`EgressError::NoTurn`] when that takes
    /// longer than `wait_max`.
    pub async fn turn(&self, wait_max: Duration) -> Result<Turn, EgressError> {
        let waited = Arc::clone(&self.in_flight).acquire_owned();
        match tokio::time::timeout(wait_max, waited).await {
            Ok(Ok(permit)) => Ok(Turn { target: self.clone(), _permit: permit }),
            _ => Err(EgressError::NoTurn),
        }
    }
}

/// A complete response.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Bytes,
    /// `Retry-After`. A date counts from the response's own `Date`, and is ignored without one.
    pub retry_after: Option<Duration>,
}

/// The HTTP clients. Clones share their connections.
#[derive(Clone)]
pub struct Egress {
    lookup: Arc<dyn Lookup>,
    /// One for each set of allowed networks and own listener that is refused, so that no connection
    /// is used by a target that could not have opened it.
    clients: Arc<Mutex<Clients>>,
    own: Arc<[OwnListener]>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").finish_non_exhaustive()
    }
}

/// By what they may reach.
type Clients = HashMap<(Allowed, Option<SocketAddr>), reqwest::Client>;

impl Egress {
    pub fn new() -> Result<Self, EgressError> {
        Self::with_lookup(Arc::new(SystemLookup))
    }

    fn with_lookup(lookup: Arc<dyn Lookup>) -> Result<Self, EgressError> {
        tls::use_ring();
        let egress = Self { lookup, clients: Arc::default(), own: Arc::default() };
        // A system without root certificates is an error now, not at the first call.
        egress.client(&Allowed::default(), None)?;
        Ok(egress)
    }

    /// The same way out for a server that has these listeners.
    #[must_use]
    pub fn beside(self, own: Vec<OwnListener>) -> Self {
        Self { own: own.into(), ..self }
    }

    /// The client for calls of `target`.
    fn client_for(&self, target: &Target) -> Result<reqwest::Client, EgressError> {
        target.check_literal()?;
        let own = self.own.iter().find(|own| own.refuses(&target.url));
        if let (Some(own), Some(address)) = (own, target.literal())
            && own.is_at(address)
        {
            return Err(EgressError::Own(target.url.authority().to_owned()));
        }
        self.client(&target.allowed, own)
    }

    fn client(
        &self,
        allowed: &Allowed,
        own: Option<&OwnListener>,
    ) -> Result<reqwest::Client, EgressError> {
        let key = (allowed.clone(), own.map(|own| own.address));
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let lookup = Arc::clone(&self.lookup);
        let guard = Guard { allowed: allowed.clone(), own: own.cloned(), lookup };
        let built = builder().dns_resolver(guard).build();
        let client = built.map_err(|error| EgressError::Network(describe(&error)))?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// POSTs `body` as JSON. `deadline` runs from connecting to the last byte of the response.
    /// Waiting for other calls to the same target comes before, and may take as long again.
    /// A response of more than `reply_bytes_max` bytes is [`EgressError::TooLarge`].
    pub async fn post_json(
        &self,
        target: &Target,
        mut headers: HeaderMap,
        body: Bytes,
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Reply, EgressError> {
        let json = http::HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        let call = (Method::POST, headers, body);
        self.call(target, call, deadline, reply_bytes_max).await
    }

    /// Sends any request. Deadline and limit are those of [`Self::post_json`].
    pub async fn call(
        &self,
        target: &Target,
        call: (Method, HeaderMap, Bytes),
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Reply, EgressError> {
        let _turn = target.turn(deadline).await?;
        self.send(target, call, deadline, reply_bytes_max).await
    }

    /// POSTs as [`Self::post_json`] does, in a turn that was taken before: for calls that tell how
    /// much time they have left. The turn ends with the call.
    pub async fn post_json_in_turn(
        &self,
        turn: Turn,
        (mut headers, body): (HeaderMap, Bytes),
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Reply, EgressError> {
        let json = http::HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        let call = (Method::POST, headers, body);
        self.send(&turn.target, call, deadline, reply_bytes_max).await
    }

    async fn send(
        &self,
        target: &Target,
        (method, headers, body): (Method, HeaderMap, Bytes),
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Reply, EgressError> {
        let client = self.client_for(target)?;
        let request = client.request(method, target.url.clone()).headers(headers).body(body);
        let response = async {
            let response = request.send().await.map_err(|error| unanswered(&error))?;
            read(response, reply_bytes_max).await
        };
        tokio::time::timeout(deadline, response).await.unwrap_or(Err(EgressError::Late))
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IN_FLIGHT_MAX)
        .pool_idle_timeout(IDLE_TIMEOUT)
}

/// Reads a response to its end.
async fn read(response: reqwest::Response, reply_bytes_max: usize) -> Result<Reply, EgressError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| network(&error))?;
        if body.len() + chunk.len() > reply_bytes_max {
            return Err(EgressError::TooLarge(reply_bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body: body.freeze(), retry_after })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wanted = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let millis = |text| {
        let read = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        read.ok().map(jiff::Timestamp::as_millisecond)
    };
    let wait = millis(wanted)? - millis(text(header::DATE)?)?;
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or_default()))
}

fn network(error: &reqwest::Error) -> EgressError {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(refused) = source.downcast_ref::<EgressError>() {
            return refused.clone();
        }
        cause = source.source();
    }
    if error.is_connect() {
        return EgressError::Unreachable(describe(error));
    }
    EgressError::Network(describe(error))
}

/// The error of a call that has no answer yet.
fn unanswered(error: &reqwest::Error) -> EgressError {
    match network(error) {
        EgressError::Network(text) if has_ended(error) => EgressError::Unanswered(text),
        other => other,
    }
}

/// Whether the connection was closed or reset, and nothing worse: an answer that cannot be read is
/// an answer.
fn has_ended(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && (error.is_incomplete_message() || error.is_canceled() || error.is_closed())
        {
            return true;
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                ErrorKind::BrokenPipe
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::ConnectionReset
                    | ErrorKind::NotConnected
                    | ErrorKind::UnexpectedEof
            );
        }
        cause = error.source();
    }
    false
}

/// The innermost cause. It does not contain the URL, which may hold secrets.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
