//! Looks at the heap of this process whose objects can be handed back to Python: for questions that are
//! asked and answered while the GIL is held. What is handed back is a new reference like any other.

use super::address_map::AddressMap;
use super::columns::Kept;
use super::shared::{Shared, SharedBuffer};
use super::{HandedOn, Met, Names, Owned, SampledBlock, Tracked, WalkError, Walker};
use crate::gil::Gil;
use crate::layout::{TPFLAGS_HAVE_GC, TPFLAGS_TYPE};
use crate::object::Objects;
use crate::runtime::Runtime;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_recording::snapshot::{NodeIndex, SYNTHETIC, Snapshot, TypeInfo};

/// Blocks that were followed from their births, for a look that tells which lines made the objects.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The blocks.
    pub blocks: Vec<SampledBlock>,
    /// What becomes of those that are no objects.
    pub owned: Owned,
    /// What is known of those that free lists hand on.
    pub handed_on: HandedOn,
}

impl Followed {
    /// None.
    pub const NOTHING: Self = Self {
        blocks: Vec::new(),
        owned: Owned::Told,
        handed_on: HandedOn::Unnoticed,
    };
}

/// A snapshot whose objects are all still there: the proof of the GIL that it borrows says so.
pub struct Seen<'gil> {
    /// What was seen.
    pub snapshot: Snapshot,
    pub(super) met: Met,
    pub(super) runtime: &'gil Runtime,
    pub(super) held: &'gil Gil,
}

/// Looks at the whole heap and at the objects `also`, which the caller holds: what only a local variable
/// leads to is not met else. The innermost frames of this thread whose code lies in `own_folder` are not part of
/// it. The samples are of the blocks that `followed` has.
///
/// # Errors
/// As [`super::snapshot`].
pub fn whole<'gil>(
    runtime: &'gil Runtime,
    gil: &'gil Gil,
    tracked: Tracked<'gil>,
    own_folder: &str,
    also: &[usize],
    followed: &Followed,
) -> Result<Seen<'gil>, WalkError> {
    let mut walker = Walker::new(runtime, gil);
    walker.names = Names::All;
    walker.handed_on = followed.handed_on;
    own_folder.clone_into(&mut walker.own_folder);
    let count = tracked.count();
    for &object in also {
        walker.node(object);
    }
    let (roots, samples) = walker.whole(tracked, &followed.blocks, followed.owned)?;
    let (snapshot, met) = walker.finish(roots, samples, count);
    Ok(Seen {
        snapshot,
        met,
        runtime,
        held: gil,
    })
}

/// The objects of one type: how many, and their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The type.
    pub type_: TypeInfo,
    /// Objects.
    pub objects: u64,
    /// Shallow bytes.
    pub bytes: u64,
}

/// Counts the whole heap by type. As [`whole`], in half the time.
///
/// # Errors
/// When there are more objects than 32 bits can number.
pub fn counts<'gil>(
    runtime: &'gil Runtime,
    gil: &'gil Gil,
    tracked: Tracked<'gil>,
    own_folder: &str,
) -> Result<Vec<Counted>, WalkError> {
    let mut walker = Walker::new(runtime, gil);
    walker.out.kept = Kept::Types;
    own_folder.clone_into(&mut walker.own_folder);
    walker.whole(tracked, &[], Owned::Told)?;
    let (types, columns) = (walker.type_infos, walker.out);
    let mut counts: Vec<Counted> = types
        .into_iter()
        .map(|type_| Counted {
            type_,
            ..Counted::default()
        })
        .collect();
    for (&type_, &size) in columns.types.iter().zip(&columns.sizes) {
        let count = &mut counts[type_ as usize];
        count.objects += 1;
        count.bytes = count.bytes.saturating_add(size);
    }
    counts.retain(|count| count.objects > 0);
    Ok(counts)
}

/// Objects that the collector tracks and whose classes are of a package or of a module in it.
#[must_use]
pub fn instances_of(
    runtime: &Runtime,
    gil: &Gil,
    tracked: &Tracked<'_>,
    package: &str,
) -> Vec<usize> {
    let objects = runtime.objects(gil);
    let mut known: HashMap<usize, bool, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(5));
    let mut is_of = |&object: &usize| {
        let type_ = objects.type_of(object);
        *known.entry(type_).or_insert_with(|| {
            let (module, _) = objects.type_name(type_);
            let rest = module.strip_prefix(package);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let all = tracked.seeds.iter().map(|seed| seed.address());
    all.filter(|object| is_of(object)).collect()
}

/// Looks at the objects at `from`, which the caller holds, and at all data that they lead to; with
/// `through_definitions` also at modules, classes, code and what these lead to. `buffers` are those that no walk can see.
///
/// # Errors
/// When there are more objects than 32 bits can number.
pub fn below<'gil>(
    runtime: &'gil Runtime,
    gil: &'gil Gil,
    from: &[usize],
    through_definitions: bool,
    buffers: &[SharedBuffer],
) -> Result<Seen<'gil>, WalkError> {
    let mut walker = Walker::new(runtime, gil);
    walker.names = Names::All;
    walker.shared = Shared::new(buffers);
    walker.ask_for(from, through_definitions);
    walker.run()?;
    walker.name_closure_cells();
    let (snapshot, met) = walker.finish(Vec::new(), Vec::new(), 0);
    Ok(Seen {
        snapshot,
        met,
        runtime,
        held: gil,
    })
}

/// What objects come to, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Each object that was asked for, by itself.
    pub own: Vec<u64>,
    /// All of them and the data that they lead to, each object once.
    pub all: u64,
    /// How many objects that is.
    pub objects: u64,
}

/// Sizes of the objects at `from` and of the data that they lead to. As [`below`], in half the time.
///
/// # Errors
/// When there are more objects than 32 bits can number.
pub fn sizes_below(
    runtime: &Runtime,
    gil: &Gil,
    from: &[usize],
    through_definitions: bool,
    buffers: &[SharedBuffer],
) -> Result<Sizes, WalkError> {
    let mut walker = Walker::new(runtime, gil);
    walker.out.kept = Kept::Sizes;
    walker.shared = Shared::new(buffers);
    let nodes = walker.ask_for(from, through_definitions);
    walker.run()?;
    let sizes = walker.out.sizes;
    let weightless = walker.data_only.map_or(0, |data| data.weightless);
    Ok(Sizes {
        own: nodes.iter().map(|&node| sizes[node as usize]).collect(),
        all: sizes
            .iter()
            .fold(0, |sum: u64, &size| sum.saturating_add(size)),
        objects: (sizes.len() as u64).saturating_sub(weightless),
    })
}

impl Walker<'_> {
    /// Meets the objects that are asked for first, each once.
    fn ask_for(&mut self, from: &[usize], through_definitions: bool) -> Vec<NodeIndex> {
        // A walker knows a type or two when it is made: those come later, if they are met.
        self.map = AddressMap::new();
        self.addresses.clear();
        let nodes = from.iter().map(|&object| self.node(object)).collect();
        if !through_definitions {
            self.follow_data_only(self.addresses.len());
        }
        nodes
    }
}

/// Whether an object is complete. What the collector could track and does not may be half made, and nobody may
/// see that; dicts and tuples of plain values are untracked when they are good.
fn is_whole(objects: &Objects<'_>, object: usize) -> bool {
    let type_ = objects.type_of(object);
    let flags = objects.type_flags(type_);
    // Static classes lie in no list of the collector's and have no links.
    let is_class = flags & TPFLAGS_TYPE as usize != 0;
    if is_class || flags & TPFLAGS_HAVE_GC as usize == 0 || objects.is_tracked(object) {
        return true;
    }
    let items = || (0..objects.tuple_len(object)).map(|index| objects.tuple_item(object, index));
    type_ == objects.types.dict || (type_ == objects.types.tuple && items().all(|item| item != 0))
}

impl Seen<'_> {
    pub(super) fn objects(&self) -> Objects<'_> {
        self.runtime.objects(self.held)
    }

    /// The node of the object at an address (what `id()` gives); `None` for one that was not met.
    #[must_use]
    pub fn node(&self, address: usize) -> Option<NodeIndex> {
        self.met.nodes.get(address)
    }

    /// Where an object is; `None` for a node that stands for none.
    #[must_use]
    pub fn address(&self, node: NodeIndex) -> Option<usize> {
        let is_object = self.snapshot.node_refcounts.get(node as usize) != Some(&SYNTHETIC);
        let address = self.met.addresses.get(node as usize).copied();
        address.filter(|_| is_object)
    }

    /// The objects whose type is one of those at these addresses.
    #[must_use]
    pub fn of_types(&self, types: &[usize]) -> Vec<NodeIndex> {
        let objects = self.objects();
        let is_wanted = |node: &NodeIndex| {
            let type_ = self.address(*node).map(|object| objects.type_of(object));
            type_.is_some_and(|type_| types.contains(&type_))
        };
        let count = self.snapshot.node_types.len() as NodeIndex;
        (0..count).filter(is_wanted).collect()
    }

    /// Appends an object to the Python list at `list`, which the caller holds; `false` when that is no list, the
    /// node is no object, or memory ran out.
    pub fn append(&self, node: NodeIndex, list: usize) -> bool {
        let objects = self.objects();
        let Some(object) = self.address(node) else {
            return false;
        };
        if objects.refcount(object) == 0 || !is_whole(&objects, object) {
            return false;
        }
        objects.type_of(list) == objects.types.list
            && (self.runtime.api().functions.list_append)(list, object) == 0
    }
}
