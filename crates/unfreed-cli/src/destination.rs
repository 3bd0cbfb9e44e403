//! Where the recording of a run goes. The file is made before the program starts: that proves that
//! it can be written, and an empty file afterwards proves that the agent never started.

use crate::family;
use crate::messages::{self, reason};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The reserved place of a recording.
pub struct Destination {
    /// Absolute path of the recording.
    pub path: PathBuf,
    /// Set when the wanted place could not be written: the folder goes when the report is out.
    temporary: Option<TempDir>,
}

impl Destination {
    /// Reserves the place that was asked for, or a free name in the current folder. If neither can
    /// be written, says so and falls back to a temporary folder; `None` if even that fails.
    pub fn reserve(wanted: Option<&Path>, stem: &OsStr) -> Option<Self> {
        let reserved = match wanted {
            Some(path) => claim(path),
            None => claim_free(stem),
        };
        match reserved {
            Ok(path) => Some(Self {
                path,
                temporary: None,
            }),
            Err(error) => {
                let place = wanted.map_or_else(|| "this folder".into(), Path::to_string_lossy);
                messages::notice(format_args!(
                    "cannot write a recording to {place}: {}",
                    reason(&error)
                ));
                fallback(stem)
            }
        }
    }

    /// A place in a temporary folder that goes with it; `None`, said, when there is none.
    pub fn temporary(stem: &OsStr) -> Option<Self> {
        match make_temporary(stem) {
            Ok(place) => Some(place),
            Err(error) => {
                messages::error(format_args!(
                    "cannot write to a temporary folder: {}",
                    reason(&error)
                ));
                messages::hint("set TMPDIR to a folder with room, or use -o FILE");
                None
            }
        }
    }

    /// Whether the recording outlives this process.
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }
}

fn claim(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    // A device or a pipe gives nothing back that could be reported on, and opening one may block.
    if std::fs::metadata(&path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Err(io::Error::other("it is no regular file"));
    }
    File::create(&path)?;
    Ok(path)
}

fn claim_free(stem: &OsStr) -> io::Result<PathBuf> {
    let folder = std::env::current_dir()?;
    for path in family::numbered(&folder, stem) {
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("every name is taken"))
}

fn make_temporary(stem: &OsStr) -> io::Result<Destination> {
    let folder = tempfile::Builder::new().prefix("unfreed-").tempdir()?;
    let mut name = stem.to_os_string();
    name.push(".");
    name.push(family::EXTENSION);
    Ok(Destination {
        path: claim(&folder.path().join(name))?,
        temporary: Some(folder),
    })
}

fn fallback(stem: &OsStr) -> Option<Destination> {
    match make_temporary(stem) {
        Ok(place) => {
            messages::hint("the report still comes; -o FILE keeps the recording as well");
            Some(place)
        }
        Err(error) => {
            messages::notice(format_args!(
                "cannot write a recording to a temporary folder either: {}; \
                 the program runs without it",
                reason(&error)
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_overwritten() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.unfreed");
        std::fs::write(&path, "old")?;
        let destination = Destination::reserve(Some(&path), OsStr::new("x"));
        assert!(destination.is_some_and(|place| place.is_kept() && place.path == path));
        assert_eq!(std::fs::read(&path)?, b"");
        Ok(())
    }

    #[test]
    fn falls_back_to_a_temporary_folder() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let nowhere = folder.path().join("missing/x.unfreed");
        let place = Destination::reserve(Some(&nowhere), OsStr::new("x"));
        let path = place
            .as_ref()
            .map(|place| place.path.clone())
            .unwrap_or_default();
        assert!(place.as_ref().is_some_and(|place| !place.is_kept()) && path.exists());
        drop(place);
        assert!(!path.exists());
        Ok(())
    }
}
