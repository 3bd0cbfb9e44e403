//! An answer to a question about one snapshot: as a table for the terminal, as JSON for programs.
//! Shows what the analysis answered; computes nothing.

mod json;
mod table;

pub use json::render as render_json;
pub use table::render as render_table;
