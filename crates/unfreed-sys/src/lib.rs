//! The operating system's side of collecting: mapped memory, fork handlers, signal masks, malloc
//! figures, dynamic symbols. One of the two rooms with `unsafe`; knows no Python and no policy, and
//! nothing here allocates on a path that an allocator hook takes.

pub mod alloc;
pub mod atomics;
mod blocks;
mod child_heap;
pub mod child_process;
pub mod fork;
pub mod interpose;
pub mod loaded;
pub mod malloc;
pub mod memory;
pub mod reserve;
pub mod ring;
pub mod signals;
pub mod symbols;
pub mod unwind;
pub mod words;
