//! Every time, length and count that both sides share, set by the contract or by us.

use crate::Millis;

pub const SECOND_MS: Millis = 1_000;
pub const MINUTE_MS: Millis = 60 * SECOND_MS;
pub const HOUR_MS: Millis = 60 * MINUTE_MS;
pub const DAY_MS: Millis = 24 * HOUR_MS;

/// Length of a pause when `paused: true` comes without `minutesPaused` (contract r1, steps one and
/// two).
pub const DEFAULT_PAUSE_MS: Millis = 10 * MINUTE_MS;
/// Longest pause that one reply or push may ask for; a longer one is cut to this.
pub const MAX_PAUSE_MS: Millis = 1_440 * MINUTE_MS;
/// Deadline of one webhook call, from connecting to the last byte (contract r1, step one).
pub const WEBHOOK_TIMEOUT_MS: u64 = 5_000;
/// Most bytes that are read of a webhook reply.
pub const WEBHOOK_REPLY_BYTES_MAX: usize = 64 * 1024;
/// Deadline of one bot query.
pub const BOT_TIMEOUT_MS: u64 = 15_000;
/// Deadline of one push.
pub const PUSH_TIMEOUT_MS: u64 = 10_000;
/// How long a typing indicator is shown unless it is repeated (contract r1, `user_typing`).
pub const TYPING_MS: Millis = 10 * SECOND_MS;
/// Least time between two typing calls to the webhook (contract r3.1).
pub const TYPING_CALL_GAP_MS: Millis = 4 * SECOND_MS;
/// Most visitor inputs that may wait for an answer in one conversation.
pub const WAITING_TURNS_MAX: usize = 32;
/// Most bytes of visitor inputs that may wait for an answer in one conversation beside the first:
/// the state holds them and is written again at every step.
pub const WAITING_BYTES_MAX: usize = 32 * 1024;
/// The failed attempts after which the wait for a kept input grows no further: a visitor waits.
pub const HELD_ATTEMPTS_COUNTED_MAX: u32 = 5;
/// Most withdrawn calls of one conversation whose late answers are still recorded.
pub const RECALLED_MAX: usize = 8;
/// Longest text of one message, in characters.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Longest text that Dialogflow ES accepts, in characters. The bot gets no more of a longer
/// message; a human agent gets all of it.
pub const BOT_TEXT_CHARS_MAX: usize = 256;
/// Longest id a client may choose, in characters.
pub const CLIENT_ID_CHARS_MAX: usize = 128;
/// Most bytes of a request body to any of our JSON endpoints.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most events of one page of a journal.
pub const PAGE_EVENTS_MAX: usize = 200;
/// Most bytes of one page of a journal, as stored. A longer event has a page of its own.
pub const PAGE_BYTES_MAX: usize = 32 * 1024;
/// Most items of `messageHistory`.
pub const HISTORY_ITEMS_MAX: usize = 100;
/// How long a push is retried before it is given up.
pub const PUSH_GIVE_UP_MS: Millis = 24 * HOUR_MS;
/// How long the opening of a chat at a tool is tried again before it is given up.
pub const OPEN_GIVE_UP_MS: Millis = MINUTE_MS;
/// Most pushes that may wait in one chat.
pub const WAITING_PUSHES_MAX: usize = 500;
/// Most abandoned openings at a tool that are still closed when they succeed late.
pub const ABANDONED_MAX: usize = 8;
/// Most deliveries to a tool that may wait in one chat.
pub const WAITING_DELIVERIES_MAX: usize = 500;
/// Most characters of the visitor's messages that may wait for a tool in one chat: the state is
/// written again at every step.
pub const WAITING_DELIVERY_CHARS_MAX: usize = 200_000;
/// Longest text of a webhook call that is taken whole, in characters: as long as a text that is
/// pushed may be.
pub const WEBHOOK_TEXT_CHARS_MAX: usize = 16_000;
/// A human agent whose desk was silent for this long is not available.
pub const AGENT_SEEN_MS: Millis = 60 * SECOND_MS;
