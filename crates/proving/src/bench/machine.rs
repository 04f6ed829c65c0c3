//! Processor time of processes and of the machine, as Linux reports them.

use std::time::Duration;

use anyhow::Context as _;

/// Clock ticks of `/proc` per second; the same on every Linux.
const TICKS: f64 = 100.0;
/// Cores that other programs may use during a measurement.
pub(super) const OTHERS_MAX: f64 = 0.25;
/// How long to wait for a quiet machine before measuring anyway.
const QUIET_LOOKS: usize = 40;
const QUIET_LOOK: Duration = Duration::from_millis(250);

/// Processor seconds a process has used, by itself and by the system for it.
pub(super) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')').context("a stat line")?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let user = ticks(11).context("user time")?;
    let system = ticks(12).context("system time")?;
    Ok((user + system) / TICKS)
}

/// Processor seconds all programs together have used.
pub(super) fn busy_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("the line of all cores")?;
    let fields = line.split_whitespace().skip(1).filter_map(|field| field.parse::<f64>().ok());
    // user, nice, system, idle, iowait, irq, softirq, steal; the rest is counted in user already.
    let busy: f64 =
        fields.take(8).enumerate().filter(|(n, _)| !matches!(n, 3 | 4)).map(|(_, t)| t).sum();
    Ok(busy / TICKS)
}

/// Waits up to ten seconds until other programs use little processor time.
pub(super) async fn wait_for_quiet() -> anyhow::Result<()> {
    for _ in 0..QUIET_LOOKS {
        let before = busy_seconds()?;
        tokio::time::sleep(QUIET_LOOK).await;
        if (busy_seconds()? - before) / QUIET_LOOK.as_secs_f64() < OTHERS_MAX {
            return Ok(());
        }
    }
    Ok(())
}
