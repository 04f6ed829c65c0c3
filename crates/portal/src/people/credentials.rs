//! What proves that somebody is a user: a password, and a second factor. Kept as records beside the
//! directory, because the history of a document keeps everything that was ever in it.

use directory::Directory;
use edge::{
    ids,
    password::Password,
    secrets::{hash_hex, same},
};
use machine::Millis;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Store, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};
use totp_rs::{Algorithm, Secret, TOTP};

use super::UserError;

const SPACE: &str = "portal-credentials";
/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
const RECOVERY_CHARS: usize = 16;
/// How long a sign-in waits for others whose hashes are computed.
const TURN_WAIT: std::time::Duration = std::time::Duration::from_secs(5);
/// Digits and seconds of a code, and how many steps a clock may be off.
const DIGITS: usize = 6;
const STEP_SECONDS: u64 = 30;
const SKEW: u8 = 1;
/// What is compared for an address that nobody has, so that the time does not tell.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$\
                      Zm9yIGFuIGFkZHJlc3MgdGhhdCBub2JvZHkgaGFzLi4";

#[derive(Clone)]
pub(crate) struct Credentials {
    store: Store,
    directory: Directory,
    turns: Arc<Turns>,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    /// Changes with every change; sessions of an older one are over.
    version: String,
    password: Option<String>,
    /// Sealed. Without a `confirmed` one, codes are not asked for.
    totp: Option<Totp>,
    /// Hashes of the codes that were not used.
    #[serde(default)]
    recovery: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Totp {
    sealed: String,
    confirmed: bool,
    /// The step of the last code: none is taken twice.
    #[serde(default)]
    last: u64,
}

/// One hash is computed at a time for strangers and one for those who have proven something, so
/// strangers take no more than one core and the memory of one hash.
struct Turns {
    of_known: Semaphore,
    of_strangers: Semaphore,
}

/// A turn to look at a password.
pub(crate) struct Turn<'a>(#[expect(dead_code, reason = "held for its end")] SemaphorePermit<'a>);

/// What somebody presents.
pub(crate) struct Proof {
    pub(crate) password: String,
    pub(crate) code: Option<String>,
}

/// What a proof is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proven {
    /// The version of the credentials, which a session is bound to.
    Yes(String),
    /// The password is right, and a code is needed.
    NeedsCode,
    No,
}

impl Credentials {
    pub(crate) fn new(store: Store, directory: Directory) -> Self {
        Self {
            store,
            directory,
            turns: Arc::new(Turns { of_known: Semaphore::new(1), of_strangers: Semaphore::new(1) }),
        }
    }

    /// The version that sessions of a user are bound to.
    pub(crate) async fn version(&self, user: &str) -> Result<Option<String>, StoreError> {
        Ok(self.read(user).await?.map(|record| record.version))
    }

    /// The hash of a new password; `known` are words that are guessed first.
    pub(crate) async fn hash(
        &self,
        password: SecretString,
        known: &[&str],
    ) -> Result<SecretString, UserError> {
        let known: Vec<String> = known.iter().map(|&word| word.to_owned()).collect();
        let _turn = self.turn(true).await?;
        let hashed = tokio::task::spawn_blocking(move || {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Password::hash(password.expose_secret(), &known)
        });
        let hashed = hashed.await.map_err(|_| UserError::Busy)??;
        Ok(SecretString::from(hashed.as_given().to_owned()))
    }

    /// Sets a password. Every session of the user is over.
    pub(crate) async fn set_password(
        &self,
        user: &str,
        hash: &SecretString,
    ) -> Result<String, StoreError> {
        let mut record = self.read(user).await?.unwrap_or_default();
        record.password = Some(hash.expose_secret().to_owned());
        self.write(user, record).await
    }

    /// A turn to look at a password. Whoever counts failures looks at the count after this and
    /// counts before it ends, or many attempts could be looked at together. Strangers hold up
    /// nobody `known`.
    pub(crate) async fn turn(&self, known: bool) -> Result<Turn<'_>, UserError> {
        let turns = if known { &self.turns.of_known } else { &self.turns.of_strangers };
        match tokio::time::timeout(TURN_WAIT, turns.acquire()).await {
            Ok(Ok(turn)) => Ok(Turn(turn)),
            _ => Err(UserError::Busy),
        }
    }

    /// Whether this is the user. `None` takes as long as a wrong password.
    pub(crate) async fn prove(
        &self,
        _turn: &Turn<'_>,
        user: Option<&str>,
        proof: Proof,
        now: Millis,
    ) -> Result<Proven, UserError> {
        let record = match user {
            Some(user) => self.read(user).await?,
            None => None,
        };
        let hash = record.as_ref().and_then(|record| record.password.clone());
        let is_known = hash.is_some();
        let hash = SecretString::from(hash.unwrap_or_else(|| NOBODY.to_owned()));
        let password = proof.password;
        let compare = move || Password::new(hash, &[]).is_ok_and(|expected| expected.is(&password));
        let matches = tokio::task::spawn_blocking(compare).await.map_err(|_| UserError::Busy)?;
        let (Some(user), Some(record)) = (user, record) else { return Ok(Proven::No) };
        if !matches || !is_known {
            return Ok(Proven::No);
        }
        if !record.totp.as_ref().is_some_and(|totp| totp.confirmed) {
            return Ok(Proven::Yes(record.version));
        }
        match proof.code {
            None => Ok(Proven::NeedsCode),
            Some(code) => self.second(user, record, code.trim(), now).await,
        }
    }

    async fn second(
        &self,
        user: &str,
        mut record: Record,
        code: &str,
        now: Millis,
    ) -> Result<Proven, UserError> {
        let hashed = hash_hex(&code.to_lowercase());
        if let Some(used) = record.recovery.iter().position(|known| same(known, &hashed)) {
            record.recovery.remove(used);
        } else {
            let Some(step) = self.step(user, record.totp.as_ref(), code, now) else {
                return Ok(Proven::No);
            };
            if let Some(totp) = &mut record.totp {
                totp.last = step;
            }
        }
        let version = record.version.clone();
        self.put(user, &record).await?;
        Ok(Proven::Yes(version))
    }

    /// The step of a code that is right and was not used.
    fn step(&self, user: &str, totp: Option<&Totp>, code: &str, now: Millis) -> Option<u64> {
        let totp = totp?;
        let secret = self.directory.open_sealed(&place(user), &totp.sealed)?;
        let generator = generator(&secret, "")?;
        let current = (now / 1_000) as u64 / STEP_SECONDS;
        let steps = current.saturating_sub(SKEW.into())..=current + u64::from(SKEW);
        steps
            .filter(|step| *step > totp.last)
            .find(|step| same(&generator.generate(step * STEP_SECONDS), code))
    }

    /// Begins a second factor: the address for an authenticator app. It counts when a code of it
    /// was seen.
    pub(crate) async fn begin_totp(
        &self,
        user: &str,
        email: &str,
    ) -> Result<SecretString, UserError> {
        let mut record = self.read(user).await?.unwrap_or_default();
        if record.totp.as_ref().is_some_and(|totp| totp.confirmed) {
            return Err(UserError::Taken);
        }
        let secret = Secret::Raw(ids::random_bytes::<20>().to_vec()).to_encoded();
        let secret = SecretString::from(secret.to_string());
        let sealed = self.directory.seal(&place(user), &secret);
        let sealed = sealed.ok_or(UserError::Busy)?;
        record.totp = Some(Totp { sealed, confirmed: false, last: 0 });
        self.put(user, &record).await?;
        let generator = generator(&secret, email).ok_or(UserError::Busy)?;
        Ok(SecretString::from(generator.get_url()))
    }

    /// Turns the second factor on, and gives the recovery codes. Other sessions are over.
    pub(crate) async fn confirm_totp(
        &self,
        user: &str,
        code: &str,
        now: Millis,
    ) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let Some(mut record) = self.read(user).await? else { return Ok(None) };
        let Some(step) = self.step(user, record.totp.as_ref(), code.trim(), now) else {
            return Ok(None);
        };
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        record.recovery = codes.iter().map(|code| hash_hex(code)).collect();
        if let Some(totp) = &mut record.totp {
            (totp.confirmed, totp.last) = (true, step);
        }
        let version = self.write(user, record).await?;
        Ok(Some((version, codes)))
    }

    pub(crate) async fn end_totp(&self, user: &str) -> Result<Option<String>, StoreError> {
        let Some(mut record) = self.read(user).await? else { return Ok(None) };
        (record.totp, record.recovery) = (None, Vec::new());
        self.write(user, record).await.map(Some)
    }

    pub(crate) async fn has_totp(&self, user: &str) -> Result<bool, StoreError> {
        let record = self.read(user).await?;
        Ok(record.and_then(|record| record.totp).is_some_and(|totp| totp.confirmed))
    }

    pub(crate) async fn forget(&self, user: &str) -> Result<(), StoreError> {
        self.store.delete_record(SPACE, user).await
    }

    async fn read(&self, user: &str) -> Result<Option<Record>, StoreError> {
        let record = self.store.record(SPACE, user, 0).await?;
        Ok(record.and_then(|record| serde_json::from_str(&record).ok()))
    }

    /// Writes them with a new version.
    async fn write(&self, user: &str, mut record: Record) -> Result<String, StoreError> {
        record.version = ids::random_id("crd");
        self.put(user, &record).await?;
        Ok(record.version)
    }

    async fn put(&self, user: &str, record: &Record) -> Result<(), StoreError> {
        let value = serde_json::to_string(record).map_err(|error| StoreError::Unreadable {
            id: SPACE.to_owned(),
            detail: error.to_string(),
        })?;
        self.store.put_record(SPACE, user, &value, None).await
    }
}

fn place(user: &str) -> String {
    format!("credentials/{user} totp")
}

/// `secret` is in the letters that authenticator apps read.
fn generator(secret: &SecretString, account: &str) -> Option<TOTP> {
    let bytes = Secret::Encoded(secret.expose_secret().to_owned()).to_bytes().ok()?;
    let (issuer, account) = (Some("Baton".to_owned()), account.replace(':', ""));
    TOTP::new(Algorithm::SHA1, DIGITS, SKEW, STEP_SECONDS, bytes, issuer, account).ok()
}

/// 80 bits, in letters that are read out well.
fn recovery_code() -> String {
    let id = ids::random_id("");
    id.trim_start_matches('_').chars().rev().take(RECOVERY_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_takes_the_time_of_a_hash() {
        assert!(Password::new(NOBODY.into(), &[]).is_ok_and(|nobody| nobody.is_hash()));
    }
}
