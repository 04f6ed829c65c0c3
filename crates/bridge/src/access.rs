//! Who may call a route: what a platform presents, and what it signs (contract, sections 4.1, 6.1
//! and 12). One secret in one of the places is enough; a signature comes on top of it and also
//! tells repeats of a call apart from new ones.

use edge::{
    Clock,
    secrets::{KnownSecret, any_matches},
    signature::{SignatureError, SignedId, Signing},
};
use http::{HeaderMap, HeaderName, header};
use secrecy::ExposeSecret;

/// What the callers of one route present.
pub struct Access {
    /// Webhook tokens: in `Authorization`, bare or after `Bearer`, or in `accessToken`. Several
    /// while one takes the place of another.
    pub tokens: Vec<KnownSecret>,
    /// A header of its own that stands for the token.
    pub header: Option<(HeaderName, KnownSecret)>,
    pub signing: Option<Signing>,
}

impl Access {
    /// One token and nothing else.
    #[must_use]
    pub fn by_token(token: impl Into<KnownSecret>) -> Self {
        Self { tokens: vec![token.into()], header: None, signing: None }
    }

    /// Whether there is a token, and no secret is empty.
    pub(crate) fn is_closed(&self) -> bool {
        let empty = |secret: &KnownSecret| match secret {
            KnownSecret::Clear(secret) => secret.expose_secret().trim().is_empty(),
            KnownSecret::Hash(hash) => hash.is_empty(),
        };
        let header = self.header.as_ref().map(|(_, value)| value);
        !self.tokens.is_empty() && !self.tokens.iter().chain(header).any(empty)
    }

    /// Whether any of the presented secrets is right.
    pub(crate) fn admits(&self, headers: &HeaderMap, in_body: Option<&str>) -> bool {
        let of = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let in_header = of(&header::AUTHORIZATION).map(wire::secret::from_authorization);
        let presented: Vec<&str> = in_header.into_iter().chain(in_body).collect();
        let by_token = any_matches(&self.tokens, &presented);
        let by_header = self.header.as_ref().is_some_and(|(name, value)| {
            of(name).is_some_and(|presented| value.is(presented.trim()))
        });
        by_token | by_header
    }

    /// The id the caller signed; `None` for a call that is not signed and need not be.
    pub(crate) fn signed_id(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        clock: &Clock,
    ) -> Result<Option<SignedId>, SignatureError> {
        let Some(signing) = &self.signing else { return Ok(None) };
        signing.signed_id(headers, body, clock)
    }
}
