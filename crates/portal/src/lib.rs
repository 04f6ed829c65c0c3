//! The admin API: everything behind `/api/v1`, for the portal's pages and for programs.
//!
//! Each endpoint group is one file under `api/`. A new one needs its handlers, a line for each of
//! them in `needs.rs`, which says what right it needs, and one in `routes.rs`: `http/guard.rs` has
//! looked at the caller before a handler runs, and the tests go through that table.
#![forbid(unsafe_code)]

mod api;
mod app;
mod error;
mod http;
mod needs;
mod people;
mod routes;

use std::sync::Arc;

use axum::Router;
use directory::{Directory, DirectoryError};
use edge::Clock;
use secrecy::SecretString;
use store::{Store, StoreError};
use utoipa::openapi::OpenApi;

use app::App;

pub use people::UserError;

/// The admin API of one server.
#[derive(Clone)]
pub struct Portal(Arc<App>);

/// What the admin API works with.
pub struct Parts {
    pub directory: Directory,
    pub store: Store,
    pub clock: Clock,
    /// A key that acts as an admin of the first organization, for set-ups without a browser.
    pub bootstrap_key: Option<SecretString>,
}

impl Portal {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(App::new(parts)))
    }

    /// Makes what must be there from the start.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(&self) -> Result<(), DirectoryError> {
        people::ensure_organization(&self.0.directory).await
    }

    /// Every route, from the root of the server.
    pub fn router(&self) -> Router {
        routes::router(&self.0)
    }

    /// What is described beside the handlers.
    #[must_use]
    pub fn openapi() -> OpenApi {
        routes::openapi()
    }

    /// The one-time token of the set-up, while nobody owns the first organization. A new one
    /// replaces that of the last start.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_up_token(&self) -> Result<Option<SecretString>, StoreError> {
        self.0.set_up.token().await
    }

    /// Makes a user, for the operator of the server: an owner of the first organization.
    ///
    /// # Errors
    /// When the address is taken or the password could be guessed.
    pub async fn make_owner(
        &self,
        email: &str,
        name: &str,
        password: SecretString,
    ) -> Result<(), UserError> {
        self.0.set_up.make_owner(email, name, password).await
    }
}
