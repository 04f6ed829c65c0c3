//! Floors: the same network hops without Baton's code. The bench reports speed relative to them.
//!
//! A floor has just enough of Baton's HTTP API for the same scripted visitors and agents. It checks
//! nothing and keeps no state. Each runs as a separate process: `platform` and `bridge`, or `whole`
//! (both in one), either bare or with one durable insert per side (`--database`), and `idle` for
//! the memory of an open connection.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{Router, serve::ListenerExt as _};
use clap::Subcommand;
use kit::http::Http;
use tokio::net::TcpListener;

mod bridge;
mod idle;
mod platform;
mod relay;
mod writer;

use writer::Writer;

#[derive(Debug, Subcommand)]
pub enum Floor {
    /// The platform's hops
    Platform {
        #[command(flatten)]
        options: Options,
        /// Base URL of the bridge floor
        #[arg(long)]
        bridge: String,
    },
    /// The bridge's hops
    Bridge {
        #[command(flatten)]
        options: Options,
        /// Base URL of the platform floor
        #[arg(long)]
        platform: String,
    },
    /// Both in one process
    Whole {
        #[command(flatten)]
        options: Options,
    },
    /// A bare WebSocket with small buffers
    Idle {
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, clap::Args)]
pub struct Options {
    #[arg(long)]
    listen: SocketAddr,
    /// Insert each message durably here before passing it on
    #[arg(long)]
    database: Option<PathBuf>,
}

impl Floor {
    /// Serves until the process is killed.
    pub async fn serve(self) -> anyhow::Result<()> {
        let (options, router): (Options, Router) = match self {
            Self::Platform { options, bridge } => {
                let side = options.side(bridge)?;
                (options, platform::router(side))
            }
            Self::Bridge { options, platform } => {
                let side = options.side(platform)?;
                (options, bridge::router(side))
            }
            Self::Whole { options } => {
                let side = options.side(format!("http://{}", options.listen))?;
                let router = platform::router(side.clone()).merge(bridge::router(side));
                (options, router)
            }
            Self::Idle { options } => (options, idle::router()),
        };
        let listener = TcpListener::bind(options.listen).await?;
        let listener = listener.tap_io(|stream| {
            // When this fails, only the latency of small packets suffers.
            let _set = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    }
}

impl Options {
    fn side(&self, peer: String) -> anyhow::Result<Side> {
        let writer = self.database.as_deref().map(Writer::open).transpose()?;
        Ok(Side { http: Http::new(), peer: peer.into(), writer })
    }
}

/// What both floors share: a client to call the peer, and the database.
#[derive(Clone)]
struct Side {
    http: Http,
    peer: Arc<str>,
    writer: Option<Writer>,
}

impl Side {
    /// Returns once `text` is on disk; without a database, immediately.
    async fn keep(&self, owner: &str, text: &str) -> anyhow::Result<()> {
        match &self.writer {
            Some(writer) => writer.insert(owner.to_owned(), text.to_owned()).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
