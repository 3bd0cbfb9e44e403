//! Figures of the whole process, taken every second or so. Bytes unless said otherwise.

use crate::ids::{RunTime, StackId};
use serde::{Deserialize, Serialize};

/// One reading of the process's counters. A figure that could not be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// When the reading was taken.
    pub at: RunTime,
    /// Resident set size.
    pub rss: u64,
    /// Part of the resident set that is anonymous (heap, stacks), from `/proc/self/status`.
    pub rss_anon: Option<u64>,
    /// pymalloc arenas held (used and free together).
    pub pymalloc_held: Option<u64>,
    /// Bytes of pymalloc blocks in use (from `_PyObject_DebugMallocStats`-like figures or
    /// allocated blocks times their mean size); `None` where the interpreter does not tell.
    pub pymalloc_used: Option<u64>,
    /// `sys.getallocatedblocks()`: blocks in use, a count.
    pub allocated_blocks: Option<u64>,
    /// `malloc` bytes in use, the big mmapped blocks included, pymalloc's arenas not.
    pub malloc_used: Option<u64>,
    /// `malloc` bytes held from the system but free.
    pub malloc_free: Option<u64>,
    /// Bytes that the agent itself holds.
    pub own: u64,
    /// Whether the cyclic collector is enabled; `None` when not read.
    pub gc_enabled: Option<bool>,
    /// Objects in the permanent generation (`gc.freeze()`), a count.
    pub gc_frozen: Option<u64>,
    /// Collections so far by generation (youngest first), counts.
    pub gc_collections: Vec<u64>,
    /// Objects collected so far, a count.
    pub gc_collected: Option<u64>,
    /// Objects found uncollectable so far, a count.
    pub gc_uncollectable: Option<u64>,
    /// Open file descriptors by kind.
    pub fds: FdCounts,
    /// Threads of the process, a count.
    pub threads: u32,
    /// Child processes that ended and wait to be reaped, a count.
    pub zombies: u32,
}

/// Open file descriptors by kind, counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdCounts {
    /// Regular files and directories.
    pub files: u32,
    /// Sockets.
    pub sockets: u32,
    /// Pipes.
    pub pipes: u32,
    /// Everything else (epoll, eventfd, devices, …).
    pub other: u32,
}

impl FdCounts {
    /// All open descriptors.
    #[must_use]
    pub fn total(self) -> u32 {
        self.files
            .saturating_add(self.sockets)
            .saturating_add(self.pipes)
            .saturating_add(self.other)
    }
}

/// Which child processes run, taken with each snapshot; those that ended are [`Counters::zombies`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    /// When it was taken.
    pub at: RunTime,
    /// Their names, numbers masked, with how many share each; most first, at most 200.
    pub running: Vec<(String, u32)>,
}

/// What the open descriptors and threads are, taken with each snapshot; to name what grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// When it was taken.
    pub at: RunTime,
    /// Targets of open descriptors as `/proc/self/fd` links tell them (a path, `socket`, `pipe`),
    /// numbers masked, with how many descriptors share each; most first, at most 200.
    pub fds: Vec<(String, u32)>,
    /// Names of the operating system's threads, with how many share each; most first.
    pub threads: Vec<(String, u32)>,
}

/// Where the descriptors that are open were opened, taken with each snapshot; only where C code is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// When it was taken.
    pub at: RunTime,
    /// Those with a target and a stack in common; most first, at most 500.
    pub descriptors: Vec<OpenedAt>,
}

/// Descriptors that were opened by one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedAt {
    /// What they refer to, as in [`Resources::fds`].
    pub target: String,
    /// The stack that opened them.
    pub stack: StackId,
    /// How many they are.
    pub count: u32,
}

/// Where calls of a checked function started what outlives them: threads and child processes that still run, files that
/// are still there, references that nobody gives back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// When the calls had ended.
    pub at: RunTime,
    /// [`Started::THREAD`], [`Started::CHILD`], [`Started::FILE`] or [`Started::REFERENCE`].
    pub what: String,
    /// How many calls were followed for this until then.
    pub calls: u64,
    /// The places; what was started most often first, at most 100.
    pub places: Vec<StartedAt>,
}

/// What one place started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedAt {
    /// What files are called, with a `*` for what their names do not share; of references, the type referred to; empty for
    /// what has no name.
    pub name: String,
    /// How many outlived the calls.
    pub count: u32,
    /// The stack, innermost first, at most 64.
    pub frames: Vec<StartedFrame>,
}

impl Started {
    /// Threads.
    pub const THREAD: &str = "thread";
    /// Child processes.
    pub const CHILD: &str = "child";
    /// Files and folders.
    pub const FILE: &str = "file";
    /// References to objects that C code never gives back, or gives back too often.
    pub const REFERENCE: &str = "reference";
}

/// A line of Python that ran, or with [`StartedFrame::line`] 0 a function of C code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedFrame {
    /// The code's file; of C code the library's, or empty.
    pub file: String,
    /// The code's qualified name, for C code with the module's.
    pub function: String,
    /// The line, from 1; 0 = unknown.
    pub line: u32,
    /// Its text without the spaces around it; empty when it is not known.
    pub source: String,
}
