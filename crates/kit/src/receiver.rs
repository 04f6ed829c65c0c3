//! A webhook receiver with scripted replies and faults. It records every call, and it can also
//! receive pushes. Replies can be scripted per user, so many conversations can share one URL.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use crate::server::Reply;
use crate::{
    server::{self, Request},
    visitor::PATIENCE,
};

/// One call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    pub at: Instant,
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// `null` when it was not JSON.
    pub body: Value,
}

impl Call {
    fn of(request: Request) -> Self {
        let headers = request.headers.into_iter();
        Self {
            at: Instant::now(),
            method: request.method,
            path: request.path,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
        }
    }

    /// The visitor's text; empty for typing calls.
    pub fn text(&self) -> &str {
        self.body.pointer("/queryInput/text/text").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn is_step_one(&self) -> bool {
        self.body.get("dialogflowResponse").is_some()
    }

    pub fn is_typing(&self) -> bool {
        self.body.get("eventType").and_then(Value::as_str) == Some("user_typing")
    }

    /// False for pushes, whose attempts are counted.
    fn is_of_webhook(&self) -> bool {
        self.body.get("queryInput").is_some()
    }

    /// What tells an attempt of one call from another call: its id, or its content where the
    /// platform sends none.
    fn id(&self) -> String {
        let id = ["webhook-id", "x-request-id"].iter().find_map(|name| self.headers.get(*name));
        id.cloned().unwrap_or_else(|| self.body.to_string())
    }

    pub fn user_id(&self) -> &str {
        self.body.get("userId").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Answers every call with [`Reply::paused`] unless something else was scripted.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    came: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

struct Shared {
    scripts: Mutex<Scripts>,
    calls: Mutex<Vec<Call>>,
    count: watch::Sender<usize>,
}

struct Scripts {
    everyone: Script,
    users: HashMap<String, Script>,
}

struct Script {
    next: VecDeque<Reply>,
    otherwise: Reply,
    /// The last call and its reply.
    last: Option<(String, Reply)>,
}

impl Script {
    fn reply(&mut self, call: &Call) -> Reply {
        if call.is_typing() {
            return self.otherwise.clone();
        }
        let next = self.next.pop_front().unwrap_or_else(|| self.otherwise.clone());
        self.last = Some((call.id(), next.clone()));
        next
    }

    /// The reply to another attempt of the last call, which was certainly not taken: a platform
    /// may try such a call again, and that is not another call.
    fn repeated(&self, call: &Call) -> Option<Reply> {
        let (last, reply) = self.last.as_ref()?;
        (call.is_of_webhook() && *last == call.id() && reply.is_not_taken()).then(|| reply.clone())
    }
}

impl Default for Script {
    fn default() -> Self {
        Self { next: VecDeque::new(), otherwise: Reply::paused(), last: None }
    }
}

impl Shared {
    fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock()
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock()
    }

    fn reply(&self, call: Call) -> Reply {
        let reply = {
            let mut scripts = self.scripts();
            let Scripts { everyone, users } = &mut *scripts;
            let script = users.get_mut(call.user_id()).unwrap_or(everyone);
            if let Some(reply) = script.repeated(&call) {
                return reply;
            }
            script.reply(&call)
        };
        self.calls().push(call);
        self.count.send_modify(|count| *count += 1);
        reply
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// On loopback, at any free port.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn start_at(listen: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (count, came) = watch::channel(0);
        let scripts = Scripts { everyone: Script::default(), users: HashMap::new() };
        let shared =
            Arc::new(Shared { scripts: Mutex::new(scripts), calls: Mutex::default(), count });
        let answering = shared.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let reply = answering.reply(Call::of(request));
            Box::pin(std::future::ready(reply))
        });
        let task = tokio::spawn(server::serve(listener, handler));
        Ok(Self { url, shared, came, task })
    }

    /// Queues `reply` for one call, after those queued before.
    pub fn then(&self, reply: Reply) -> &Self {
        self.shared.scripts().everyone.next.push_back(reply);
        self
    }

    /// Answers every call for which no reply is queued.
    pub fn always(&self, reply: Reply) -> &Self {
        self.shared.scripts().everyone.otherwise = reply;
        self
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls().clone()
    }

    /// Number of calls so far.
    pub fn count(&self) -> usize {
        *self.came.borrow()
    }

    /// Waits for the `n`th call, counted from 0; fails after [`PATIENCE`].
    pub async fn call(&self, n: usize) -> anyhow::Result<Call> {
        let mut came = self.came.clone();
        let waited = tokio::time::timeout(PATIENCE, came.wait_for(|count| *count > n)).await;
        if waited.is_err() {
            bail!("call {n} did not come; these did: {:#?}", self.calls());
        }
        let call = self.shared.calls().get(n).cloned();
        call.context("a call that was counted")
    }

    /// The calls of one user, who has a separate script from now on.
    pub fn user<'a>(&'a self, user_id: &'a str) -> User<'a> {
        self.shared.scripts().users.entry(user_id.to_owned()).or_default();
        User { receiver: self, user_id }
    }
}

/// One user's part of a [`Receiver`].
#[derive(Clone, Copy)]
pub struct User<'a> {
    receiver: &'a Receiver,
    user_id: &'a str,
}

impl User<'_> {
    pub fn then(&self, reply: Reply) {
        self.script(|script| script.next.push_back(reply));
    }

    pub fn always(&self, reply: Reply) {
        self.script(|script| script.otherwise = reply);
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        let mut scripts = self.receiver.shared.scripts();
        change(scripts.users.entry(self.user_id.to_owned()).or_default());
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.receiver.shared.calls();
        calls.iter().filter(|call| call.user_id() == self.user_id).cloned().collect()
    }

    /// Waits until `enough` accepts the user's calls or `patience` is over; returns the calls
    /// either way.
    pub async fn until(&self, patience: Duration, enough: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        let mut came = self.receiver.came.clone();
        let waited = came.wait_for(|_| enough(&self.calls()));
        // The caller judges the calls, so a timeout is not an error here.
        let _enough_or_late = tokio::time::timeout(patience, waited).await;
        self.calls()
    }
}

#[cfg(test)]
mod tests;
