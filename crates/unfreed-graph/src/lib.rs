//! Algorithms on big directed graphs of `u32` nodes in compressed rows (CSR): shortest paths by
//! priority, strongly connected components, reachability. Knows no strings, no files, no Python;
//! never recurses, never panics on a graph that [`Csr::new`] accepted.

pub mod components;
pub mod csr;
pub mod dominators;
pub mod explore;
pub mod nodes;
pub mod reach;

pub use components::{Components, components};
pub use csr::{BadGraph, Csr, Edge, Reverse};
pub use dominators::{DominatorTree, Dominators, dominators};
pub use explore::{Explorer, NO_EDGE, NO_NODE, UNREACHED};
pub use nodes::NodeSet;
pub use reach::{reach, spread};
