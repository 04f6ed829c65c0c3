//! The keys that seal: one that is used now, and older ones that still open.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

type Key = Arc<SecretBox<[u8; KEY_BYTES]>>;

/// The keys by their ids. The last one that was added seals.
pub struct Keyring {
    keys: BTreeMap<u32, Key>,
}

/// Why the text of a keyring cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error(
        "line {0} is not a key: a key is `NUMBER BASE64`, with 32 bytes in base64url without `=`"
    )]
    Line(usize),
    #[error("key {0} is given twice")]
    Twice(u32),
    #[error("there is no key")]
    Empty,
}

/// Why a sealed secret cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("this is not a sealed secret")]
    Form,
    #[error("it was sealed with key {0}, which is not in the keyring: put the key back")]
    UnknownKey(u32),
    #[error("it was not sealed here: it was changed or moved, or the key is another one")]
    Forged,
}

impl Keyring {
    /// A keyring with one new key.
    #[must_use]
    pub fn generate() -> Self {
        Self { keys: BTreeMap::from([(1, new_key())]) }
    }

    /// Reads the form that [`Keyring::to_text`] writes. Empty lines and lines with `#` are left
    /// out.
    ///
    /// # Errors
    /// When a line is not a key, or there is none.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, key) = read_key(line).ok_or(KeyringError::Line(number))?;
            if keys.insert(id, key).is_some() {
                return Err(KeyringError::Twice(id));
            }
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self { keys })
    }

    /// For the key file, which only its owner may read.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let line = |(id, key): (&u32, &Key)| {
            format!("{id} {}\n", BASE64_URL_SAFE_NO_PAD.encode(key.expose_secret()))
        };
        self.keys.iter().map(line).collect::<String>().into()
    }

    /// The same keys and a new one, which seals from now on.
    #[must_use]
    pub fn rotated(&self) -> Self {
        let mut keys = self.keys.clone();
        keys.insert(self.current().0 + 1, new_key());
        Self { keys }
    }

    /// Only the key that seals; to be used when nothing is sealed with an older one any more.
    #[must_use]
    pub fn pruned(&self) -> Self {
        let (id, key) = self.current();
        Self { keys: BTreeMap::from([(id, key.clone())]) }
    }

    /// Seals a secret for a place: the document and the setting it belongs to.
    ///
    /// # Errors
    /// Never in practice: only for a secret of many gigabytes.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<String, SealError> {
        let (id, key) = self.current();
        let mut nonce = [0_u8; NONCE_BYTES];
        random(&mut nonce);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed.map_err(|_| SealError::Form)?);
        Ok(format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens a secret that was sealed for this place.
    ///
    /// # Errors
    /// When it was sealed elsewhere, for another place, or with a key that is gone.
    pub fn open(&self, place: &str, sealed: &str) -> Result<SecretString, SealError> {
        let (id, bytes) = split(sealed)?;
        let key = self.keys.get(&id).ok_or(SealError::UnknownKey(id))?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Form)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let opened = cipher(key).decrypt(&XNonce::from(*nonce), payload);
        let text = String::from_utf8(opened.map_err(|_| SealError::Forged)?);
        text.map(SecretString::from).map_err(|_| SealError::Forged)
    }

    /// Whether this was sealed with the key that seals now.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        split(sealed).is_ok_and(|(id, _)| id == self.current().0)
    }

    #[expect(clippy::expect_used, reason = "every way to make a keyring puts a key in")]
    fn current(&self) -> (u32, &Key) {
        let (id, key) = self.keys.last_key_value().expect("a keyring has a key");
        (*id, key)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.keys.keys()).finish()
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

fn new_key() -> Key {
    Arc::new(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| random(key)))
}

#[expect(clippy::expect_used, reason = "without the system's randomness nothing can be safe")]
fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

fn read_key(line: &str) -> Option<(u32, Key)> {
    let (id, key) = line.split_once(' ')?;
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(key.trim()).ok()?;
    let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().ok()?;
    bytes.fill(0);
    Some((id.parse().ok()?, Arc::new(SecretBox::new(Box::new(key)))))
}

/// The id of the key, and nonce and text.
fn split(sealed: &str) -> Result<(u32, Vec<u8>), SealError> {
    let (id, bytes) = sealed.split_once('.').ok_or(SealError::Form)?;
    let id = id.parse().map_err(|_| SealError::Form)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(bytes).map_err(|_| SealError::Form)?;
    Ok((id, bytes))
}
