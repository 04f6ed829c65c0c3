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
        place: Place,
        /// Base URL of the bridge floor
        #[arg(long)]
        bridge: String,
    },
    /// The bridge's hops
    Bridge {
        #[command(flatten)]
        place: Place,
        /// Base URL of the platform floor
        #[arg(long)]
        platform: String,
    },
    /// Both in one process
    Whole {
        #[command(flatten)]
        place: Place,
    },
    /// A bare WebSocket with small buffers
    Idle {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
pub struct Place {
    #[arg(long)]
    listen: SocketAddr,
    /// Insert each message durably here before passing it on
    #[arg(long)]
    database: Option<PathBuf>,
}

impl Floor {
    /// Serves until the process is killed.
    pub async fn serve(self) -> anyhow::Result<()> {
        let (place, router): (Place, Router) = match self {
            Self::Platform { place, bridge } => {
                let side = place.side(bridge)?;
                (place, platform::router(side))
            }
            Self::Bridge { place, platform } => {
                let side = place.side(platform)?;
                (place, bridge::router(side))
            }
            Self::Whole { place } => {
                let side = place.side(format!("http://{}", place.listen))?;
                let router = platform::router(side.clone()).merge(bridge::router(side));
                (place, router)
            }
            Self::Idle { place } => (place, idle::router()),
        };
        let listener = TcpListener::bind(place.listen).await?;
        let listener = listener.tap_io(|stream| {
            // When this fails, only the latency of small packets suffers.
            let _set = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    }
}

impl Place {
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
