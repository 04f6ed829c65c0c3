//! Limits of the platform alone; those both sides share are in `machine::limits`.

use std::time::Duration;

/// Longest `Idempotency-Key` or `messageId` of a push, in characters.
pub(crate) const PUSH_ID_CHARS_MAX: usize = 200;
/// Longest text of a human agent, in characters; their tools send longer texts than visitors type.
pub(crate) const AGENT_TEXT_CHARS_MAX: usize = 16_000;
/// Most bytes of a push whose key can only be in its body: the longest text, escaped.
pub(crate) const UNPROVEN_PUSH_BYTES_MAX: usize = 128 * 1024;
/// Most bytes of a request body of the visitor API.
pub(crate) const VISITOR_BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of `messageHistory`, so that step one stays well within a receiver's body limit.
pub(crate) const HISTORY_BYTES_MAX: usize = 96 * 1024;
/// Most bytes of `missedMessages`, which come beside the history.
pub(crate) const MISSED_BYTES_MAX: usize = 16 * 1024;
/// Longest time a long poll waits.
pub(crate) const POLL_SECONDS_MAX: u64 = 25;
/// How long a new socket may take to send its token.
pub(crate) const FIRST_FRAME_WAIT: Duration = Duration::from_secs(10);
/// Most bytes of a frame from a visitor's socket; it sends only its token and cursor.
pub(crate) const FRAME_BYTES_MAX: usize = 4 * 1024;
/// First and longest wait between two attempts of one webhook call. All attempts share the five
/// seconds of the contract.
pub(crate) const ATTEMPT_WAIT_MIN: Duration = Duration::from_millis(50);
pub(crate) const ATTEMPT_WAIT_MAX: Duration = Duration::from_secs(1);
/// Least time that must be left of the five seconds when an attempt begins.
pub(crate) const ATTEMPT_MIN: Duration = Duration::from_millis(200);
/// Seconds between two pings of one socket.
pub(crate) const PING_SECONDS: usize = 25;
/// Most visitors kept in memory.
pub(crate) const VISITORS_CACHED_MAX: u64 = 16_384;
/// Most notifications under way at a time for one bot. Far fewer than the calls a target takes at
/// a time, so that a slow receiver still has room for messages.
pub(crate) const NOTIFICATIONS_MAX: usize = 8;
/// Most conversations whose `webhookHeaders` wait for their turn.
pub(crate) const VISITOR_HEADERS_CONVERSATIONS_MAX: u64 = 1_024;
/// Most messages of one conversation whose `webhookHeaders` wait.
pub(crate) const VISITOR_HEADERS_MESSAGES_MAX: usize = 4;
/// How long `webhookHeaders` wait for their turn; longer than a full queue of slow bot queries.
pub(crate) const VISITOR_HEADERS_WAIT_MAX: Duration = Duration::from_mins(15);
/// Most conversations whose last typing call is remembered.
pub(crate) const TYPING_REMEMBERED_MAX: u64 = 8_192;
/// Least time between two log lines about one bot that is missing from the configuration.
pub(crate) const MISSING_BOT_LOG_GAP: Duration = Duration::from_mins(1);
/// Most missing bots whose last log line is remembered.
pub(crate) const MISSING_BOTS_REMEMBERED_MAX: u64 = 64;
/// `Retry-After` for visitors of a bot that is missing from the configuration.
pub(crate) const MISSING_BOT_RETRY_SECONDS: u16 = 10;
/// Due conversations woken at a time.
pub(crate) const WOKEN_AT_ONCE_MAX: usize = 64;
/// Most conversations listed at a time, due or owing.
pub(crate) const PAGE_IDS_MAX: usize = 256;
/// Time between two sweeps. A call that is owed in two sweeps in a row counts as forgotten, so
/// this is longer than any deadline.
/// With so long a wait for the database, new requests are refused: clients send them again.
pub(crate) const LAG_MAX: Duration = Duration::from_millis(250);
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// First and longest wait between two attempts to store an answer.
pub(crate) const SETTLE_WAIT_MIN: Duration = Duration::from_millis(50);
pub(crate) const SETTLE_WAIT_MAX: Duration = Duration::from_secs(5);
