//! The files of a database: readable by their owner only, and still where they were opened.
//!
//! A database goes on working after its file was deleted or replaced, and loses everything when it
//! is closed. So the writer looks before each commit, and acknowledges nothing meanwhile. A file
//! that is put back is found again.

use crate::error::StoreError;
use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Reading and writing for the owner.
const PRIVATE: u32 = 0o600;
/// With less room on the disk than this, in bytes, the largest messages may not fit any more.
const ROOM_MIN: u64 = 8 << 20;
/// What a lock file holds once its database was made.
const MADE: &[u8] = b"made\n";

/// A new file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    options.mode(PRIVATE);
    options
}

/// Whether the lock file tells that its database was made.
pub(super) fn was_made(lock: &mut File) -> io::Result<bool> {
    let mut held = Vec::new();
    lock.rewind()?;
    lock.read_to_end(&mut held)?;
    Ok(held.starts_with(MADE))
}

pub(super) fn note_made(lock: &mut File) -> io::Result<()> {
    if !was_made(lock)? {
        lock.write_all(MADE)?;
        lock.sync_all()?;
    }
    Ok(())
}

/// Files that were opened, and may be moved, deleted or replaced behind our back.
#[derive(Debug)]
pub(super) struct Files {
    database: Seen,
    log: Seen,
}

#[derive(Debug)]
struct Seen {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// The largest size it was seen with; a database never shrinks, a log does.
    size: Option<AtomicU64>,
}

impl Files {
    pub(super) fn look(database: &Path, log: &Path) -> io::Result<Self> {
        Ok(Self { database: Seen::new(database, true)?, log: Seen::new(log, false)? })
    }

    /// Ok while there is room on the disk for more than the next message.
    pub(super) fn check_room(&self) -> Result<(), StoreError> {
        match rustix::fs::statvfs(&self.database.path) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_MIN => {
                Err(StoreError::Full)
            }
            // A file system that does not tell is none that is full.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Ok while every file is where it was.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.database.check()?;
        self.log.check()
    }
}

impl Seen {
    fn new(path: &Path, grows: bool) -> io::Result<Self> {
        let found = std::fs::metadata(path)?;
        let size = grows.then(|| AtomicU64::new(found.len()));
        Ok(Self { path: path.to_owned(), device: found.dev(), inode: found.ino(), size })
    }

    fn check(&self) -> Result<(), StoreError> {
        match std::fs::metadata(&self.path) {
            Ok(found) if !self.is(&found) => Err(self.displaced("was replaced by another file")),
            Ok(found) if self.has_shrunk(&found) => Err(self.displaced("was cut short")),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.displaced("was deleted or moved away"))
            }
            Err(error) => Err(self.displaced(&format!("cannot be looked at: {error}"))),
        }
    }

    fn is(&self, found: &Metadata) -> bool {
        (found.dev(), found.ino()) == (self.device, self.inode)
    }

    fn has_shrunk(&self, found: &Metadata) -> bool {
        let before = self.size.as_ref().map(|size| size.fetch_max(found.len(), Ordering::Relaxed));
        before.is_some_and(|before| found.len() < before)
    }

    fn displaced(&self, what: &str) -> StoreError {
        StoreError::Displaced { file: self.path.display().to_string(), what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_again_and_missed() {
        let folder = tempfile::tempdir().unwrap();
        let [database, log, other] = ["db", "log", "other"].map(|name| folder.path().join(name));
        std::fs::write(&database, "0123").unwrap();
        std::fs::write(&log, "0123").unwrap();
        let files = Files::look(&database, &log).unwrap();
        let what = || match files.check() {
            Ok(()) => String::new(),
            Err(StoreError::Displaced { file, what }) => {
                format!("{} {what}", Path::new(&file).file_name().unwrap().display())
            }
            Err(other) => panic!("{other}"),
        };
        std::fs::write(&database, "01234567").unwrap();
        std::fs::write(&log, "").unwrap();
        assert_eq!(what(), "", "a database grows, and a log starts over");
        for file in [&database, &log] {
            let name = file.file_name().unwrap().display().to_string();
            std::fs::rename(file, &other).unwrap();
            assert_eq!(what(), format!("{name} was deleted or moved away"));
            std::fs::copy(&other, file).unwrap();
            assert_eq!(what(), format!("{name} was replaced by another file"));
            std::fs::rename(&other, file).unwrap();
            assert_eq!(what(), "", "it was put back");
        }
        std::fs::write(&database, "0123").unwrap();
        assert_eq!(what(), "db was cut short");
        std::fs::write(&database, "01234567").unwrap();
        assert_eq!(what(), "");
    }
}
