//! Allocation sites: code objects, stacks as a trie, and what each stack allocated and still holds.

use crate::ids::{CodeId, EpochId, RunTime, StackId};
use serde::{Deserialize, Serialize};

/// A code object that occurs in a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Its id.
    pub id: CodeId,
    /// `co_filename`.
    pub file: String,
    /// `co_qualname` (3.11 and later) or `co_name`.
    pub function: String,
    /// `co_firstlineno`.
    pub first_line: u32,
}

/// A frame in the trie of stacks: `code` at `line`, called from the stack `parent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackNode {
    /// Its id; always greater than its parent's.
    pub id: StackId,
    /// The caller's stack; `StackId(0)` ends it.
    pub parent: StackId,
    /// The function.
    pub code: CodeId,
    /// The line that was running, 1-based; 0 when unknown.
    pub line: u32,
}

/// Code objects and stacks seen for the first time since the last such block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stacks {
    /// New code objects.
    pub codes: Vec<Code>,
    /// New stacks.
    pub nodes: Vec<StackNode>,
}

/// Texts of source lines, as they were when the program ran: a report needs no files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Each line once.
    pub lines: Vec<SourceLine>,
}

/// The text of one line of a code object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    /// The code object.
    pub code: CodeId,
    /// The line, 1-based.
    pub line: u32,
    /// Its text without the spaces around it, at most 160 bytes.
    pub text: String,
}

/// Functions of C code that occur in stacks, seen for the first time since the last such block. Each
/// is a [`Code`] as well, whose file is the object and whose function is the exported name, if there is
/// one: enough to read a stack where the object's file is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Natives {
    /// New objects: executables and libraries.
    pub objects: Vec<NativeObject>,
    /// New places in them.
    pub codes: Vec<NativeCode>,
}

/// An executable or a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeObject {
    /// Its id within the recording.
    pub id: u32,
    /// Its file.
    pub path: String,
    /// The linker's identification of the build, which tells whether a file is the same; empty when it
    /// has none.
    pub build_id: Vec<u8>,
}

/// A call in C code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeCode {
    /// The code that stands for it in stacks.
    pub code: CodeId,
    /// The object that it is in.
    pub object: u32,
    /// The address of the call as the object's file states it.
    pub address: u64,
}

/// The end of an epoch: what each allocation site did so far and still holds.
/// All figures are unbiased estimates from sampled blocks (each block counts 1/p with
/// p = 1 − exp(−size/mean), so a kilobyte is as likely to be seen whatever blocks it came in).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch that ends.
    pub id: EpochId,
    /// When it ends.
    pub at: RunTime,
    /// Mean bytes between two samples, now.
    pub sample_bytes: u64,
    /// Sites that have allocated anything so far, cumulative since the start.
    pub sites: Vec<Site>,
}

/// One allocation site: a whole stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The stack.
    pub stack: StackId,
    /// Bytes allocated since the start (estimate).
    pub allocated_bytes: u64,
    /// Blocks allocated since the start (estimate).
    pub allocated_blocks: u64,
    /// Bytes freed since the start (estimate).
    pub freed_bytes: u64,
    /// What is still live, by the epoch in which it was allocated; oldest first.
    pub survivors: Vec<Survivors>,
}

/// How far the estimates of an epoch may be off: standard deviations of what sampling alone makes them
/// vary by. A sampled block of `size` bytes that stands for `bytes` adds bytes × (bytes − size) to the variance of a
/// sum of bytes (Horvitz and Thompson's estimator), so those of several sites add up by their squares. There is none
/// where every block is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// The epoch.
    pub epoch: EpochId,
    /// When it ends.
    pub at: RunTime,
    /// Sites whose estimates may be off.
    pub sites: Vec<SiteDeviation>,
}

/// How far the estimates of a site may be off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteDeviation {
    /// The stack.
    pub stack: StackId,
    /// Of the bytes that were freed.
    pub freed_bytes: u64,
    /// Of the blocks that were freed.
    pub freed_blocks: u64,
    /// Of what is live, by the epoch in which it was allocated; oldest first.
    pub survivors: Vec<Deviation>,
}

/// How far the estimates of a site's live blocks of one epoch may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// The epoch of birth.
    pub born: EpochId,
    /// Of their bytes.
    pub bytes: u64,
    /// Of their number.
    pub blocks: u64,
}

/// What was live when the most was, where every block is followed. The last such block counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// When the sites were read: before so much was freed again that the figures would differ by more than
    /// a thirty-second part.
    pub at: RunTime,
    /// The most bytes that ever lived.
    pub bytes: u64,
    /// What lived, by site.
    pub sites: Vec<LiveSite>,
}

/// What lives of one site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSite {
    /// The stack.
    pub stack: StackId,
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// Live blocks of one site that were allocated in one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survivors {
    /// The epoch of birth.
    pub born: EpochId,
    /// Bytes (estimate).
    pub bytes: u64,
    /// Blocks (estimate).
    pub blocks: u64,
    /// Sampled blocks behind the estimate.
    pub samples: u32,
}
