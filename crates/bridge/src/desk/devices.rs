//! Devices on which a human agent has signed in before: a random token in a cookie, its hash in the
//! store. Guesses of strangers slow down the sign-in of an account, and never on a known device.

use edge::{ids, secrets};
use machine::{Millis, limits::HOUR_MS};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Store, StoreError};

const SPACE: &str = "desk-device";
const KIND: &str = "dvc";
/// How long a device is known after its last sign-in.
const KNOWN_MS: Millis = 90 * 24 * HOUR_MS;
/// The longest token that is looked for.
const TOKEN_BYTES_MAX: usize = 128;

pub(crate) struct Devices(Store);

impl Devices {
    /// Seconds the cookie of a device is kept.
    pub(crate) const KNOWN_SECONDS: Millis = KNOWN_MS / 1_000;

    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Whether `email` has signed in on the device with this token.
    pub(crate) async fn knows(
        &self,
        email: &str,
        token: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        if !token.starts_with(KIND) || token.len() > TOKEN_BYTES_MAX {
            return Ok(false);
        }
        let owner = self.0.record(SPACE, &secrets::hash_hex(token), now).await?;
        Ok(owner.as_deref() == Some(email))
    }

    /// The token of a device on which `email` has just signed in.
    pub(crate) async fn remember(
        &self,
        email: &str,
        now: Millis,
    ) -> Result<SecretString, StoreError> {
        self.keep(ids::new_secret(KIND), email, now).await
    }

    /// The same token, known from now on for as long again.
    pub(crate) async fn keep(
        &self,
        token: SecretString,
        email: &str,
        now: Millis,
    ) -> Result<SecretString, StoreError> {
        let key = secrets::hash_hex(token.expose_secret());
        self.0.put_record(SPACE, &key, email, Some(now + KNOWN_MS)).await?;
        Ok(token)
    }
}
