//! The heap walk: every object that the collector tracks and all that these lead to, with labelled
//! references, in place, under the GIL. Reads memory and calls `tp_traverse`, nothing else: no
//! reference count, dict or collector state changes.

mod address_map;
mod ahead;
mod arrow;
mod beside;
mod collectable;
mod columns;
mod containers;
pub mod contents;
mod data_only;
mod expected;
mod frames;
mod free_lists;
mod gc_lists;
mod hidden;
mod labels;
pub mod live;
mod lost;
mod numpy;
mod owners;
mod roots;
mod samples;
mod shared;
mod signal_handlers;
mod sizes;
mod stand_ins;
mod untraversed;

use crate::gil::Gil;
use crate::object::Objects;
use crate::runtime::Runtime;
use crate::types::{Shape, TypeTraits};
use address_map::AddressMap;
use arrow::Arrow;
use columns::{Columns, can_be_numbered};
use data_only::DataOnly;
use foldhash::fast::FixedState;
use free_lists::{HandsOn, Part};
use gc_lists::Seed;
pub use gc_lists::{frozen_objects, is_collecting};
use hashbrown::HashMap;
use hidden::Hidden;
use labels::Texts;
use shared::Shared;
pub use shared::SharedBuffer;
pub(crate) use sizes::inline_values_size;
use stand_ins::StandIn;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::snapshot::{
    IMMORTAL, Label, NodeIndex, Root, SYNTHETIC, SampledNode, Snapshot, TextIndex, TypeInfo,
    UNTRACKED,
};

/// A live block whose allocation was sampled.
#[derive(Clone, Copy, Debug)]
pub struct SampledBlock {
    /// Its address, as the allocator returned it.
    pub address: usize,
    /// Where it was allocated.
    pub stack: StackId,
    /// When.
    pub born: EpochId,
    /// Bytes that the sample stands for.
    pub bytes: u64,
    /// Its own size in bytes, where blocks of C code are followed; 0 else.
    pub size: usize,
}

/// Objects by the address of a buffer of theirs.
type Owners = HashMap<usize, NodeIndex, FixedState>;

/// Why there is no snapshot this time; displays as a part of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The collector is at work (this thread got the GIL in one of its callbacks).
    #[error("a collection is in progress")]
    Collecting,
    /// More objects or references than 32 bits can number.
    #[error("the heap has more than 4 billion objects or references")]
    TooLarge,
}

/// The objects that the collector tracks now. Found by a cheap look before a walk (one step for
/// each), which then starts from them: valid while the GIL is held, so it borrows the proof.
#[derive(Debug)]
pub struct Tracked<'gil> {
    seeds: Vec<Seed>,
    blocks: u64,
    buffers: Vec<SharedBuffer>,
    _held: PhantomData<&'gil Gil>,
}

impl<'gil> Tracked<'gil> {
    /// Looks through the collector's lists.
    ///
    /// # Errors
    /// When the collector is in the middle of its work.
    pub fn now(runtime: &Runtime, gil: &'gil Gil) -> Result<Self, WalkError> {
        if gc_lists::is_collecting(runtime, gil) {
            return Err(WalkError::Collecting);
        }
        Ok(Tracked {
            seeds: gc_lists::seeds(runtime, &runtime.objects(gil)),
            blocks: runtime.about_allocated_blocks(gil),
            buffers: Vec::new(),
            _held: PhantomData,
        })
    }

    /// With buffers that no walk can see.
    #[must_use]
    pub fn with_buffers(self, buffers: &[SharedBuffer]) -> Self {
        Self {
            buffers: buffers.to_vec(),
            ..self
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.seeds.len() as u64
    }

    /// About how many blocks of Python's allocators are in use: see [`Runtime::about_allocated_blocks`].
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }
}

/// How many texts a snapshot keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Those that a report on growth may show: a third of the time and of the file less.
    OfWhatMayGrow,
    /// All keys and names, and which contents are equal, for questions about any object.
    All,
}

/// What becomes of blocks that are no objects and that an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// They are samples of their owner: for whoever counts blocks.
    Told,
    /// Their bytes are a part of its size as well.
    Credited,
    /// They are not told: an object is one sample, of its own block, that stands for its whole size. For whoever asks
    /// which lines made the objects, where every block is followed.
    InObjects,
}

/// What is known of blocks that free lists hand on without an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOn {
    /// Their stacks may be those of earlier objects.
    Unnoticed,
    /// Objects are known by their own births ([`crate::births`]); tables of dicts are no objects.
    Followed,
}

/// What a snapshot tells.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// How many texts.
    pub names: Names,
    /// What becomes of blocks that an object owns.
    pub owned: Owned,
    /// What is known of blocks.
    pub handed_on: HandedOn,
}

/// Takes a snapshot of the whole heap. Its `epoch`, `at` and `pause_ns` are left to the caller.
///
/// # Errors
/// When the heap is beyond 32-bit numbering.
pub fn snapshot<'gil>(
    runtime: &Runtime,
    gil: &'gil Gil,
    tracked: Tracked<'gil>,
    blocks: &[SampledBlock],
    told: Told,
) -> Result<Snapshot, WalkError> {
    let mut walker = Walker::new(runtime, gil);
    walker.names = told.names;
    walker.handed_on = told.handed_on;
    let count = tracked.count();
    let (roots, samples) = walker.whole(tracked, blocks, told.owned)?;
    if told.names == Names::OfWhatMayGrow {
        return Ok(walker.finish(roots, samples, count).0);
    }
    let contents = walker.contents();
    let (snapshot, met) = walker.finish(roots, samples, count);
    let collector = met.collector(runtime, gil, &snapshot);
    Ok(Snapshot {
        equal_contents: contents.equal,
        spare_bytes: contents.spare,
        node_addresses: met.addresses_of_objects(&snapshot),
        collector: Some(Box::new(collector)),
        ..snapshot
    })
}

/// A type as the walk meets it again and again.
struct KnownType {
    index: u32,
    traits: TypeTraits,
    /// Whether instances may hold objects that no traversal tells.
    hides: bool,
    /// Names of the members, in the order of `traits.members`.
    member_names: Vec<u32>,
    /// Names of the attributes that instances keep inline, as far as they were needed.
    shared_names: RefCell<Vec<u32>>,
}

/// Types that were met last, found by address without hashing.
const RECENT: usize = 64;

/// How many objects a walk may have met before its seeds, so that it looks through them for each.
const FEW: usize = 4;

/// The objects that a walk met, by node and by address.
struct Met {
    addresses: Vec<usize>,
    nodes: AddressMap,
    /// By node: in which of the collector's lists it lies. May be shorter than the others.
    lists: Vec<u8>,
}

impl Met {
    /// Where the objects are; 0 for nodes that are none.
    fn addresses_of_objects(self, snapshot: &Snapshot) -> Vec<u64> {
        let nodes = self.addresses.into_iter().zip(&snapshot.node_refcounts);
        nodes
            .map(|(address, &count)| u64::from(count != SYNTHETIC) * address as u64)
            .collect()
    }
}

struct Walker<'a> {
    runtime: &'a Runtime,
    objects: Objects<'a>,
    map: AddressMap,
    addresses: Vec<usize>,
    out: Columns,
    texts: Texts,
    types: HashMap<usize, Rc<KnownType>, FixedState>,
    recent: [Option<(usize, Rc<KnownType>)>; RECENT],
    type_infos: Vec<TypeInfo>,
    type_objects: Vec<usize>,
    /// Whether each type's instances have a name worth a text; by type index.
    named: Vec<bool>,
    /// Whether they are modules or classes; by type index.
    owns_definitions: Vec<bool>,
    /// Whether they describe a C function or field of a class; by type index.
    is_descriptor: Vec<bool>,
    stand_in_nodes: std::ops::Range<NodeIndex>,
    stand_ins: HashMap<usize, StandIn, FixedState>,
    arrow: Arrow,
    shared: Shared,
    /// Names of local variables by code object.
    locals: HashMap<usize, Rc<[u32]>, FixedState>,
    /// Closure tuples with the code object that names their cells.
    closures: Vec<(NodeIndex, usize)>,
    /// Buffers that belong to an object but are blocks of their own: (block, owner).
    buffers: Vec<(usize, NodeIndex)>,
    visited: Vec<usize>,
    expected: Vec<(usize, Label)>,
    frame_type: u32,
    names: Names,
    /// By node: in which of the collector's lists it lies, as far as they were met; empty where nobody asks.
    lists: Vec<u8>,
    handed_on: HandedOn,
    states: Vec<(NodeIndex, TextIndex)>,
    /// Where the code lies whose innermost frames are passed over; empty for none.
    own_folder: String,
    /// What their variables hold.
    own_locals: Vec<usize>,
    /// The dict of interned strings; 0 where it is not known.
    interned: usize,
    /// Whether the variables of running frames are met on the stacks of their threads.
    reads_stacks: bool,
    /// Set when only the data of some objects is read.
    data_only: Option<DataOnly>,
    hidden: Hidden,
}

impl<'a> Walker<'a> {
    fn new(runtime: &'a Runtime, gil: &Gil) -> Self {
        let mut walker = Walker {
            runtime,
            objects: runtime.objects(gil),
            map: AddressMap::new(),
            addresses: Vec::new(),
            out: Columns::default(),
            texts: Texts::new(),
            types: HashMap::with_hasher(FixedState::with_seed(2)),
            recent: [const { None }; RECENT],
            type_infos: Vec::new(),
            type_objects: Vec::new(),
            named: Vec::new(),
            owns_definitions: Vec::new(),
            is_descriptor: Vec::new(),
            stand_in_nodes: 0..0,
            stand_ins: HashMap::with_hasher(FixedState::with_seed(3)),
            arrow: Arrow::new(),
            shared: Shared::default(),
            locals: HashMap::with_hasher(FixedState::with_seed(4)),
            closures: Vec::new(),
            buffers: Vec::new(),
            visited: Vec::new(),
            expected: Vec::new(),
            frame_type: 0,
            names: Names::OfWhatMayGrow,
            lists: Vec::new(),
            handed_on: HandedOn::Unnoticed,
            states: Vec::new(),
            own_folder: String::new(),
            own_locals: Vec::new(),
            interned: 0,
            reads_stacks: false,
            data_only: None,
            hidden: Hidden::default(),
        };
        walker.frame_type = walker.known_type(walker.objects.types.frame).index;
        walker
    }

    /// Reads the whole heap.
    fn whole(
        &mut self,
        tracked: Tracked<'_>,
        blocks: &[SampledBlock],
        owned: Owned,
    ) -> Result<(Vec<Root>, Vec<SampledNode>), WalkError> {
        self.reads_stacks = true;
        self.shared = Shared::new(&tracked.buffers);
        let all_blocks = tracked.blocks as usize;
        let mut seeds = tracked.seeds;
        self.reserve(seeds.len(), all_blocks);
        // In order of address the walk touches each page once (1.6 × faster on a fragmented heap).
        seeds.sort_unstable();
        self.meet_seeds(&seeds);
        self.hidden.seed_count = self.addresses.len();
        drop(seeds);
        let roots = self.roots();
        self.run()?;
        self.meet_lost(blocks);
        self.run()?;
        self.name_closure_cells();
        Ok((roots, self.join_samples(blocks, owned)))
    }

    /// Makes room for what so many tracked objects usually come to, and for all blocks of Python's allocators, so that
    /// the columns are not moved again and again while the program stands still, nor doubled where memory is short.
    fn reserve(&mut self, tracked: usize, blocks: usize) {
        let nodes = tracked.saturating_mul(2).max(blocks);
        let edges = tracked.saturating_mul(6).max(blocks);
        self.addresses.reserve(nodes);
        self.out.reserve(nodes, edges);
        if self.names == Names::All {
            self.texts.reserve(tracked / 2);
        }
    }

    /// Makes nodes of the tracked objects, each of which is in one list once.
    fn meet_seeds(&mut self, seeds: &[Seed]) {
        let met = self.addresses.clone();
        for seed in seeds {
            let object = seed.address();
            let mut node = self.addresses.len();
            if met.len() > FEW || met.contains(&object) {
                node = self.node(object) as usize;
            } else {
                self.map.insert(object, node as u32);
                self.addresses.push(object);
            }
            if self.names == Names::All {
                self.lists
                    .resize(self.addresses.len().max(self.lists.len()), UNTRACKED);
                self.lists[node] = seed.list();
            }
        }
    }

    /// The node of the object at `address`, new if it was not met before.
    #[inline]
    fn node(&mut self, address: usize) -> NodeIndex {
        let next = self.addresses.len() as u32;
        let node = self.map.get_or_insert(address, next);
        if node == next {
            self.addresses.push(address);
        }
        node
    }

    #[inline]
    fn edge(&mut self, target: usize, label: Label) {
        if target != 0 && self.leads_to_data(label) {
            let node = self.node(target);
            self.out.edge(node, label);
        }
    }

    /// Reads all nodes that were not read yet.
    fn run(&mut self) -> Result<(), WalkError> {
        let mut node = self.out.sizes.len();
        while node < self.addresses.len() {
            self.ask_for_later(node);
            self.read(node as NodeIndex, self.addresses[node]);
            self.out.end_node();
            can_be_numbered(self.addresses.len())?;
            can_be_numbered(self.out.edge_count())?;
            node += 1;
        }
        Ok(())
    }

    /// Reads one object: its columns and its references.
    fn read(&mut self, node: NodeIndex, address: usize) {
        if self.read_stand_in(node, address) {
            return;
        }
        let type_ = self.objects.type_of(address);
        let known = self.known_type(type_);
        let refcount = self.objects.refcount(address);
        if self.is_weightless(node, known.traits.shape) {
            return self.out.node(known.index, 0, refcount);
        }
        let size = self.size_of(address, &known.traits);
        self.out.node(known.index, size, refcount);
        if known.traits.state.is_some() {
            self.read_state(node, address, &known.traits);
        }
        match known.traits.shape {
            Shape::Leaf => self.read_leaf(node, address, type_, &known),
            Shape::List => self.read_list(node, address),
            Shape::Tuple => self.read_tuple(address),
            Shape::Dict => self.read_dict(node, address),
            Shape::Set => self.read_set(node, address),
            Shape::Code => self.read_code(node, address),
            Shape::Type => self.read_type(address, &known),
            Shape::NdArray => self.read_ndarray(address, type_),
            // Out of the collector's lists an object may be half made or half gone; only for the
            // kinds above is it known that their fields are good all the same.
            Shape::Generic if !self.objects.is_tracked(address) => {
                self.read_leaf(node, address, type_, &known);
            }
            _ => self.read_traversed(node, address, type_, &known),
        }
        self.add_buffers(address, &known.traits);
    }

    fn read_state(&mut self, node: NodeIndex, address: usize, traits: &TypeTraits) {
        // What the collector knows of but does not track may be half made or half gone.
        let is_whole = traits.flags & crate::layout::TPFLAGS_HAVE_GC as usize == 0
            || self.objects.is_tracked(address);
        let state = traits.state.filter(|_| is_whole);
        if let Some(said) = state.and_then(|state| self.objects.state(address, state)) {
            let text = self.texts.fixed(said);
            self.states.push((node, text));
        }
    }

    #[inline]
    fn known_type(&mut self, type_: usize) -> Rc<KnownType> {
        let slot = (type_ >> 4) % RECENT;
        if let Some((recent, known)) = &self.recent[slot]
            && *recent == type_
        {
            return Rc::clone(known);
        }
        let known = match self.types.get(&type_) {
            Some(known) => Rc::clone(known),
            None => self.learn_type(type_),
        };
        self.recent[slot] = Some((type_, Rc::clone(&known)));
        known
    }

    fn learn_type(&mut self, type_: usize) -> Rc<KnownType> {
        let traits = self.objects.traits_of(type_);
        let (module, name) = self.objects.type_name(type_);
        let reader = self.objects.reader;
        let member_names = traits
            .members
            .iter()
            .map(|&(_, name)| {
                self.texts
                    .text(&String::from_utf8_lossy(reader.c_string(name, 200)))
            })
            .collect();
        let index = self.type_infos.len() as u32;
        self.type_objects.push(type_);
        self.named.push(labels::is_named(traits.shape));
        self.owns_definitions
            .push(matches!(traits.shape, Shape::Module | Shape::Type));
        self.is_descriptor
            .push(name.ends_with("_descriptor") && module == "builtins");
        self.type_infos.push(TypeInfo {
            module,
            name,
            heap: traits.heap,
            node: None,
        });
        let shared_names = RefCell::default();
        let known = Rc::new(KnownType {
            index,
            hides: self.hides(type_, &traits),
            traits,
            member_names,
            shared_names,
        });
        self.types.insert(type_, Rc::clone(&known));
        // A type is part of the heap even when only its instances lead to it.
        if self.data_only.is_none() {
            self.node(type_);
        }
        known
    }

    fn finish(
        mut self,
        roots: Vec<Root>,
        samples: Vec<SampledNode>,
        tracked: u64,
    ) -> (Snapshot, Met) {
        self.forget_own_locals();
        self.settle_guesses();
        for index in 0..self.type_infos.len() {
            self.type_infos[index].node = self.map.get(self.type_objects[index]);
        }
        let node_texts = self.node_texts();
        let columns = self.out;
        let snapshot = Snapshot {
            types: self.type_infos,
            node_types: columns.types,
            node_sizes: columns.sizes,
            node_refcounts: columns.refcounts,
            edge_starts: columns.starts,
            edge_targets: columns.targets,
            edge_labels: columns.labels,
            texts: self.texts.into_texts(),
            node_texts,
            roots,
            samples,
            node_states: self.states,
            tracked,
            ..Snapshot::default()
        };
        let met = Met {
            addresses: self.addresses,
            nodes: self.map,
            lists: self.lists,
        };
        (snapshot, met)
    }

    /// Takes off the reference counts what the frames that were passed over hold.
    fn forget_own_locals(&mut self) {
        for object in std::mem::take(&mut self.own_locals) {
            let node = self.map.get(object).map(|node| node as usize);
            if let Some(count) = node.and_then(|node| self.out.refcounts.get_mut(node))
                && *count != IMMORTAL
                && *count != SYNTHETIC
            {
                *count = count.saturating_sub(1);
            }
        }
    }
}
