//! The store from outside: every test runs on SQLite and on PostgreSQL.

mod backend;
mod counter;
mod ledger;
