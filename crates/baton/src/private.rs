//! Folders and files that only their owner may read.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use store::tighten;

/// Files that only a folder of our data has.
const OURS: [&str; 3] = ["baton.db", "demo.json", "keyring"];

/// Creates the folder for data. One that was there before is taken from everybody but its owner if
/// it is empty or holds our data already; else it may serve others too.
pub(crate) fn folder(path: &Path) -> anyhow::Result<()> {
    let is_empty = fs::read_dir(path).map_or(true, |mut entries| entries.next().is_none());
    let is_foreign = !is_empty && !OURS.iter().any(|file| path.join(file).exists());
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot create the folder {}", path.display()))?;
    if is_foreign {
        return Ok(());
    }
    tighten(path).with_context(|| path.display().to_string())
}

/// Writes the whole file or nothing.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o1777
    }

    #[test]
    fn folders_and_files_are_for_their_owner() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("a/b");
        folder(&data).unwrap();
        assert_eq!((mode(&data), mode(&place.path().join("a"))), (0o700, 0o700));
        fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        let file = data.join("secrets.json");
        write(&file, "{}").unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        tighten(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        tighten(&data.join("nothing")).unwrap();
        let others = place.path().join("others");
        fs::create_dir(&others).unwrap();
        fs::set_permissions(&others, Permissions::from_mode(0o755)).unwrap();
        fs::write(others.join("page.html"), "").unwrap();
        folder(&others).unwrap();
        assert_eq!(mode(&others), 0o755, "a folder with files of others stays as it is");
        let everybody = place.path().join("tmp");
        fs::create_dir(&everybody).unwrap();
        fs::set_permissions(&everybody, Permissions::from_mode(0o1777)).unwrap();
        folder(&everybody).unwrap();
        assert_eq!(mode(&everybody), 0o1777, "a folder of everybody stays one");
    }
}
