//! Who calls. The guard has looked at it before a handler runs.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use directory::{
    Held,
    author::{Author, By},
    rights::Role,
};

use wire::problem::ProblemId;

use crate::{
    error::{Error, Result},
    people::Session,
};

/// Somebody who has proven who it is.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) by: By,
    pub(crate) address: String,
    /// Of a person who is signed in.
    pub(crate) session: Option<Arc<Session>>,
    /// The user's document, of such a person.
    pub(crate) user: Option<Held>,
}

impl Caller {
    pub(crate) fn author(&self) -> Author {
        Author { by: self.by.clone(), address: Some(self.address.clone()) }
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// When a program calls.
    pub(crate) fn person(&self) -> Result<(&Held, &Session)> {
        let person = self.user.as_ref().zip(self.session.as_deref());
        person.ok_or_else(|| {
            let detail = "An API key has no account: sign in as a person.";
            Error::new(ProblemId::Forbidden, detail)
        })
    }
}

/// The organization of a request, and what the caller is in it.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) caller: Caller,
    pub(crate) organization: Held,
    pub(crate) role: Role,
    /// Ids of the only bots that the caller sees.
    pub(crate) bots: Option<Arc<[String]>>,
}

impl Here {
    /// The id of the organization.
    pub(crate) fn id(&self) -> &str {
        &self.organization.id
    }

    pub(crate) fn author(&self) -> Author {
        self.caller.author()
    }

    pub(crate) fn sees_bot(&self, id: &str) -> bool {
        self.bots.as_ref().is_none_or(|bots| bots.iter().any(|bot| bot == id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(Error::not_found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Here {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(Error::not_found)
    }
}
