//! Tests of the real binary over HTTP. They do not use its internals.

mod bridge;
mod check;
mod command_line;
mod damage;
mod demo;
mod emulate;
mod fulfilment;
mod hostile_sockets;
mod journey;
mod kill;
mod listen;
mod openapi;
mod operations;
mod pages;
mod platform;
mod pushes;
mod receivers;
mod reload;
mod secrets;
mod transcript;
mod upgrade;
mod world;
