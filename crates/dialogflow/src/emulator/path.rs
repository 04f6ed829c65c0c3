//! Paths below `/v2/`: the four forms of a session, and the call to it.

use super::failure::Failure;
use crate::SESSION_CHARS_MAX;

#[derive(Debug, PartialEq)]
pub(super) struct Target {
    /// The whole path of the session.
    pub(super) session: String,
    pub(super) call: Call,
}

#[derive(Debug, PartialEq)]
pub(super) enum Call {
    DetectIntent,
    Contexts,
    Context(String),
}

pub(super) fn target(path: &str) -> Result<Target, Failure> {
    let (session, call) = if let Some(session) = path.strip_suffix(":detectIntent") {
        (session, Call::DetectIntent)
    } else if let Some(session) = path.strip_suffix("/contexts") {
        (session, Call::Contexts)
    } else if let Some((session, context)) = path.rsplit_once("/contexts/") {
        (session, Call::Context(context.to_owned()))
    } else {
        return Err(Failure::not_found(format!("There is nothing at /v2/{path}.")));
    };
    check(session)?;
    Ok(Target { session: session.to_owned(), call })
}

fn check(session: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = session.split('/').collect();
    let (["projects", _, "agent", within @ ..]
    | ["projects", _, "locations", _, "agent", within @ ..]) = parts.as_slice()
    else {
        return Err(mismatch());
    };
    let (user, id) = match within {
        ["sessions", id] => ("-", *id),
        ["environments", _, "users", user, "sessions", id] => (*user, *id),
        _ => return Err(mismatch()),
    };
    if parts.iter().any(|part| part.is_empty()) || id.contains(':') {
        return Err(mismatch());
    }
    for (what, id) in [("Session", id), ("User", user)] {
        if id.chars().count() > SESSION_CHARS_MAX {
            let why = format!("{what} id exceeds {SESSION_CHARS_MAX} characters.");
            return Err(Failure::invalid_argument(why));
        }
    }
    Ok(())
}

fn mismatch() -> Failure {
    Failure::invalid_argument("Resource name does not match 'projects/*/agent/sessions/*'.")
}
