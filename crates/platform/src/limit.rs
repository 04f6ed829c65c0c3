//! Limits of this side alone; those both sides share are in `machine::limits`.

use std::time::Duration;

/// Longest `Idempotency-Key` or `messageId` of a push, in characters.
pub(crate) const PUSH_ID_CHARS_MAX: usize = 200;
/// Longest text of an agent, in characters; their tools send longer ones than visitors type.
pub(crate) const AGENT_TEXT_CHARS_MAX: usize = 16_000;
/// Most bytes of a request body of the visitor API.
pub(crate) const VISITOR_BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of `messageHistory`, so that step one stays well within a receiver's body limit.
pub(crate) const HISTORY_BYTES_MAX: usize = 96 * 1024;
/// Longest time a long poll waits.
pub(crate) const POLL_SECONDS_MAX: u64 = 25;
/// How long a fresh socket may take to say who it is.
pub(crate) const FIRST_FRAME_WAIT: Duration = Duration::from_secs(10);
/// Most bytes of a frame from a visitor's socket, which has only its token and cursor to send.
pub(crate) const FRAME_BYTES_MAX: usize = 4 * 1024;
/// How long one frame may wait for a reader before the socket is closed.
pub(crate) const SLOW_READER_WAIT: Duration = Duration::from_secs(10);
/// How long a closing frame may take.
pub(crate) const CLOSING_WAIT: Duration = Duration::from_secs(1);
/// A socket is pinged once in so many seconds.
pub(crate) const PING_SECONDS: usize = 25;
/// Visitors kept in memory, twice: those used lately and those used before them.
pub(crate) const VISITORS_CACHED_MAX: usize = 8_192;
/// Conversations whose last settled call is remembered, twice; a state that was handed in late is
/// late by milliseconds, in which far fewer are settled.
pub(crate) const SETTLED_REMEMBERED_MAX: usize = 8_192;
/// Calls under way at a time for one bot that only tell of something; more are not made. Few
/// beside the calls a target takes at a time, so that a slow receiver still has room for messages.
pub(crate) const TELLING_CALLS_MAX: usize = 8;
/// Conversations whose page has handed over headers for the next query.
pub(crate) const CREDENTIALS_KEPT_MAX: usize = 1_024;
/// Messages of one conversation whose headers are kept.
pub(crate) const CREDENTIALS_OF_ONE_MAX: usize = 4;
/// Conversations whose last typing call is remembered before old ones are forgotten.
pub(crate) const TYPING_REMEMBERED_MAX: usize = 8_192;
/// Due conversations woken at a time.
pub(crate) const WOKEN_AT_ONCE_MAX: usize = 64;
/// Page of due or owing conversations.
pub(crate) const PAGE_IDS_MAX: usize = 256;
/// How long a call must have been owed before it is taken for forgotten; longer than any deadline.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How often the timer compares the clock with the next wake time.
pub(crate) const CLOCK_LOOK: Duration = Duration::from_millis(100);
/// Longest wait between two attempts to store an answer.
pub(crate) const SETTLE_WAIT_MAX: Duration = Duration::from_secs(5);
