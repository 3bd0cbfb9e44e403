//! Pictures in their forms: each says what it ought to, whatever the names in it.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use unfreed_analysis::findings::Over;
use unfreed_analysis::questions::{Picture, PictureEdge, PictureNode, Role};
use unfreed_report::picture::{render_dot, render_png, render_svg};

fn node(name: &str) -> PictureNode {
    PictureNode {
        name: name.to_owned(),
        objects: 1,
        own: 48,
        retained: 4096,
        ..PictureNode::default()
    }
}

fn edge(from: usize, to: usize, label: &str) -> PictureEdge {
    PictureEdge {
        from,
        to,
        label: label.to_owned(),
        count: 1,
        ..PictureEdge::default()
    }
}

/// A module, a pool in a cycle with its peer, a closed socket.
fn sample() -> Picture {
    let mut picture = Picture {
        title: "socket#3: who holds it".to_owned(),
        nodes: ["socket#3", "module app", "Pool#1", "Peer"]
            .map(node)
            .to_vec(),
        edges: vec![
            edge(1, 2, ".POOL"),
            edge(2, 3, "[*]"),
            edge(3, 2, ".pool"),
            edge(3, 0, ".socket"),
            edge(2, 2, ".next"),
        ],
    };
    picture.nodes[0].role = Role::Focus;
    picture.nodes[0].over = Over::Yes;
    picture.nodes[0].reason = "is a closed socket".to_owned();
    picture.nodes[1].role = Role::Root;
    picture.nodes[3].objects = 12_000;
    picture.nodes[3].more = 7;
    picture.edges[1].in_cycle = true;
    picture.edges[2].in_cycle = true;
    picture.edges[3].suspect = true;
    picture
}

fn svg(picture: &Picture) -> String {
    let mut out = Vec::new();
    render_svg(picture, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn svg_says_all_that_is_known() {
    let text = svg(&sample());
    let words = [
        ">socket#3<",
        ">is a closed socket<",
        ">Peer × 12,000<",
        ">+ 7 not drawn<",
        ">refers to itself: .next<",
        ">48 B · keeps 4.0 KiB<",
        ">suspect reference<",
        ">cycle<",
        "<title>socket#3: who holds it</title>",
    ];
    for word in words {
        assert!(text.contains(word), "{word} is missing");
    }
    assert_eq!(text.matches("<path ").count(), 4);
    assert_eq!(text.matches("<polygon ").count(), 4);
}

#[test]
fn dot_has_each_node_and_reference() {
    let mut out = Vec::new();
    render_dot(&sample(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches(" -> ").count(), 5);
    assert!(text.contains("n3 -> n0 [label=\".socket\", color=\"#c0241f\""));
    assert!(text.contains("n0 [label=\"socket#3\\n48 B · keeps 4.0 KiB\\nis a closed socket\""));
}

#[test]
fn png_has_ink_in_the_colours_that_matter() {
    let file = render_png(&sample()).unwrap();
    let pixels = tiny_skia::Pixmap::decode_png(&file).unwrap();
    let has = |colour: [u8; 3]| {
        let mut all = pixels.pixels().iter();
        all.any(|pixel| [pixel.red(), pixel.green(), pixel.blue()] == colour)
    };
    assert!(pixels.width() > 600 && pixels.height() > 150);
    assert!(has([0xc0, 0x24, 0x1f]) && has([0xd9, 0x7f, 0x06]) && has([0x1d, 0x4e, 0x89]));
}

#[test]
fn an_empty_picture_is_a_picture() {
    assert!(svg(&Picture::default()).ends_with("</svg>\n"));
    assert!(render_png(&Picture::default()).is_ok());
}

#[test]
fn a_picture_that_nobody_could_open_is_refused() {
    let picture = Picture {
        nodes: vec![node(&"x".repeat(1000)); 1_000],
        ..Picture::default()
    };
    let error = render_png(&picture).unwrap_err().to_string();
    assert!(error.contains("million pixels"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Text between tags is escaped, and every quotation is closed.
    #[test]
    fn any_name_is_text(
        names in prop::collection::vec(".{0,30}", 1..12),
        ends in prop::collection::vec((0..12_usize, 0..12_usize, ".{0,20}"), 0..40),
    ) {
        let count = names.len();
        let picture = Picture {
            title: names[0].clone(),
            nodes: names.iter().map(|name| node(name)).collect(),
            edges: ends.iter().map(|(from, to, label)| edge(from % count, to % count, label)).collect(),
        };
        let text = svg(&picture);
        for line in text.lines() {
            prop_assert!(line.starts_with('<') && line.ends_with('>'), "{line}");
            prop_assert_eq!(line.matches('"').count() % 2, 0);
            prop_assert!(!line.chars().any(|letter| letter.is_control()));
        }
        let mut out = Vec::new();
        render_dot(&picture, &mut out).unwrap();
        prop_assert_eq!(out.last_chunk(), Some(b"}\n"));
    }
}

/// Letters without a glyph, and none at all.
#[test]
fn png_draws_any_letter() {
    let mut picture = sample();
    picture.title = "\u{1f600} … \u{0} \u{301} 日本".to_owned();
    picture.nodes[1].name = String::new();
    assert!(render_png(&picture).is_ok());
}
