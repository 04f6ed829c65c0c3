//! Making and finding users. A user's slug is the mail address in small letters.

use directory::{
    Directory, DirectoryError, Held, INSTALLATION, New, author::Author, document::Refusal,
    kind::Kind,
};
use edge::password::Unusable;
use secrecy::SecretString;
use serde_json::json;
use store::StoreError;

use super::Credentials;

/// Most characters of a mail address.
const EMAIL_CHARS_MAX: usize = 200;

/// Somebody who is to become a user.
pub(crate) struct NewUser {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) password: SecretString,
}

/// Why somebody cannot become a user, or a password cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("`email` is {0:?}: give a mail address")]
    NoAddress(String),
    #[error("a user with this address exists")]
    Taken,
    #[error(transparent)]
    Password(#[from] Unusable),
    #[error("too many passwords are looked at just now")]
    Busy,
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Addresses are compared without regard to case.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(crate) fn find_user(directory: &Directory, email: &str) -> Option<Held> {
    directory.current().find(INSTALLATION, Kind::User, &folded(email)).cloned()
}

/// The user is there before the password is: without one, nobody signs in.
pub(crate) async fn create_user(
    directory: &Directory,
    credentials: &Credentials,
    user: NewUser,
    author: Author,
) -> Result<Held, UserError> {
    let email = folded(&user.email);
    if !is_address(&email) {
        return Err(UserError::NoAddress(user.email));
    }
    let hash = credentials.hash(user.password, &[&email, &user.name]).await?;
    let settings = json!({ "name": user.name.trim() });
    let new = New {
        kind: Kind::User,
        id: None,
        slug: email,
        settings: settings.as_object().cloned().unwrap_or_default(),
    };
    let made = directory.create(INSTALLATION, new, author, None).await;
    let held = made.map_err(|error| match error {
        DirectoryError::Refused(Refusal::Taken) => UserError::Taken,
        error => error.into(),
    })?;
    credentials.set_password(&held.id, &hash).await?;
    Ok(held)
}

fn is_address(email: &str) -> bool {
    let Some((account, host)) = email.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/' && c != '@';
    !account.is_empty()
        && !host.is_empty()
        && email.chars().count() <= EMAIL_CHARS_MAX
        && account.chars().chain(host.chars()).all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_has_an_account_and_a_host() {
        for good in ["a@b", "jane.doe+x@example.com", "jürgen@bücher.example"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@b", "a".repeat(200));
        for wrong in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a/b@c", "a\n@b", &long] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
