//! The closed list of error responses of our own APIs (RFC 9457). The contract's push endpoint has
//! another form of error, in [`crate::push`].

use serde::Serialize;
use utoipa::{
    ToResponse, ToSchema,
    openapi::{
        Content, Object, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, schema::Type,
    },
};

/// Every problem. A new one needs a status, a title and a line in `docs/api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemId {
    InvalidBody,
    MissingField,
    InvalidField,
    IdReused,
    TooLarge,
    TooSlow,
    NotJson,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Taken,
    NotClaimed,
    Closed,
    NameTaken,
    ManagedByFile,
    Stale,
    VersionNeeded,
    CodeNeeded,
    TooManyWaiting,
    RateLimited,
    Unavailable,
    Internal,
}

impl ProblemId {
    pub const ALL: [Self; 23] = [
        Self::InvalidBody,
        Self::MissingField,
        Self::InvalidField,
        Self::IdReused,
        Self::TooLarge,
        Self::TooSlow,
        Self::NotJson,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Taken,
        Self::NotClaimed,
        Self::Closed,
        Self::NameTaken,
        Self::ManagedByFile,
        Self::Stale,
        Self::VersionNeeded,
        Self::CodeNeeded,
        Self::TooManyWaiting,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Stable name, HTTP status, title.
    #[must_use]
    pub fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidBody => ("invalid_body", 400, "The body cannot be read"),
            Self::MissingField => ("missing_field", 400, "A field is missing"),
            Self::InvalidField => ("invalid_field", 400, "A field has a wrong value"),
            Self::IdReused => ("id_reused", 422, "This id was used for something else"),
            Self::TooLarge => ("too_large", 413, "The body is too large"),
            Self::TooSlow => ("too_slow", 408, "The body took too long"),
            Self::NotJson => ("not_json", 415, "The body is not declared as JSON"),
            Self::Unauthorized => ("unauthorized", 401, "No valid secret was presented"),
            Self::Forbidden => ("forbidden", 403, "Not allowed"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Method not allowed"),
            Self::Taken => ("taken", 409, "Another human agent has this chat"),
            Self::NotClaimed => ("not_claimed", 409, "No human agent has claimed this chat"),
            Self::Closed => ("closed", 409, "This chat is closed"),
            Self::NameTaken => ("name_taken", 409, "This name is taken"),
            Self::ManagedByFile => ("managed_by_file", 409, "The server's file sets this"),
            Self::Stale => ("stale", 412, "It was changed meanwhile"),
            Self::VersionNeeded => ("version_needed", 428, "The version you have seen is needed"),
            Self::CodeNeeded => ("code_needed", 401, "A second factor is needed"),
            Self::TooManyWaiting => ("too_many_waiting", 429, "Too many messages are waiting"),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "Not available right now"),
            Self::Internal => ("internal", 500, "Something went wrong on our side"),
        }
    }
}

/// The body of an error response.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(schema_with = ids)]
    pub id: &'static str,
    pub title: &'static str,
    pub status: u16,
    /// What to do about it.
    pub detail: String,
    /// JSON path of the wrong field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<crate::visitor::AgentView>,
    /// As in `x-request-id`; the server's log has it beside the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The list is closed.
fn ids() -> Object {
    let ids = ProblemId::ALL.map(|id| id.facts().0);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ids)).build()
}

/// How a route describes what it answers when it fails.
impl<'r> ToResponse<'r> for Problem {
    fn response() -> (&'r str, RefOr<Response>) {
        let schema = Ref::from_schema_name(Self::name());
        let response = ResponseBuilder::new()
            .description("What went wrong and what to do")
            .content("application/problem+json", Content::new(Some(schema)));
        ("Problem", response.build().into())
    }
}

impl Problem {
    #[must_use]
    pub fn new(id: ProblemId, detail: impl Into<String>) -> Self {
        let (name, status, title) = id.facts();
        let kind = format!("about:blank#{name}");
        let detail = detail.into();
        Self { kind, id: name, title, status, detail, field: None, agent: None, request_id: None }
    }

    /// Sets the JSON path of the wrong field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl From<crate::Invalid> for Problem {
    fn from(invalid: crate::Invalid) -> Self {
        let id = match invalid.code {
            "missing_field" => ProblemId::MissingField,
            "invalid_field" => ProblemId::InvalidField,
            _ => ProblemId::InvalidBody,
        };
        Self { field: invalid.field, ..Self::new(id, invalid.message) }
    }
}
