//! The judge against programs made by hand: what leaks is found and explained, what does not is let be.
#![allow(clippy::unwrap_used, missing_docs)]

mod addresses;
mod advice;
mod breakdown;
mod cycles;
mod free_lists;
mod hostile;
mod leaks;
mod lives;
mod long_paths;
mod mapped;
mod not_leaks;
mod refcounts;
mod resources;
mod size;
mod unexplained;
mod waiting;
mod waste;
mod world;
