//! `…/invitations`: letting somebody into an organization by a link that works once. Whoever
//! invites is shown the link once, and passes it on.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::Response,
};
use directory::{
    DirectoryError, Held, New,
    author::{Author, By},
    document::Refusal,
    kind::Kind,
    rights::Role,
};
use edge::{
    base_path::BasePath,
    http::{SentBy, json},
    limits::{Client, SignIn as Attempt},
    time::rfc3339,
};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::problem::{Problem, ProblemId};

use super::session;
use crate::{
    app::App,
    error::{Error, Result},
    http::{Here, read},
    people::{Link, NewUser, OpenLink, Proof, Proven, create_user, find_user, folded},
};

/// Whom to invite, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    email: String,
    #[schema(value_type = String)]
    role: Role,
    /// Ids of the only bots that the member is to see; all when absent.
    bots: Option<Vec<String>>,
}

/// An open invitation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    id: String,
    email: String,
    #[schema(value_type = String)]
    role: Role,
    invited_by: String,
    created_at: String,
    expires_at: String,
    /// Only in the answer to the invitation itself. The page `/portal#invitation=TOKEN` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Invitations {
    items: Vec<Invitation>,
}

/// Somebody who comes in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    token: String,
    /// For somebody who has no account here.
    name: Option<String>,
    /// A new one, or that of the account that exists.
    password: String,
    /// Where the account has a second factor.
    code: Option<String>,
}

/// The link of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    token: String,
}

/// What somebody is invited to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invited {
    email: String,
    organization: String,
    #[schema(value_type = String)]
    role: Role,
    invited_by: String,
    /// The address has an account here: its password is asked for.
    has_account: bool,
}

fn shown(open: OpenLink, token: Option<SecretString>) -> Option<Invitation> {
    let Link::Invitation { email, role, by, .. } = open.link else { return None };
    Some(Invitation {
        id: open.id,
        email,
        role,
        invited_by: by,
        created_at: rfc3339(open.made_at),
        expires_at: rfc3339(open.expires_at),
        token: token.map(|token| token.expose_secret().to_owned()),
    })
}

/// Invite somebody; the answer shows the token once
#[utoipa::path(
    post, path = "/organizations/{organization}/invitations", tag = "people",
    operation_id = "invite",
    params(("organization" = String, Path, description = "Id or slug")),
    request_body = NewInvitation,
    responses(
        (status = 201, body = Invitation, description = "With the token of its link"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 404, response = Problem),
        (status = 409, response = Problem), (status = 413, response = Problem),
        (status = 422, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    here: Here,
    body: Body,
) -> Result<Response> {
    let NewInvitation { email, role, bots } = read(body, SentBy::Known).await?;
    if !here.role.may_give(role) {
        return Err(Error::new(ProblemId::Forbidden, "Only an owner makes owners."));
    }
    let email = folded(&email);
    if !email.contains('@') {
        return Err(Error::field("email", "`email` is no mail address"));
    }
    let current = app.directory.current();
    if let Some(user) = find_user(&app.directory, &email)
        && current.find(here.id(), Kind::Membership, &user.id).is_some()
    {
        let problem = Problem::new(ProblemId::NameTaken, "This user is a member already.");
        return Err(problem.at("email").into());
    }
    let by = match &here.caller.by {
        By::User { email, .. } => email.clone(),
        By::ApiKey { name, .. } => name.clone(),
        _ => String::new(),
    };
    let organization = here.id().to_owned();
    let link = Link::Invitation { organization, email, role, bots, by };
    let (open, token) = app.links.make(link).await?;
    noted(&app, here.id(), here.author(), "invitation.created", &open.id).await?;
    let shown = shown(open, Some(token)).ok_or_else(Error::not_found)?;
    Ok(json(StatusCode::CREATED, &shown))
}

/// List the open invitations
#[utoipa::path(
    get, path = "/organizations/{organization}/invitations", tag = "people",
    operation_id = "listInvitations",
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Invitations, description = "Without their tokens"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, here: Here) -> Result<Response> {
    let open = app.links.invitations(here.id()).await?;
    let items = open.into_iter().filter_map(|open| shown(open, None)).collect();
    Ok(json(StatusCode::OK, &Invitations { items }))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/organizations/{organization}/invitations/{invitation}", tag = "people",
    operation_id = "endInvitation",
    params(
        ("organization" = String, Path, description = "Id or slug"),
        ("invitation" = String, Path, description = "Its id"),
    ),
    responses(
        (status = 204, description = "Its link works no more"),
        (status = 401, response = Problem), (status = 403, response = Problem),
        (status = 404, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    here: Here,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    let open = app.links.invitations(here.id()).await?;
    if !open.iter().any(|open| open.id == id) {
        return Err(Error::not_found());
    }
    app.links.end(&id).await?;
    noted(&app, here.id(), here.author(), "invitation.ended", &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Look at an invitation, with its token
#[utoipa::path(
    post, path = "/invitation", tag = "people", operation_id = "readInvitation",
    request_body = Token,
    responses(
        (status = 200, body = Invited, description = "What it invites to"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 413, response = Problem),
        (status = 429, response = Problem), (status = "default", response = Problem),
    ),
)]
pub(crate) async fn look(
    State(app): State<Arc<App>>,
    client: Client,
    body: Body,
) -> Result<Response> {
    let Token { token } = read(body, SentBy::Stranger).await?;
    let (_, organization, invited) = find(&app, &client, &token).await?;
    let Link::Invitation { email, role, by, .. } = invited else { return Err(used()) };
    let has_account = find_user(&app.directory, &email).is_some();
    let organization = session::name(&organization);
    let invited = Invited { email, organization, role, invited_by: by, has_account };
    Ok(json(StatusCode::OK, &invited))
}

/// Accept an invitation; signs in
#[utoipa::path(
    post, path = "/invitation/accept", tag = "people", operation_id = "acceptInvitation",
    request_body = Acceptance,
    responses(
        (status = 201, body = session::SignedIn, description = "A member, and signed in"),
        (status = 400, response = Problem), (status = 401, response = Problem),
        (status = 403, response = Problem), (status = 409, response = Problem),
        (status = 413, response = Problem), (status = 429, response = Problem),
        (status = "default", response = Problem),
    ),
)]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    client: Client,
    base: Option<Extension<BasePath>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let Acceptance { token, name, password, code } = read(body, SentBy::Stranger).await?;
    let (id, organization, link) = find(&app, &client, &token).await?;
    let Link::Invitation { email, role, bots, by, .. } = link else { return Err(used()) };
    let author = Author {
        by: By::User { id: String::new(), email: by },
        address: Some(client.address.to_string()),
    };
    let user = if let Some(user) = find_user(&app.directory, &email) {
        prove(&app, &client, &user, Proof { password, code }).await?;
        user
    } else {
        let missing = || Problem::new(ProblemId::MissingField, "Say your name.").at("name");
        let name = name.ok_or_else(missing)?;
        let new = NewUser { email, name, password: SecretString::from(password) };
        create_user(&app.directory, &app.credentials, new, author.clone()).await?
    };
    let mut settings = directory::document::Body::new();
    settings.insert("role".to_owned(), serde_json::json!(role));
    if let Some(bots) = bots {
        settings.insert("bots".to_owned(), serde_json::json!(bots));
    }
    let slug = user.id.to_string();
    let new = New { kind: Kind::Membership, id: None, slug, settings };
    match app.directory.create(&organization.id, new, author, None).await {
        Ok(_) | Err(DirectoryError::Refused(Refusal::Taken)) => {}
        Err(error) => return Err(error.into()),
    }
    app.links.end(&id).await?;
    let version = app.credentials.version(&user.id).await?.ok_or_else(used)?;
    session::begin(&app, &user, version, (&headers, base.as_deref()), StatusCode::CREATED).await
}

/// Somebody who has an account comes in as its owner only.
async fn prove(app: &App, client: &Client, user: &Held, proof: Proof) -> Result<()> {
    let attempt = Attempt { client, account: user.document.slug(), device: None };
    let turn = app.credentials.turn(true).await?;
    attempt.may_be_made()?;
    match app.credentials.prove(&turn, Some(&*user.id), proof, app.clock.now()).await? {
        Proven::Yes(_) => Ok(()),
        Proven::NeedsCode => {
            let detail = "Send the code of your authenticator app as `code`.";
            Err(Error::new(ProblemId::CodeNeeded, detail))
        }
        Proven::No => {
            attempt.failed();
            let detail = "This address has an account here: give its password.";
            Err(Error::new(ProblemId::Unauthorized, detail))
        }
    }
}

async fn find(app: &App, client: &Client, token: &str) -> Result<(String, Held, Link)> {
    let open = app.links.find(token).await?;
    let current = app.directory.current();
    let found = open.and_then(|open| {
        let Link::Invitation { organization, .. } = &open.link else { return None };
        let held = current.get(Kind::Organization, organization)?.clone();
        Some((open.id, held, open.link))
    });
    if found.is_none() {
        client.failed_call()?;
    }
    found.ok_or_else(used)
}

fn used() -> Error {
    let detail = "This invitation is used, taken back or older than a week: ask for a new one.";
    Error::new(ProblemId::Unauthorized, detail)
}

async fn noted(
    app: &App,
    organization: &str,
    author: Author,
    action: &str,
    subject: &str,
) -> Result<()> {
    let act = directory::trail::Act {
        author,
        action: action.to_owned(),
        subject: subject.to_owned(),
        version: None,
        changes: Vec::new(),
    };
    Ok(app.directory.auditor().note(organization, act, None).await?)
}
