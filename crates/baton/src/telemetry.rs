//! Logs: one line per event on standard error. `BATON_LOG` sets the filter. `BATON_LOG_FORMAT=json`
//! writes JSON.
//!
//! Crates of others may show what passes through them, such as headers and frames, below the level
//! `info`. So they are never heard there, whatever the filter asks for.

use std::{
    env,
    io::{IsTerminal, stderr},
};

use anyhow::{Context as _, bail, ensure};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// The crates whose every word is ours.
const OURS: [&str; 10] = [
    "baton",
    "bridge",
    "connector",
    "connectors",
    "dialogflow",
    "edge",
    "kit",
    "platform",
    "simulators",
    "store",
];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// An error names the part of `BATON_LOG` that is wrong.
pub(crate) fn start() -> anyhow::Result<()> {
    let filter = filter(&variable("BATON_LOG")?).context("BATON_LOG")?;
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(colours(&stderr()));
    let format = variable("BATON_LOG_FORMAT")?;
    let lines = match format.as_str() {
        "" | "text" => lines.with_target(false).boxed(),
        "json" => lines.json().boxed(),
        _ => bail!("BATON_LOG_FORMAT is {format:?}: use text or json"),
    };
    let heard = filter.and(filter_fn(may_be_heard));
    tracing_subscriber::registry().with(lines.with_filter(heard)).init();
    Ok(())
}

/// Colours are for a terminal whose owner has not turned them off (no-color.org).
pub(crate) fn colours(stream: &impl IsTerminal) -> bool {
    let plain = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    stream.is_terminal() && !plain("NO_COLOR") && !dumb
}

fn variable(name: &str) -> anyhow::Result<String> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Ok(String::new()),
        Err(env::VarError::NotUnicode(_)) => bail!("{name} is not text"),
    }
}

fn may_be_heard(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || is_ours(event.target())
}

fn is_ours(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    OURS.contains(&root)
}

fn filter(text: &str) -> anyhow::Result<EnvFilter> {
    if text.trim().is_empty() {
        return Ok(EnvFilter::new("info"));
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    for part in &parts {
        // A lone word that is no level would silence everything else.
        let known = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level)) || is_ours(part);
        ensure!(
            known || part.contains(['=', '[', ']', '{', '}']),
            "{part:?} is no level: use {}, or CRATE=LEVEL, with commas between",
            LEVELS.join(", ")
        );
        let level = part.rsplit_once('=').map(|(_, level)| level);
        ensure!(
            level.is_none_or(|level| LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)))
                || part.contains(['[', ']', '{', '}']),
            "{part:?} has no level behind the `=`: use {}",
            LEVELS.join(", ")
        );
    }
    EnvFilter::try_new(parts.join(",")).with_context(|| format!("{text:?} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_part_of_the_filter_is_named() {
        for good in [
            "",
            " ",
            "info",
            "TRACE",
            "info,store=debug",
            "bridge::http=trace",
            "store",
            "warn, hyper=error",
            "off",
        ] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for (bad, part) in [
            ("inof", "\"inof\""),
            ("info,debgu", "\"debgu\""),
            ("store=loud", "\"store=loud\""),
            ("info,platform=,x=warn", "\"platform=\""),
            ("5x", "\"5x\""),
        ] {
            let said = format!("{:#}", filter(bad).unwrap_err());
            assert!(said.contains(part) && said.contains("trace"), "{bad}: {said}");
        }
    }

    #[test]
    fn only_our_own_crates_are_known() {
        for ours in ["baton", "store::sqlite::writer", "edge::egress"] {
            assert!(is_ours(ours), "{ours}");
        }
        for foreign in ["hyper", "tungstenite::protocol", "log", "store_x", "rustls", ""] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
