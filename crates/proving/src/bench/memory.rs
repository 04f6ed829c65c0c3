//! Memory of an open, idle visitor stream: growth of the server's resident memory over many of
//! them, after one event on each.

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kit::{
    address::free_address,
    http::Http,
    visitor::{Visitor, VisitorStream},
};

use super::{Options, case::floor};
use crate::{config::Setup, memory::resident_kib, server::Server};

/// Opened before memory is first measured, so that pools and caches have grown.
const FIRST: usize = 200;
/// Opened at a time.
const AT_ONCE: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Floor,
    Baton,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Floor, Self::Baton];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "a bare WebSocket",
            Self::Baton => "baton's visitor stream",
        }
    }
}

/// KiB of one of `idle` open streams.
pub(super) async fn measure(options: &Options, kind: Kind, idle: usize) -> anyhow::Result<f64> {
    let mut server = match kind {
        Kind::Floor => floor("idle", &free_address()?, None, false)?,
        Kind::Baton => Server::baton(&options.baton, |base| Setup::whole(base, 1))?,
    };
    server.start().await?;
    let pid = server.pid().context("it runs")?;
    let first = open(&server.base, kind, FIRST).await?;
    let before = resident_kib(pid)?;
    let streams = open(&server.base, kind, idle).await?;
    let after = resident_kib(pid)?;
    drop((first, streams));
    server.kill().await?;
    Ok((after - before) / idle as f64)
}

/// Opens streams and waits for an event on each of them.
async fn open(base: &str, kind: Kind, count: usize) -> anyhow::Result<Vec<VisitorStream>> {
    let http = Http::new();
    stream::iter(0..count)
        .map(|_| async {
            let visitor = Visitor::create(&http, base, "support").await?;
            let mut stream = visitor.stream(0).await?;
            if kind == Kind::Baton {
                visitor.event("welcome", "WELCOME").await?;
                stream.wait_for(|event| event.is("bot_message")).await?;
            } else {
                stream.wait_for(|event| event.is("notice")).await?;
            }
            anyhow::Ok(stream)
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
