//! What a page hands over with a message for the bot's own fulfilment, such as a visitor's token:
//! kept in memory for the calls about that message, and nowhere else. A crash loses it; the bot
//! then asks for it again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use secrecy::SecretString;

use crate::limit;

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, SecretString)>;

/// By conversation, with the number of the message they came with.
#[derive(Default)]
pub(crate) struct Credentials(Mutex<HashMap<String, Vec<(u64, Headers)>>>);

impl Credentials {
    /// Keeps the headers of the message `turn`. When too many conversations have some, nobody's
    /// are kept: no one visitor can use that up for long.
    pub(crate) fn keep(&self, conversation: &str, turn: u64, headers: Headers) {
        if headers.is_empty() {
            return;
        }
        let mut kept = self.kept();
        if kept.len() >= limit::CREDENTIALS_KEPT_MAX && !kept.contains_key(conversation) {
            kept.clear();
        }
        let own = kept.entry(conversation.to_owned()).or_default();
        if own.len() == limit::CREDENTIALS_OF_ONE_MAX {
            own.remove(0);
        }
        own.push((turn, headers));
    }

    /// The headers of the message `turn`; those of earlier ones have been used and are forgotten.
    pub(crate) fn of(&self, conversation: &str, turn: u64) -> Headers {
        let mut kept = self.kept();
        let Some(own) = kept.get_mut(conversation) else {
            return Headers::new();
        };
        own.retain(|(of, _)| *of >= turn);
        if own.is_empty() {
            kept.remove(conversation);
            return Headers::new();
        }
        let found = own.iter().find(|(of, _)| *of == turn);
        found.map(|(_, headers)| headers.clone()).unwrap_or_default()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Vec<(u64, Headers)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn headers_go_with_their_own_message_and_are_forgotten_after_it() {
        let credentials = Credentials::default();
        let headers = |value: &str| vec![("x-token".to_owned(), SecretString::from(value))];
        let of = |turn| {
            let headers = credentials.of("cnv_1", turn);
            headers.first().map(|(_, value)| value.expose_secret().to_owned())
        };
        credentials.keep("cnv_1", 2, headers("two"));
        credentials.keep("cnv_1", 3, headers("three"));
        credentials.keep("cnv_1", 5, Vec::new());
        assert_eq!(of(1), None);
        assert_eq!(of(2).as_deref(), Some("two"));
        assert_eq!(of(2).as_deref(), Some("two"), "the bot and step one");
        assert_eq!(of(3).as_deref(), Some("three"));
        assert_eq!(of(2), None, "it was over");
        assert_eq!(of(4), None);
        assert!(credentials.kept().is_empty());
        for turn in 0..1_000 {
            credentials.keep("cnv_1", turn, headers("x"));
        }
        assert_eq!(credentials.kept()["cnv_1"].len(), limit::CREDENTIALS_OF_ONE_MAX);
    }
}
