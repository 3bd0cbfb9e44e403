//! Newtypes for the ids and units that a recording uses; no behaviour beyond conversion.

use serde::{Deserialize, Serialize};

/// A node of the stack trie, and so a whole stack: the node's frame, called from its parent's stack.
/// `StackId(0)` is the empty stack: no Python frame was running.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct StackId(pub u32);

/// A code object, named by file, function and first line. Ids are dense from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct CodeId(pub u32);

/// An epoch: a stretch of the run between two cuts. Dense from 0; longer epochs come later.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct EpochId(pub u32);

/// Nanoseconds since the agent started (monotonic clock).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct RunTime(pub u64);

impl RunTime {
    /// The same instant in seconds since the agent started.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}
