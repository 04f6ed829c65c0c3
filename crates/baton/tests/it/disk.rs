//! What the server promises of its disk: nothing is acknowledged before it is synced, a full disk
//! is an outage that passes, and a failed sync ends the process.

use anyhow::Context as _;
use kit::visitor::Visitor;
use serde_json::json;

use crate::{
    operations::Installation,
    strace::Strace,
    world::{QUESTION, texts},
};

const SYNCS: &str = "trace=pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync";
/// Frames of the log hold whole pages, and the texts are in them.
const SHOWN: &str = "8192";

/// What a trace tells of one message: when its text was written to the log, when that log was
/// synced by the same thread, and when its answer left, as line numbers.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    written: usize,
    synced: Option<usize>,
    answered: usize,
}

impl Order {
    fn of(trace: &str, text: &str, answers: &mut impl Iterator<Item = usize>) -> Option<Self> {
        let log = "baton.db-wal>";
        let lines: Vec<&str> = trace.lines().collect();
        let written = lines
            .iter()
            .position(|line| line.contains("write") && line.contains(log) && line.contains(text))?;
        let thread = lines[written].split(' ').next()?;
        let synced = lines[written..].iter().position(|line| is_synced(line, thread, log));
        Some(Self {
            written,
            synced: synced.map(|after| written + after),
            answered: answers.find(|line| *line > written)?,
        })
    }

    fn holds(&self) -> bool {
        self.synced.is_some_and(|synced| self.written < synced && synced < self.answered)
    }
}

/// The end of a sync of this file by this thread, also where it was told in two lines.
fn is_synced(line: &str, thread: &str, file: &str) -> bool {
    let is_of_thread = line.split(' ').next() == Some(thread);
    let whole = line.contains("sync(") && line.contains(file);
    let end = line.contains("sync resumed>");
    is_of_thread && (whole || end) && line.ends_with("= 0")
}

/// Says ten things while every system call is recorded; the order of each.
async fn recorded(it: &Installation) -> anyhow::Result<Vec<Order>> {
    let visitor = it.visitor().await?;
    let trace = it.server.path("trace");
    let file = trace.display().to_string();
    let pid = it.server.pid().context("it runs")?;
    let strace = Strace::attach(pid, &["-y", "-s", SHOWN, "-e", SYNCS, "-o", &file]).await?;
    let said: Vec<String> = (0..10).map(|n| format!("{QUESTION} ({n} of ten)")).collect();
    for (n, text) in said.iter().enumerate() {
        let seq = visitor.say(&format!("m{n}"), text).await?;
        visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    }
    strace.detach().await?;
    let trace = String::from_utf8_lossy(&std::fs::read(trace)?).into_owned();
    let accepted = trace.lines().enumerate().filter(|(_, line)| line.contains("HTTP/1.1 202 "));
    let mut accepted = accepted.map(|(number, _)| number);
    let orders = said.iter().map(|text| Order::of(&trace, text, &mut accepted));
    let orders: Option<Vec<Order>> = orders.collect();
    orders.with_context(|| format!("a message is not in the trace:\n{trace}"))
}

#[tokio::test]
async fn a2_no_answer_leaves_before_its_commit_is_synced() -> anyhow::Result<()> {
    let it = Installation::started("stop_grace_seconds = 0").await?;
    for order in recorded(&it).await? {
        assert!(order.holds(), "{order:?}");
    }
    Ok(())
}

/// The same check sees the difference when commits are synced later, as SQLite does by default.
#[cfg(feature = "mutants")]
mod mutants {
    use super::*;

    #[tokio::test]
    async fn a_commit_without_a_sync_is_found_out() -> anyhow::Result<()> {
        let mut it = Installation::new("stop_grace_seconds = 0").await?;
        it.server = it.server.with_env("BATON_MUTANT", "sync-later");
        it.server.start().await?;
        let orders = recorded(&it).await?;
        assert!(orders.iter().any(|order| !order.holds()), "{orders:?}");
        Ok(())
    }
}

/// Lets system calls on the database's files fail until it is detached.
async fn failing(it: &Installation, calls: &str, error: &str) -> anyhow::Result<Strace> {
    let pid = it.server.pid().context("it runs")?;
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error={error}"));
    let files = ["baton.db", "baton.db-wal"].map(|name| it.server.path("data").join(name));
    let [database, log] = files.map(|file| file.display().to_string());
    let out = it.server.path("trace").display().to_string();
    let args = ["-P", &database, "-P", &log, "-e", &trace, "-e", &inject, "-o", &out];
    Strace::attach(pid, &args).await
}

async fn refused(visitor: &Visitor, client_id: &str) -> anyhow::Result<()> {
    let message = json!({ "clientId": client_id, "text": QUESTION });
    let refused = visitor.post("messages", &message).await?.expect(503)?;
    let wait = refused.headers.get("retry-after").context("no Retry-After")?;
    assert!(wait.to_str()?.parse::<u32>()? > 0, "{wait:?}");
    Ok(())
}

#[tokio::test]
async fn a3_a_full_disk_is_an_outage_that_passes() -> anyhow::Result<()> {
    let it = Installation::started("stop_grace_seconds = 0").await?;
    let visitor = it.visitor().await?;
    let seq = visitor.say("first", QUESTION).await?;
    visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    let pid = it.server.pid();

    let full = failing(&it, "write,pwrite64", "ENOSPC").await?;
    for _ in 0..3 {
        refused(&visitor, "second").await?;
    }
    assert_eq!(it.ready().await?, (503, json!({ "ready": false, "store": "failing" })));
    assert_eq!(it.asks("livez").await?.status.as_u16(), 200);
    assert_eq!(texts(&visitor.history().await?, "visitor_message"), [QUESTION]);

    full.detach().await?;
    assert_eq!(it.ready().await?, (200, json!({ "ready": true, "store": "ok" })));
    let seq = visitor.say("second", "what is your purpose again?").await?;
    visitor.wait_for(seq, |event| event.is("bot_message")).await?;
    let said = visitor.history().await?;
    assert_eq!(texts(&said, "visitor_message"), [QUESTION, "what is your purpose again?"]);
    assert_eq!(it.server.pid(), pid, "the same process");
    assert!(it.server.log().contains("the disk of the database is full"), "{}", it.server.log());
    Ok(())
}

#[tokio::test]
async fn a4_a_failed_sync_ends_the_process_and_the_next_one_has_what_was_acknowledged()
-> anyhow::Result<()> {
    let mut it = Installation::started("stop_grace_seconds = 0").await?;
    let visitor = it.visitor().await?;
    let seq = visitor.say("first", QUESTION).await?;
    visitor.wait_for(seq, |event| event.is("bot_message")).await?;

    let failing = failing(&it, "fsync,fdatasync", "EIO").await?;
    let message = json!({ "clientId": "second", "text": QUESTION });
    // The process may be gone before it can say so.
    if let Ok(answer) = visitor.post("messages", &message).await {
        answer.expect(503)?;
    }
    let ended = it.server.ended().await?;
    assert_ne!(ended.code(), Some(0), "{}", it.server.log());
    drop(failing);
    assert!(it.server.log().contains("the store failed"), "{}", it.server.log());

    it.server.start().await?;
    let said = visitor.history().await?;
    assert!(!texts(&said, "bot_message").is_empty(), "what was acknowledged is there: {said:?}");
    visitor.say("second", QUESTION).await?;
    let said = visitor.history().await?;
    let twice = [QUESTION, QUESTION];
    assert_eq!(texts(&said, "visitor_message"), twice, "stored once, whether or not before");
    Ok(())
}
