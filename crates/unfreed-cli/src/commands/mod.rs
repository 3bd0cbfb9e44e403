//! The commands, one file each, and how a run is concluded.

pub mod check;
mod conclusion;
pub mod heap;
pub mod report;
pub mod run;
