//! The store from outside: what both engines promise runs on both.
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod alone;
mod altered;
mod aside;
mod backend;
mod commits;
mod counter;
mod damages;
mod files;
mod kill;
mod ledger;
mod load;
mod locked;
mod lost;
mod nodes;
mod poison;
mod records;
mod refusals;
mod repair;
mod tls;
mod watch;
