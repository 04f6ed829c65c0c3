//! The directory: the only way to read and change documents.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use edge::{Clock, ids};
use store::{CommitGuard, Key, Ledger, StepError, Stepped, Store, StoreError};
use tokio::sync::{mpsc, watch};

use crate::{
    audit::Auditor,
    author::{Author, By},
    document::{Body, Document, Input, Refusal, Seen},
    kind::Kind,
    rules::{Rules, Wrong},
    seal::Keyring,
    secrets::Secrets,
    snapshot::{Held, Snapshot},
};

/// Organizations and users belong to the installation, which no organization can be.
pub const INSTALLATION: &str = "installation";
/// The organization that is there from the start, and that a configuration file sets up.
pub const FIRST_ORGANIZATION: &str = "default";
/// Most versions of a document that are read at once.
pub const HISTORY_PAGE_MAX: usize = 100;

mod beside;
mod history;

/// All documents. Clones are the same directory.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    rules: Rules,
    keyring: ArcSwap<Keyring>,
    kept: Arc<Kept>,
    auditor: Auditor,
    broken: ArcSwap<Reasons>,
    _hears: CommitGuard,
}

/// Why documents cannot be used.
type Reasons = HashMap<(Kind, Arc<str>), Arc<str>>;

/// The snapshot, and who waits for a new one.
struct Kept {
    snapshot: ArcSwap<Snapshot>,
    /// Counts the snapshots.
    changed: watch::Sender<u64>,
}

/// A document that is to be made.
#[derive(Debug, Clone)]
pub struct New {
    pub kind: Kind,
    /// Made by Baton when absent. A file names its documents itself.
    pub id: Option<String>,
    pub slug: String,
    pub settings: Body,
}

/// Why a document was not read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DirectoryError {
    #[error("there is no such document")]
    Missing,
    #[error(transparent)]
    Wrong(#[from] Wrong),
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The id is or was that of another document.
    #[error("this id is taken, perhaps by a document that was removed: choose another")]
    IdTaken,
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("the configuration file of the server sets it: change it there")]
    Managed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Directory {
    /// Reads all documents and keeps them up to date from now on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(
        store: Store,
        clock: Clock,
        rules: Rules,
        keyring: Keyring,
    ) -> Result<Self, StoreError> {
        let (send, changes) = mpsc::unbounded_channel();
        // Before reading, so that no change is missed.
        let hears = store.on_commit::<Document>(move |committed| {
            let organization = committed.owner.clone();
            // The receiver lives as long as the directory.
            let _ = send.send((organization, committed.id.clone(), committed.state.clone()));
        });
        let mut snapshot = Snapshot::default();
        for stored in store.all::<Document>().await? {
            let (owner, id) = (stored.owner.into(), stored.id.into());
            snapshot.put_stored(owner, &id, Arc::new(stored.machine));
        }
        let kept = Arc::new(Kept {
            snapshot: ArcSwap::from_pointee(snapshot),
            changed: watch::Sender::new(0),
        });
        let auditor = Auditor::start(store.clone(), clock.clone()).await?;
        tokio::spawn(Arc::clone(&kept).keep(changes, auditor.clone()));
        let (keyring, broken) = (ArcSwap::from_pointee(keyring), ArcSwap::default());
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            rules,
            keyring,
            kept,
            auditor,
            broken,
            _hears: hears,
        })))
    }

    /// All documents as they are now.
    #[must_use]
    pub fn current(&self) -> Arc<Snapshot> {
        self.0.kept.snapshot.load_full()
    }

    /// Tells of every new snapshot.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.kept.changed.subscribe()
    }

    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// The audit trails of the organizations.
    #[must_use]
    pub fn auditor(&self) -> &Auditor {
        &self.0.auditor
    }

    /// Makes a document. A repeated `key` gives the document that it made.
    ///
    /// # Errors
    /// When the settings are wrong, or the slug or the id is taken.
    pub async fn create(
        &self,
        organization: &str,
        new: New,
        author: Author,
        key: Option<Key>,
    ) -> Result<Held, DirectoryError> {
        let New { kind, id, slug, settings } = new;
        check_slug(&slug)?;
        let id = id.unwrap_or_else(|| ids::new_id(kind.prefix(), self.0.clock.now()));
        let row = row_id(kind, &id);
        let body = Arc::new(self.stored(kind, &id, settings, None)?);
        let input = Input::Create { kind, slug: slug.clone(), body, author };
        let make = {
            let row = row.clone();
            move || Some((row, Document::blank()))
        };
        let place = Document::place_of(kind, &slug);
        let now = self.0.clock.now();
        let stepped = self.ledger(organization).step_peer(&place, make, &(), now, key, input).await;
        let stepped = match stepped {
            // The slug is looked for first, so what is taken here is the id.
            Err(StepError::Store(StoreError::Conflict(_))) => return Err(DirectoryError::IdTaken),
            other => refused(other)?.ok_or(DirectoryError::Missing)?,
        };
        self.seen(organization, stepped).await
    }

    /// Replaces the settings of a document.
    ///
    /// # Errors
    /// When the settings are wrong, or it was changed since the author has seen it.
    pub async fn change(
        &self,
        held: &Held,
        seen: Seen,
        settings: Body,
        author: Author,
        key: Option<Key>,
    ) -> Result<Held, DirectoryError> {
        let before = held.document.body();
        let body = Arc::new(self.stored(held.kind, &held.id, settings, Some(before))?);
        self.step(held, key, Input::Change { seen, body, author }).await
    }

    /// Gives a document another slug. Its id stays.
    ///
    /// # Errors
    /// When the slug is taken or no slug, or the document was changed since.
    pub async fn rename(
        &self,
        held: &Held,
        seen: Seen,
        slug: &str,
        author: Author,
    ) -> Result<Held, DirectoryError> {
        check_slug(slug)?;
        let input = Input::Rename { seen, slug: slug.to_owned(), author };
        self.step(held, None, input).await
    }

    /// Removes a document. Its history stays, and its id is never given again.
    ///
    /// # Errors
    /// When it was changed since the author has seen it.
    pub async fn remove(
        &self,
        held: &Held,
        seen: Seen,
        author: Author,
    ) -> Result<(), DirectoryError> {
        self.step(held, None, Input::Remove { seen, author }).await.map(drop)
    }

    /// Makes a removed document anew, with its id and its history.
    ///
    /// # Errors
    /// [`DirectoryError::IdTaken`] when this organization has no removed document with this id.
    pub async fn restore(
        &self,
        organization: &str,
        id: &str,
        new: New,
        author: Author,
    ) -> Result<Held, DirectoryError> {
        let New { kind, slug, settings, .. } = new;
        check_slug(&slug)?;
        let body = Arc::new(self.stored(kind, id, settings, None)?);
        let (ledger, now) = (self.ledger(organization), self.0.clock.now());
        let input = Input::Restore { slug, body, author };
        match ledger.step(&row_id(kind, id), &(), now, None, input).await {
            Err(StepError::NotFound | StepError::Refused(Refusal::Present)) => {
                Err(DirectoryError::IdTaken)
            }
            Err(StepError::Store(StoreError::Conflict(_))) => Err(Refusal::Taken.into()),
            stepped => self.seen(organization, refused(stepped)?).await,
        }
    }

    /// The settings for people: of a secret only that it is there.
    ///
    /// # Errors
    /// When the settings no longer say which schema they follow.
    pub fn shown(&self, held: &Held) -> Result<Body, DirectoryError> {
        self.shown_of(held.kind, &held.id, held.document.body())
    }

    /// As [`Directory::shown`], for another version of a document.
    ///
    /// # Errors
    /// When the settings no longer say which schema they follow.
    pub fn shown_of(&self, kind: Kind, id: &str, body: &Body) -> Result<Body, DirectoryError> {
        let (keyring, row) = (self.0.keyring.load(), row_id(kind, id));
        let schema = self.0.rules.of(kind)?.schema(body)?;
        Ok(Secrets { document: &row, schema, keyring: &keyring }.show(body))
    }

    /// The settings for use, with secrets as text where they can be opened.
    ///
    /// # Errors
    /// When a secret cannot be opened.
    pub fn opened(&self, held: &Held) -> Result<Body, DirectoryError> {
        self.opened_body(held.kind, &held.id, held.document.body())
    }

    /// Seals every secret with the newest key of `keyring`, which is used from now on.
    ///
    /// # Errors
    /// When a secret cannot be opened, or the store fails. What was sealed until then stays
    /// readable with `keyring`; call it again.
    pub async fn rotate(&self, keyring: Keyring, author: &Author) -> Result<usize, DirectoryError> {
        self.0.keyring.store(Arc::new(keyring));
        let mut changed = 0;
        for kind in Kind::ALL {
            let Ok(rule) = self.0.rules.of(kind) else { continue };
            let snapshot = self.current();
            for held in snapshot.all(kind) {
                let (keyring, row) = (self.0.keyring.load_full(), row_id(kind, &held.id));
                let body = held.document.body();
                let secrets =
                    Secrets { document: &row, schema: rule.schema(body)?, keyring: &keyring };
                let Some(body) = secrets.reseal(body).map_err(Wrong::from)? else { continue };
                let seen = Seen::Version(held.document.version());
                // What a file manages stays the file's.
                let author = if held.is_managed() { Author::file() } else { author.clone() };
                let input = Input::Change { seen, body: Arc::new(body), author };
                self.step(held, None, input).await?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    pub(crate) fn stored(
        &self,
        kind: Kind,
        id: &str,
        settings: Body,
        before: Option<&Arc<Body>>,
    ) -> Result<Body, DirectoryError> {
        let (keyring, row) = (self.0.keyring.load(), row_id(kind, id));
        let schema = self.0.rules.of(kind)?.schema(&settings)?;
        let secrets = Secrets { document: &row, schema, keyring: &keyring };
        let now = self.0.clock.now();
        let body = secrets.store(settings, before.map(|body| &**body), now);
        let body = body.map_err(Wrong::from)?;
        self.check(kind, id, &body)?;
        Ok(body)
    }

    fn check(&self, kind: Kind, id: &str, body: &Body) -> Result<(), DirectoryError> {
        let opened = self.opened_body(kind, id, body)?;
        Ok(self.0.rules.of(kind)?.check(id, &opened)?)
    }

    fn opened_body(&self, kind: Kind, id: &str, body: &Body) -> Result<Body, DirectoryError> {
        let (keyring, row) = (self.0.keyring.load(), row_id(kind, id));
        let schema = self.0.rules.of(kind)?.schema(body)?;
        let opened = Secrets { document: &row, schema, keyring: &keyring }.open(body);
        Ok(opened.map_err(Wrong::from)?)
    }

    async fn step(
        &self,
        held: &Held,
        key: Option<Key>,
        input: Input,
    ) -> Result<Held, DirectoryError> {
        let is_file = input.author().is_some_and(|author| author.by == By::File);
        if held.is_managed() && !is_file {
            return Err(DirectoryError::Managed);
        }
        let (ledger, row) = (self.ledger(&held.organization), row_id(held.kind, &held.id));
        let stepped = ledger.step(&row, &(), self.0.clock.now(), key, input).await;
        // The id is known, so what is taken here is the new slug.
        let taken = matches!(stepped, Err(StepError::Store(StoreError::Conflict(_))));
        if taken {
            return Err(Refusal::Taken.into());
        }
        self.seen(&held.organization, refused(stepped)?).await
    }

    /// The document after a step, once the snapshot has it.
    async fn seen(
        &self,
        organization: &str,
        stepped: Stepped<Document>,
    ) -> Result<Held, DirectoryError> {
        let Some(held) = held(organization.into(), &stepped.id, stepped.state) else {
            return Err(DirectoryError::Missing);
        };
        let version = held.document.version();
        let mut changed = self.changes();
        let has = || {
            let snapshot = self.current();
            match snapshot.get(held.kind, &held.id) {
                Some(current) => current.document.version() >= version,
                None => held.document.is_removed(),
            }
        };
        while !has() {
            // The sender is in this directory.
            if changed.changed().await.is_err() {
                break;
            }
        }
        Ok(held)
    }

    fn ledger(&self, organization: &str) -> Ledger<Document> {
        self.0.store.ledger(organization)
    }
}

impl Snapshot {
    fn put_stored(&mut self, organization: Arc<str>, row: &Arc<str>, document: Arc<Document>) {
        if let Some(held) = held(organization, row, document) {
            self.put(held);
        }
    }
}

impl Kept {
    async fn keep(
        self: Arc<Self>,
        mut changes: mpsc::UnboundedReceiver<(Arc<str>, Arc<str>, Arc<Document>)>,
        auditor: Auditor,
    ) {
        while let Some(first) = changes.recv().await {
            let mut snapshot = Snapshot::clone(&self.snapshot.load());
            let mut next = Some(first);
            let mut owing = HashMap::new();
            while let Some((organization, row, document)) = next {
                if !document.unaudited().is_empty() {
                    owing.insert(row.clone(), organization.clone());
                }
                snapshot.put_stored(organization, &row, document);
                next = changes.try_recv().ok();
            }
            self.snapshot.store(Arc::new(snapshot));
            self.changed.send_modify(|count| *count += 1);
            for (row, organization) in owing {
                auditor.owes(organization, row);
            }
        }
    }
}

/// The id of a document in the store, where ids of all kinds meet.
pub(crate) fn row_id(kind: Kind, id: &str) -> String {
    format!("{kind}/{id}")
}

fn held(organization: Arc<str>, row: &str, document: Arc<Document>) -> Option<Held> {
    let kind = document.kind()?;
    let id = row.strip_prefix(kind.name())?.strip_prefix('/')?.into();
    Some(Held { organization, kind, id, document })
}

fn refused<T>(stepped: Result<T, StepError<Refusal>>) -> Result<T, DirectoryError> {
    stepped.map_err(|error| match error {
        StepError::NotFound => DirectoryError::Missing,
        StepError::Refused(refusal) => refusal.into(),
        StepError::KeyReused => DirectoryError::KeyReused,
        StepError::Store(error) => error.into(),
    })
}

/// A slug becomes part of addresses and of files. That of a person is a mail address.
fn check_slug(slug: &str) -> Result<(), Wrong> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
    if slug.is_empty() || slug.len() > 200 || !slug.chars().all(plain) {
        let detail = format!("`slug` is {slug:?}: use 1 to 200 characters without spaces and /");
        return Err(Wrong { field: Some("slug".to_owned()), detail });
    }
    Ok(())
}
