//! What `unfreed run` tells the agent, through one environment variable, and which recording each
//! process of the family writes. The launcher writes it; the binding in the target reads it.

use crate::family;
use nix::sys::prctl;
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The one variable that is added to the environment of the program.
pub const VARIABLE: &str = "UNFREED_AGENT";

/// The contents of [`VARIABLE`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    recording: RecordingPath,
    /// Process id of `unfreed run`. Its child is the root of the family; every other process that
    /// finds the variable was started by the program.
    pub launcher: u32,
    /// Mean bytes between two samples; 0 adapts.
    pub sample_bytes: u64,
    /// Length of an epoch in nanoseconds; 0 adapts.
    pub epoch_ns: u64,
    /// Share of run time that snapshots may take, per cent.
    pub snapshot_budget_percent: f32,
    /// Whether children are recorded too.
    pub follow_children: bool,
    /// Whether the program says when to look: `unfreed check`.
    pub by_rounds: bool,
    /// Whether every block is followed, not a sample.
    pub every_block: bool,
    /// Whether blocks of C code are followed, too.
    pub natives: bool,
    /// Classes whose instances the report tells of, as `module.Class`.
    pub watched: Vec<String>,
    /// Whether copies of the process take its heap snapshots.
    pub fork: bool,
    /// What reports call the program, where its command line is ours.
    pub called: Option<String>,
}

/// A path, as text where it is text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum RecordingPath {
    Text(String),
    Bytes(Vec<u8>),
}

/// What the process that reads the variable is to the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The program that `unfreed run` started.
    Root,
    /// Started by a recorded process (spawn, subprocess), or the program after it replaced itself
    /// with another (exec).
    Descendant,
}

impl Handover {
    /// A handover with the default settings. `recording` is absolute.
    #[must_use]
    pub fn new(recording: &Path, launcher: u32) -> Self {
        Self {
            recording: RecordingPath::from(recording),
            launcher,
            sample_bytes: 0,
            epoch_ns: 0,
            snapshot_budget_percent: 2.0,
            follow_children: true,
            by_rounds: false,
            every_block: false,
            natives: false,
            watched: Vec::new(),
            fork: false,
            called: None,
        }
    }

    /// The value of the variable.
    #[must_use]
    pub fn to_value(&self) -> OsString {
        // A struct of numbers, a text and a flag always serialises.
        serde_json::to_string(self).unwrap_or_default().into()
    }

    /// Reads the value of the variable. `None`: not ours.
    #[must_use]
    pub fn from_value(value: &OsStr) -> Option<Self> {
        serde_json::from_slice(value.as_bytes()).ok()
    }

    /// Reads the variable of this process.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        Self::from_value(&std::env::var_os(VARIABLE)?)
    }

    /// The recording of the root.
    #[must_use]
    pub fn root_recording(&self) -> PathBuf {
        match &self.recording {
            RecordingPath::Text(text) => PathBuf::from(text),
            RecordingPath::Bytes(bytes) => OsString::from_vec(bytes.clone()).into(),
        }
    }

    /// The role of process `pid` with parent `parent_pid`, and the recording that it writes. The
    /// root's file was reserved, empty, by the launcher; a program that replaced itself finds it
    /// written to, and gets one of its own.
    #[must_use]
    pub fn role_of(&self, pid: u32, parent_pid: u32) -> (Role, PathBuf) {
        let root = self.root_recording();
        if parent_pid == self.launcher && is_empty_file(&root) {
            return (Role::Root, root);
        }
        (Role::Descendant, self.child_recording(pid))
    }

    /// Gives back a recording that will not be written. If the launcher reserved it, it then knows
    /// that the person was told why.
    pub fn give_back(&self, recording: &Path) {
        family::remove_if_empty(recording);
    }

    /// The recording of a descendant with process id `pid`.
    #[must_use]
    pub fn child_recording(&self, pid: u32) -> PathBuf {
        family::free_child_path(&self.root_recording(), pid)
    }

    /// Ties the life of the root to the launcher, as it would be without one: whoever kills the
    /// process that they started, kills the program.
    pub fn die_with_launcher(&self) {
        if prctl::set_pdeathsig(Signal::SIGKILL).is_err() {
            return;
        }
        if nix::unistd::getppid().as_raw() as u32 != self.launcher {
            let _ = raise(Signal::SIGKILL);
        }
    }
}

fn is_empty_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

impl From<&Path> for RecordingPath {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handover(folder: &Path) -> Handover {
        Handover::new(&folder.join("app.unfreed"), 7)
    }

    #[test]
    fn survives_the_environment() {
        for name in [
            OsStr::new("/tmp/a \"b\" ü.unfreed"),
            OsStr::from_bytes(b"/tmp/\xff.unfreed"),
        ] {
            let before = Handover::new(Path::new(name), 7);
            let after = Handover::from_value(&before.to_value());
            assert_eq!(after.as_ref(), Some(&before));
            assert_eq!(before.root_recording(), Path::new(name));
        }
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        for value in ["", "1", "{}", "{\"recording\": 3}"] {
            assert_eq!(Handover::from_value(OsStr::new(value)), None, "{value}");
        }
    }

    #[test]
    fn the_launchers_child_is_the_root() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let handover = handover(folder.path());
        let root = folder.path().join("app.unfreed");
        std::fs::write(&root, "")?;
        assert_eq!(handover.role_of(8, 7), (Role::Root, root));
        let child = folder.path().join("app.9.unfreed");
        assert_eq!(handover.role_of(9, 8), (Role::Descendant, child));
        Ok(())
    }

    #[test]
    fn a_program_that_replaced_itself_does_not_overwrite_its_past() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let handover = handover(folder.path());
        std::fs::write(folder.path().join("app.unfreed"), "past")?;
        let second = folder.path().join("app.8.unfreed");
        assert_eq!(handover.role_of(8, 7), (Role::Descendant, second.clone()));
        std::fs::write(second, "past too")?;
        let third = folder.path().join("app.8-2.unfreed");
        assert_eq!(handover.role_of(8, 7), (Role::Descendant, third));
        Ok(())
    }
}
