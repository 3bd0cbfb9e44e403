//! From findings to what a person or a machine reads, one file per format. Shows what the analysis
//! found: computes no findings, opens no files, and writes only to the `Write` it is given.

pub mod answer;
pub mod breakdown;
pub mod ci;
pub mod comparison;
pub mod flame;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod parquet;
pub mod picture;
pub mod plot;
pub mod profile;
pub mod sarif;
pub mod terminal;

mod page;
mod place;
mod quantity;
mod styled;
mod verdict;
mod wrap;
mod xml;
