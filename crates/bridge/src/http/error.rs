//! The one place where failures of chats and of the store become answers.

use edge::http::ApiError;
use machine::chat::Refusal;
use store::{StepError, StoreError};
use wire::{
    problem::{Problem, ProblemId},
    visitor::AgentView,
};

pub(crate) fn of_store(error: &StoreError) -> ApiError {
    if error.is_temporary() { ApiError::unavailable(error) } else { ApiError::internal(error) }
}

pub(crate) fn of_step(error: StepError<Refusal>) -> ApiError {
    match error {
        StepError::NotFound => no_such_chat(),
        StepError::Refused(refusal) => of_refusal(refusal),
        StepError::KeyReused => ApiError(
            Problem::new(ProblemId::IdReused, "Send another text under another clientId.")
                .at("clientId"),
        ),
        StepError::Store(error) => of_store(&error),
    }
}

pub(crate) fn no_such_chat() -> ApiError {
    ApiError::new(ProblemId::NotFound, "There is no such chat, or it is not yours to see.")
}

fn of_refusal(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Taken { by } => {
            let mut problem = Problem::new(ProblemId::Taken, format!("{} has this chat.", by.name));
            problem.agent = Some(AgentView { name: Some(by.name), avatar_url: by.avatar_url });
            ApiError(problem)
        }
        Refusal::Closed => ApiError::new(ProblemId::Closed, "The bot answers this visitor again."),
        Refusal::NotClaimed => ApiError::new(ProblemId::NotClaimed, "Claim the chat first."),
        Refusal::TooManyWaiting => ApiError::new(
            ProblemId::TooManyWaiting,
            "The platform has not taken your earlier messages yet; try again in a moment.",
        ),
    }
}
