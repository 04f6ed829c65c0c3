//! Serves one tool: its API behind the faults, and the agents' page.

use std::sync::Arc;

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    console,
    faults::Faults,
    tool::{Act, Chat, Tool},
};

/// A simulator that serves.
pub struct Simulator {
    pub base: String,
    tool: Arc<dyn Tool>,
    faults: Faults,
    serving: JoinHandle<()>,
}

impl Simulator {
    /// On a free port of loopback.
    pub async fn start(tool: impl Tool) -> anyhow::Result<Self> {
        Self::serve(TcpListener::bind("127.0.0.1:0").await?, tool)
    }

    pub fn serve(listener: TcpListener, tool: impl Tool) -> anyhow::Result<Self> {
        Self::serve_shared(listener, Arc::new(tool))
    }

    pub fn serve_shared(listener: TcpListener, tool: Arc<dyn Tool>) -> anyhow::Result<Self> {
        let base = format!("http://{}", listener.local_addr()?);
        let wording = tool.clone();
        let faults = Faults::new(move |status| wording.failure(status));
        let router = faults.around(tool.router()).merge(console::router(&tool, &faults));
        let serving = tokio::spawn(async move {
            // It ends with the simulator, which aborts it.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { base, tool, faults, serving })
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn chats(&self) -> Vec<Chat> {
        self.tool.chats()
    }

    pub fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        self.tool.act(chat, act)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
