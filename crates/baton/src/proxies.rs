//! Proxy settings of the environment are not ours to heed: a call through a proxy goes to addresses
//! that nobody checked. Our own calls never use them. Google's clients would, and cannot be told
//! not to, so the process begins anew without these settings.

use std::{env, ffi::OsString, os::unix::process::CommandExt as _, process};

use anyhow::Context as _;

/// As the HTTP client of Google's libraries reads them.
const NAMES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Begins the process anew if the environment has proxy settings; does not return then.
pub(crate) fn ignore() -> anyhow::Result<()> {
    let set: Vec<&str> = NAMES.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    if set.is_empty() {
        return Ok(());
    }
    tracing::warn!(settings = ?set, "proxy settings of the environment are ignored");
    let mut args = env::args_os();
    let name = args.next().unwrap_or_else(|| OsString::from("baton"));
    let program = env::current_exe().context("cannot find this program to begin it anew")?;
    let mut again = process::Command::new(program);
    again.arg0(name).args(args);
    for name in NAMES {
        again.env_remove(name);
    }
    // The process stays the same for whoever started it.
    Err(again.exec()).context("cannot begin anew without the proxy settings of the environment")
}
