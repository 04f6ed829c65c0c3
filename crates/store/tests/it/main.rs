//! The store from outside: what both engines promise runs on both.

mod backend;
mod counter;
mod kill;
mod ledger;
mod nodes;
mod records;
mod refusals;
mod watch;
