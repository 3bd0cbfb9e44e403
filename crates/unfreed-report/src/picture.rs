//! A reference graph as a picture: SVG and PNG, drawn here and without Graphviz, and DOT for those who
//! have it. Layers from left to right, holders to the left of what they hold. What another room has to draw comes as a
//! [`Graph`] or as the shapes of a [`Drawing`].

mod cells;
mod dot;
pub(crate) mod drawing;
mod graph;
mod layers;
mod order;
mod places;
pub(crate) mod png;
mod references;
mod scene;
pub(crate) mod svg;

pub use dot::render as render_dot;
pub use drawing::Drawing;
pub use graph::Graph;
pub use png::{TooLarge, render as render_png, render_drawing as drawing_as_png};
pub use svg::{render as render_svg, render_drawing as drawing_as_svg};

/// Draws a graph that is no picture of ours.
///
/// # Errors
/// For a reference to a box that there is not.
pub fn draw(graph: &Graph) -> Result<Drawing, Broken> {
    if graph.is_whole() {
        Ok(scene::draw(graph))
    } else {
        Err(Broken)
    }
}

/// A graph with a reference to a box that there is not.
#[derive(Debug, thiserror::Error)]
#[error("a reference leads to a box that there is not")]
pub struct Broken;
