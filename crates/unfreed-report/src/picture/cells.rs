//! What stands in the box of a node: its lines of text and the size that they need.

use super::drawing::{ADVANCE, LINE};
use crate::quantity;
use unfreed_analysis::findings::Over;
use unfreed_analysis::questions::{Picture, PictureNode};

/// Space between text and border.
pub const PADDING: f32 = 9.0;
/// Letters of a line of prose.
const PROSE: usize = 36;
/// Room that each reference takes on the side of a box.
pub const PORT: f32 = 17.0;

/// A line of text in a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub text: String,
    pub tone: Tone,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The name.
    Strong,
    /// Figures.
    Plain,
    /// What is wrong with it.
    Alarming,
    /// What is not drawn.
    Quiet,
}

/// The lines of each node.
pub fn lines(picture: &Picture) -> Vec<Vec<Line>> {
    let nodes = picture.nodes.iter().enumerate();
    nodes
        .map(|(index, node)| lines_of(picture, index, node))
        .collect()
}

fn lines_of(picture: &Picture, index: usize, node: &PictureNode) -> Vec<Line> {
    let line = |text: String, tone| Line { text, tone };
    let name = if node.objects > 1 {
        format!("{} × {}", node.name, quantity::count(node.objects))
    } else {
        node.name.clone()
    };
    let mut figures = quantity::bytes(node.own);
    if node.retained > node.own {
        figures.push_str(&format!(" · keeps {}", quantity::bytes(node.retained)));
    }
    let mut lines = vec![line(name, Tone::Strong), line(figures, Tone::Plain)];
    let tone = if node.over == Over::Yes {
        Tone::Alarming
    } else {
        Tone::Plain
    };
    lines.extend(
        wrapped(&node.reason)
            .into_iter()
            .map(|text| line(text, tone)),
    );
    let own = picture
        .edges
        .iter()
        .find(|edge| edge.from == index && edge.to == index);
    if let Some(own) = own {
        lines.push(line(
            format!("refers to itself: {}", own.label),
            Tone::Plain,
        ));
    }
    if node.more > 0 {
        let text = format!("+ {} not drawn", quantity::count(node.more));
        lines.push(line(text, Tone::Quiet));
    }
    lines
}

fn wrapped(prose: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in prose.split_whitespace() {
        match lines.last_mut() {
            Some(line) if letters(line) + 1 + letters(word) <= PROSE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

/// Width of a text.
pub fn width(text: &str) -> f32 {
    letters(text) as f32 * ADVANCE
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
