//! What a page hands over for the bot's own fulfilment, such as a visitor's token: kept in memory
//! until the next query, and nowhere else. A crash loses it; the bot then asks for it again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use secrecy::SecretString;

use crate::limit;

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, SecretString)>;

#[derive(Default)]
pub(crate) struct Credentials(Mutex<HashMap<String, Headers>>);

impl Credentials {
    /// For the next query of this conversation; what was there before is replaced. When too many
    /// are kept, nobody's are: that cannot be used up by one visitor against another for long.
    pub(crate) fn keep(&self, conversation: &str, headers: Headers) {
        if headers.is_empty() {
            return;
        }
        let mut kept = self.kept();
        if kept.len() >= limit::CREDENTIALS_KEPT_MAX && !kept.contains_key(conversation) {
            kept.clear();
        }
        kept.insert(conversation.to_owned(), headers);
    }

    pub(crate) fn take(&self, conversation: &str) -> Headers {
        self.kept().remove(conversation).unwrap_or_default()
    }

    /// Without using them up: a webhook call is no query.
    pub(crate) fn look(&self, conversation: &str) -> Headers {
        self.kept().get(conversation).cloned().unwrap_or_default()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Headers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
