//! What can go wrong with a recording, as sentences for people: what happened, why, what to do.

use crate::block::Kind;
use crate::frame::{MAJOR, MAX_BLOCK};
use thiserror::Error;

/// A rule of the format that some content breaks. `docs/format.md` lists the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{rule} (broken by item {item})")]
pub struct Fault {
    /// The rule, as in "an edge's target is a node".
    pub rule: &'static str,
    /// Position of what breaks it in its list; 0 where there is no list.
    pub item: usize,
}

impl Fault {
    pub(crate) fn new(rule: &'static str, item: usize) -> Self {
        Self { rule, item }
    }
}

/// Why a recording, or the rest of one, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// No byte at all.
    #[error(
        "the recording is empty: the program ended before unfreed wrote to it, or the disk was \
         full; record again"
    )]
    Empty,
    /// The file starts with something else.
    #[error(
        "not an unfreed recording: it starts with {found}; give the `.unfreed` file that \
         `unfreed run` wrote"
    )]
    NotARecording {
        /// The first bytes, escaped.
        found: String,
    },
    /// The magic is right, the rest of the header is not.
    #[error(
        "the recording's header is damaged (its checksum does not match), so its version cannot \
         be trusted; copy the file again or record again"
    )]
    HeaderDamaged,
    /// A major version that this reader does not know yet.
    #[error(
        "the recording has format {major}.{minor} and was written by a newer unfreed (this one \
         reads {MAJOR}); update with `pip install -U unfreed`"
    )]
    Newer {
        /// Its major version.
        major: u16,
        /// Its minor version.
        minor: u16,
    },
    /// A major version that was never released.
    #[error(
        "the recording has format {major}.{minor} of before the first release, which nothing \
         reads any more; record again"
    )]
    TooOld {
        /// Its major version.
        major: u16,
        /// Its minor version.
        minor: u16,
    },
    /// The file ends inside a block: what comes before it is whole.
    #[error(
        "the recording is cut off at byte {at_byte}: the program was killed, or the disk full, \
         while a block was written; everything before it is used"
    )]
    Truncated {
        /// Where the block that is not whole begins; the file's useful length.
        at_byte: usize,
    },
    /// A block's bytes are not what was written.
    #[error(
        "the recording is damaged at byte {at_byte}: {what}; what comes before it is used; copy \
         the file again if it came over a network"
    )]
    Damaged {
        /// Where the block begins.
        at_byte: usize,
        /// What was found.
        what: &'static str,
    },
    /// A block's bytes are what was written, but break a rule of the format.
    #[error(
        "the {} block at byte {at_byte} breaks a rule of the format: {fault}; what comes before \
         it is used; this is a bug in the unfreed that wrote it, please report it",
        kind.name()
    )]
    Invalid {
        /// Where the block begins.
        at_byte: usize,
        /// The block's kind.
        kind: Kind,
        /// The rule.
        fault: Fault,
    },
    /// Nothing says which process this is.
    #[error(
        "the recording says nothing about its process: it ends, or is damaged, before its first \
         block; the program probably ended at once, record again"
    )]
    NoProcess,
    /// A snapshot was asked for that the recording does not have.
    #[error("the recording has {count} snapshots, counted from 0, and no snapshot {index}")]
    NoSuchSnapshot {
        /// What was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
}

/// Why a block cannot be written. Nothing of it is written then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// More than a block may hold.
    #[error(
        "a {} block would hold more than {MAX_BLOCK} bytes, the most that the format allows; it \
         is left out of the recording",
        kind.name()
    )]
    TooBig {
        /// The block's kind.
        kind: Kind,
    },
    /// The content breaks a rule of the format, so no reader would take it.
    #[error(
        "a {} block breaks a rule of the format: {fault}; it is left out of the recording; this \
         is a bug in the collector, please report it",
        kind.name()
    )]
    Invalid {
        /// The block's kind.
        kind: Kind,
        /// The rule.
        fault: Fault,
    },
    /// The compressor failed, for want of memory.
    #[error(
        "a {} block could not be compressed ({why}), most likely for want of memory; it is left \
         out of the recording",
        kind.name()
    )]
    Compressor {
        /// The block's kind.
        kind: Kind,
        /// What it said.
        why: String,
    },
}
