//! What the configuration holds of a password: its text, or its argon2id hash.
//!
//! A text is compared in constant time; there is no stored hash that a slow function could protect.
//! Where any password is a hash, every attempt takes the time of one hash, also for an address that
//! does not exist, so that the time tells nothing.

use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, password_hash::phc::PasswordHash};
use edge::secrets;
use secrecy::{ExposeSecret as _, SecretString};

/// How a hash begins in the configuration.
const HASHED: &str = "$argon2";
const CHARS_MIN: usize = 8;
/// Passwords that are found with fewer guesses (as a power of ten) are common ones.
const GUESSES_LOG10_MIN: f64 = 5.0;
/// What a hash of the configuration may cost, in KiB and passes.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;

pub(super) enum Password {
    Text(SecretString),
    /// In the PHC string format; it was read once, so it can be read.
    Hash(SecretString),
}

/// Why a password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    TooShort,
    Common,
    Hash,
}

impl Password {
    /// `known` are words that are guessed first for this human agent.
    pub(super) fn new(given: SecretString, known: &[&str]) -> Result<Self, Unusable> {
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
        if text.chars().count() < CHARS_MIN {
            return Err(Unusable::TooShort);
        }
        if zxcvbn::zxcvbn(text, known).guesses_log10() < GUESSES_LOG10_MIN {
            return Err(Unusable::Common);
        }
        Ok(Self::Text(given))
    }

    pub(super) fn is_hash(&self) -> bool {
        matches!(self, Self::Hash(_))
    }

    /// What ties a session to the password.
    pub(super) fn as_given(&self) -> &str {
        let (Self::Text(given) | Self::Hash(given)) = self;
        given.expose_secret()
    }

    pub(super) fn is(&self, presented: &str) -> bool {
        match self {
            Self::Text(text) => secrets::matches(text, presented),
            Self::Hash(hash) => PasswordHash::new(hash.expose_secret()).is_ok_and(|hash| {
                Argon2::default().verify_password(presented.as_bytes(), &hash).is_ok()
            }),
        }
    }
}

fn is_argon2id(hash: &PasswordHash) -> bool {
    Algorithm::try_from(hash.algorithm.as_str()).is_ok_and(|it| it == Algorithm::Argon2id)
}
