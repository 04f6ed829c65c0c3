//! Every case passes against the correct server, and fails against the one with its flaw.
//!
//! What else fails with a flaw is written down in `flaws/*.txt`, a line for each; `UPDATE=1`
//! writes it anew.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use kit::{
    address::free_address,
    conformance::{Case, Report, Selection, middleware, platform},
};
use secrecy::SecretString;

use crate::{
    middleware::{KEY, Middleware, TOKEN},
    platform::Platform,
};

/// Their flaw shows with luck in other cases too, since they are about what goes on meanwhile.
const ALONE: [&str; 4] = [
    "middleware/kept-connection",
    "middleware/many-visitors",
    "platform/visitors-do-not-wait",
    "platform/push-same-at-once",
];
/// Cases that wait for seconds; run only where they matter.
const SLOW: [&str; 8] = [
    "late",
    "dripping",
    "endless",
    "at-four-seconds",
    "visitors-do-not-wait",
    "calls-are-rare",
    "types-again",
    "answer-before-reply",
];

/// How long what must come is waited for: a flaw may be that it never comes.
const WAIT: Duration = Duration::from_millis(2_500);
const SLOW_WAIT: Duration = Duration::from_secs(10);

fn short(id: &'static str) -> &'static str {
    id.split_once('/').unwrap().1
}

fn is_slow(id: &str) -> bool {
    SLOW.iter().any(|part| id.contains(part))
}

/// The cases to run for the flaw of `id`: those of its own table, or all given ones.
fn beside<W>(id: &'static str, table: &'static [Case<W>]) -> Selection {
    let cases = table.iter().map(|case| case.id);
    let runs = |other: &&str| {
        *other == id || !ALONE.contains(&id) && !ALONE.contains(other) && !is_slow(other)
    };
    Selection { only: cases.filter(runs).map(str::to_owned).collect(), contract: None }
}

async fn check_middleware(flaw: &'static str, selection: &Selection) -> anyhow::Result<Report> {
    let listen: SocketAddr = free_address()?.parse()?;
    let (url, middleware) = Middleware::start(flaw, &format!("http://{listen}")).await;
    let agent = middleware.clone();
    let hook = move |user, task| {
        let agent = agent.clone();
        Box::pin(async move { agent.agent(user, task).await }) as futures::future::BoxFuture<_>
    };
    let pushes = middleware::Pushes {
        listen,
        key: SecretString::from(KEY),
        operator: middleware::Operator::Hook(Arc::new(hook)),
        patience: Duration::from_millis(500),
    };
    let options = middleware::Options {
        url,
        token: SecretString::from(TOKEN),
        bot: "check".to_owned(),
        pushes: Some(pushes),
    };
    middleware::check(options, selection).await
}

async fn check_platform(flaw: &'static str, selection: &Selection) -> anyhow::Result<Report> {
    let listen: SocketAddr = free_address()?.parse()?;
    let base = Platform::start(flaw, &format!("http://{listen}/hook")).await;
    let options = platform::Options {
        base,
        push_key: SecretString::from(KEY),
        bot: "support".to_owned(),
        listen,
        webhook_token: SecretString::from(TOKEN),
        custom_header: Some("X-Gateway-Key".to_owned()),
        trigger: "talk to a person".to_owned(),
        question: "what is your purpose?".to_owned(),
        event: "WELCOME".to_owned(),
        patience: if flaw.is_empty() || is_slow(flaw) { SLOW_WAIT } else { WAIT },
    };
    platform::check(options, selection).await
}

fn all_pass(report: &Report) {
    assert_eq!((report.failed, report.skipped), (0, 0), "{}", report.to_json());
    assert!(report.passed >= 40, "{}", report.passed);
    let said = report.to_json() + &report.to_junit();
    assert!(!said.contains(TOKEN) && !said.contains(KEY));
}

#[tokio::test]
async fn a_correct_middleware_passes() -> anyhow::Result<()> {
    all_pass(&check_middleware("", &Selection::default()).await?);
    Ok(())
}

#[tokio::test]
async fn a_correct_platform_passes() -> anyhow::Result<()> {
    all_pass(&check_platform("", &Selection::default()).await?);
    Ok(())
}

/// Every flaw is found by its case; the others that fail are those written down.
fn compare(name: &str, found: &[(&'static str, Report)]) -> anyhow::Result<()> {
    let mut missed = Vec::new();
    let mut lines = String::new();
    for (id, report) in found {
        let failures = report.failures();
        if !failures.contains(id) {
            missed.push(*id);
        }
        let mut others: Vec<_> = failures.into_iter().filter(|other| other != id).collect();
        others.sort_unstable();
        let others: Vec<_> = others.into_iter().map(short).collect();
        let line = format!("{}: {}", short(id), others.join(" "));
        lines += line.trim_end();
        lines += "\n";
        let said = report.to_json() + &report.to_junit();
        assert!(!said.contains(TOKEN) && !said.contains(KEY), "{id}: a secret in the report");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/flaws").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap())?;
        std::fs::write(&path, &lines)?;
    }
    assert!(missed.is_empty(), "found no flaw: {missed:#?}");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    for (known, line) in known.lines().zip(lines.lines()) {
        assert_eq!(known, line);
    }
    assert_eq!(known.lines().count(), lines.lines().count());
    Ok(())
}

#[tokio::test]
async fn every_case_for_a_middleware_can_fail() -> anyhow::Result<()> {
    let tables = middleware::tables();
    let cases = tables.iter().flat_map(|table| table.iter().map(|case| (case.id, *table)));
    let runs = cases.map(async |(id, table)| {
        anyhow::Ok((id, check_middleware(short(id), &beside(id, table)).await?))
    });
    let found: Vec<_> = stream::iter(runs).buffered(6).collect().await;
    compare("middleware.txt", &found.into_iter().collect::<anyhow::Result<Vec<_>>>()?)
}

#[tokio::test]
async fn every_case_for_a_platform_can_fail() -> anyhow::Result<()> {
    let tables = platform::tables();
    let cases = tables.iter().flat_map(|table| table.iter().map(|case| (case.id, *table)));
    let runs = cases.map(async |(id, table)| {
        anyhow::Ok((id, check_platform(short(id), &beside(id, table)).await?))
    });
    let found: Vec<_> = stream::iter(runs).buffered(12).collect().await;
    compare("platform.txt", &found.into_iter().collect::<anyhow::Result<Vec<_>>>()?)
}
