//! What the composition root decides about each bot. Plain data: nothing here reads a file.

use std::{fmt, sync::Arc};

use ::http::HeaderName;
use edge::{
    egress::Target,
    secrets::KnownSecret,
    signature::{Signing, SigningKeys},
};
use machine::conversation::Policy;
use secrecy::SecretString;
use wire::webhook::Revision;

use edge::origins::Origins;

/// One bot with its settings.
#[derive(Clone)]
pub struct BotConfig {
    /// `botId` on the wire, and the owner of its conversations in the store.
    pub id: String,
    pub name: String,
    pub bot: Arc<dyn dialogflow::Bot>,
    /// BCP 47; used for visitors who name no language.
    pub language: String,
    /// Keys a bridge may present on the push endpoint.
    pub push_keys: Vec<KnownSecret>,
    /// Signatures of pushes, by the rules of Standard Webhooks.
    pub push_signing: Option<Signing>,
    /// Whether the webhook token is a push key too (contract 13.17).
    pub webhook_token_pushes: bool,
    /// Keys that may read the history and nothing else (contract 13.18).
    pub history_keys: Vec<KnownSecret>,
    /// `None` switches handover off; triggers are then ignored.
    pub webhook: Option<WebhookConfig>,
    pub facts: FactsConfig,
    /// Pages that may use the bot.
    pub origins: Origins,
    /// Triggers, sessions, and the rules of the pause that the contract leaves open (13.3).
    pub policy: Policy,
}

impl BotConfig {
    /// A bot with every choice at its default: no keys, no webhook.
    #[must_use]
    pub fn new(id: impl Into<String>, bot: Arc<dyn dialogflow::Bot>, language: &str) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            bot,
            language: language.to_owned(),
            push_keys: Vec::new(),
            push_signing: None,
            webhook_token_pushes: false,
            history_keys: Vec::new(),
            webhook: None,
            facts: FactsConfig::default(),
            origins: Origins::any(),
            policy: Policy::default(),
        }
    }

    /// The hashes of the secrets that open the push endpoint for this bot.
    pub(crate) fn push_key_hashes(&self) -> impl Iterator<Item = String> {
        let webhook = self.webhook.as_ref().filter(|_| self.webhook_token_pushes);
        let token = webhook.map(|webhook| KnownSecret::from(webhook.token.clone()).hash());
        self.push_keys.iter().map(KnownSecret::hash).chain(token)
    }

    /// Whether the bot's complete responses are kept (contract, section 14.4).
    pub(crate) fn keeps_history(&self) -> bool {
        !self.history_keys.is_empty() || self.webhook.as_ref().is_some_and(|hook| hook.history)
    }
}

/// Facts that are sent to the bot with each query only when the owner asks for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactsConfig {
    /// Whether the visitor's device is a mobile one.
    pub mobile: bool,
    /// The visitor's IP address, for CX.
    pub ip: Option<IpFrom>,
    /// Context or session parameter that tells the bot about a pause that has just ended.
    pub resume_marker: Option<String>,
}

/// Where a visitor's IP address is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpFrom {
    /// The other end of the connection.
    Peer,
    /// The last entry of `X-Forwarded-For`, which the proxy in front of us has written.
    ForwardedFor,
}

/// Calls to one bridge at a time, unless its owner chooses another number. A bridge that takes
/// three seconds for each still gets twice as many within the contract's five.
pub const CALLS_AT_ONCE: usize = 256;

/// Where and how the bridge is called.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct WebhookConfig {
    pub target: Target,
    /// Sent in `Authorization` and as `accessToken`.
    pub token: SecretString,
    /// Write `Bearer` before the token in `Authorization` (contract 13.2).
    pub bearer: bool,
    /// One more header with every call (contract r2.2).
    pub header: Option<(HeaderName, SecretString)>,
    /// Sign each call with these, by the rules of Standard Webhooks.
    pub signing: Option<SigningKeys>,
    /// The revision that decides where the revisions contradict each other (contract, section 12).
    pub contract: Revision,
    /// Leave out every field that this revision does not print.
    pub strict: bool,
    /// Send `messageHistory` with step one (contract r3, section 7).
    pub history: bool,
    /// Tell the bridge that the visitor types (contract r3.1, section 6.4).
    pub typing: bool,
    /// Tell the bridge that the visitor left or the pause ran out (contract 13.26).
    pub endings: bool,
    /// Pass the visitor's `webhookHeaders` on to the bridge (contract 13.15).
    pub forward_headers: bool,
}

impl WebhookConfig {
    /// Calls that a receiver of any revision understands; everything optional is off.
    #[must_use]
    pub fn new(target: Target, token: SecretString) -> Self {
        Self {
            target: target.with_calls_at_once(CALLS_AT_ONCE),
            token,
            bearer: false,
            header: None,
            signing: None,
            contract: Revision::default(),
            strict: false,
            history: false,
            typing: false,
            endings: false,
            forward_headers: false,
        }
    }
}

impl fmt::Debug for BotConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotConfig").field("id", &self.id).finish_non_exhaustive()
    }
}
