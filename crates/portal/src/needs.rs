//! What each route of the admin API asks of its caller, in one table.

use directory::rights::Right;
use http::Method;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Anybody: the handler looks at a token or a password in the body.
    Nothing,
    /// A person or a program that has proven who it is.
    Caller,
    /// A member of the organization in the path, with this right.
    Right(Right),
    /// An owner of the first organization, who answers for the server.
    Installation,
}

impl Needs {
    /// As the description of the API names it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Caller => "caller".to_owned(),
            Self::Installation => "installation".to_owned(),
            Self::Right(right) => right.name(),
        }
    }
}

/// Where the admin API stands.
pub(crate) const PREFIX: &str = "/api/v1";

use Needs::{Caller, Installation, Nothing};

const fn right(right: Right) -> Needs {
    Needs::Right(right)
}

/// The routes. One that is not here is never served, and a test fails.
pub(crate) const TABLE: &[(Method, &str, Needs)] = &[
    (Method::GET, "/set-up", Nothing),
    (Method::POST, "/set-up", Nothing),
    (Method::POST, "/session", Nothing),
    (Method::GET, "/session", Caller),
    (Method::DELETE, "/session", Caller),
    (Method::GET, "/sessions", Caller),
    (Method::DELETE, "/sessions/{session}", Caller),
    (Method::PUT, "/account/password", Caller),
    (Method::POST, "/account/second-factor", Caller),
    (Method::PUT, "/account/second-factor", Caller),
    (Method::DELETE, "/account/second-factor", Caller),
    (Method::POST, "/invitation", Nothing),
    (Method::POST, "/invitation/accept", Nothing),
    (Method::POST, "/organizations", Installation),
    (Method::GET, "/organizations/{organization}", right(Right::SeeOrganization)),
    (Method::PUT, "/organizations/{organization}", right(Right::ChangeOrganization)),
    (Method::GET, "/organizations/{organization}/members", right(Right::SeePeople)),
    (Method::GET, "/organizations/{organization}/members/{user}", right(Right::SeePeople)),
    (Method::PUT, "/organizations/{organization}/members/{user}", right(Right::ManagePeople)),
    (Method::DELETE, "/organizations/{organization}/members/{user}", right(Right::ManagePeople)),
    (Method::GET, "/organizations/{organization}/invitations", right(Right::ManagePeople)),
    (Method::POST, "/organizations/{organization}/invitations", right(Right::ManagePeople)),
    (
        Method::DELETE,
        "/organizations/{organization}/invitations/{invitation}",
        right(Right::ManagePeople),
    ),
    (Method::GET, "/organizations/{organization}/api-keys", right(Right::ManageApiKeys)),
    (Method::POST, "/organizations/{organization}/api-keys", right(Right::ManageApiKeys)),
    (Method::DELETE, "/organizations/{organization}/api-keys/{key}", right(Right::ManageApiKeys)),
    (Method::GET, "/organizations/{organization}/audit", right(Right::ReadAudit)),
    (Method::GET, "/organizations/{organization}/audit/export", right(Right::ReadAudit)),
    (Method::POST, "/organizations/{organization}/audit/verify", right(Right::ReadAudit)),
    (Method::POST, "/organizations/{organization}/apply", right(Right::ChangeOrganization)),
    (Method::GET, "/organizations/{organization}/export", right(Right::ChangeOrganization)),
];

/// Documents by the last part of their path, with the right to change them. All have the same
/// endpoints.
const DOCUMENTS: &[(&str, Right)] = &[
    ("bots", Right::ChangeBots),
    ("routes", Right::ChangeRoutes),
    ("connectors", Right::ChangeConnectors),
    ("agents", Right::ManageDesk),
];

/// What a route needs, by its method and its path as it is written in the table.
pub(crate) fn needs(method: &Method, path: &str) -> Option<Needs> {
    let path = path.strip_prefix(PREFIX)?;
    let entry = TABLE.iter().find(|(of, at, _)| of == method && *at == path);
    entry.map(|(_, _, needs)| *needs).or_else(|| of_documents(method, path))
}

fn of_documents(method: &Method, path: &str) -> Option<Needs> {
    let rest = path.strip_prefix("/organizations/{organization}/")?;
    let (table, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (_, change) = DOCUMENTS.iter().find(|(name, _)| *name == table)?;
    let change = right(*change);
    let see = right(Right::SeeSettings);
    match (method.as_str(), rest) {
        ("GET", "" | "{document}" | "{document}/versions") => Some(see),
        ("POST", "" | "{document}/roll-back") | ("PUT" | "DELETE", "{document}") => Some(change),
        _ => None,
    }
}
