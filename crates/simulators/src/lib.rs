//! Simulators of the tools in which human agents work: the vendor's API on one side, and on the
//! other side a person or a script who plays the agent.
//!
//! `baton simulate` and `baton demo --tool` serve one; tests and the proving ground do too. A
//! simulator is written from what is known of the vendor and uses no code of ours. What all share:
//! how an agent acts ([`Act`]), what the tool shows its agents ([`Chat`]), what goes wrong
//! ([`faults`]), a clock of its own ([`time`]), a page for a person (`/_simulator/`), and the list
//! of all tools ([`catalog`]).
#![forbid(unsafe_code)]

mod caller;
pub mod catalog;
mod console;
pub mod faults;
pub mod genesys_cloud;
pub mod pureconnect;
pub mod rng;
pub mod service_manager;
pub mod servicenow;
mod simulator;
pub mod time;
mod tool;
pub mod webhook;

pub use simulator::Simulator;
pub use tool::{Act, Chat, From, Line, Phase, Tool};
