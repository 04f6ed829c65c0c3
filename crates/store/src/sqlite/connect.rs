//! Opening a database file, and refusing to.
//!
//! A file that is absent is made under another name and moved into place when it is whole, so a
//! crash never leaves a half-made database. A file that is there is never started over: empty,
//! damaged or foreign files are refused by name.

use super::{
    files::{self, Files},
    statements,
};
use crate::{
    error::StoreError,
    migrate::{self, Applied},
    mutant::{self, Mutant},
    private::tighten,
    sql,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{File, TryLockError},
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

/// A database that is ready for its threads.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) writer: Connection,
    /// Held as long as the writer lives.
    pub(super) lock: File,
    pub(super) files: Arc<Files>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
    Checkpointer,
    /// Looks at a database that nobody else has open, and changes nothing.
    Inspector,
}

/// How long a connection waits for another one's lock.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long the check for damage may hold up the start; a large file is checked in part.
const CHECK_WAIT: Duration = Duration::from_secs(10);
const STATEMENTS_CACHED: usize = 64;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

pub(super) fn open(path: &Path) -> Result<Opened, StoreError> {
    let mut lock = lock_file(path)?;
    if is_absent(path)? {
        refuse_if_made(path, &mut lock)?;
        make(path)?;
    }
    check_header(path)?;
    // A writer changes the settings of the file, so nobody else's is opened by one.
    applied(path, &connect(path, Role::Inspector)?)?;
    let mut writer = connect(path, Role::Writer)?;
    check_pages(path, &writer)?;
    migrate(path, &mut writer)?;
    // Not before it is known to be ours.
    for file in ["", "-wal", "-shm", ".lock"] {
        tighten(&beside(path, file)).map_err(|error| unusable(path, &error))?;
    }
    files::note_made(&mut lock).map_err(|error| unusable(path, &error))?;
    let files = Files::look(path, &beside(path, "-wal")).map_err(|e| unusable(path, &e))?;
    Ok(Opened { path: path.to_owned(), writer, lock, files: Arc::new(files) })
}

/// Checks that a database can be looked at as it is; the lock that keeps writers away meanwhile.
/// A database without a lock file was never served where it lies.
pub(super) fn inspect(path: &Path) -> Result<Option<File>, StoreError> {
    let lock = match File::open(beside(path, ".lock")) {
        Ok(lock) => Some(take(path, lock)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unusable(path, &error)),
    };
    check_header(path)?;
    let connection = connect(path, Role::Inspector)?;
    let applied = applied(path, &connection)?;
    migrate::check_complete(&path.display().to_string(), migrate::SQLITE, &applied)?;
    Ok(lock)
}

/// A connection with its settings made and checked.
pub(super) fn connect(path: &Path, role: Role) -> Result<Connection, StoreError> {
    let damaged = |error| start_error(path, &error);
    let access = match role {
        Role::Inspector => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer | Role::Reader | Role::Checkpointer => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(damaged)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection.busy_timeout(BUSY_WAIT).map_err(damaged)?;
    // Who only looks acknowledges nothing, and every setting of the file stays what it is.
    if role != Role::Inspector {
        settle(&connection, role).map_err(damaged)?;
        check_settings(path, &connection, role)?;
    }
    Ok(connection)
}

fn settle(connection: &Connection, role: Role) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let synchronous = if mutant::is(Mutant::SyncLater) { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    // In KiB when negative. The writer keeps the hot pages, a reader a few.
    let cache_kib = if role == Role::Writer { -32_000 } else { -4_000 };
    connection.pragma_update(None, "cache_size", cache_kib)?;
    if role == Role::Reader {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(())
}

/// Nothing starts that could acknowledge what a power cut takes away.
pub(super) fn check_settings(
    path: &Path,
    connection: &Connection,
    role: Role,
) -> Result<(), StoreError> {
    let journal: String = pragma(path, connection, "journal_mode")?;
    let synchronous: i64 = pragma(path, connection, "synchronous")?;
    let foreign_keys: i64 = pragma(path, connection, "foreign_keys")?;
    let autocheckpoint: i64 = pragma(path, connection, "wal_autocheckpoint")?;
    let is_full = synchronous >= 2 || mutant::is(Mutant::SyncLater);
    if journal != "wal" || !is_full || foreign_keys != 1 || autocheckpoint != 0 {
        let detail = format!(
            "the {role:?} connection has journal_mode={journal} synchronous={synchronous} \
             foreign_keys={foreign_keys} wal_autocheckpoint={autocheckpoint}"
        );
        return Err(StoreError::NotDurable { database: path.display().to_string(), detail });
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(
    path: &Path,
    connection: &Connection,
    name: &str,
) -> Result<T, StoreError> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|error| start_error(path, &error))
}

fn lock_file(path: &Path) -> Result<File, StoreError> {
    let name = beside(path, ".lock");
    let file =
        files::private().create(true).read(true).append(true).open(&name).map_err(|error| {
            StoreError::Address(format!("{} cannot be opened: {error}", name.display()))
        })?;
    take(path, file)
}

fn take(path: &Path, lock: File) -> Result<File, StoreError> {
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { database: path.display().to_string() })
        }
        Err(TryLockError::Error(error)) => {
            let name = beside(path, ".lock");
            Err(StoreError::Address(format!("{} cannot be locked: {error}", name.display())))
        }
    }
}

fn is_absent(path: &Path) -> Result<bool, StoreError> {
    if path.exists() {
        return Ok(false);
    }
    if beside(path, "-wal").exists() {
        return Err(damaged(path, "its file is gone, but its write-ahead log is there"));
    }
    Ok(true)
}

/// An empty database must not take the place of one that was deleted or moved.
fn refuse_if_made(path: &Path, lock: &mut File) -> Result<(), StoreError> {
    if files::was_made(lock).map_err(|error| unusable(path, &error))? {
        let lock = beside(path, ".lock").display().to_string();
        return Err(StoreError::Missing { database: path.display().to_string(), lock });
    }
    Ok(())
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Address(format!("{} cannot be used: {error}", path.display()))
}

/// Makes a whole database under another name, then moves it into place.
fn make(path: &Path) -> Result<(), StoreError> {
    let unfinished = beside(path, ".new");
    let failed = |error: std::io::Error| {
        StoreError::Address(format!("{} cannot be made: {error}", path.display()))
    };
    for leftover in ["", "-wal", "-shm"] {
        match std::fs::remove_file(beside(&unfinished, leftover)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    files::private().write(true).create_new(true).open(&unfinished).map_err(failed)?;
    let mut connection = connect(&unfinished, Role::Writer)?;
    connection.execute_batch(migrate::SCHEMA_TABLE).map_err(|error| start_error(path, &error))?;
    migrate(&unfinished, &mut connection)?;
    // The last connection to close folds the log into the file.
    connection.close().map_err(|(_, error)| start_error(path, &error))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&unfinished, path).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) if header == *MAGIC => Ok(()),
        Ok(()) => Err(damaged(path, "it is not a SQLite file")),
        Err(_) => Err(damaged(path, "it is empty or cannot be read")),
    }
}

/// Looks for damaged pages, but does not hold up the start of a large database for long.
fn check_pages(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let stop = connection.get_interrupt_handle();
    let (done, waited) = mpsc::channel::<()>();
    let alarm = super::spawn("store-check", move || {
        if waited.recv_timeout(CHECK_WAIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            stop.interrupt();
        }
    })?;
    let found = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    drop(done);
    let _ = alarm.join();
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(path, &found)),
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
        {
            tracing::info!(db.file = %path.display(), "too large to be checked whole at start");
            Ok(())
        }
        Err(error) => Err(start_error(path, &error)),
    }
}

/// Applies what is missing, in one transaction, and prepares every statement once.
fn migrate(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| start_error(path, &error);
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
    let applied = applied(path, &transaction)?;
    let database = path.display().to_string();
    for (version, migration) in migrate::missing(&database, migrate::SQLITE, &applied)? {
        transaction.execute_batch(migration.sql).map_err(failed)?;
        let fingerprint = migrate::fingerprint(migration.sql);
        transaction
            .execute(sql::ADD_SCHEMA, (version, migration.name, fingerprint))
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    for statement in statements() {
        connection.prepare(statement).map_err(failed)?;
    }
    Ok(())
}

/// The migrations that a database of ours has.
fn applied(path: &Path, connection: &Connection) -> Result<Vec<Applied>, StoreError> {
    let failed = |error: rusqlite::Error| start_error(path, &error);
    if !connection.table_exists(None, "schema").map_err(failed)? {
        return Err(damaged(path, "it has no table `schema`"));
    }
    let mut statement = connection.prepare(sql::SCHEMA).map_err(failed)?;
    let rows = statement
        .query_map((), |row| Ok(Applied { version: row.get(0)?, fingerprint: row.get(2)? }));
    rows.and_then(Iterator::collect).map_err(failed)
}

/// Why a database is refused, in its own words where it is more than damage.
pub(super) fn start_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    match super::tx::error(error) {
        StoreError::Full => StoreError::Full,
        StoreError::Unavailable(detail)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) =>
        {
            StoreError::Unavailable(detail)
        }
        _ => damaged(path, &error.to_string()),
    }
}

fn damaged(path: &Path, detail: &str) -> StoreError {
    StoreError::Damaged { database: path.display().to_string(), detail: detail.to_owned() }
}

/// The path with something added to its file name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
