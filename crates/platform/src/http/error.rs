//! What goes wrong inside, as the problems of the visitor API.

use edge::http::ApiError;
use http::{HeaderMap, header};
use machine::conversation::Refusal;
use store::{StepError, StoreError};
use wire::problem::{Problem, ProblemId};

pub(super) fn store(error: &StoreError) -> ApiError {
    if error.is_temporary() { ApiError::unavailable(error) } else { ApiError::internal(error) }
}

pub(super) fn step(error: &StepError<Refusal>) -> ApiError {
    match error {
        StepError::NotFound => unauthorized(),
        StepError::KeyReused => {
            let detail = "Use a new clientId for a new message.";
            Problem::new(ProblemId::IdReused, detail).at("clientId").into()
        }
        StepError::Refused(Refusal::TooManyWaiting) => ApiError::new(
            ProblemId::TooManyWaiting,
            "Wait until the messages before this one are answered.",
        ),
        StepError::Store(error) => store(error),
    }
}

/// The same for every way in which a token can be wrong.
pub(super) fn unauthorized() -> ApiError {
    ApiError::new(
        ProblemId::Unauthorized,
        "Send the visitor's token as `Authorization: Bearer <token>`.",
    )
}

pub(super) async fn not_found() -> ApiError {
    ApiError::new(ProblemId::NotFound, "No such path; see the visitor API.")
}

pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(ProblemId::MethodNotAllowed, "This path has other methods; see `Allow`.")
}

pub(super) fn not_json() -> ApiError {
    ApiError::new(ProblemId::NotJson, "Send `Content-Type: application/json`.")
}

pub(super) fn not_a_number(field: &str) -> ApiError {
    let detail = format!("`{field}` is no whole number: send one, or leave it out");
    Problem::new(ProblemId::InvalidField, detail).at(field).into()
}

/// False for what is clearly not JSON; a missing content type passes (contract, section 15).
pub(super) fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(declared) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let declared = declared.to_str().unwrap_or("?").to_ascii_lowercase();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    matches!(essence, "" | "application/json" | "text/json") || essence.ends_with("+json")
}
