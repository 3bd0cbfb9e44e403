//! Who was recorded and how: the facts written once at the start, notes, forks, and the end.

use crate::ids::RunTime;
use serde::{Deserialize, Serialize};

/// The process and the settings of its recording. The first block of every recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Version of unfreed that wrote the recording.
    pub unfreed_version: String,
    /// Version of the interpreter, as in `3.12.1`.
    pub python_version: String,
    /// Path of the interpreter (`sys.executable`).
    pub executable: String,
    /// `sys.orig_argv` without the interpreter: what the person typed after `unfreed run`.
    pub argv: Vec<String>,
    /// Working directory at start.
    pub cwd: String,
    /// `sys.prefix` and `sys.base_prefix` joined with the paths of the standard library and of
    /// site-packages: lets an analysis tell own code from libraries.
    pub stdlib_paths: Vec<String>,
    /// Folders of third-party packages (site-packages, dist-packages).
    pub site_paths: Vec<String>,
    /// Process id of the recorded process.
    pub pid: u32,
    /// Process id of its parent.
    pub parent_pid: u32,
    /// How this process came to be recorded.
    pub origin: Origin,
    /// Wall-clock start, nanoseconds since the Unix epoch.
    pub started_unix_ns: u64,
    /// Host name.
    pub host: String,
    /// Size of a memory page in bytes.
    pub page_size: u32,
    /// Mean bytes between two samples that the person fixed; 0 when it adapts.
    pub sample_bytes: u64,
    /// Length of an epoch that the person fixed, in nanoseconds; 0 when it adapts.
    pub epoch_ns: u64,
    /// Share of run time that snapshots may take, in per cent.
    pub snapshot_budget_percent: f32,
}

/// How a process came to be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// Started by `unfreed run`.
    #[default]
    Run,
    /// Forked from a recorded process.
    Fork,
    /// Started (spawn, exec, subprocess) by a recorded process.
    Spawn,
}

/// Something that the person should know about the recording itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it happened.
    pub at: RunTime,
    /// One sentence, for people.
    pub text: String,
}

/// A moment that the program named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The moment.
    pub at: RunTime,
    /// Its name.
    pub name: String,
}

/// Classes of which the person wants to know who made their instances and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Their names, as `module.Class`.
    pub classes: Vec<String>,
}

/// A child process that writes a recording of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// When it was forked.
    pub at: RunTime,
    /// Its process id.
    pub pid: u32,
}

/// The end of a recording that ended in order. Absent when the process was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When the collector stopped.
    pub at: RunTime,
}

/// The end of a round: a function was called so many times, then looked at. Written by `unfreed check`
/// after the snapshot of the round, with the readings of the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When the round's snapshot was taken; its readings bear the same time.
    pub at: RunTime,
    /// Calls so far. The first round, the start of measuring, has 0.
    pub calls: u64,
}
