//! What is known of a person's password: its text, as a file may give it, or its argon2id hash.
//!
//! A text is compared in constant time; there is no stored hash that a slow function could protect.
//! Where any password is a hash, every attempt takes the time of one hash, also for an address that
//! does not exist, so that the time tells nothing.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _,
    password_hash::phc::PasswordHash,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{ids, secrets};

/// How a hash begins in the configuration.
const HASHED: &str = "$argon2";
const CHARS_MIN: usize = 8;
/// Passwords that are found with fewer guesses (as a power of ten) are common ones.
const GUESSES_LOG10_MIN: f64 = 5.0;
/// What a hash of the configuration may cost, in KiB and passes.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;

/// A password that can be compared.
pub enum Password {
    Text(SecretString),
    /// In the PHC string format; it was read once, so it can be read.
    Hash(SecretString),
}

/// Why a password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("a password has at least 8 characters")]
    TooShort,
    #[error("this password is common or holds your name: choose one that nobody would guess")]
    Common,
    #[error("this is no argon2id hash, or one that costs too much to compare")]
    Hash,
}

impl Password {
    /// `known` are words that are guessed first for this person.
    ///
    /// # Errors
    /// When the password could be guessed, or the hash cannot be compared.
    pub fn new(given: SecretString, known: &[&str]) -> Result<Self, Unusable> {
        let text = given.expose_secret();
        if text.starts_with(HASHED) {
            let params = PasswordHash::new(text).ok().filter(is_argon2id);
            let params = params.filter(|hash| hash.hash.is_some());
            let params = params.and_then(|hash| Params::try_from(&hash).ok());
            let is_bounded = |params: &Params| {
                params.m_cost() <= MEMORY_KIB_MAX && params.t_cost() <= PASSES_MAX
            };
            return match params.filter(is_bounded) {
                Some(_) => Ok(Self::Hash(given)),
                None => Err(Unusable::Hash),
            };
        }
        strong(text, known)?;
        Ok(Self::Text(given))
    }

    /// The argon2id hash of a new password, in the PHC string format. It takes long: compute it
    /// beside the async workers. `known` as for [`Password::new`].
    ///
    /// # Errors
    /// When the password could be guessed.
    pub fn hash(text: &str, known: &[&str]) -> Result<Self, Unusable> {
        strong(text, known)?;
        let salt = ids::random_bytes::<16>();
        let hash = Argon2::default().hash_password_with_salt(text.as_bytes(), &salt);
        let hash = hash.map_err(|_| Unusable::Hash)?;
        Ok(Self::Hash(hash.to_string().into()))
    }

    #[must_use]
    pub fn is_hash(&self) -> bool {
        matches!(self, Self::Hash(_))
    }

    /// What ties a session to the password.
    #[must_use]
    pub fn as_given(&self) -> &str {
        let (Self::Text(given) | Self::Hash(given)) = self;
        given.expose_secret()
    }

    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        match self {
            Self::Text(text) => secrets::matches(text, presented),
            Self::Hash(hash) => PasswordHash::new(hash.expose_secret()).is_ok_and(|hash| {
                Argon2::default().verify_password(presented.as_bytes(), &hash).is_ok()
            }),
        }
    }
}

fn strong(text: &str, known: &[&str]) -> Result<(), Unusable> {
    if text.chars().count() < CHARS_MIN {
        return Err(Unusable::TooShort);
    }
    if zxcvbn::zxcvbn(text, known).guesses_log10() < GUESSES_LOG10_MIN {
        return Err(Unusable::Common);
    }
    Ok(())
}

fn is_argon2id(hash: &PasswordHash) -> bool {
    Algorithm::try_from(hash.algorithm.as_str()).is_ok_and(|it| it == Algorithm::Argon2id)
}
