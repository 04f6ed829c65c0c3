//! The bot from an agent export, on real exports.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod script;

mod covid;
mod entities;
mod handover;
mod languages;
mod loading;
mod mystery;
mod properties;
mod slots;
