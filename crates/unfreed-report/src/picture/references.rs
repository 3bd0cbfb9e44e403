//! From a picture of references to the graph that is drawn: what stands in the box of a node, and which colour tells
//! what.

use super::drawing::Colour;
use super::graph::{Graph, Line, Meaning, Node, Reference};
use crate::quantity;
use unfreed_analysis::findings::Over;
use unfreed_analysis::questions::{Picture, PictureEdge, PictureNode, Role};

const INK: Colour = [0x1f, 0x29, 0x33];
const SOFT: Colour = [0x52, 0x60, 0x6d];
const LINES: Colour = [0x9a, 0xa5, 0xb1];
const WHITE: Colour = [0xff, 0xff, 0xff];
const FOCUS: Colour = [0x1d, 0x4e, 0x89];
const ROOT: Colour = [0xe4, 0xe7, 0xeb];
const ALARM: Colour = [0xc0, 0x24, 0x1f];
const ALARM_PALE: Colour = [0xfd, 0xec, 0xea];
const CYCLE: Colour = [0xd9, 0x7f, 0x06];

/// Letters of a line of prose.
const PROSE: usize = 36;

/// The graph that a picture is drawn as.
pub fn graph(picture: &Picture) -> Graph {
    let nodes = picture.nodes.iter().enumerate();
    Graph {
        title: picture.title.clone(),
        boxes: nodes
            .map(|(index, node)| boxed(picture, index, node))
            .collect(),
        references: picture.edges.iter().map(reference).collect(),
        legend: legend(picture),
    }
}

fn boxed(picture: &Picture, index: usize, node: &PictureNode) -> Node {
    let (fill, border, thickness) = box_style(node);
    let lines = lines(picture, index, node);
    Node {
        lines: lines
            .into_iter()
            .map(|(text, tone)| line(text, tone, fill))
            .collect(),
        fill,
        border,
        thickness,
    }
}

fn line(text: String, tone: Tone, fill: Colour) -> Line {
    let colour = match (tone, fill == FOCUS) {
        (_, true) => WHITE,
        (Tone::Strong, _) => INK,
        (Tone::Alarming, _) => ALARM,
        _ => SOFT,
    };
    Line {
        text,
        colour,
        strong: tone == Tone::Strong,
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The name.
    Strong,
    /// Figures, and what is not drawn.
    Plain,
    /// What is wrong with it.
    Alarming,
}

/// What is told of a node.
pub fn lines(picture: &Picture, index: usize, node: &PictureNode) -> Vec<(String, Tone)> {
    let name = if node.objects > 1 {
        format!("{} × {}", node.name, quantity::count(node.objects))
    } else {
        node.name.clone()
    };
    let mut figures = quantity::bytes(node.own);
    if node.retained > node.own {
        figures.push_str(&format!(" · keeps {}", quantity::bytes(node.retained)));
    }
    let mut lines = vec![(name, Tone::Strong), (figures, Tone::Plain)];
    let tone = if node.over == Over::Yes {
        Tone::Alarming
    } else {
        Tone::Plain
    };
    lines.extend(wrapped(&node.reason).into_iter().map(|text| (text, tone)));
    let mut edges = picture.edges.iter();
    if let Some(own) = edges.find(|edge| edge.from == index && edge.to == index) {
        lines.push((format!("refers to itself: {}", own.label), Tone::Plain));
    }
    if node.more > 0 {
        let text = format!("+ {} not drawn", quantity::count(node.more));
        lines.push((text, Tone::Plain));
    }
    lines
}

fn wrapped(prose: &str) -> Vec<String> {
    let letters = |text: &str| text.chars().count();
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

fn reference(edge: &PictureEdge) -> Reference {
    let (colour, label_colour, thickness) = match (edge.suspect, edge.in_cycle) {
        (true, _) => (ALARM, ALARM, 2.6),
        (_, true) => (CYCLE, CYCLE, 1.9),
        _ => (LINES, SOFT, 1.2),
    };
    Reference {
        from: edge.from,
        to: edge.to,
        label: edge.label.clone(),
        colour,
        label_colour,
        thickness,
    }
}

fn box_style(node: &PictureNode) -> (Colour, Colour, f32) {
    let border = match (node.over, node.in_cycle) {
        (Over::Yes, _) => Some(ALARM),
        (_, true) => Some(CYCLE),
        _ => None,
    };
    let fill = match (node.role, node.over) {
        (Role::Focus, _) => FOCUS,
        (_, Over::Yes) => ALARM_PALE,
        (Role::Root, _) => ROOT,
        _ => WHITE,
    };
    (
        fill,
        border.unwrap_or(LINES),
        if border.is_some() { 2.0 } else { 1.2 },
    )
}

/// What the colours mean that occur.
fn legend(picture: &Picture) -> Vec<Meaning> {
    let any_node = |is: fn(&PictureNode) -> bool| picture.nodes.iter().any(is);
    let any_edge = |is: fn(&PictureEdge) -> bool| picture.edges.iter().any(is);
    let entries = [
        (
            any_node(|node| node.role == Role::Focus),
            FOCUS,
            FOCUS,
            "asked for",
        ),
        (
            any_node(|node| node.role == Role::Root),
            ROOT,
            ROOT,
            "module or running function",
        ),
        (
            any_node(|node| node.over == Over::Yes),
            ALARM_PALE,
            ALARM,
            "its life is over",
        ),
        (
            any_edge(|edge| edge.suspect),
            ALARM,
            ALARM,
            "suspect reference",
        ),
        (any_edge(|edge| edge.in_cycle), CYCLE, CYCLE, "cycle"),
    ];
    let found = entries.into_iter().filter(|entry| entry.0);
    found
        .map(|(_, fill, border, words)| Meaning {
            fill,
            border,
            words: words.to_owned(),
        })
        .collect()
}
