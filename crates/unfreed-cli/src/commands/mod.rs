//! The commands, one file each, and how a run is concluded.

mod conclusion;
pub mod heap;
pub mod report;
pub mod run;
