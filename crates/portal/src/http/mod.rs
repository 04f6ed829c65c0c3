//! What every endpoint of the admin API needs: who calls, what a body and a query say, how lists
//! are paged, versions, and requests that are repeated.

mod body;
mod caller;
mod guard;
mod paging;
mod repeated;
mod versions;

pub(crate) use body::read;
pub(crate) use caller::{Caller, Here};
pub(crate) use guard::{DEVICE, SESSION, guard};
pub(crate) use paging::{Page, PageQuery};
pub(crate) use repeated::repeated;
pub(crate) use versions::{IfMatch, with_version};
