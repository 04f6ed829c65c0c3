//! Request bodies: how long they may take, how much of the memory they may hold together, and
//! where long ones are parsed.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest time for a request body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a body that are always taken. What goes beyond them counts against
/// [`SentBy::long_bytes_max`].
const FREE_BYTES: usize = 16 * 1024;
/// How long a long body waits for others to be done with.
const BUDGET_WAIT: Duration = Duration::from_secs(1);
/// A body from this length on is parsed beside the async workers.
const LONG_PARSE_BYTES: usize = 32 * 1024;
/// Long bodies of one kind of sender that are parsed at the same time. Each may take many times
/// its size.
const LONG_PARSES_MAX: usize = 2;

/// Who sends a body. Each kind has a budget of its own, so that strangers, and visitors, of whom
/// anybody can be one, never take the room of a platform, a tool or a human agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentBy {
    /// Has proven nothing yet.
    Stranger,
    /// Has the token of a visitor.
    Visitor,
    /// Has a secret of the configuration, or is a human agent who is signed in.
    Known,
}

impl SentBy {
    /// Most bytes that all long bodies of this kind of sender hold together.
    const fn long_bytes_max(self) -> usize {
        match self {
            Self::Stranger | Self::Visitor => 4 * 1024 * 1024,
            Self::Known => 8 * 1024 * 1024,
        }
    }

    fn budget(self) -> &'static Budget {
        match self {
            Self::Stranger => &STRANGERS,
            Self::Visitor => &VISITORS,
            Self::Known => &KNOWN,
        }
    }
}

/// What all requests of one kind of sender share.
struct Budget {
    long_bytes: Arc<Semaphore>,
    long_parses: Semaphore,
}

impl Budget {
    fn of(sender: SentBy) -> Self {
        Self {
            long_bytes: Arc::new(Semaphore::new(sender.long_bytes_max())),
            long_parses: Semaphore::new(LONG_PARSES_MAX),
        }
    }
}

static STRANGERS: LazyLock<Budget> = LazyLock::new(|| Budget::of(SentBy::Stranger));
static VISITORS: LazyLock<Budget> = LazyLock::new(|| Budget::of(SentBy::Visitor));
static KNOWN: LazyLock<Budget> = LazyLock::new(|| Budget::of(SentBy::Known));

/// Why there is no body, or nothing was made of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the body ended early")]
    EndedEarly,
    #[error("the body did not arrive within ten seconds")]
    TooSlow,
    #[error("too many long bodies are read at the moment")]
    NoRoom,
    #[error("a body could not be parsed on another thread: {0}")]
    NotParsed(tokio::task::JoinError),
}

/// The whole body, of at most `bytes_max`.
pub(crate) async fn read(body: Body, bytes_max: usize, sender: SentBy) -> Result<Bytes, BodyError> {
    // What is announced is refused before it is read.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(BodyError::TooLarge(bytes_max));
    }
    let collected = collect(Limited::new(body, bytes_max), sender.budget());
    match tokio::time::timeout(BODY_TIMEOUT, collected).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Unread::Broken(error))) if error.is::<LengthLimitError>() => {
            Err(BodyError::TooLarge(bytes_max))
        }
        Ok(Err(Unread::Broken(_))) => Err(BodyError::EndedEarly),
        Ok(Err(Unread::NoRoom)) => Err(BodyError::NoRoom),
        Err(_) => Err(BodyError::TooSlow),
    }
}

enum Unread {
    Broken(Box<dyn std::error::Error + Send + Sync>),
    NoRoom,
}

async fn collect(mut body: Limited<Body>, budget: &Budget) -> Result<Bytes, Unread> {
    let mut bytes = BytesMut::new();
    let mut permits: Vec<OwnedSemaphorePermit> = Vec::new();
    let mut paid = FREE_BYTES;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > paid {
            // Twice as much each time, so a body has few permits.
            let more = (length - paid).max(paid);
            permits.push(pay(more, budget).await?);
            paid += more;
        }
        bytes.extend_from_slice(&data);
    }
    if permits.is_empty() {
        return Ok(bytes.freeze());
    }
    // The permits live as long as the bytes.
    Ok(Bytes::from_owner(Held { bytes, _permits: permits }))
}

async fn pay(bytes: usize, budget: &Budget) -> Result<OwnedSemaphorePermit, Unread> {
    let count = u32::try_from(bytes).map_err(|_| Unread::NoRoom)?;
    let permit = Arc::clone(&budget.long_bytes).acquire_many_owned(count);
    let permit = tokio::time::timeout(BUDGET_WAIT, permit).await;
    permit.map_err(|_| Unread::NoRoom)?.map_err(|_| Unread::NoRoom)
}

struct Held {
    bytes: BytesMut,
    _permits: Vec<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What `parse` makes of `body`. A long body is parsed on another thread, so that it holds up no
/// other request, and only a few of each kind of sender are parsed at a time.
pub(crate) async fn parse<T: Send + 'static>(
    body: Bytes,
    sender: SentBy,
    parse: impl FnOnce(&Bytes) -> T + Send + 'static,
) -> Result<T, BodyError> {
    if body.len() < LONG_PARSE_BYTES {
        return Ok(parse(&body));
    }
    let permit = sender.budget().long_parses.acquire().await;
    let Ok(_permit) = permit else { return Err(BodyError::NoRoom) };
    tokio::task::spawn_blocking(move || parse(&body)).await.map_err(BodyError::NotParsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 1024 * 1024;

    fn long() -> Body {
        Body::from(vec![b'x'; LENGTH])
    }

    /// Reads long bodies until there is no room for more, and keeps them.
    async fn fill(sender: SentBy) -> Vec<Bytes> {
        let mut held = Vec::new();
        while let Ok(body) = read(long(), LENGTH, sender).await {
            assert_eq!(body.len(), LENGTH);
            held.push(body);
        }
        held
    }

    /// The only test that fills budgets, because all tests of the process share them.
    #[tokio::test]
    async fn long_bodies_share_a_budget_with_their_kind_of_sender_alone_and_give_it_back() {
        let mut held = Vec::new();
        for sender in [SentBy::Stranger, SentBy::Visitor, SentBy::Known] {
            // Those who filled their budgets before do not count.
            let bodies = fill(sender).await;
            let most = sender.long_bytes_max() / LENGTH + 1;
            assert!((most / 2..=most).contains(&bodies.len()), "{sender:?}: {}", bodies.len());
            held.extend(bodies);
            let short = read(Body::from(vec![b'x'; FREE_BYTES]), LENGTH, sender).await;
            assert!(short.is_ok(), "a short body needs no budget");
            assert!(matches!(read(long(), LENGTH, sender).await, Err(BodyError::NoRoom)));
        }
        held.clear();
        for sender in [SentBy::Stranger, SentBy::Visitor, SentBy::Known] {
            assert!(read(long(), LENGTH, sender).await.is_ok());
        }
    }

    #[tokio::test]
    async fn strangers_keep_no_known_sender_from_being_parsed() {
        let held = STRANGERS.long_parses.acquire_many(LONG_PARSES_MAX as u32).await.unwrap();
        let body = Bytes::from(vec![b'x'; LONG_PARSE_BYTES]);
        let parsed = parse(body.clone(), SentBy::Known, Bytes::len);
        let parsed = tokio::time::timeout(Duration::from_secs(10), parsed).await;
        assert_eq!(parsed.unwrap().unwrap(), LONG_PARSE_BYTES);
        let waits = parse(body.clone(), SentBy::Stranger, Bytes::len);
        let waits = tokio::time::timeout(Duration::from_millis(50), waits).await;
        assert!(waits.is_err(), "the places of strangers are taken");
        drop(held);
    }

    #[tokio::test]
    async fn what_is_announced_too_large_is_not_read() {
        let body = Body::from(vec![b'x'; 11]);
        assert!(matches!(read(body, 10, SentBy::Known).await, Err(BodyError::TooLarge(10))));
    }
}
