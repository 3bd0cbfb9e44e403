//! A heap snapshot: every object with type, size, refcount and labelled references; and its roots.

use crate::ids::{EpochId, RunTime, StackId};
use serde::{Deserialize, Serialize};

/// Index of an object in one snapshot. Not stable from snapshot to snapshot.
pub type NodeIndex = u32;
/// Index into [`Snapshot::types`].
pub type TypeIndex = u32;
/// Index into [`Snapshot::texts`].
pub type TextIndex = u32;

/// A whole heap at one moment. Columns of equal length describe nodes; edges are in CSR form:
/// the edges of node `n` are `edge_starts[n]..edge_starts[n + 1]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The epoch at whose end it was taken.
    pub epoch: EpochId,
    /// When it was taken.
    pub at: RunTime,
    /// How long the program stood still for it, nanoseconds.
    pub pause_ns: u64,
    /// Types of the objects.
    pub types: Vec<TypeInfo>,
    /// Node column: its type.
    pub node_types: Vec<TypeIndex>,
    /// Node column: shallow size in bytes, headers and owned buffers included.
    pub node_sizes: Vec<u64>,
    /// Node column: reference count; [`IMMORTAL`] for immortal objects, [`SYNTHETIC`] for nodes
    /// that stand for something that is no object (a running frame, a buffer).
    pub node_refcounts: Vec<u32>,
    /// CSR offsets, one more than there are nodes.
    pub edge_starts: Vec<u32>,
    /// Edge column: the object referred to. One entry for each reference held.
    pub edge_targets: Vec<NodeIndex>,
    /// Edge column: what the reference is called.
    pub edge_labels: Vec<Label>,
    /// Texts that labels, roots and node texts share. Each at most 200 bytes.
    pub texts: Vec<String>,
    /// Text for some nodes, sorted by node: content of strings used as dict keys, qualified names
    /// of functions, types, modules, code (`file:line name`), generators and coroutines.
    pub node_texts: Vec<(NodeIndex, TextIndex)>,
    /// Named starting points, in a stable order (modules by name, then threads, …).
    pub roots: Vec<Root>,
    /// Objects whose block was sampled at birth: object, stack, epoch of birth, and the bytes
    /// that the sample stands for.
    pub samples: Vec<SampledNode>,
    /// In what state objects are whose fields are hidden in C, sorted by node: `closed file`,
    /// `done task`, `finished` (a generator), `held lock`. Empty in recordings of format 1.0.
    pub node_states: Vec<(NodeIndex, TextIndex)>,
    /// Objects that the collector tracks (or has frozen), a count.
    pub tracked: u64,
    /// Which `str` and `bytes` objects of 50 bytes or more say the same as another: object and the number of what it
    /// says, sorted by object. Empty where contents were not compared, and in recordings up to format 1.3.
    pub equal_contents: Vec<(NodeIndex, u32)>,
    /// Bytes of an object's own size that hold nothing, where nothing else tells (a `bytearray`) and they are many;
    /// sorted by object. As empty as the contents.
    pub spare_bytes: Vec<(NodeIndex, u32)>,
    /// Node column: where each object was in memory, which is what `id()` gives; 0 for a node that is no object. Empty
    /// where it was not asked for, and in recordings up to format 1.4.
    pub node_addresses: Vec<u64>,
    /// The cyclic collector at that moment. As `node_addresses`.
    pub collector: Option<Box<CollectorState>>,
}

/// The list of an object that the collector has in none.
pub const UNTRACKED: u8 = u8::MAX;
/// That of what `gc.freeze()` hides; 0 to 2 are the generations, youngest first.
pub const FROZEN: u8 = 3;

/// The cyclic collector, as it stands at a look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectorState {
    /// Whether it starts by itself.
    pub enabled: bool,
    /// New objects that make it start: the threshold of the youngest generation. 0: it never does.
    pub threshold: u64,
    /// New objects since it last started.
    pub count: u64,
    /// Node column: which list the object is in. 0 to 2, [`FROZEN`] or [`UNTRACKED`].
    pub lists: Vec<u8>,
    /// By type: whether the collector does not look into instances, so that a cycle through one is never found.
    pub unseen: Vec<bool>,
    /// By type: whether instances cannot be told to let go of what they hold. Of a cycle one member has to.
    pub uncleared: Vec<bool>,
}

/// Refcount column value of an immortal object.
pub const IMMORTAL: u32 = u32::MAX;
/// Refcount column value of a node that is no object: a running frame, a buffer that objects share.
pub const SYNTHETIC: u32 = u32::MAX - 1;

/// A type, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeInfo {
    /// Module, as `app.models`; `builtins` for builtins.
    pub module: String,
    /// Qualified name, as `Session` or `Outer.Inner`.
    pub name: String,
    /// Whether it was made by a `class` statement or as a heap type.
    pub heap: bool,
    /// The type's own object, if it is a node of the snapshot.
    pub node: Option<NodeIndex>,
}

/// What a reference is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Label {
    /// Held by a C field without a name.
    #[default]
    Unnamed,
    /// An attribute: instance attribute, slot or C member.
    Attribute(TextIndex),
    /// A dict's value, by its key (a node).
    Key(NodeIndex),
    /// A dict's reference to the key itself.
    KeyObject,
    /// A sequence's item.
    Index(u32),
    /// A set's element.
    Element,
    /// A function's closure variable (the edge from the closure tuple or function to the cell).
    Cell(TextIndex),
    /// A local variable of a frame, generator or coroutine.
    Local(TextIndex),
    /// A temporary on a frame's evaluation stack.
    Stack,
    /// From an instance to its class.
    Class,
    /// From an object to its `__dict__` (a module's namespace, an instance's attributes).
    Namespace,
    /// A part of the interpreter's own structure, by its Python name: `__code__`, `__closure__`,
    /// `__globals__`, `__self__`, `__func__`, `cell_contents`, `tb_frame`, `__traceback__`, …
    Internal(TextIndex),
}

/// The [`Label::Internal`] of a reference that an object holds and no traversal tells, found by its pointer.
pub const HIDDEN_FIELD: &str = "C field";

/// A named place that keeps objects alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The object (for a frame: the frame's node).
    pub node: NodeIndex,
    /// What it is.
    pub kind: RootKind,
}

/// What keeps a root alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootKind {
    /// A module in `sys.modules`.
    Module {
        /// Its name there.
        name: TextIndex,
        /// Its `__file__`, if it has one.
        file: Option<TextIndex>,
    },
    /// A class that is a static type or not reached from any module.
    Type,
    /// A running frame.
    Frame {
        /// The thread's name (`threading.Thread.name`, or `thread 1234`).
        thread: TextIndex,
        /// The function's qualified name.
        function: TextIndex,
        /// `co_filename`.
        file: TextIndex,
        /// The line that is running.
        line: u32,
        /// Position in its stack, 0 = innermost.
        depth: u32,
    },
    /// Something the thread's state holds: `context`, `thread-local dict`, `exception`, …
    Thread {
        /// The thread's name.
        thread: TextIndex,
        /// What of it.
        what: TextIndex,
    },
    /// Something the interpreter holds: `sys`, `builtins`, `codecs`, `atexit`, …
    Interpreter {
        /// What of it.
        what: TextIndex,
    },
}

/// An object whose block was sampled when it was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampledNode {
    /// The object.
    pub node: NodeIndex,
    /// Where it was allocated.
    pub stack: StackId,
    /// When.
    pub born: EpochId,
    /// Bytes that the sample stands for (estimate).
    pub bytes: u64,
    /// Whether a free list may have handed the block on to this object without an allocation: stack and epoch
    /// are then those of an earlier object.
    pub reused: bool,
}
