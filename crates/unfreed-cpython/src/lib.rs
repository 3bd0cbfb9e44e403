//! CPython from the inside: allocator hooks, frames, and the heap walk. One of the two rooms with
//! `unsafe`; knows no policy, no files and no analysis. What differs between versions is a table
//! (`layout`), what the interpreter exports is looked up at start (`api`), so this crate links
//! against no particular Python and is built once for all of them.

pub mod announced;
mod api;
pub mod births;
mod code;
pub mod collector;
mod dict;
pub mod gil;
pub mod hooks;
pub mod layout;
mod object;
mod reader;
pub mod runtime;
pub mod stack;
mod states;
mod text;
pub mod trail;
mod types;
pub mod walk;

pub use code::{CodeIdentity, CodeRef};
pub use runtime::{Runtime, Unsupported};
