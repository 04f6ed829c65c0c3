//! Migrations: append-only files, applied in order in one transaction, never edited afterwards.
//!
//! The table `schema` holds each applied version with the fingerprint of its text. A database
//! that is newer than the release, or in which an applied text differs, is refused.

use crate::error::StoreError;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// A row of the table `schema`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) fingerprint: i64,
}

/// Works on both engines; run before anything else.
pub(crate) const SCHEMA_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema (\
     version bigint NOT NULL PRIMARY KEY, name text NOT NULL, print bigint NOT NULL)";

pub(crate) const SQLITE: &[Migration] = &[
    Migration { name: "start", sql: include_str!("../migrations/sqlite/0001_start.sql") },
    Migration { name: "formats", sql: include_str!("../migrations/sqlite/0002_formats.sql") },
    Migration { name: "checksums", sql: include_str!("../migrations/sqlite/0003_checksums.sql") },
];

pub(crate) const POSTGRES: &[Migration] = &[
    Migration { name: "start", sql: include_str!("../migrations/postgres/0001_start.sql") },
    Migration { name: "formats", sql: include_str!("../migrations/postgres/0002_formats.sql") },
    Migration { name: "checksums", sql: include_str!("../migrations/postgres/0003_checksums.sql") },
];

/// The migrations that are still to be applied, with their versions (the first is version 1).
pub(crate) fn missing<'a>(
    database: &str,
    known: &'a [Migration],
    applied: &[Applied],
) -> Result<Vec<(i64, &'a Migration)>, StoreError> {
    let newest = known.len() as i64;
    for Applied { version, fingerprint: applied } in applied {
        if *version > newest {
            return Err(StoreError::NewerSchema {
                database: database.to_owned(),
                found: *version,
                known: newest,
            });
        }
        let same = usize::try_from(*version - 1)
            .ok()
            .and_then(|at| known.get(at))
            .is_some_and(|migration| fingerprint(migration.sql) == *applied);
        if !same {
            return Err(StoreError::ChangedMigration {
                database: database.to_owned(),
                version: *version,
            });
        }
    }
    Ok((1..).zip(known).skip(applied.len()).collect())
}

/// Ok when nothing is missing, for those who may not write.
pub(crate) fn check_complete(
    database: &str,
    known: &[Migration],
    applied: &[Applied],
) -> Result<(), StoreError> {
    if missing(database, known, applied)?.is_empty() {
        return Ok(());
    }
    let (database, found) = (database.to_owned(), applied.len() as i64);
    Err(StoreError::OlderSchema { database, found, known: known.len() as i64 })
}

/// Fingerprint of a migration's text (FNV-1a): it detects accidental edits, not attacks.
pub(crate) fn fingerprint(text: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(versions: &[(i64, i64)]) -> Vec<Applied> {
        versions.iter().map(|&(version, fingerprint)| Applied { version, fingerprint }).collect()
    }

    const KNOWN: &[Migration] =
        &[Migration { name: "a", sql: "one" }, Migration { name: "b", sql: "two" }];

    #[test]
    fn only_what_is_missing_is_applied() {
        let names = |applied: &[Applied]| -> Vec<(i64, &str)> {
            let missing = missing("db", KNOWN, applied).unwrap();
            missing.into_iter().map(|(version, migration)| (version, migration.name)).collect()
        };
        assert_eq!(names(&[]), [(1, "a"), (2, "b")]);
        assert_eq!(names(&applied(&[(1, fingerprint("one"))])), [(2, "b")]);
        assert_eq!(names(&applied(&[(1, fingerprint("one")), (2, fingerprint("two"))])), []);
    }

    #[test]
    fn a_newer_schema_is_refused_with_both_versions() {
        let error = missing("db", KNOWN, &applied(&[(3, 0)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "db has schema version 3, this release knows up to 2: start the newer release again"
        );
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let error = missing("db", KNOWN, &applied(&[(1, fingerprint("One"))])).unwrap_err();
        assert_eq!(error, StoreError::ChangedMigration { database: "db".to_owned(), version: 1 });
    }
}
