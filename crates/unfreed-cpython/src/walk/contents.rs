//! Which `str` and `bytes` objects say the same, and what `bytearray`s have to spare: a look at what was met already, for
//! questions about waste. It reads every such content once and those that are equal twice, a second for some GiB, so a
//! program that runs on does not pay for it.

use super::Walker;
use super::live::Seen;
use crate::layout::ABSENT;
use crate::object::Objects;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use unfreed_recording::snapshot::{NodeIndex, TypeIndex, TypeInfo};

/// Smaller texts are not worth a word.
const WORTH: u64 = 50;
/// The same for `bytes`: most small ones are parts of code objects, three for each function, and reading them all takes
/// longer than the texts.
const WORTH_OF_BYTES: u64 = 256;
/// Bytes to spare that are: more than this, and than half of what is used.
const SPARE: usize = 64;

/// As in [`unfreed_recording::snapshot::Snapshot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Objects that say the same as another, with the number of what they say.
    pub equal: Vec<(NodeIndex, u32)>,
    /// Objects with many bytes to spare, and how many.
    pub spare: Vec<(NodeIndex, u32)>,
}

impl Seen<'_> {
    /// The contents of what was seen.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let snapshot = &self.snapshot;
        Met {
            objects: self.objects(),
            addresses: &self.met.addresses,
            types: &snapshot.types,
            node_types: &snapshot.node_types,
            sizes: &snapshot.node_sizes,
        }
        .contents()
    }
}

impl Walker<'_> {
    /// The contents of what was met.
    pub(super) fn contents(&self) -> Contents {
        Met {
            objects: self.objects,
            addresses: &self.addresses,
            types: &self.type_infos,
            node_types: &self.out.types,
            sizes: &self.out.sizes,
        }
        .contents()
    }
}

struct Met<'m> {
    objects: Objects<'m>,
    addresses: &'m [usize],
    types: &'m [TypeInfo],
    node_types: &'m [TypeIndex],
    sizes: &'m [u64],
}

impl Met<'_> {
    fn contents(&self) -> Contents {
        Contents {
            equal: self.equal(),
            spare: self.spare(),
        }
    }

    /// The objects of a builtin type, from a size on.
    fn of_type(&self, name: &str, least: u64) -> impl Iterator<Item = (NodeIndex, usize)> + '_ {
        let type_ = self
            .types
            .iter()
            .position(|info| info.module == "builtins" && info.name == name && !info.heap);
        let nodes = self.addresses.iter().zip(self.node_types).zip(self.sizes);
        (0..)
            .zip(nodes)
            .filter(move |(_, ((_, of), size))| Some(**of as usize) == type_ && **size >= least)
            .map(|(node, ((&address, _), _))| (node, address))
    }

    /// Equal ones by hash, and those of a hash byte by byte: whoever sends texts with equal hashes gains nothing.
    fn equal(&self) -> Vec<(NodeIndex, u32)> {
        let hasher = FixedState::with_seed(6);
        let all = || {
            self.of_type("str", WORTH)
                .chain(self.of_type("bytes", WORTH_OF_BYTES))
        };
        let mut hashes: Vec<(u32, NodeIndex)> = Vec::new();
        // Where memory is short, the answer about waste is too.
        if hashes.try_reserve_exact(all().count()).is_err() {
            return Vec::new();
        }
        hashes.extend(all().filter_map(|(node, address)| {
            let content = self.objects.raw_content(address)?;
            Some((hasher.hash_one(content) as u32, node))
        }));
        hashes.sort_unstable();
        let content = |node: NodeIndex| {
            let address = self.addresses.get(node as usize)?;
            self.objects.raw_content(*address)
        };
        let mut found: Vec<(NodeIndex, NodeIndex)> = Vec::new();
        for alike in hashes.chunk_by(|one, other| one.0 == other.0) {
            let [(_, first), rest @ ..] = alike else {
                continue;
            };
            let before = found.len();
            let said = rest.first().and_then(|_| content(*first));
            let same = rest.iter().map(|&(_, node)| node);
            found.extend(
                same.filter(|&node| content(node) == said)
                    .map(|node| (node, *first)),
            );
            if found.len() > before {
                found.push((*first, *first));
            }
        }
        drop(hashes);
        found.sort_unstable();
        numbered(found)
    }

    fn spare(&self) -> Vec<(NodeIndex, u32)> {
        let (reader, layout) = (self.objects.reader, self.objects.layout);
        let held = |address: usize| {
            if layout.bytearray_bytes_object == ABSENT {
                return reader.word(address + layout.bytearray_alloc);
            }
            let buffer = reader.word(address + layout.bytearray_bytes_object);
            let is_bytes = buffer != 0 && self.objects.type_of(buffer) == self.objects.types.bytes;
            let length = if is_bytes {
                self.objects.var_size(buffer)
            } else {
                0
            };
            usize::try_from(length).unwrap_or(0)
        };
        let arrays = self.of_type("bytearray", WORTH);
        arrays
            .filter_map(|(node, address)| {
                let length = usize::try_from(self.objects.var_size(address)).ok()?;
                let spare = held(address).checked_sub(length)?;
                let is_much = spare > SPARE && spare > length / 2;
                is_much.then(|| (node, u32::try_from(spare).unwrap_or(u32::MAX)))
            })
            .collect()
    }
}

/// Numbers contents by first appearance, which packs better than whatever came to mind first.
fn numbered(found: Vec<(NodeIndex, NodeIndex)>) -> Vec<(NodeIndex, u32)> {
    let mut numbers = hashbrown::HashMap::with_hasher(FixedState::with_seed(7));
    found
        .into_iter()
        .map(|(node, first)| {
            let next = numbers.len() as u32;
            (node, *numbers.entry(first).or_insert(next))
        })
        .collect()
}
