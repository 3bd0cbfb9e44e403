//! Questions to one heap snapshot: what is in it, who holds what, what would go with what. Answers
//! are tables of plain data; how they look is the renderer's. May not judge growth: one snapshot
//! has no time in it.

mod allocations;
mod answer;
mod census;
mod collector;
mod composition;
mod difference;
mod dominated;
mod equal;
mod holders;
mod lives;
mod neighbours;
mod own;
mod picture;
mod select;
mod sites;
mod slots;
mod suspicion;
mod tables;
mod timeline;
mod unexplained;
mod view;
mod waiting;
mod waste;

use crate::findings::Frame;

/// The innermost frame that has a source file of its own; the innermost where none has.
fn telling(frames: &[Frame]) -> Option<&Frame> {
    let own = frames.iter().find(|frame| !frame.file.starts_with('<'));
    own.or(frames.first())
}

pub use crate::heap::full_name;
pub use allocations::{Allocations, Amount, EVERY_BLOCK, PARTS, Stacked, Variance, allocations};
pub use answer::{Answer, Cell, Column, LeftOut, LongPath, Unit};
pub use census::{GroupBy, census, grouped, grouped_by_site};
pub use collector::Collector;
pub use composition::{Part, composition};
pub use difference::{difference, difference_by_site};
pub use dominated::{dominators, folded};
pub use holders::{paths, referents, referrers, retained};
pub use neighbours::{Reference, chain, held_by, references_from, references_to};
pub use own::held_by_unfreed;
pub use picture::{Direction, Edge as PictureEdge, Node as PictureNode, Picture, Role, picture};
pub use select::{Selection, Unselected};
pub use sites::{Coverage, Frames, sites};
pub use suspicion::suspects;
pub use tables::{Table, TableColumn, Values, tables};
pub use timeline::{Moment, Timeline, timeline};
pub use unexplained::unexplained;
pub use view::{Contents, HeapFacts, View};
pub use waiting::{cycles, garbage};
pub use waste::waste;
