//! The conformance kit against small servers that are correct, or have one flaw each.

mod docs;
mod flaws;
mod middleware;
mod platform;
