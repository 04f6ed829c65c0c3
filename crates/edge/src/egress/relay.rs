//! Passing somebody else's call on as it came, for the commands that look at the wire.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};

use super::{Egress, EgressError, Target, answer, network};

/// Headers that are about one connection and not about the message (RFC 9110, section 7.6.1), and
/// the two that the client writes itself.
const NOT_PASSED_ON: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::CONTENT_LENGTH,
];

/// A complete answer with its headers.
#[derive(Clone)]
pub struct Relayed {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Egress {
    /// Sends method, headers and body unchanged; the answer comes back unchanged as well.
    pub async fn relay(
        &self,
        target: &Target,
        (method, headers, body): (Method, HeaderMap, Bytes),
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Relayed, EgressError> {
        target.check_literal()?;
        let client = if target.allow_private { &self.private } else { &self.guarded };
        let request = client.request(method, target.url.clone());
        let request = request.headers(of_the_message(headers)).body(body);
        let relayed = async {
            let response = request.send().await.map_err(|error| network(&error))?;
            let headers = of_the_message(response.headers().clone());
            let reply = answer(response, reply_bytes_max).await?;
            Ok(Relayed { status: reply.status, headers, body: reply.body })
        };
        tokio::time::timeout(deadline, relayed).await.unwrap_or(Err(EgressError::Late))
    }
}

fn of_the_message(mut headers: HeaderMap) -> HeaderMap {
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    headers.remove(HeaderName::from_static("keep-alive"));
    headers
}
