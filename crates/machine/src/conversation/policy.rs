//! What the bot's owner chooses, and the texts of the notices.

use super::Trigger;
use crate::{Millis, limits};

/// What the bot's owner chose.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Policy {
    /// What starts a handover; empty when there is no webhook.
    pub triggers: Vec<Trigger>,
    pub default_pause: Millis,
    pub max_pause: Millis,
    /// Whether a step two `paused: false` ends the pause (contract 13.3; default: it does).
    pub refusal_ends_pause: bool,
    /// Whether a late or failed step two ends the pause (contract 13.3; default: it does not).
    pub lateness_ends_pause: bool,
    /// What happens to the visitor's words while the human's side is away in a pause.
    pub when_away: WhenAway,
    /// Shown once for each such time when words are kept.
    pub kept_notice: String,
    /// Shown when the handover was not accepted; nothing by default.
    pub unavailable_notice: Option<String>,
    pub bot_failed_notice: String,
    /// The bot's session ends after the visitor was silent for this long while the bot had control.
    pub session_length: Option<Millis>,
    /// Shown when a session has expired; nothing by default.
    pub session_notice: Option<String>,
    /// Whether a new session of the bot starts after each pause.
    pub new_session_on_resume: bool,
    /// Whether the bot's complete responses are kept for the history (contract, section 14.4).
    pub keep_responses: bool,
}

/// What happens to a message when its step two finds the human's side away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenAway {
    /// The bot answers it (contract, section 8).
    #[default]
    Forward,
    /// It is kept, and delivered in order when the human's side is back. The end of the pause gives
    /// it to the bot.
    Hold,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            triggers: Vec::new(),
            default_pause: limits::DEFAULT_PAUSE_MS,
            max_pause: limits::MAX_PAUSE_MS,
            refusal_ends_pause: true,
            lateness_ends_pause: false,
            when_away: WhenAway::default(),
            kept_notice: KEPT_TEXT.to_owned(),
            unavailable_notice: None,
            bot_failed_notice: "Sorry, that could not be answered. Please try again.".to_owned(),
            session_length: None,
            session_notice: None,
            new_session_on_resume: false,
            keep_responses: false,
        }
    }
}

/// Notice on a resume (contract r1, section 10).
#[must_use]
pub fn left_text(name: Option<&str>) -> String {
    let who = name.unwrap_or("The human");
    format!("{who} has left the conversation. You are now chatting with the bot.")
}

/// Notice when the visitor has ended the live chat; the contract has no text for it.
pub const VISITOR_LEFT_TEXT: &str =
    "You have ended the live chat. You are now chatting with the bot.";

/// Notice when the visitor's words are kept; the contract has no text for it.
pub const KEPT_TEXT: &str =
    "Your message is kept. It will be delivered when our team can be reached again.";

/// Notice on a pause push (contract r3, section 10).
pub const JOINED_TEXT: &str = "You are now chatting with an Agent.";
