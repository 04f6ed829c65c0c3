//! Request bodies: how long they may take, how much of the memory they may hold together, and
//! where long ones are parsed.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest time for a request body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a body that are always taken. What goes beyond them counts against
/// [`LONG_BYTES_MAX`].
const FREE_BYTES: usize = 16 * 1024;
/// Most bytes of all longer bodies together.
const LONG_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a long body waits for others to be done with.
const BUDGET_WAIT: Duration = Duration::from_secs(1);
/// A body from this length on is parsed beside the async workers.
const LONG_PARSE_BYTES: usize = 32 * 1024;
/// Long bodies that are parsed at the same time. Each may take many times its size.
const LONG_PARSES_MAX: usize = 2;

/// What all requests of the process share.
struct Shared {
    long_bytes: Arc<Semaphore>,
    long_parses: Semaphore,
}

static SHARED: std::sync::LazyLock<Shared> = std::sync::LazyLock::new(|| Shared {
    long_bytes: Arc::new(Semaphore::new(LONG_BYTES_MAX)),
    long_parses: Semaphore::new(LONG_PARSES_MAX),
});

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
pub(crate) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, BodyError> {
    // What is announced is refused before it is read.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(BodyError::TooLarge(bytes_max));
    }
    let collected = tokio::time::timeout(BODY_TIMEOUT, collect(Limited::new(body, bytes_max)));
    match collected.await {
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

async fn collect(mut body: Limited<Body>) -> Result<Bytes, Unread> {
    let mut bytes = BytesMut::new();
    let mut permits: Vec<OwnedSemaphorePermit> = Vec::new();
    let mut paid = FREE_BYTES;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > paid {
            // Twice as much each time, so a body has few permits.
            let more = (length - paid).max(paid);
            permits.push(pay(more).await?);
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

async fn pay(bytes: usize) -> Result<OwnedSemaphorePermit, Unread> {
    let count = u32::try_from(bytes).map_err(|_| Unread::NoRoom)?;
    let permit = Arc::clone(&SHARED.long_bytes).acquire_many_owned(count);
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
/// other request, and only a few are parsed at a time.
pub(crate) async fn parse<T: Send + 'static>(
    body: Bytes,
    parse: impl FnOnce(&Bytes) -> T + Send + 'static,
) -> Result<T, BodyError> {
    if body.len() < LONG_PARSE_BYTES {
        return Ok(parse(&body));
    }
    let Ok(_permit) = SHARED.long_parses.acquire().await else { return Err(BodyError::NoRoom) };
    tokio::task::spawn_blocking(move || parse(&body)).await.map_err(BodyError::NotParsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_bodies_share_a_budget_and_give_it_back() {
        const LENGTH: usize = 1024 * 1024;
        let long = || Body::from(vec![b'x'; LENGTH]);
        let mut held = Vec::new();
        while let Ok(body) = read(long(), LENGTH).await {
            assert_eq!(body.len(), LENGTH);
            held.push(body);
        }
        assert!((6..=LONG_BYTES_MAX / LENGTH + 1).contains(&held.len()), "{}", held.len());
        let short = read(Body::from(vec![b'x'; FREE_BYTES]), LENGTH).await;
        assert!(short.is_ok(), "a short body needs no budget");
        assert!(matches!(read(long(), LENGTH).await, Err(BodyError::NoRoom)));
        held.clear();
        assert!(read(long(), LENGTH).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_announced_too_large_is_not_read() {
        let body = Body::from(vec![b'x'; 11]);
        assert!(matches!(read(body, 10).await, Err(BodyError::TooLarge(10))));
    }
}
