//! Signatures as Standard Webhooks defines them, for both directions and both sides. A receiver
//! that has one of the keys knows who sent a body, that it is complete, and that it is recent.
//!
//! All keys sign and any key verifies, so a key can be replaced without a gap: add the new one on
//! both sides, then remove the old one. Time is a parameter, and no error contains a secret.
//! Written by hand; `docs/decisions/0005-written-by-hand.md` says why.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use machine::Millis;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Clock;

/// The header with the id of a message, the same for every attempt to deliver it.
pub const ID: HeaderName = HeaderName::from_static("webhook-id");
/// The header with the time of an attempt, in seconds since 1970-01-01 UTC.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The header with one signature per key, separated by spaces.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// How far a timestamp may be from our clock in either direction, in seconds; the same as in the
/// reference libraries of Standard Webhooks.
pub const WINDOW_S: i64 = 5 * 60;

/// A secret is this prefix and the key in base64.
const PREFIX: &str = "whsec_";
/// The version of signatures that are made with a shared secret.
const VERSION: &str = "v1";
/// Allowed lengths of a key, in bytes (Standard Webhooks).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a secret cannot be a signing key; `position` is its position in the list, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("no signing key is set: add at least one")]
    None,
    #[error("signing key {position} does not begin with `whsec_`: give the whole secret")]
    Prefix { position: usize },
    #[error("signing key {position} is not base64 after `whsec_`: copy the whole secret")]
    Base64 { position: usize },
    #[error("signing key {position} has {bytes} bytes: use 24 to 64, for example 32 random ones")]
    Length { position: usize, bytes: usize },
}

/// Whether `presented` is the HMAC-SHA256 of `body` in base64. Some vendors sign so instead of by
/// Standard Webhooks.
#[must_use]
pub fn is_hmac_sha256(secret: &SecretString, body: &[u8], presented: &str) -> bool {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    let (Ok(mut mac), Ok(presented)) = (mac, BASE64.decode(presented)) else { return false };
    mac.update(body);
    mac.verify_slice(&presented).is_ok()
}

/// Why a signature is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the header `webhook-signature` is missing: sign the request")]
    Unsigned,
    #[error("the header `{0}` is missing beside `webhook-signature`")]
    Missing(HeaderName),
    #[error("the header `{0}` is there more than once: send it once")]
    Twice(HeaderName),
    #[error("the header `{0}` is empty or holds characters that are not plain text")]
    Unreadable(HeaderName),
    #[error("the header `webhook-timestamp` is not a number of seconds since 1970")]
    Timestamp,
    #[error("`webhook-timestamp` is {0} seconds old: at most 300 are allowed; check both clocks")]
    Stale(i64),
    #[error("`webhook-timestamp` is {0} seconds ahead: at most 300 are allowed; check both clocks")]
    Ahead(i64),
    #[error("`webhook-signature` holds no signature of version v1: sign with a `whsec_` secret")]
    Version,
    #[error("no signature in `webhook-signature` matches: check the secret and sign the raw body")]
    NoMatch,
}

/// The `webhook-id` of a message with a valid signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedId(String);

impl SignedId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One or more keys, each as an HMAC that is already initialized with it.
#[derive(Clone)]
pub struct SigningKeys(Vec<Hmac<Sha256>>);

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({})", self.0.len())
    }
}

/// How incoming messages are signed.
#[derive(Clone)]
pub struct Signing {
    pub keys: SigningKeys,
    /// Whether unsigned messages are refused.
    pub required: bool,
}

impl Signing {
    /// The signed id of a message; `None` for an unsigned one where signatures are not required.
    /// A message is recent by the system's time or by the even one: when the system's clock was
    /// set to another time, either of them may be the right one.
    pub fn signed_id(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        clock: &Clock,
    ) -> Result<Option<SignedId>, SignatureError> {
        let verified = match self.keys.verify(headers, body, clock.wall()) {
            Err(SignatureError::Stale(_) | SignatureError::Ahead(_)) => {
                self.keys.verify(headers, body, clock.now())
            }
            verified => verified,
        };
        match verified {
            Ok(id) => Ok(Some(id)),
            Err(SignatureError::Unsigned) if !self.required => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl SigningKeys {
    /// Keys from secrets of the form `whsec_…`; at least one.
    pub fn new(secrets: &[SecretString]) -> Result<Self, KeyError> {
        if secrets.is_empty() {
            return Err(KeyError::None);
        }
        let positions = 1..;
        positions
            .zip(secrets)
            .map(|(position, secret)| key(position, secret))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Adds the three headers for `body`. `id` must be the same for every attempt. It must be
    /// printable and without a full stop, which separates the signed parts; otherwise the error is
    /// [`SignatureError::Unreadable`]. `now` is in milliseconds since 1970-01-01 UTC.
    pub fn sign(
        &self,
        headers: &mut HeaderMap,
        id: &str,
        now: Millis,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let id_value = HeaderValue::from_str(id);
        let id_value = id_value.map_err(|_| SignatureError::Unreadable(ID))?;
        if id.is_empty() || id.contains('.') {
            return Err(SignatureError::Unreadable(ID));
        }
        let timestamp = now.div_euclid(1_000).to_string();
        let signatures: Vec<String> = self
            .macs(id, &timestamp, body)
            .map(|mac| format!("{VERSION},{}", BASE64.encode(mac)))
            .collect();
        let plain = |text: &str, name| {
            HeaderValue::from_str(text).map_err(|_| SignatureError::Unreadable(name))
        };
        let signature = plain(&signatures.join(" "), SIGNATURE)?;
        headers.insert(TIMESTAMP, plain(&timestamp, TIMESTAMP)?);
        headers.insert(ID, id_value);
        headers.insert(SIGNATURE, signature);
        Ok(())
    }

    /// Checks that one of the keys signed `body` and the three headers, at most [`WINDOW_S`]
    /// seconds from `now`, which is in milliseconds since 1970-01-01 UTC.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Millis,
    ) -> Result<SignedId, SignatureError> {
        let presented = one(headers, SIGNATURE)?.ok_or(SignatureError::Unsigned)?;
        let id = one(headers, ID)?.ok_or(SignatureError::Missing(ID))?;
        let written = one(headers, TIMESTAMP)?.ok_or(SignatureError::Missing(TIMESTAMP))?;
        let timestamp: i64 = written.parse().map_err(|_| SignatureError::Timestamp)?;
        let age = now.div_euclid(1_000).saturating_sub(timestamp);
        if age > WINDOW_S {
            return Err(SignatureError::Stale(age));
        }
        if age < -WINDOW_S {
            return Err(SignatureError::Ahead(age.saturating_neg()));
        }
        let versioned = presented.split_ascii_whitespace().filter_map(|one| one.split_once(','));
        let presented: Vec<Vec<u8>> = versioned
            .filter(|(version, _)| *version == VERSION)
            .map(|(_, signature)| BASE64.decode(signature).unwrap_or_default())
            .collect();
        if presented.is_empty() {
            return Err(SignatureError::Version);
        }
        let matches = self.macs(id, written, body).fold(false, |found, mac| {
            presented.iter().fold(found, |found, one| found | bool::from(mac[..].ct_eq(one)))
        });
        if matches { Ok(SignedId(id.to_owned())) } else { Err(SignatureError::NoMatch) }
    }

    fn macs(&self, id: &str, timestamp: &str, body: &[u8]) -> impl Iterator<Item = [u8; 32]> {
        self.0.iter().map(move |key| {
            let mut mac = key.clone();
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        })
    }
}

fn key(position: usize, secret: &SecretString) -> Result<Hmac<Sha256>, KeyError> {
    let encoded = secret.expose_secret().trim().strip_prefix(PREFIX);
    let encoded = encoded.ok_or(KeyError::Prefix { position })?;
    let key = BASE64.decode(encoded).map(Zeroizing::new);
    let key = key.map_err(|_| KeyError::Base64 { position })?;
    let unfit = KeyError::Length { position, bytes: key.len() };
    if !KEY_BYTES.contains(&key.len()) {
        return Err(unfit);
    }
    Hmac::new_from_slice(&key).map_err(|_| unfit)
}

/// The value of a header that may occur once.
fn one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, SignatureError> {
    let mut values = headers.get_all(&name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(SignatureError::Twice(name));
    }
    let text = value.to_str().map(str::trim).ok().filter(|text| !text.is_empty());
    text.map(Some).ok_or(SignatureError::Unreadable(name))
}

#[cfg(test)]
mod tests;
