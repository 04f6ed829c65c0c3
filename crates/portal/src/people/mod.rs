//! Who people are: what proves it, their sessions, and the links that let somebody in once. What
//! a person is called and may do is in the directory.

mod credentials;
mod key_uses;
mod links;
mod sessions;
mod set_up;
mod users;

pub(crate) use credentials::{Credentials, Proof, Proven};
pub(crate) use key_uses::KeyUses;
pub(crate) use links::{Link, Links, OpenLink};
pub(crate) use sessions::{Session, Sessions};
pub(crate) use set_up::{SetUp, ensure_organization};
pub use users::UserError;
pub(crate) use users::{NewUser, create_user, find_user, folded};
