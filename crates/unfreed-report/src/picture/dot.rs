//! A picture in Graphviz' language, for those who want to lay it out or style it themselves.

use super::references;
use std::io::{self, Write};
use unfreed_analysis::findings::Over;
use unfreed_analysis::questions::{Picture, PictureEdge, PictureNode, Role};

/// Writes the picture.
///
/// # Errors
/// Those of `out`.
pub fn render(picture: &Picture, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "digraph references {{")?;
    writeln!(out, "  label={};", quoted(&picture.title))?;
    writeln!(out, "  rankdir=LR; labelloc=t; fontname=\"monospace\";")?;
    writeln!(
        out,
        "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"monospace\"];"
    )?;
    writeln!(out, "  edge [fontname=\"monospace\", color=\"#9aa5b1\"];")?;
    for (index, node) in picture.nodes.iter().enumerate() {
        let lines = references::lines(picture, index, node);
        let texts: Vec<String> = lines.into_iter().map(|(text, _)| text).collect();
        let label = quoted(&texts.join("\n"));
        writeln!(out, "  n{index} [label={label}{}];", node_style(node))?;
    }
    for edge in &picture.edges {
        let (label, style) = (quoted(&edge.label), edge_style(edge));
        writeln!(
            out,
            "  n{} -> n{} [label={label}{style}];",
            edge.from, edge.to
        )?;
    }
    writeln!(out, "}}")
}

fn node_style(node: &PictureNode) -> &'static str {
    match (node.role, node.over, node.in_cycle) {
        (Role::Focus, ..) => ", fillcolor=\"#1d4e89\", fontcolor=white",
        (_, Over::Yes, _) => ", fillcolor=\"#fdecea\", color=\"#c0241f\", penwidth=2",
        (Role::Root, ..) => ", fillcolor=\"#e4e7eb\"",
        (.., true) => ", color=\"#d97f06\", penwidth=2",
        _ => "",
    }
}

fn edge_style(edge: &PictureEdge) -> &'static str {
    match (edge.suspect, edge.in_cycle) {
        (true, _) => ", color=\"#c0241f\", fontcolor=\"#c0241f\", penwidth=2.6",
        (_, true) => ", color=\"#d97f06\", penwidth=1.9",
        _ => "",
    }
}

/// A string of the language. In a label, `\n` is a line's end.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
