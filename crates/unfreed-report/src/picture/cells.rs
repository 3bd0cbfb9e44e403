//! The size that a box needs for its lines of text.

use super::drawing::{ADVANCE, LINE};
use super::graph::Line;

/// Space between text and border.
pub const PADDING: f32 = 9.0;
/// Room that each reference takes on the side of a box.
pub const PORT: f32 = 17.0;

/// Width of a text.
pub fn width(text: &str) -> f32 {
    text.chars().count() as f32 * ADVANCE
}

/// Width and height of a box with these lines and so many references at its fuller side.
pub fn size(lines: &[Line], ports: usize) -> (f32, f32) {
    let widest = lines
        .iter()
        .map(|line| width(&line.text))
        .fold(0.0, f32::max);
    let height = lines.len() as f32 * LINE + PADDING;
    (
        widest + 2.0 * PADDING,
        height.max(ports as f32 * PORT + 4.0),
    )
}
