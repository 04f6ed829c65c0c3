//! Faults between a server and its callers, chosen by a seed: calls that never arrive, answers lost
//! after the call was processed, calls that arrive twice or once more later, delays and limits.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// Larger than any vendor accepts.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Delay of a late repeat, in milliseconds.
const STRAGGLES_MS: (u64, u64) = (30, 1_000);

/// Makes the server's response for a failure of its own.
type Wording = dyn Fn(StatusCode) -> Response + Send + Sync;

/// Which faults to inject. Chances are per thousand calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    pub seed: u64,
    /// Connections are cut before the request is read.
    pub down: bool,
    /// Every call is answered with this status.
    pub status: Option<u16>,
    /// `Retry-After` of such answers and of 429, in seconds.
    pub retry_after: Option<u64>,
    /// More calls in one second are answered with 429.
    pub calls_per_second: Option<u32>,
    /// The call never arrives.
    pub cut: u32,
    /// The call is processed and its answer is lost.
    pub lose: u32,
    /// The call arrives twice.
    pub repeat: u32,
    /// The call arrives once more, after its answer and perhaps after later calls.
    pub straggle: u32,
    /// Every call waits up to this long.
    pub delay_ms_max: u64,
    /// Only calls whose path contains this get faults.
    pub path: Option<String>,
}

/// Clones share plan and counts.
#[derive(Clone)]
pub struct Faults {
    failure: Arc<Wording>,
    state: Arc<Mutex<Current>>,
}

struct Current {
    plan: Plan,
    rng: Rng,
    second: Instant,
    calls_in_second: u32,
    calls: u64,
    wrong: u64,
    record: Option<Vec<(Instant, String)>>,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    Cut,
    Lose,
    Repeat,
    Straggle(Duration),
    Answer(u16, Option<u64>),
}

impl Faults {
    /// Starts without faults; `failure` makes the server's failure responses.
    pub fn new(failure: impl Fn(StatusCode) -> Response + Send + Sync + 'static) -> Self {
        let current = Current {
            plan: Plan::default(),
            rng: Rng::new(0),
            second: Instant::now(),
            calls_in_second: 0,
            calls: 0,
            wrong: 0,
            record: None,
        };
        Self { failure: Arc::new(failure), state: Arc::new(Mutex::new(current)) }
    }

    /// Replaces the plan of faults.
    pub fn set(&self, plan: Plan) {
        let mut current = self.lock();
        current.rng = Rng::new(plan.seed);
        current.plan = plan;
    }

    #[must_use]
    pub fn plan(&self) -> Plan {
        self.lock().plan.clone()
    }

    /// Number of calls so far, with and without faults.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Number of calls with a fault.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.lock().wrong
    }

    /// Starts to record the time and path of each call.
    pub fn record(&self) {
        self.lock().record = Some(Vec::new());
    }

    /// Returns the recorded calls and stops recording.
    #[must_use]
    pub fn recorded(&self) -> Vec<(Instant, String)> {
        self.lock().record.take().unwrap_or_default()
    }

    /// Wraps the server's routes in these faults.
    pub fn around(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), meddle))
    }

    fn fate(&self, path: &str) -> (Fate, Duration) {
        let mut current = self.lock();
        let Current { plan, rng, second, calls_in_second, calls, wrong, record } = &mut *current;
        *calls += 1;
        if let Some(record) = record {
            record.push((Instant::now(), path.to_owned()));
        }
        if plan.path.as_ref().is_some_and(|part| !path.contains(part)) {
            return (Fate::Pass, Duration::ZERO);
        }
        let delay = Duration::from_millis(rng.below(plan.delay_ms_max + 1));
        if second.elapsed() >= Duration::from_secs(1) {
            (*second, *calls_in_second) = (Instant::now(), 0);
        }
        *calls_in_second += 1;
        let draw = rng.below(1_000) as u32;
        let fate = if plan.down {
            Fate::Cut
        } else if let Some(status) = plan.status {
            Fate::Answer(status, plan.retry_after)
        } else if plan.calls_per_second.is_some_and(|most| *calls_in_second > most) {
            Fate::Answer(429, Some(plan.retry_after.unwrap_or(1)))
        } else if draw < plan.cut {
            Fate::Cut
        } else if draw < plan.cut + plan.lose {
            Fate::Lose
        } else if draw < plan.cut + plan.lose + plan.repeat {
            Fate::Repeat
        } else if draw < plan.cut + plan.lose + plan.repeat + plan.straggle {
            Fate::Straggle(rng.millis(STRAGGLES_MS.0, STRAGGLES_MS.1))
        } else {
            Fate::Pass
        };
        *wrong += u64::from(fate != Fate::Pass);
        (fate, delay)
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.state.lock()
    }
}

async fn meddle(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let (fate, delay) = faults.fate(request.uri().path());
    tokio::time::sleep(delay).await;
    match fate {
        Fate::Pass => next.run(request).await,
        Fate::Cut => cut(),
        Fate::Lose => {
            next.run(request).await;
            cut()
        }
        Fate::Repeat => twice(request, next, None).await,
        Fate::Straggle(late) => twice(request, next, Some(late)).await,
        Fate::Answer(status, retry_after) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let mut response = (faults.failure)(status);
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
    }
}

/// The caller gets the second answer, or the first when the second call is a late repeat.
async fn twice(request: Request, next: Next, late: Option<Duration>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else { return cut() };
    let first = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let second = Request::from_parts(parts, Body::from(body));
    let Some(late) = late else {
        next.clone().run(first).await;
        return next.run(second).await;
    };
    let straggler = next.clone();
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        straggler.run(second).await;
    });
    next.run(first).await
}

/// A response whose body fails, so the server closes the connection.
fn cut() -> Response {
    let broken: Result<Bytes, io::Error> = Err(io::ErrorKind::ConnectionReset.into());
    Response::new(Body::from_stream(futures::stream::iter([broken])))
}
