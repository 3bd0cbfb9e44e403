//! Looks that somebody asks for from outside: by an empty file beside the recording, which is taken away when the look
//! is written. Whoever may write there can make the program stand still for a moment, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use unfreed_recording::REQUEST_SUFFIX;

/// Whether a look is asked for.
#[derive(Debug)]
pub(crate) struct Requests {
    file: PathBuf,
    is_pending: bool,
}

impl Requests {
    /// Those to the process that writes `recording`.
    pub(crate) fn to(recording: &Path) -> Self {
        let mut file = recording.as_os_str().to_owned();
        file.push(REQUEST_SUFFIX);
        Requests {
            file: file.into(),
            is_pending: false,
        }
    }

    /// Asks the folder: one system call, two microseconds.
    pub(crate) fn read(&mut self) -> bool {
        self.is_pending = fs::symlink_metadata(&self.file).is_ok();
        self.is_pending
    }

    /// Whether there is one that is not answered.
    pub(crate) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// What was asked for is written, or will never be.
    pub(crate) fn answer(&mut self) {
        if std::mem::take(&mut self.is_pending) {
            // Who asked may have given up and taken it away.
            let _ = fs::remove_file(&self.file);
        }
    }
}
