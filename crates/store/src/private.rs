//! Files and folders that others than their owner can read.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// The bit of folders such as `/tmp`, which belong to everybody.
const STICKY: u32 = 0o1000;
/// What a mode allows to others than the owner.
const OTHERS: u32 = 0o077;

/// Takes a file or folder of ours from everybody but its owner, who is told in the log. One that is
/// not there, or is a folder of everybody, stays as it is.
///
/// # Errors
/// Fails when the file cannot be looked at, or not be changed for another reason than its owner.
pub fn tighten(path: &Path) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Ok(found) => found.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & OTHERS == 0 || mode & STICKY != 0 {
        return Ok(());
    }
    let tightened = fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS & 0o777));
    let file = path.display();
    match tightened {
        Ok(()) => {
            let before = format!("{:o}", mode & 0o777);
            tracing::warn!(%file, before, "others had access to this; now only its owner has");
            Ok(())
        }
        // It belongs to somebody else, who has to decide.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::warn!(%file, %error, "others have access to this");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
