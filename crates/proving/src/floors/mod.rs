//! What the same hops cost with nothing of ours in them: the measure that speed is a ratio to.
//!
//! A floor speaks just enough of our faces for the same scripted visitors and agents to use it,
//! checks nothing and keeps nothing in mind. Each is a process of its own, as the product is:
//! `platform` and `bridge`, `whole` (both in one), each bare or with one durable insert a side
//! (`--database`), and `idle` for the memory of an open connection.

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
            // Only the latency of small packets is lost when the system refuses.
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

/// What both floors have: the way to the other one, and the disk.
#[derive(Clone)]
struct Side {
    http: Http,
    peer: Arc<str>,
    writer: Option<Writer>,
}

impl Side {
    /// Returns once `text` is on the disk, or at once without a database.
    async fn keep(&self, owner: &str, text: &str) -> anyhow::Result<()> {
        match &self.writer {
            Some(writer) => writer.insert(owner.to_owned(), text.to_owned()).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
