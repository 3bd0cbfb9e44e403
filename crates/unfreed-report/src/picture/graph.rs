//! What a scene shows: boxes with lines of text, references between them, and what the colours mean. Knows nothing of
//! heaps, so that whoever has a graph can have it drawn.

use super::drawing::Colour;
use serde::Deserialize;

/// A graph to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Graph {
    /// Above it; may be empty.
    pub title: String,
    /// By number.
    pub boxes: Vec<Node>,
    /// Those of a box to itself are not drawn.
    pub references: Vec<Reference>,
    /// What the colours mean.
    pub legend: Vec<Meaning>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Node {
    pub lines: Vec<Line>,
    pub fill: Colour,
    pub border: Colour,
    /// Of the border, in pixels.
    pub thickness: f32,
}

/// A line of text in a box.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Line {
    pub text: String,
    pub colour: Colour,
    pub strong: bool,
}

/// A reference from one box to another, by their numbers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reference {
    pub from: usize,
    pub to: usize,
    pub label: String,
    pub colour: Colour,
    pub label_colour: Colour,
    /// In pixels; thicker ones lie on thinner ones, and those of more than [`Reference::STRONG`] have strong labels.
    pub thickness: f32,
}

impl Reference {
    /// Thickness beyond which the label is strong too.
    pub const STRONG: f32 = 2.5;
}

/// What a colour means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Meaning {
    pub fill: Colour,
    pub border: Colour,
    pub words: String,
}

impl Graph {
    /// Whether every reference leads from a box to a box.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let count = self.boxes.len();
        let mut references = self.references.iter();
        references.all(|reference| reference.from < count && reference.to < count)
    }
}
