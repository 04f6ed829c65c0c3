//! The bot from an agent export, on real exports, and Google's clients against loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod script;
mod server;

mod covid;
mod cx;
mod emulator;
mod entities;
mod es;
mod fulfilment;
mod handover;
mod languages;
mod letters;
mod loading;
mod mystery;
mod properties;
mod slots;
mod turns;
