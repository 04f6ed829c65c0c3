//! The proving ground: everything that looks at Baton from outside.
//!
//! It knows the wire contract and our HTTP faces, and nothing of how they are served, so that it
//! can run against an installation we did not build. Scripted visitors and agents ([`visitor`],
//! [`agent`]), a webhook receiver and a push client ([`receiver`], [`push`]), processes to start
//! and kill ([`server`]), the crash check ([`kill`]), tools agents work in ([`simulator`]) with the
//! check that all five sides hold the same words ([`transcript`]), speed ([`load`] against
//! [`floors`]), and the conformance kit for other people's middleware and platforms
//! ([`conformance`]).
#![forbid(unsafe_code)]

pub mod agent;
pub mod bench;
pub mod config;
pub mod conformance;
pub mod floors;
pub mod hostile;
pub mod http;
pub mod kill;
pub mod load;
pub mod plain;
pub mod push;
pub mod receiver;
pub mod rng;
pub mod server;
pub mod simulator;
pub mod socket;
pub mod transcript;
pub mod visitor;
