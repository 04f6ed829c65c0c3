//! The links between the sides: an HTTP proxy with faults for calls between servers, a TCP proxy
//! that cuts visitors' connections, and the faults of each link, which depend on the seed only.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use kit::http::Http;
use simulators::{
    faults::{Faults, Plan},
    rng::Rng,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Larger than any body in these runs.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long one plan of faults lasts, in milliseconds.
const PLAN_MS: (u64, u64) = (60, 350);
/// One in so many plans is an outage, where the sides must survive outages.
const OUTAGES: u64 = 8;
/// How long a visitor's connection lives while connections are cut, in milliseconds.
const LIFE_MS: (u64, u64) = (5, 900);
/// Headers that belong to one connection only.
const HOP_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// An HTTP proxy in front of one server.
pub(super) struct HttpProxy {
    pub(super) base: String,
    /// The most faults this link may have.
    pub(super) worst: Plan,
    faults: Faults,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Upstream {
    base: Arc<str>,
    http: Http,
}

impl HttpProxy {
    /// Forwards to the server at `base`, which may start later; `worst` limits the faults.
    pub(super) async fn start(base: &str, worst: Plan) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let faults = Faults::new(|status: StatusCode| status.into_response());
        let upstream = Upstream { base: base.into(), http: Http::new() };
        let base = format!("http://{}", listener.local_addr()?);
        let router = faults.around(Router::new().fallback(pass).with_state(upstream));
        let serving = tokio::spawn(async move {
            // It ends with the proxy, which aborts it.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { base, worst, faults, serving })
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers 502 when the server does not answer, as any proxy does.
async fn pass(State(upstream): State<Upstream>, request: Request) -> Response {
    let passed = forward(&upstream, request).await;
    passed.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

async fn forward(upstream: &Upstream, request: Request) -> anyhow::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await?;
    let path = parts.uri.path_and_query().context("a path")?;
    let url = format!("{}{path}", upstream.base);
    let headers: Vec<_> = parts
        .headers
        .iter()
        .filter(|(name, _)| !HOP_HEADERS.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let answer = upstream.http.send(parts.method, &url, &headers, body).await?;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    for (name, value) in &answer.headers {
        if !HOP_HEADERS.contains(&name.as_str()) {
            response.headers_mut().append(name, value.clone());
        }
    }
    Ok(response)
}

/// A TCP proxy in front of one server; while it cuts, connections break at any byte.
pub(super) struct TcpProxy {
    pub(super) base: String,
    cutting: Arc<AtomicBool>,
    cuts: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl TcpProxy {
    pub(super) async fn start(target: &str, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (cutting, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (target, is_cutting, counter) = (target.to_owned(), cutting.clone(), cuts.clone());
        let serving = tokio::spawn(async move {
            let mut rng = Rng::new(seed);
            while let Ok((mut near, _)) = listener.accept().await {
                let life = rng.millis(LIFE_MS.0, LIFE_MS.1);
                let (target, is_cutting, counter) =
                    (target.clone(), is_cutting.clone(), counter.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(&target).await else { return };
                    let joined = copy_bidirectional(&mut near, &mut far);
                    tokio::select! {
                        // How a connection ends is the business of its two ends.
                        _ended = joined => {}
                        () = broken(life, &is_cutting) => {
                            counter.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        Ok(Self { base, cutting, cuts, serving })
    }

    /// Connections that were broken.
    pub(super) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn broken(life: Duration, cutting: &AtomicBool) {
    loop {
        tokio::time::sleep(life).await;
        if cutting.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// The links of one installation.
pub(super) struct Links {
    pub(super) visitors: TcpProxy,
    /// Platform to bridge.
    pub(super) calls: HttpProxy,
    /// Bridge to platform.
    pub(super) pushes: HttpProxy,
    /// Tool to bridge.
    pub(super) events: HttpProxy,
    /// Bridge to tool, which has faults of its own.
    pub(super) tool: (Faults, Plan),
}

impl Links {
    /// Every link between two servers.
    fn servers(&self) -> [(&'static str, &Faults, &Plan); 4] {
        [
            ("webhook calls", &self.calls.faults, &self.calls.worst),
            ("pushes", &self.pushes.faults, &self.pushes.worst),
            ("events of the tool", &self.events.faults, &self.events.worst),
            ("calls of the tool", &self.tool.0, &self.tool.1),
        ]
    }

    /// Changes the faults of one link after the other, without end.
    pub(super) async fn storm(&self, seed: u64) {
        let mut rng = Rng::new(seed);
        self.visitors.cutting.store(true, Ordering::Relaxed);
        loop {
            let (_, faults, worst) = self.servers()[rng.below(4) as usize];
            let plan = draw_faults(&mut rng, worst);
            let outage = plan.down;
            faults.set(plan);
            tokio::time::sleep(rng.millis(PLAN_MS.0, PLAN_MS.1)).await;
            if outage {
                faults.set(faults_without_outage(&mut rng, worst));
            }
        }
    }

    /// Ends the faults on every link.
    pub(super) fn calm(&self) {
        self.visitors.cutting.store(false, Ordering::Relaxed);
        for (_, faults, _) in self.servers() {
            faults.set(Plan::default());
        }
    }

    /// What went wrong on each link so far.
    pub(super) fn wrongs(&self) -> Vec<(&'static str, u64)> {
        let servers = self.servers().map(|(name, faults, _)| (name, faults.wrong()));
        servers.into_iter().chain([("visitors", self.visitors.cuts())]).collect()
    }
}

fn draw_faults(rng: &mut Rng, worst: &Plan) -> Plan {
    let down = worst.down && rng.below(OUTAGES) == 0;
    Plan { down, ..faults_without_outage(rng, worst) }
}

fn faults_without_outage(rng: &mut Rng, worst: &Plan) -> Plan {
    let seed = rng.number();
    let mut up_to = |most: u32| rng.below(u64::from(most) + 1) as u32;
    Plan {
        seed,
        cut: up_to(worst.cut),
        lose: up_to(worst.lose),
        repeat: up_to(worst.repeat),
        straggle: up_to(worst.straggle),
        delay_ms_max: rng.below(worst.delay_ms_max + 1),
        ..Plan::default()
    }
}
