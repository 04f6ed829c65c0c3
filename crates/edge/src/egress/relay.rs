//! Forwards a request unchanged, for the commands that record what goes over the wire.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};

use super::{Egress, EgressError, Target, network, read};

/// Headers of one connection, not of the message (RFC 9110, section 7.6.1), and the two that the
/// client writes itself.
const NOT_FORWARDED: [HeaderName; 9] = [
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

/// A complete response with its headers.
#[derive(Clone)]
pub struct Relayed {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Egress {
    /// Sends method, headers and body unchanged, and returns the response unchanged. `deadline` and
    /// `reply_bytes_max` are those of [`Self::post_json`]; calls in flight are not limited.
    pub async fn relay(
        &self,
        target: &Target,
        (method, headers, body): (Method, HeaderMap, Bytes),
        deadline: Duration,
        reply_bytes_max: usize,
    ) -> Result<Relayed, EgressError> {
        target.check_literal()?;
        let client = self.client_for(target)?;
        let request = client.request(method, target.url.clone());
        let request = request.headers(message_headers(headers)).body(body);
        let relayed = async {
            let response = request.send().await.map_err(|error| network(&error))?;
            let headers = message_headers(response.headers().clone());
            let reply = read(response, reply_bytes_max).await?;
            Ok(Relayed { status: reply.status, headers, body: reply.body })
        };
        tokio::time::timeout(deadline, relayed).await.unwrap_or(Err(EgressError::Late))
    }
}

fn message_headers(mut headers: HeaderMap) -> HeaderMap {
    for name in NOT_FORWARDED {
        headers.remove(name);
    }
    headers.remove(HeaderName::from_static("keep-alive"));
    headers
}
