//! A reference graph as a picture: SVG and PNG, drawn here and without Graphviz, and DOT for those who
//! have it. Layers from left to right, holders to the left of what they hold.

mod cells;
mod dot;
pub(crate) mod drawing;
mod layers;
mod order;
mod places;
pub(crate) mod png;
mod scene;
pub(crate) mod svg;

pub use dot::render as render_dot;
pub use png::{TooLarge, render as render_png};
pub use svg::render as render_svg;
