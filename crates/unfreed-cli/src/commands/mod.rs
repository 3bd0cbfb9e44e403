//! The commands, one file each, and how a run is concluded.

pub mod baseline;
pub mod check;
pub mod compare;
mod conclusion;
pub mod export;
pub mod heap;
pub mod lines;
pub(crate) mod opened;
pub mod pages;
pub mod query;
pub mod report;
pub mod run;
pub mod snapshot;
