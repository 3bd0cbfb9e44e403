//! The recording: what a collector writes and an analysis reads. Data model and file format only;
//! no files, threads, clocks or unsafe in here, and no panic on any input.

pub mod block;
pub mod counters;
pub mod error;
mod frame;
pub mod ids;
mod packing;
pub mod process;
pub mod reader;
pub mod recording;
pub mod retention;
pub mod sites;
pub mod snapshot;
mod stacks;
mod validate;
pub mod writer;

pub use block::{Block, BlockRef, Kind};
pub use error::{EncodeError, Fault, ReadError};
pub use frame::{BLOCK_HEADER_LEN, FILE_HEADER_LEN, MAX_BLOCK};
pub use packing::SnapshotHeader;
pub use recording::{Damage, Recording};
pub use stacks::{Frames, StackTrie};

/// What follows the recording's name in that of the empty file beside it by which somebody asks its process for a look at
/// the heap: the one name that collectors and those who ask must agree on.
pub const REQUEST_SUFFIX: &str = ".look";
