//! Snapshots as few bytes: columns of varints, each predicted from what came before, so that the
//! compressor sees mostly zeros. One file writes, one reads; both use the same predictors.

mod bytes;
mod pack;
mod predict;
mod unpack;

pub(crate) use bytes::Columns;
pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

use crate::ids::{EpochId, RunTime};
use serde::{Deserialize, Serialize};

/// The head of a snapshot: readable without the rest of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHeader {
    /// The epoch at whose end it was taken.
    pub epoch: EpochId,
    /// When it was taken.
    pub at: RunTime,
    /// How long the program stood still for it, nanoseconds.
    pub pause_ns: u64,
    /// Objects that the collector tracks (or has frozen), a count.
    pub tracked: u64,
    /// Nodes, a count.
    pub nodes: u32,
    /// Edges, a count.
    pub edges: u32,
    /// Types, a count.
    pub types: u32,
    /// Texts, a count.
    pub texts: u32,
    /// Nodes with a text, a count.
    pub node_texts: u32,
    /// Roots, a count.
    pub roots: u32,
    /// Sampled nodes, a count.
    pub samples: u32,
}

/// Objects begin at multiples of eight bytes: that many bits of an address say nothing.
pub(crate) const ADDRESS_SHIFT: u32 = 3;
/// The most bytes of a snapshot's text.
pub(crate) const MAX_TEXT: usize = 200;
/// The most bytes that a [`SnapshotHeader`] takes: three varints of 10 bytes, eight of 5.
pub(crate) const MAX_HEADER: usize = 3 * 10 + 8 * 5;
