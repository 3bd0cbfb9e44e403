//! Why the collector does not free a cycle that nothing reaches: from its state, where that is known. What is not known
//! is not said.

use crate::heap::Heap;
use crate::wording::count;
use unfreed_recording::counters::Counters;
use unfreed_recording::ids::RunTime;
use unfreed_recording::snapshot::{CollectorState, FROZEN, Label, NodeIndex, Snapshot};

/// Readings from which on "no collection between the first and the last" says something.
const READINGS: usize = 3;
/// Members of a cycle that are looked at for a finaliser: a type's instances are alike.
const LOOKED_AT: usize = 10_000;

/// What is known of the cyclic collector at the moment of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collector {
    /// Whether it starts by itself.
    pub enabled: Option<bool>,
    /// New objects since it last started, and the threshold at which it does; a threshold of 0: never.
    pub young: Option<(u64, u64)>,
    /// Objects that `gc.freeze()` hides, a count.
    pub frozen: Option<u64>,
    /// Whether several readings passed without a collection.
    pub idle: bool,
    /// By node: the list that the object is in, as in [`CollectorState::lists`]. Empty where not known.
    pub lists: Vec<u8>,
    /// By type: whether the collector does not look into instances. Empty where not known.
    pub unseen: Vec<bool>,
    /// By type: whether instances cannot be told to let go of what they hold. Empty where not known.
    pub uncleared: Vec<bool>,
}

/// Why a cycle is not freed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reason {
    /// The collector does not look into an instance of this type.
    Unseen(String),
    /// No member can be told to let go.
    Uncleared,
    Disabled,
    NoThreshold,
    Frozen,
    /// So many objects are, perhaps these.
    PerhapsFrozen(u64),
    Idle,
    /// New objects, and how many there have to be.
    NotYet(u64, u64),
    /// It survived collections: in this generation.
    Old(u8),
    Unknown,
}

impl From<CollectorState> for Collector {
    fn from(state: CollectorState) -> Self {
        Self {
            enabled: Some(state.enabled),
            young: Some((state.count, state.threshold)),
            lists: state.lists,
            unseen: state.unseen,
            uncleared: state.uncleared,
            ..Self::default()
        }
    }
}

impl Collector {
    /// As the snapshot of a recording tells it, or the readings do.
    #[must_use]
    pub fn of_snapshot(snapshot: &Snapshot, readings: &[Counters]) -> Self {
        let state = snapshot.collector.clone();
        state.map_or_else(
            || Self::of_readings(readings, snapshot.at),
            |state| Self::from(*state),
        )
    }

    /// From the readings of a recording, for a snapshot of this moment.
    #[must_use]
    pub fn of_readings(readings: &[Counters], at: RunTime) -> Self {
        let until = readings.partition_point(|reading| reading.at <= at).max(1);
        let Some(last) = readings.get(until - 1) else {
            return Self::default();
        };
        let before = &readings[..until];
        let same = |reading: &&Counters| reading.gc_collections == last.gc_collections;
        let idle = before.len() >= READINGS
            && !last.gc_collections.is_empty()
            && before.first().as_ref().is_some_and(same);
        let frozen = before.iter().rev().find_map(|reading| reading.gc_frozen);
        Self {
            enabled: last.gc_enabled,
            frozen,
            idle,
            ..Self::default()
        }
    }

    /// Why a cycle of these members is not freed.
    pub(super) fn reason(&self, heap: &Heap<'_>, members: &[NodeIndex]) -> Reason {
        let of_type = |column: &[bool], node: NodeIndex| {
            let type_ = heap.snapshot.node_types.get(node as usize);
            type_.and_then(|&type_| column.get(type_ as usize).copied())
        };
        let unseen = members
            .iter()
            .find(|&&node| of_type(&self.unseen, node) == Some(true));
        if let Some(&node) = unseen {
            return Reason::Unseen(heap.type_name(node));
        }
        if members
            .iter()
            .all(|&node| of_type(&self.uncleared, node) == Some(true))
        {
            return Reason::Uncleared;
        }
        if self.enabled == Some(false) {
            return Reason::Disabled;
        }
        if matches!(self.young, Some((_, 0))) {
            return Reason::NoThreshold;
        }
        self.not_come(members)
    }

    /// Why a collector that starts by itself has not come to them.
    fn not_come(&self, members: &[NodeIndex]) -> Reason {
        let list = |&node: &NodeIndex| self.lists.get(node as usize).copied();
        // What is in none of the lists (a running frame's stand-in, an untracked dict) is as its neighbours.
        let oldest = members
            .iter()
            .filter_map(list)
            .filter(|&list| list <= FROZEN);
        match (oldest.max(), self.young, self.frozen) {
            (Some(FROZEN), _, _) => Reason::Frozen,
            (Some(old @ 1..), _, _) => Reason::Old(old),
            (Some(_), Some((new, threshold)), _) => Reason::NotYet(new, threshold),
            (_, _, Some(frozen @ 1..)) => Reason::PerhapsFrozen(frozen),
            _ if self.idle => Reason::Idle,
            _ => Reason::Unknown,
        }
    }

    /// What can be said of the collector in the heading, where cycles wait.
    pub(super) fn heading(&self) -> String {
        match (self.enabled, self.young, self.idle) {
            (Some(false), _, _) => ": the collector is disabled.".to_owned(),
            (_, Some((_, 0)), _) => ": the collector never starts, its threshold is 0.".to_owned(),
            (_, Some((new, threshold)), _) => format!(
                ": the collector is enabled and starts at {} new objects, there are {}.",
                count(threshold as i64),
                count(new as i64)
            ),
            (_, _, true) => ": the collector is enabled and never ran.".to_owned(),
            (Some(true), _, _) => ": the collector is enabled.".to_owned(),
            _ => ".".to_owned(),
        }
    }
}

impl Reason {
    /// As a sentence; empty where nothing is known.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unseen(type_) => format!(
                "Never freed: the collector does not look into {type_} and takes them for used."
            ),
            Self::Uncleared => {
                "Never freed: none of them can be told to let go (no type has tp_clear).".to_owned()
            }
            Self::Disabled => "The collector is disabled.".to_owned(),
            Self::NoThreshold => "The collector never starts: its threshold is 0.".to_owned(),
            Self::Frozen => "Never freed: gc.freeze() hides them from the collector.".to_owned(),
            Self::PerhapsFrozen(objects) => format!(
                "Never freed if they are among the {} objects that gc.freeze() hides.",
                count(i64::try_from(*objects).unwrap_or(i64::MAX))
            ),
            Self::Idle => "The collector never ran.".to_owned(),
            Self::NotYet(new, threshold) => format!(
                "Not yet: {} of {} new objects.",
                count(i64::try_from(*new).unwrap_or(i64::MAX)),
                count(i64::try_from(*threshold).unwrap_or(i64::MAX))
            ),
            Self::Old(generation) => format!(
                "Not yet: they are in generation {generation}, which is collected less often."
            ),
            Self::Unknown => String::new(),
        }
    }
}

/// The type of a member whose class has a `__del__`: it runs before the cycle is freed, and may bring it back.
pub(super) fn finaliser(heap: &Heap<'_>, members: &[NodeIndex]) -> Option<String> {
    let mut asked = crate::seeded::Set::default();
    members.iter().take(LOOKED_AT).find_map(|&node| {
        let info = heap.type_of(node)?;
        let class = info.node.filter(|&class| asked.insert(class))?;
        let has = mro(heap, class)
            .into_iter()
            .any(|base| heap.attribute(base, "__del__").is_some());
        has.then(|| crate::heap::full_name(info))
    })
}

/// A class and those that it is derived from, in order; itself alone where the snapshot does not tell.
pub(super) fn mro(heap: &Heap<'_>, class: NodeIndex) -> Vec<NodeIndex> {
    let order = heap.labelled(
        class,
        |label| matches!(label, Label::Internal(text) if heap.text(text) == "__mro__"),
    );
    let bases = order.map_or_else(Vec::new, |order| heap.graph.targets_of(order).to_vec());
    if bases.is_empty() { vec![class] } else { bases }
}
