//! What can go wrong in the store, and what the caller can make of it.

/// Why the store could not do what it was asked. Cheap to clone: one failed commit is reported to
/// every unit that travelled in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused at start: the address of the database cannot be used.
    #[error("the database address cannot be used: {0}")]
    Address(String),
    /// Refused at start: what is acknowledged would not survive a power cut.
    #[error("{database} does not promise durability: {detail}")]
    NotDurable { database: String, detail: String },
    /// The file is damaged, empty or something else; never started over with an empty one.
    #[error("{database} is damaged or not a Baton database ({detail}); restore it from a backup")]
    Damaged { database: String, detail: String },
    /// Refused at start: there was a database, and it is gone. Nothing was made in its place.
    #[error(
        "{database} is gone, though {lock} says that it was made: put the file back from where it \
         was moved or from a backup; to begin with an empty database instead, remove {lock}"
    )]
    Missing { database: String, lock: String },
    /// A file of the running database is not where it was. Nothing was stored; it works again when
    /// the file is put back.
    #[error(
        "{file} {what} while the server runs: put it back, or stop the server and restore a \
         backup; what was stored since the last backup is only in the running server"
    )]
    Displaced { file: String, what: String },
    /// Refused at start: another process has this database open for writing.
    #[error("{database} is in use by another process")]
    InUse { database: String },
    /// Refused at start: the database was written by a later release.
    #[error(
        "{database} has schema version {found}, this release knows up to {known}: \
         start the newer release again"
    )]
    NewerSchema { database: String, found: i64, known: i64 },
    /// Refused when nothing may be written: this release would have to migrate the database first.
    #[error(
        "{database} has schema version {found}, this release needs {known}: start the server \
         once, which migrates it, or look with the release that wrote it"
    )]
    OlderSchema { database: String, found: i64, known: i64 },
    /// Refused at start: a migration that was applied reads differently in this release.
    #[error("{database}: migration {version} was applied with another text than this release has")]
    ChangedMigration { database: String, version: i64 },
    /// The disk is full. Nothing was stored; it may work again later.
    #[error("the disk of the database is full")]
    Full,
    /// The database could not be reached or did not answer. Nothing was stored.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The answer to the commit was lost: it may or may not be stored. Repeat it with the same
    /// key and it is stored once.
    #[error("the database was lost while committing: {0}")]
    Uncertain(String),
    /// The id or the peer of this machine is taken.
    #[error("already there: {0}")]
    Conflict(String),
    /// The database cannot hold what it was given, now or later: a text with a NUL character, a
    /// key that is too long. Nothing was stored.
    #[error("the database cannot hold this: {0}")]
    Unstorable(String),
    /// A stored state or event cannot be read or written by this release.
    #[error("{id} cannot be read or written: {detail}")]
    Unreadable { id: String, detail: String },
    /// A machine broke its own rules while stepping. Nothing was stored.
    #[error("the machine of {id} failed: {detail}")]
    Machine { id: String, detail: String },
    /// The writer has stopped, for example after a failed sync: end the process and
    /// start it again, so that it recovers from what is on the disk.
    #[error("the database writer has stopped: {0}")]
    Stopped(String),
}

impl StoreError {
    /// True when the same call may work a little later (an HTTP edge answers 503).
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Full
                | Self::Displaced { .. }
                | Self::Unavailable(_)
                | Self::Uncertain(_)
                | Self::Stopped(_)
        )
    }
}

/// Why a step did not happen. Nothing was stored, except perhaps with [`StoreError::Uncertain`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError<R: std::fmt::Debug> {
    /// This owner has no such machine.
    #[error("not found")]
    NotFound,
    /// The machine did not accept the input.
    #[error("refused: {0:?}")]
    Refused(R),
    /// The key was used before for something else.
    #[error("this key was used before with other content")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) fn unreadable(id: &str, detail: &str) -> StoreError {
    StoreError::Unreadable { id: id.to_owned(), detail: detail.to_owned() }
}
