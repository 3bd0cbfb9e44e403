//! The names of recordings: one process, one file, and the files of one family side by side.
//! `app.unfreed` is the root's, `app.1234.unfreed` that of its descendant with process id 1234.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Extension of every recording.
pub const EXTENSION: &str = "unfreed";

/// More files than any program leaves behind; a bound on how long a free name is looked for.
const MOST_TRIES: u32 = 100_000;

/// `stem.unfreed`, `stem-2.unfreed`, … in order.
pub fn numbered(folder: &Path, stem: &OsStr) -> impl Iterator<Item = PathBuf> {
    (1..MOST_TRIES).map(move |number| {
        let mut name = stem.to_os_string();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name.push(".");
        name.push(EXTENSION);
        folder.join(name)
    })
}

/// The first name of process `pid` in the family of `root` that no file has yet.
pub fn free_child_path(root: &Path, pid: u32) -> PathBuf {
    let folder = root.parent().unwrap_or(Path::new(""));
    let mut stem = stem_of(root);
    stem.push(format!(".{pid}"));
    let mut names = numbered(folder, &stem);
    let first = folder.join(&stem).with_extension(EXTENSION);
    names.find(|name| !name.exists()).unwrap_or(first)
}

/// The recordings of the descendants of `root`, by name.
pub fn children_of(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut prefix = stem_of(root).to_string_lossy().into_owned();
    prefix.push('.');
    let folder = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut children = recordings_in(folder)?;
    children.retain(|path| is_child_name(path, &prefix));
    Ok(children)
}

/// Every recording in `folder`, by name.
pub fn recordings_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Takes away a file that was reserved for a recording, and nothing else: no link, no device, and
/// no file that somebody has written to.
pub fn remove_if_empty(path: &Path) {
    let is_ours = |there: std::fs::Metadata| there.is_file() && there.len() == 0;
    if std::fs::symlink_metadata(path).is_ok_and(is_ours) {
        // If it cannot be removed, an empty file stays behind; that harms nobody.
        let _ = std::fs::remove_file(path);
    }
}

/// Whether `path` is `prefix`, a process id, perhaps a number, and the extension.
fn is_child_name(path: &Path, prefix: &str) -> bool {
    let Some(stem) = path.file_stem().and_then(OsStr::to_str) else {
        return false;
    };
    let Some(rest) = stem.strip_prefix(prefix) else {
        return false;
    };
    let (pid, number) = rest.split_once('-').unwrap_or((rest, "0"));
    pid.parse::<u32>().is_ok() && number.parse::<u32>().is_ok()
}

/// The name without our extension. Any other extension is part of the name.
fn stem_of(root: &Path) -> OsString {
    let stem = match root.extension() {
        Some(extension) if extension == EXTENSION => root.file_stem(),
        _ => root.file_name(),
    };
    stem.unwrap_or(OsStr::new("python")).to_os_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) -> io::Result<()> {
        names
            .iter()
            .try_for_each(|name| std::fs::write(folder.join(name), ""))
    }

    #[test]
    fn numbers_start_at_two() {
        let names: Vec<_> = numbered(Path::new("d"), OsStr::new("my.app"))
            .take(2)
            .collect();
        assert_eq!(
            names,
            [
                Path::new("d/my.app.unfreed"),
                Path::new("d/my.app-2.unfreed")
            ]
        );
    }

    #[test]
    fn children_stand_beside_their_root() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().join("my.app.unfreed");
        touch(
            folder.path(),
            &["my.app.unfreed", "my.app.12.unfreed", "my.app.12-2.unfreed"],
        )?;
        touch(
            folder.path(),
            &["my.12.unfreed", "my.app.x.unfreed", "my.app.13.json"],
        )?;
        let names = ["my.app.12-2.unfreed", "my.app.12.unfreed"];
        assert_eq!(
            children_of(&root)?,
            names.map(|name| folder.path().join(name))
        );
        assert_eq!(
            free_child_path(&root, 12),
            folder.path().join("my.app.12-3.unfreed")
        );
        Ok(())
    }

    #[test]
    fn only_an_empty_file_is_taken_away() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        touch(folder.path(), &["empty", "target"])?;
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("full"), "text")?;
        std::os::unix::fs::symlink(path("target"), path("link"))?;
        for name in ["empty", "full", "link", "missing"] {
            remove_if_empty(&path(name));
        }
        remove_if_empty(Path::new("/dev/null"));
        let left = ["empty", "full", "link", "target"].map(|name| path(name).exists());
        assert_eq!(left, [false, true, true, true]);
        assert!(Path::new("/dev/null").exists());
        Ok(())
    }

    #[test]
    fn a_foreign_extension_is_part_of_the_name() {
        let path = free_child_path(Path::new("/nowhere/out.bin"), 3);
        assert_eq!(path, Path::new("/nowhere/out.bin.3.unfreed"));
    }
}
