//! The first owner. While nobody owns the first organization, each start has a one-time token; of
//! two who use it at once, one becomes the owner.

use directory::{
    Directory, DirectoryError, FIRST_ORGANIZATION, Held, INSTALLATION, New,
    author::Author,
    document::{Body, Seen},
    kind::Kind,
    rights::Role,
};
use secrecy::SecretString;
use serde_json::json;
use store::StoreError;

use super::{Credentials, Link, Links, NewUser, UserError, create_user, find_user};

/// Only one document ever has this id, so only one user becomes an owner by the link.
const FIRST_MEMBERSHIP: &str = "first-owner";

pub(crate) struct SetUp {
    directory: Directory,
    credentials: Credentials,
    links: Links,
}

impl SetUp {
    pub(crate) fn new(directory: Directory, credentials: Credentials, links: Links) -> Self {
        Self { directory, credentials, links }
    }

    /// Whether nobody owns the first organization.
    pub(crate) fn is_open(&self) -> bool {
        let current = self.directory.current();
        let mut memberships = current.list(FIRST_ORGANIZATION, Kind::Membership, "");
        !memberships.any(|held| held.document.body().get("role") == Some(&json!(Role::Owner)))
    }

    /// A new token for the link, while it is open.
    pub(crate) async fn token(&self) -> Result<Option<SecretString>, StoreError> {
        if !self.is_open() {
            return Ok(None);
        }
        let (_, token) = self.links.make(Link::SetUp).await?;
        Ok(Some(token))
    }

    /// Makes the first owner. `None` when another was faster.
    pub(crate) async fn first_owner(
        &self,
        organization: &str,
        user: NewUser,
    ) -> Result<Option<Held>, UserError> {
        let author = Author::system();
        let user = create_user(&self.directory, &self.credentials, user, author.clone()).await?;
        let made = self.membership(Some(FIRST_MEMBERSHIP), &user, author.clone()).await;
        if let Err(DirectoryError::IdTaken) = made {
            self.directory.remove(&user, Seen::Any, author).await?;
            self.credentials.forget(&user.id).await?;
            return Ok(None);
        }
        made?;
        self.links.end("set-up").await?;
        let current = self.directory.current();
        if let Some(held) = current.get(Kind::Organization, FIRST_ORGANIZATION) {
            let settings = body(&json!({ "name": organization }));
            self.directory.change(held, Seen::Any, settings, author, None).await?;
        }
        Ok(Some(user))
    }

    /// Makes an owner from the server's own command line.
    pub(crate) async fn make_owner(
        &self,
        email: &str,
        name: &str,
        password: SecretString,
    ) -> Result<(), UserError> {
        let author = Author::command("baton user");
        if let Some(user) = find_user(&self.directory, email) {
            let hash = self.credentials.hash(password, &[email, name]).await?;
            self.credentials.set_password(&user.id, &hash).await?;
            return Ok(());
        }
        let (email, name) = (email.to_owned(), name.to_owned());
        let new = NewUser { email, name, password };
        let user = create_user(&self.directory, &self.credentials, new, author.clone()).await?;
        self.membership(None, &user, author).await?;
        Ok(())
    }

    async fn membership(
        &self,
        id: Option<&str>,
        user: &Held,
        author: Author,
    ) -> Result<Held, DirectoryError> {
        let new = New {
            kind: Kind::Membership,
            id: id.map(str::to_owned),
            slug: user.id.to_string(),
            settings: body(&json!({ "role": Role::Owner })),
        };
        self.directory.create(FIRST_ORGANIZATION, new, author, None).await
    }
}

/// Makes the first organization, which is there from the start.
pub(crate) async fn ensure_organization(directory: &Directory) -> Result<(), DirectoryError> {
    if directory.current().get(Kind::Organization, FIRST_ORGANIZATION).is_some() {
        return Ok(());
    }
    let new = New {
        kind: Kind::Organization,
        id: Some(FIRST_ORGANIZATION.to_owned()),
        slug: FIRST_ORGANIZATION.to_owned(),
        settings: body(&json!({ "name": "Default" })),
    };
    match directory.create(INSTALLATION, new, Author::system(), None).await {
        // Another node was faster.
        Ok(_) | Err(DirectoryError::IdTaken | DirectoryError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn body(value: &serde_json::Value) -> Body {
    value.as_object().cloned().unwrap_or_default()
}
