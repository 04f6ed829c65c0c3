//! Tests of the real binary over HTTP. They do not use its internals.

mod bridge;
mod check;
mod command_line;
mod damage;
mod demo;
mod disk;
mod emulate;
mod errors;
mod fulfilment;
mod hostile_sockets;
mod journey;
mod kill;
mod listen;
mod openapi;
mod operations;
mod pages;
mod platform;
mod proxies;
mod pushes;
mod receivers;
mod secrets;
mod strace;
mod transcript;
mod upgrade;
mod world;
