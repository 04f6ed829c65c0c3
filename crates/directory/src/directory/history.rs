//! The history of a document, and going back in it.

use machine::Recorded;

use super::{Directory, DirectoryError, HISTORY_PAGE_MAX, row_id};
use crate::{
    author::Author,
    document::{Event, Input, Seen},
    snapshot::Held,
};

impl Directory {
    /// The versions of a document after `after`, oldest first, at most [`HISTORY_PAGE_MAX`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn history(
        &self,
        held: &Held,
        after: u64,
    ) -> Result<Vec<Recorded<Event>>, DirectoryError> {
        let ledger = self.ledger(&held.organization);
        let row = row_id(held.kind, &held.id);
        Ok(ledger.events(&row, after, HISTORY_PAGE_MAX).await?)
    }

    /// Goes back to the settings of an earlier version, which makes a new one.
    ///
    /// # Errors
    /// When there is no such version, its settings cannot be used any more, or the document was
    /// changed since.
    pub async fn roll_back(
        &self,
        held: &Held,
        seen: Seen,
        version: u64,
        author: Author,
    ) -> Result<Held, DirectoryError> {
        let mut settings = None;
        let mut after = 0;
        'found: loop {
            let page = self.history(held, after).await?;
            let Some(last) = page.last() else { break };
            after = last.position.seq;
            for version_of in page {
                if version_of.position.seq > version {
                    break 'found;
                }
                if let Event::Created { body, .. }
                | Event::Changed { body, .. }
                | Event::Restored { body, .. } = version_of.event
                {
                    settings = Some(body);
                }
            }
        }
        let settings = settings.filter(|_| version <= held.document.version() && version > 0);
        let settings = settings.ok_or(DirectoryError::Missing)?;
        self.check(held.kind, &held.id, &settings)?;
        self.step(held, None, Input::Change { seen, body: settings, author }).await
    }
}
