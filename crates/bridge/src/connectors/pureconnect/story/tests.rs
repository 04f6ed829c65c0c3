//! Scripts of events.
