//! The real binary, driven from outside over HTTP: nothing here knows how it is made.

mod bridge;
mod command_line;
mod demo;
mod emulate;
mod journey;
mod kill;
mod late;
mod platform;
mod pushes;
mod world;
