//! Lists in pages. A cursor is what the last page ended with; it stays good when entries come and
//! go meanwhile.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};

/// Entries of a page when nothing is said, and at most.
const DEFAULT: usize = 50;
const MAX: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many at most, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<usize>,
}

/// Some entries, and where the next ones begin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// To be sent as `after`; absent when there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl PageQuery {
    pub(crate) fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    pub(crate) fn limit(&self) -> Result<usize> {
        match self.limit {
            Some(limit) if !(1..=MAX).contains(&limit) => {
                let detail = format!("`limit` is {limit}: give 1 to {MAX}");
                Err(Error::field("limit", detail))
            }
            limit => Ok(limit.unwrap_or(DEFAULT)),
        }
    }

    /// A page of entries in the order of their cursors, of which each is after the last one seen.
    pub(crate) fn page<T>(
        &self,
        entries: impl Iterator<Item = T>,
        cursor: impl Fn(&T) -> String,
    ) -> Result<Page<T>> {
        let limit = self.limit()?;
        let mut items: Vec<T> = entries.take(limit + 1).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more { items.last().map(cursor) } else { None };
        Ok(Page { items, next })
    }
}
