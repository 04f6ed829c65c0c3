//! Writes the audit trails: every change of a document, and what else is told to it.

use std::sync::Arc;

use edge::Clock;
use machine::{Millis, Recorded};
use store::{Key, Ledger, StepError, Store, StoreError};
use tokio::sync::mpsc;

use crate::{
    document::{Document, Event, Input},
    trail::{Act, Broken, Entry, FieldChange, Trail},
};

/// Most versions of one document that are written down at once, and entries read at once.
pub const PAGE_MAX: usize = 200;
/// How long to wait after a failure of the store.
const RETRY_MS: Millis = 1_000;

/// Writes and reads audit trails. Clones are the same.
#[derive(Clone)]
pub struct Auditor {
    store: Store,
    clock: Clock,
    owing: mpsc::UnboundedSender<(Arc<str>, Arc<str>)>,
}

impl Auditor {
    /// Takes up what was not written down when the last process ended.
    pub(crate) async fn start(store: Store, clock: Clock) -> Result<Self, StoreError> {
        let (owing, mut work) = mpsc::unbounded_channel::<(Arc<str>, Arc<str>)>();
        let mut after = String::new();
        loop {
            let page = store.owing::<Document>(&after, PAGE_MAX).await?;
            let Some((_, last)) = page.last() else { break };
            after.clone_from(last);
            for (owner, id) in page {
                // The receiver is here.
                let _ = owing.send((owner.into(), id.into()));
            }
        }
        let writer = Writer { store: store.clone(), clock: clock.clone() };
        tokio::spawn(async move {
            while let Some((organization, row)) = work.recv().await {
                writer.write_down(&organization, &row).await;
            }
        });
        Ok(Self { store, clock, owing })
    }

    /// A document has versions that are not written down.
    pub(crate) fn owes(&self, organization: Arc<str>, row: Arc<str>) {
        // The receiver ends with the last auditor.
        let _ = self.owing.send((organization, row));
    }

    /// Writes down something else than a change, such as the reading of a transcript. A repeated
    /// `key` writes nothing.
    ///
    /// # Errors
    /// When the store fails; then it must not be done.
    pub async fn note(
        &self,
        organization: &str,
        act: Act,
        key: Option<Key>,
    ) -> Result<(), StoreError> {
        append(&self.store, &self.clock, organization, act, key).await
    }

    /// Entries after the number `after`, oldest first, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn entries(
        &self,
        organization: &str,
        after: u64,
    ) -> Result<Vec<Recorded<Entry>>, StoreError> {
        let trail = self.store.ledger::<Trail>(organization);
        trail.events(&Trail::id(organization), after, PAGE_MAX).await
    }

    /// How many entries there are, when the chain is whole.
    ///
    /// # Errors
    /// When the store cannot be read; inside, where the chain breaks.
    pub async fn verify(&self, organization: &str) -> Result<Result<u64, Broken>, StoreError> {
        let ledger = self.store.ledger::<Trail>(organization);
        let Some(stored) = ledger.load(&Trail::id(organization)).await? else {
            return Ok(Ok(0));
        };
        let mut followed = Trail::new();
        loop {
            let page = match self.entries(organization, followed.length()).await {
                Err(error @ StoreError::Unreadable { .. }) => {
                    return Ok(Err(Broken::Unreadable(error.to_string())));
                }
                page => page?,
            };
            // What was written since `stored` was read.
            let page: Vec<_> =
                page.into_iter().filter(|entry| entry.position.seq <= stored.length()).collect();
            if page.is_empty() {
                return Ok(followed.ends_as(&stored).map(|()| stored.length()));
            }
            if let Err(broken) = followed.follow(&page) {
                return Ok(Err(broken));
            }
        }
    }
}

struct Writer {
    store: Store,
    clock: Clock,
}

impl Writer {
    /// Until it is done: what was changed must be in the trail.
    async fn write_down(&self, organization: &str, row: &str) {
        while let Err(error) = self.try_to(organization, row).await {
            if let StoreError::Stopped(_) = error {
                return;
            }
            tracing::warn!(document.id = row, %error, "a change is not in the audit trail yet");
            if !error.is_temporary() {
                return;
            }
            self.clock.sleep_until(self.clock.now() + RETRY_MS).await;
        }
    }

    async fn try_to(&self, organization: &str, row: &str) -> Result<(), StoreError> {
        let ledger: Ledger<Document> = self.store.ledger(organization);
        loop {
            let Some(document) = ledger.load(row).await? else { return Ok(()) };
            let unaudited = document.unaudited();
            let events = ledger.events(row, unaudited.start() - 1, PAGE_MAX).await?;
            let Some(last) = events.last().map(|event| event.position.seq) else { return Ok(()) };
            for event in events {
                let key = Key { id: format!("{row}/{}", event.position.seq), fingerprint: 0 };
                let Some(act) = act(row, &event) else { continue };
                append(&self.store, &self.clock, organization, act, Some(key)).await?;
            }
            let input = Input::Audited { version: last };
            let stepped = ledger.step(row, &(), self.clock.now(), None, input).await;
            // It is never refused.
            if let Err(StepError::Store(error)) = stepped {
                return Err(error);
            }
        }
    }
}

async fn append(
    store: &Store,
    clock: &Clock,
    organization: &str,
    act: Act,
    key: Option<Key>,
) -> Result<(), StoreError> {
    let (ledger, id) = (store.ledger::<Trail>(organization), Trail::id(organization));
    loop {
        let stepped = ledger.step(&id, &(), clock.now(), key.clone(), act.clone()).await;
        match stepped {
            Ok(_) | Err(StepError::KeyReused) => return Ok(()),
            Err(StepError::Refused(never)) => match never {},
            Err(StepError::Store(error)) => return Err(error),
            Err(StepError::NotFound) => match ledger.create(&id, &Trail::new()).await {
                // Another has just made it.
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            },
        }
    }
}

/// How a change of a document reads in the trail.
fn act(row: &str, recorded: &Recorded<Event>) -> Option<Act> {
    let kind = row.split('/').next().unwrap_or_default();
    let (what, changes) = match &recorded.event {
        Event::Created { changes, .. } => ("created", changes.clone()),
        Event::Changed { changes, .. } => ("changed", changes.clone()),
        Event::Renamed { slug, before, .. } => {
            let quoted = |text: &str| Some(serde_json::Value::from(text).to_string());
            let (before, after) = (quoted(before), quoted(slug));
            ("renamed", vec![FieldChange { field: "slug".to_owned(), before, after }])
        }
        Event::Removed { .. } => ("removed", Vec::new()),
        Event::Restored { changes, .. } => ("restored", changes.clone()),
        Event::Audited { .. } => return None,
    };
    Some(Act {
        author: recorded.event.author()?.clone(),
        action: format!("{kind}.{what}"),
        subject: row.to_owned(),
        version: Some(recorded.position.seq),
        changes,
    })
}
