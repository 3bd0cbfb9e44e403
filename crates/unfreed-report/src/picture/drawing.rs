//! A drawing as plain shapes, which SVG and PNG render alike. Coordinates are pixels at scale 1, y down.

use serde::Deserialize;

/// Width of a letter: text is in a font of fixed width, so that boxes fit it everywhere.
pub const ADVANCE: f32 = 7.0;
/// Height of a line of text.
pub const LINE: f32 = 16.0;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Drawing {
    /// From the left edge.
    pub width: f32,
    /// From the upper edge.
    pub height: f32,
    /// What it shows, for those who cannot see it.
    pub title: String,
    /// In the order in which they are drawn.
    pub shapes: Vec<Shape>,
}

/// A shape.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A box with round corners.
    Box {
        left: f32,
        top: f32,
        width: f32,
        height: f32,
        fill: Colour,
        border: Colour,
        thickness: f32,
    },
    /// A line of straight and curved parts.
    Line {
        parts: Vec<Part>,
        colour: Colour,
        thickness: f32,
    },
    /// A filled polygon.
    Area {
        corners: Vec<(f32, f32)>,
        colour: Colour,
    },
    /// A line of text.
    Text {
        /// Left end.
        left: f32,
        /// Upper edge of its line.
        top: f32,
        text: String,
        colour: Colour,
        strong: bool,
        /// Whether it stands on a line, which it should hide.
        hides: bool,
    },
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Start here.
    Start(f32, f32),
    /// Straight to here.
    Straight(f32, f32),
    /// Curved to the last point, by two control points.
    Curve([(f32, f32); 3]),
}
