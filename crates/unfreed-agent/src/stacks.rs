//! Code objects and stacks, each once. Filled inside hooks, so every table has its room in advance:
//! a hook drops the sample's stack when there is none, unless nobody visits ([`StackTable::let_grow`]).

use crate::follow::Steps;
use crate::ledger::Ledger;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::stack::RawFrame;
use unfreed_cpython::{CodeIdentity, CodeRef, Runtime};
use unfreed_recording::ids::{CodeId, StackId};
use unfreed_recording::sites::{Code, StackNode, Stacks};

/// Bytes of text for each entry that may be added.
const TEXT_AN_ENTRY: usize = 64;
const FILE_LIMIT: usize = 400;
const FUNCTION_LIMIT: usize = 200;

#[derive(Clone, Copy)]
struct KnownCode {
    address: usize,
    identity: CodeIdentity,
    id: CodeId,
}

#[derive(Clone, Copy)]
struct Line {
    code: CodeId,
    instruction: i32,
    line: u32,
}

/// Stacks of calls in C code that are remembered as a whole; a power of two.
const JOINED: usize = 1 << 12;

/// A stack that calls in C code made of another one. Two lists of calls are the same when their hashes of 64 bits are.
#[derive(Clone, Copy, Debug, Default)]
struct Joined {
    calls: u64,
    /// 0 for none; the empty stack is not remembered.
    parent: StackId,
    stack: StackId,
}

/// Lines of source, numbered. Code objects of a file share its lines; two files are the same when their hashes are.
#[derive(Default)]
struct CountedLines {
    numbers: HashTable<(u64, u32, u32)>,
    places: Vec<(CodeId, u32)>,
    /// Files of unfreed, whose own allocations count nowhere.
    own: Vec<u64>,
}

impl CountedLines {
    fn hash(file: u64, line: u32) -> u64 {
        file ^ u64::from(line).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn reserve(&mut self, room: usize) {
        self.numbers
            .reserve(room, |&(file, line, _)| Self::hash(file, line));
        self.places.reserve(room);
    }

    /// The number of a line; `None` when there is no room.
    fn number(&mut self, file: u64, code: CodeId, line: u32) -> Option<u32> {
        let hash = Self::hash(file, line);
        let is_it = |&(of, at, _): &(u64, u32, u32)| (of, at) == (file, line);
        if let Some(&(_, _, number)) = self.numbers.find(hash, is_it) {
            return Some(number);
        }
        if self.numbers.len() == self.numbers.capacity()
            || self.places.len() == self.places.capacity()
        {
            return None;
        }
        let number = self.places.len() as u32;
        let rehash = |&(file, line, _): &(u64, u32, u32)| Self::hash(file, line);
        self.numbers
            .insert_unique(hash, (file, line, number), rehash);
        self.places.push((code, line));
        Some(number)
    }
}

/// A code object whose texts wait to be handed over.
struct NewCode {
    id: CodeId,
    file: std::ops::Range<usize>,
    function: std::ops::Range<usize>,
    first_line: u32,
}

/// A call in C code that waits to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewNative {
    /// The code that stands for it.
    pub code: CodeId,
    /// Its address in this process.
    pub address: u64,
}

/// What is new since the tables were handed over last.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewStacks {
    /// Python's code objects, and the stacks.
    pub stacks: Stacks,
    /// Calls in C code, which have no names yet.
    pub natives: Vec<NewNative>,
}

/// The tables. Used by one thread at a time.
pub(crate) struct StackTable {
    hasher: FixedState,
    codes: HashTable<KnownCode>,
    lines: HashTable<Line>,
    nodes: HashTable<StackNode>,
    next_code: u32,
    next_stack: u32,
    natives: HashTable<NewNative>,
    joined: Vec<Joined>,
    new_codes: Vec<NewCode>,
    new_nodes: Vec<StackNode>,
    new_natives: Vec<NewNative>,
    text: Vec<u8>,
    /// Entries that may be added between two visits of the agent.
    room: usize,
    /// Whether there are no visits, so that a full table takes more memory.
    grows: bool,
    /// By code object: the hash of its file, of 64 bits.
    files: Vec<u64>,
    /// Where blocks count at lines.
    counted: Option<CountedLines>,
    /// Where every block is followed: the way from one stack to the next.
    steps: Option<Steps>,
    ledger: Option<&'static Ledger>,
}

impl StackTable {
    /// With room for so many new entries between two visits of the agent. With a ledger, which tells when
    /// a code object goes, [`StackTable::intern_next`] can be used.
    pub(crate) fn new(room: usize, ledger: Option<&'static Ledger>) -> Self {
        StackTable {
            hasher: FixedState::with_seed(11),
            codes: HashTable::with_capacity(room),
            lines: HashTable::with_capacity(room),
            nodes: HashTable::with_capacity(room),
            next_code: 0,
            next_stack: 1,
            natives: HashTable::with_capacity(room),
            joined: vec![Joined::default(); JOINED],
            new_codes: Vec::with_capacity(room),
            new_nodes: Vec::with_capacity(room),
            new_natives: Vec::with_capacity(room),
            text: Vec::with_capacity(room * TEXT_AN_ENTRY),
            room,
            grows: false,
            files: Vec::with_capacity(2 * room),
            counted: None,
            steps: ledger.map(|_| Steps::new()),
            ledger,
        }
    }

    /// Has full tables take more memory inside a hook, where nobody visits: in maps of the system's, since
    /// no table is small, and never in a heap. Threads without the GIL lose their stacks meanwhile.
    pub(crate) fn let_grow(&mut self) {
        self.grows = true;
    }

    /// Makes room in full tables if it may; `false` when they stay full.
    #[cold]
    fn grow(&mut self) -> bool {
        if self.grows {
            self.new_codes.reserve(self.room);
            self.new_nodes.reserve(self.room);
            self.text.reserve(self.room * TEXT_AN_ENTRY);
            self.make_room();
        }
        self.grows
    }

    fn make_room(&mut self) {
        let hasher = &self.hasher;
        // C code has numbers among the code objects.
        self.files.reserve(2 * self.room);
        if let Some(counted) = &mut self.counted {
            counted.reserve(self.room);
        }
        self.codes
            .reserve(self.room, |known| hasher.hash_one(known.address));
        self.lines.reserve(self.room, |line| {
            hasher.hash_one((line.code, line.instruction))
        });
        self.nodes
            .reserve(self.room, |n| hasher.hash_one((n.parent, n.code, n.line)));
        self.natives
            .reserve(self.room, |known| hasher.hash_one(known.address));
    }

    /// Number of stacks so far, the empty one included.
    pub(crate) fn len(&self) -> usize {
        self.next_stack as usize
    }

    /// Whether it is half full.
    pub(crate) fn wants_room(&self) -> bool {
        self.waiting() > self.room / 2
    }

    /// Entries that wait to be handed over.
    fn waiting(&self) -> usize {
        self.new_nodes
            .len()
            .max(self.new_codes.len())
            .max(self.new_natives.len())
    }

    /// The stack of `frames` (innermost first). `None` when a table has no room left.
    pub(crate) fn intern(
        &mut self,
        runtime: &Runtime,
        gil: &Gil,
        frames: &[RawFrame],
    ) -> Option<StackId> {
        let mut stack = StackId(0);
        for frame in frames.iter().rev() {
            let code = self.code(runtime, gil, frame.code)?;
            let line = self.line(runtime, gil, code, *frame)?;
            stack = self.node(stack, code, line)?;
        }
        Some(stack)
    }

    /// The stack of this thread, found from the one before: most allocations share all but the innermost
    /// frames with the last one. `None` when a table has no room left, or without a ledger.
    pub(crate) fn intern_next(&mut self, runtime: &Runtime, gil: &Gil) -> Option<StackId> {
        let mut steps = self.steps.take()?;
        let stack = steps.follow(runtime, gil, |parent, frame| {
            let code = self.code(runtime, gil, frame.code)?;
            let line = self.line(runtime, gil, code, frame)?;
            self.node(parent, code, line)
        });
        self.steps = Some(steps);
        stack
    }

    /// Forgets all that is known by addresses of code objects.
    pub(crate) fn forget_codes(&mut self) {
        self.codes.clear();
        if let Some(steps) = &mut self.steps {
            steps.forget();
        }
    }

    /// Forgets what is known by the address of a code object that goes.
    pub(crate) fn forget_code(&mut self, address: usize) {
        let hash = self.hasher.hash_one(address);
        if let Ok(known) = self
            .codes
            .find_entry(hash, |known| known.address == address)
        {
            known.remove();
        }
        if let Some(steps) = &mut self.steps {
            steps.forget();
        }
    }

    /// The stack of calls in C code (innermost first) that `stack` made. `None` when a table has no
    /// room left.
    pub(crate) fn intern_natives(&mut self, parent: StackId, calls: &[u64]) -> Option<StackId> {
        if calls.is_empty() {
            return Some(parent);
        }
        let hash = self.hasher.hash_one((parent, calls));
        let index = (hash >> 20) as usize & (JOINED - 1);
        let known = self.joined[index];
        if known.calls == hash && known.parent == parent && parent != StackId(0) {
            return Some(known.stack);
        }
        let mut stack = parent;
        for &address in calls.iter().rev() {
            let code = self.native(address)?;
            stack = self.node(stack, code, 0)?;
        }
        self.joined[index] = Joined {
            calls: hash,
            parent,
            stack,
        };
        Some(stack)
    }

    fn native(&mut self, address: u64) -> Option<CodeId> {
        let hash = self.hasher.hash_one(address);
        if let Some(known) = self.natives.find(hash, |known| known.address == address) {
            return Some(known.code);
        }
        if self.natives.len() == self.natives.capacity()
            || self.new_natives.len() == self.new_natives.capacity()
        {
            return None;
        }
        let native = NewNative {
            code: CodeId(self.next_code),
            address,
        };
        self.next_code += 1;
        let hasher = &self.hasher;
        self.natives
            .insert_unique(hash, native, |known| hasher.hash_one(known.address));
        self.new_natives.push(native);
        Some(native.code)
    }

    fn code(&mut self, runtime: &Runtime, gil: &Gil, code: CodeRef) -> Option<CodeId> {
        let address = code.address();
        let identity = code.identity(runtime, gil);
        let hash = self.hasher.hash_one(address);
        if let Some(known) = self.codes.find_mut(hash, |known| known.address == address) {
            if known.identity == identity {
                return Some(known.id);
            }
        } else if self.codes.len() == self.codes.capacity() && !self.grow() {
            return None;
        }
        let is_full = self.new_codes.len() == self.new_codes.capacity()
            || self.text.capacity() - self.text.len() < FILE_LIMIT + FUNCTION_LIMIT + 8;
        if is_full && !self.grow() {
            return None;
        }
        let id = CodeId(self.next_code);
        self.next_code += 1;
        let start = self.text.len();
        code.copy_file(runtime, gil, FILE_LIMIT, &mut self.text);
        let middle = self.text.len();
        self.files.resize(id.0 as usize, 0);
        self.files
            .push(self.hasher.hash_one(&self.text[start..middle]));
        code.copy_function(runtime, gil, FUNCTION_LIMIT, &mut self.text);
        self.new_codes.push(NewCode {
            id,
            file: start..middle,
            function: middle..self.text.len(),
            first_line: code.first_line(runtime, gil),
        });
        let known = KnownCode {
            address,
            identity,
            id,
        };
        let hasher = &self.hasher;
        match self.codes.find_mut(hash, |known| known.address == address) {
            // The address belongs to another code object now.
            Some(old) => *old = known,
            None => {
                self.codes
                    .insert_unique(hash, known, |known| hasher.hash_one(known.address));
            }
        }
        if let Some(ledger) = self.ledger {
            ledger.watch(address);
        }
        Some(id)
    }

    fn line(&mut self, runtime: &Runtime, gil: &Gil, id: CodeId, frame: RawFrame) -> Option<u32> {
        let key = (id, frame.instruction);
        let hash = self.hasher.hash_one(key);
        if let Some(known) = self
            .lines
            .find(hash, |line| (line.code, line.instruction) == key)
        {
            return Some(known.line);
        }
        if self.lines.len() == self.lines.capacity() && !self.grow() {
            return None;
        }
        let line = frame.code.line(runtime, gil, frame.instruction);
        let entry = Line {
            code: id,
            instruction: frame.instruction,
            line,
        };
        let hasher = &self.hasher;
        self.lines
            .insert_unique(hash, entry, |e| hasher.hash_one((e.code, e.instruction)));
        Some(line)
    }

    fn node(&mut self, parent: StackId, code: CodeId, line: u32) -> Option<StackId> {
        let key = (parent, code, line);
        let hash = self.hasher.hash_one(key);
        if let Some(known) = self.nodes.find(hash, |n| (n.parent, n.code, n.line) == key) {
            return Some(known.id);
        }
        let is_full = self.nodes.len() == self.nodes.capacity()
            || self.new_nodes.len() == self.new_nodes.capacity();
        if is_full && !self.grow() {
            return None;
        }
        let node = StackNode {
            id: StackId(self.next_stack),
            parent,
            code,
            line,
        };
        self.next_stack += 1;
        let hasher = &self.hasher;
        self.nodes
            .insert_unique(hash, node, |n| hasher.hash_one((n.parent, n.code, n.line)));
        self.new_nodes.push(node);
        self.count(node);
        Some(node.id)
    }

    /// Has blocks count at the lines of their stacks: those of `known`, which are all that were handed over, and of
    /// new ones. What code of the files `own` allocates itself counts nowhere.
    pub(crate) fn count_lines(&mut self, known: &[StackNode], own: &[String]) {
        let Some(ledger) = self.ledger.filter(|ledger| !ledger.counts_lines()) else {
            return;
        };
        ledger.count_lines();
        let own = own.iter().map(|file| self.hasher.hash_one(file.as_bytes()));
        let mut counted = CountedLines {
            own: own.collect(),
            ..CountedLines::default()
        };
        counted.reserve(self.room.max(known.len()));
        self.counted = Some(counted);
        for node in known {
            self.count(*node);
        }
        ledger.count_what_lives();
    }

    /// Tells the ledger at which line the blocks of a stack count.
    fn count(&mut self, node: StackNode) {
        let (Some(ledger), Some(counted)) = (self.ledger, &mut self.counted) else {
            return;
        };
        let file = self.files.get(node.code.0 as usize).copied().unwrap_or(0);
        let line = (file != 0 && node.line != 0)
            .then(|| counted.number(file, node.code, node.line))
            .flatten();
        let is_own = counted.own.contains(&file);
        ledger.count_stack(node.id, node.parent, line, is_own);
    }

    /// The lines at which blocks count, by number: a code object of the file, and the line.
    pub(crate) fn counted_lines(&self) -> &[(CodeId, u32)] {
        self.counted
            .as_ref()
            .map_or(&[], |counted| counted.places.as_slice())
    }

    /// Hands over what is new and makes room again. By the agent's thread, outside any hook.
    pub(crate) fn drain(&mut self) -> NewStacks {
        let new = self.new_stacks();
        self.new_natives.clear();
        self.new_codes.clear();
        self.new_nodes.clear();
        self.text.clear();
        self.make_room();
        new
    }

    /// What would be handed over. Outside any hook.
    pub(crate) fn new_stacks(&self) -> NewStacks {
        let text = &self.text;
        let copy = |range: &std::ops::Range<usize>| {
            String::from_utf8_lossy(&text[range.clone()]).into_owned()
        };
        let codes = self
            .new_codes
            .iter()
            .map(|code| Code {
                id: code.id,
                file: copy(&code.file),
                function: copy(&code.function),
                first_line: code.first_line,
            })
            .collect();
        NewStacks {
            stacks: Stacks {
                codes,
                nodes: self.new_nodes.clone(),
            },
            natives: self.new_natives.clone(),
        }
    }
}
