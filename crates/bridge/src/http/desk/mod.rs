//! `/desk/api/…`: what the desk's page works with. One file for each group of endpoints.

pub(super) mod chats;
pub(super) mod guard;
pub(super) mod session;
pub(super) mod stream;

use edge::cookie::Cookie;

const SESSION: Cookie = Cookie("baton_desk");
/// Tells a browser in which a human agent has signed in before.
const DEVICE: Cookie = Cookie("baton_desk_device");
