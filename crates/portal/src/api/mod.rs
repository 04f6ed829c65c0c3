//! The endpoint groups, one file each.

pub(crate) mod account;
pub(crate) mod api_keys;
pub(crate) mod applied;
pub(crate) mod audit;
pub(crate) mod documents;
pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod organizations;
pub(crate) mod session;
pub(crate) mod set_up;
