//! The bot from an agent export, on real exports.

mod script;

mod covid;
mod entities;
mod handover;
mod languages;
mod loading;
mod mystery;
mod properties;
mod slots;
