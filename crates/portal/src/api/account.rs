//! `/api/v1/account`: one's own password and second factor.

use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use edge::{
    http::{SentBy, json},
    limits::{Client, SignIn as Attempt},
};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use super::session::name;
use crate::{
    app::App,
    error::{Error, Result},
    http::{Caller, read},
    people::{Proof, Proven, UserError},
};

/// The password of now, and a new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    current: String,
    /// Where a second factor is on.
    code: Option<String>,
    password: String,
}

/// What an authenticator app reads, as text or as the content of a QR code.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    url: String,
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    code: String,
}

/// Codes for a day without the app. Each works once; they are shown only now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// The password of now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmed {
    password: String,
    code: Option<String>,
}

/// Proves once more that it is the user, with the limits of signing in.
async fn prove(
    app: &App,
    client: &Client,
    caller: &Caller,
    password: String,
    code: Option<String>,
) -> Result<()> {
    let (user, _) = caller.person()?;
    let attempt = Attempt { client, account: user.document.slug(), device: None };
    let turn = app.credentials.turn(true).await?;
    attempt.may_be_made()?;
    let proof = Proof { password, code };
    match app.credentials.prove(&turn, Some(&*user.id), proof, app.clock.now()).await? {
        Proven::Yes(_) => Ok(()),
        Proven::NeedsCode => {
            Err(Error::new(ProblemId::CodeNeeded, "Send a code of your authenticator app."))
        }
        Proven::No => {
            attempt.failed();
            Err(Error::new(ProblemId::Forbidden, "The password or the code is wrong."))
        }
    }
}

/// Change one's password; ends all other sessions
#[utoipa::path(
    put, path = "/account/password", tag = "account", operation_id = "changePassword",
    request_body = NewPassword,
    responses(
        (status = 204, description = "It is changed"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 429, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    client: Client,
    caller: Caller,
    body: Body,
) -> Result<StatusCode> {
    let NewPassword { current, code, password } = read(body, SentBy::Known).await?;
    prove(&app, &client, &caller, current, code).await?;
    let (user, session) = caller.person()?;
    let known = [user.document.slug(), &name(user)];
    let hash = app.credentials.hash(SecretString::from(password), &known).await?;
    let version = app.credentials.set_password(&user.id, &hash).await?;
    app.sessions.rebind(session, version, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin a second factor; it counts when a code was seen
#[utoipa::path(
    post, path = "/account/second-factor", tag = "account", operation_id = "beginSecondFactor",
    request_body = Confirmed,
    responses(
        (status = 201, body = SecondFactor, description = "To be read by an authenticator app"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 409, response = Problem),
        (status = 413, response = Problem), (status = 429, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn begin_second_factor(
    State(app): State<Arc<App>>,
    client: Client,
    caller: Caller,
    body: Body,
) -> Result<Response> {
    let Confirmed { password, code } = read(body, SentBy::Known).await?;
    prove(&app, &client, &caller, password, code).await?;
    let (user, _) = caller.person()?;
    let begun = app.credentials.begin_totp(&user.id, user.document.slug()).await;
    let url = begun.map_err(|error| match error {
        UserError::Taken => {
            Error::new(ProblemId::NameTaken, "A second factor is on: end it first.")
        }
        error => error.into(),
    })?;
    let url = url.expose_secret().to_owned();
    Ok(json(StatusCode::CREATED, &SecondFactor { url }))
}

/// Turn the second factor on with its first code; ends all other sessions
#[utoipa::path(
    put, path = "/account/second-factor", tag = "account", operation_id = "confirmSecondFactor",
    request_body = Code,
    responses(
        (status = 200, body = RecoveryCodes, description = "It is on"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn confirm_second_factor(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> Result<Response> {
    let Code { code } = read(body, SentBy::Known).await?;
    let (user, session) = caller.person()?;
    let now = app.clock.now();
    let confirmed = app.credentials.confirm_totp(&user.id, &code, now).await?;
    let Some((version, recovery_codes)) = confirmed else {
        let detail =
            "`code` is not the one that your app shows now: look at the clock of the phone";
        return Err(Error::field("code", detail));
    };
    app.sessions.rebind(session, version, now).await?;
    Ok(json(StatusCode::OK, &RecoveryCodes { recovery_codes }))
}

/// End the second factor
#[utoipa::path(
    delete, path = "/account/second-factor", tag = "account", operation_id = "endSecondFactor",
    request_body = Confirmed,
    responses(
        (status = 204, description = "It is off"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 429, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn end_second_factor(
    State(app): State<Arc<App>>,
    client: Client,
    caller: Caller,
    body: Body,
) -> Result<StatusCode> {
    let Confirmed { password, code } = read(body, SentBy::Known).await?;
    prove(&app, &client, &caller, password, code).await?;
    let (user, session) = caller.person()?;
    if let Some(version) = app.credentials.end_totp(&user.id).await? {
        app.sessions.rebind(session, version, app.clock.now()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
