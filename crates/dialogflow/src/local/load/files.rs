//! The files of an agent export, from a folder or a zip, within limits.
//!
//! An export may be hostile. Sizes are counted while unpacking, declared sizes are not trusted,
//! names may not leave the export, links are not followed, archives inside the archive are not
//! opened.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use super::LoadError;
use crate::local::report::{NoticeKind, Report};

const ARCHIVE_BYTES_MAX: u64 = 16 << 20;
const ENTRIES_MAX: usize = 20_000;
const ENTRY_BYTES_MAX: u64 = 16 << 20;
const TOTAL_BYTES_MAX: u64 = 40 << 20;
/// Unpacked size by packed size.
const RATIO_MAX: u64 = 100;
/// Up to this unpacked size any ratio is accepted.
const RATIO_FREE_BYTES: u64 = 1 << 20;
const NAME_BYTES_MAX: usize = 512;
const DEPTH_MAX: usize = 8;

/// Contents by path below the export's root, with `/` between the parts.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Reads a folder with an `agent.json`, a folder that holds such a folder as `agent/` or the
/// export as `agent.zip`, or a zip file.
pub(crate) fn read(path: &Path, report: &mut Report) -> Result<Files, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return unzip(&archive(path)?, report);
    }
    for root in [path.to_owned(), path.join("agent")] {
        if root.join("agent.json").is_file() {
            return walk(&root, report);
        }
    }
    let inner = path.join("agent.zip");
    if inner.is_file() { unzip(&archive(&inner)?, report) } else { Err(LoadError::NotAnAgent) }
}

fn archive(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    read_up_to(path, ARCHIVE_BYTES_MAX).map_err(unreadable)
}

/// Reads a file, and of a larger one only the first byte after `bytes_max`.
fn read_up_to(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn walk(root: &Path, report: &mut Report) -> Result<Files, LoadError> {
    let mut files = Files::new();
    let mut total: u64 = 0;
    let mut open: Vec<(PathBuf, String, usize)> = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = open.pop() {
        let unreadable = |source| LoadError::Unreadable { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && depth < DEPTH_MAX {
                open.push((entry.path(), format!("{name}/"), depth + 1));
            } else if !kind.is_file() || !is_json(&name) {
                report.note(&name, NoticeKind::UnknownFile, "");
            } else {
                let left = ENTRY_BYTES_MAX.min(TOTAL_BYTES_MAX - total);
                let bytes = read_up_to(&entry.path(), left).map_err(unreadable)?;
                total += bytes.len() as u64;
                if files.len() >= ENTRIES_MAX || bytes.len() as u64 > left {
                    return Err(LoadError::TooLarge("too many files, or too large"));
                }
                files.insert(clean(&name), bytes);
            }
        }
    }
    Ok(files)
}

/// Unpacks an archive in memory.
pub(crate) fn unzip(bytes: &[u8], report: &mut Report) -> Result<Files, LoadError> {
    if bytes.len() as u64 > ARCHIVE_BYTES_MAX {
        return Err(LoadError::TooLarge("the archive has more than 16 MiB"));
    }
    if declared_entries(bytes) > ENTRIES_MAX as u64 {
        return Err(LoadError::TooLarge("the archive has too many entries"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| LoadError::NotAZip)?;
    if archive.len() > ENTRIES_MAX {
        return Err(LoadError::TooLarge("the archive has too many entries"));
    }
    let mut files = Files::new();
    let mut total: u64 = 0;
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else {
            report.note(&format!("entry {index}"), NoticeKind::Unreadable, "damaged or encrypted");
            continue;
        };
        let Ok(name) = entry.name().map(|name| clean(&name)) else {
            report.note(&format!("entry {index}"), NoticeKind::Unreadable, "its name is no text");
            continue;
        };
        if name.is_empty() {
            continue;
        }
        if !is_inside(&name) || entry.is_symlink() {
            return Err(LoadError::UnsafePath);
        }
        if entry.is_dir() || name.ends_with('/') {
            continue;
        }
        if name.len() > NAME_BYTES_MAX || name.split('/').count() > DEPTH_MAX {
            let short: String = name.chars().take(60).collect();
            report.note(&short, NoticeKind::Limit, "its name is too long, or its folder too deep");
            continue;
        }
        if !is_json(&name) {
            report.note(&name, NoticeKind::UnknownFile, "");
            continue;
        }
        let packed = entry.compressed_size();
        let left = ENTRY_BYTES_MAX.min(TOTAL_BYTES_MAX - total);
        match unpack(&mut entry, packed, left)? {
            Some(content) => {
                total += content.len() as u64;
                if total > RATIO_FREE_BYTES && total > RATIO_MAX * bytes.len() as u64 {
                    return Err(LoadError::TooLarge("it unpacks to more than a hundredfold"));
                }
                if files.insert(name.clone(), content).is_some() {
                    report.note(&name, NoticeKind::Unreadable, "it is in the archive twice");
                }
            }
            None => report.note(&name, NoticeKind::Unreadable, "damaged in the archive"),
        }
    }
    from_root(files)
}

/// Unpacks one entry and counts its bytes; `None` when it is damaged.
fn unpack(entry: &mut impl Read, packed: u64, left: u64) -> Result<Option<Vec<u8>>, LoadError> {
    let mut content = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let Ok(count) = entry.read(&mut chunk) else {
            return Ok(None);
        };
        if count == 0 {
            return Ok(Some(content));
        }
        content.extend_from_slice(&chunk[..count]);
        let size = content.len() as u64;
        if size > left {
            return Err(LoadError::TooLarge("it unpacks to more than 40 MiB"));
        }
        if size > RATIO_FREE_BYTES && size / RATIO_MAX > packed {
            return Err(LoadError::TooLarge("it unpacks to more than a hundredfold"));
        }
    }
}

/// Removes the folder that some archives have around the export.
fn from_root(files: Files) -> Result<Files, LoadError> {
    if files.contains_key("agent.json") {
        return Ok(files);
    }
    let mut roots = files.keys().filter_map(|name| name.strip_suffix("/agent.json"));
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(LoadError::NotAnAgent);
    };
    let prefix = format!("{root}/");
    Ok(files
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix(&prefix)?.to_owned(), bytes.clone())))
        .collect())
}

/// The largest number of entries that any end-of-directory record of the archive declares. The
/// library parses the whole directory at once, so a huge one is refused before it is opened.
fn declared_entries(bytes: &[u8]) -> u64 {
    let records = bytes.windows(4).enumerate().filter_map(|(at, signature)| match signature {
        b"PK\x05\x06" => {
            let field = bytes.get(at + 10..at + 12)?;
            Some(u64::from(u16::from_le_bytes(field.try_into().ok()?)))
        }
        b"PK\x06\x06" => {
            let field = bytes.get(at + 32..at + 40)?;
            Some(u64::from_le_bytes(field.try_into().ok()?))
        }
        _ => None,
    });
    records.max().unwrap_or(0)
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// A name with `/` between its parts. Programs for Windows also write `\`, others begin with `./`.
fn clean(name: &str) -> String {
    let name = name.replace('\\', "/");
    name.trim_start_matches("./").to_owned()
}

/// Whether a name stays below the root of the export.
fn is_inside(name: &str) -> bool {
    let drive =
        name.as_bytes().get(1) == Some(&b':') && name.starts_with(|c: char| c.is_alphabetic());
    let name = name.strip_suffix('/').unwrap_or(name);
    let mut parts = name.split('/');
    !drive
        && !name.contains('\0')
        && parts.all(|part| !part.is_empty() && part != "." && part != "..")
}
