//! Allocation stacks merged into a tree of calls, for flame graphs: as SVG, and as the data of the page.

use crate::quantity;
use crate::xml::escaped_line;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use unfreed_analysis::findings::{Frame, Report, Severity};
use unfreed_analysis::questions::{Allocations, PARTS};

/// What a flame can be as wide as, in the order of a node's figures.
pub const MEASURES: [(&str, &str); 5 + PARTS] = [
    ("live", "live at the end"),
    ("leaked", "in leaks"),
    ("peak", "live at the peak"),
    ("allocated", "allocated"),
    ("temporary", "freed again"),
    ("born 1/4", "live, from the first quarter of the run"),
    ("born 2/4", "live, from the second quarter"),
    ("born 3/4", "live, from the third quarter"),
    ("born 4/4", "live, from the last quarter"),
];
/// Where what is live stands in [`MEASURES`].
const LIVE: usize = 0;
/// Where the first of what is live by time of birth stands.
const BORN: usize = MEASURES.len() - PARTS;
/// Nodes below this part of the whole in every figure are left out.
const TOO_SMALL: f64 = 0.0005;
/// Deeper frames are left out: a page has to open.
const DEEPEST: usize = 200;
const WIDTH: f64 = 1200.0;
const ROW: f64 = 18.0;

/// A call and what was allocated in it.
#[derive(Debug, Default)]
pub struct Node {
    name: String,
    place: String,
    values: [u64; MEASURES.len()],
    children: BTreeMap<(String, String), Node>,
}

/// What the calls of a program are told apart by, next to its root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Nothing: equal calls are one.
    #[default]
    Merged,
    /// The thread they ran in. Threads that run the same function are one, as they come and go.
    Thread,
    /// The quarter of the run in which they allocated what is live.
    Birth,
}

/// The tree of a recording; its root stands for the program.
#[must_use]
pub fn tree(allocations: &Allocations, report: &Report, split: Split) -> Node {
    if split == Split::Birth {
        return by_birth(&tree(allocations, report, Split::Merged));
    }
    let mut root = Node {
        name: report.program.name.clone(),
        ..Node::default()
    };
    for stack in &allocations.stacks {
        let mut values = [0; MEASURES.len()];
        values[0] = stack.live.bytes;
        values[2] = stack.peak.bytes;
        values[3] = stack.allocated.bytes;
        values[4] = stack.freed_bytes;
        values[5..].copy_from_slice(&stack.born_bytes);
        root.add(&stack.frames, &values, split);
    }
    let leaks = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Leak);
    for place in leaks.flat_map(|finding| &finding.allocated_at) {
        let mut values = [0; MEASURES.len()];
        values[1] = place.bytes;
        root.add(&place.stack, &values, split);
    }
    root
}

/// What is live of a merged tree, told apart by the quarter of the run in which it was allocated.
fn by_birth(merged: &Node) -> Node {
    let mut root = Node {
        name: merged.name.clone(),
        values: merged.values,
        ..Node::default()
    };
    for part in 0..PARTS {
        let name = MEASURES[BORN + part].1;
        let born = Node {
            name: name.trim_start_matches("live, ").to_owned(),
            ..merged.live_of(part)
        };
        if born.values[LIVE] > 0 {
            // By number: in the order of time.
            root.children
                .insert((part.to_string(), String::new()), born);
        }
    }
    root
}

/// The thread that a stack ran in, as its outermost call tells.
fn thread(frames: &[Frame]) -> String {
    let Some(entry) = frames.last() else {
        return "no frame known".to_owned();
    };
    if !entry.library.is_empty() {
        return "C code, outside Python".to_owned();
    }
    if entry.file.ends_with("/threading.py") {
        // A thread begins with a few calls of the standard library's own.
        let mut inwards = frames.iter().rev();
        let target = inwards.find(|frame| frame.file != entry.file);
        return target.map_or_else(
            || "threads".to_owned(),
            |frame| format!("threads running {}", frame.function),
        );
    }
    let is_start = ["<module>", "_run_module_as_main", "_run_code"]
        .contains(&entry.function.as_str())
        || entry.file.starts_with("<frozen importlib");
    if is_start {
        "main thread".to_owned()
    } else {
        format!("entered at {}", entry.function)
    }
}

impl Node {
    /// The same calls with what is live of one part of the run, and nothing else.
    fn live_of(&self, part: usize) -> Self {
        let mut values = [0; MEASURES.len()];
        values[LIVE] = self.values[BORN + part];
        let born_in = |child: &&Self| child.values[BORN + part] > 0;
        let entries = self.children.iter().filter(|(_, child)| born_in(child));
        Self {
            name: self.name.clone(),
            place: self.place.clone(),
            values,
            children: entries
                .map(|(key, child)| (key.clone(), child.live_of(part)))
                .collect(),
        }
    }

    fn add(&mut self, frames: &[Frame], values: &[u64; MEASURES.len()], split: Split) {
        let mut node = self;
        node.gain(values);
        if split == Split::Thread {
            let name = thread(frames);
            let key = (name.clone(), String::new());
            node = node.children.entry(key).or_insert_with(|| Self {
                name,
                ..Self::default()
            });
            node.gain(values);
        }
        for frame in frames.iter().rev().take(DEEPEST) {
            let place = match (frame.library.is_empty(), frame.line) {
                (false, _) => frame.library.clone(),
                (true, 0) => frame.file.clone(),
                (true, line) => format!("{}:{line}", frame.file),
            };
            let name = if frame.function.is_empty() {
                "?".to_owned()
            } else {
                frame.function.clone()
            };
            node = node
                .children
                .entry((name.clone(), place.clone()))
                .or_insert_with(|| Self {
                    name,
                    place,
                    ..Self::default()
                });
            node.gain(values);
        }
    }

    fn gain(&mut self, values: &[u64; MEASURES.len()]) {
        for (sum, value) in self.values.iter_mut().zip(values) {
            *sum = sum.saturating_add(*value);
        }
    }

    /// The tree as the page reads it: name, place, values, children.
    #[must_use]
    pub fn data(&self) -> Value {
        self.data_below(&self.values)
    }

    /// Whether there are several calls below the root.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.children.len() > 1
    }

    fn data_below(&self, whole: &[u64; MEASURES.len()]) -> Value {
        let counts = |child: &&Self| {
            let pairs = child.values.iter().zip(whole);
            pairs
                .into_iter()
                .any(|(value, whole)| *value > 0 && *value as f64 >= TOO_SMALL * *whole as f64)
        };
        let children = self.children.values().filter(counts);
        let children: Vec<Value> = children.map(|child| child.data_below(whole)).collect();
        json!([self.name, self.place, self.values, children])
    }

    fn depth(&self, measure: usize) -> usize {
        let shown = self
            .children
            .values()
            .filter(|child| child.values[measure] > 0);
        1 + shown.map(|child| child.depth(measure)).max().unwrap_or(0)
    }
}

/// Writes the flame graph of one figure, by its index in [`MEASURES`].
///
/// # Errors
/// Those of `out`.
pub fn render_svg(root: &Node, measure: usize, out: &mut impl io::Write) -> io::Result<()> {
    let height = (root.depth(measure) as f64 + 2.0) * ROW;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui,sans-serif\" font-size=\"12\">"
    )?;
    let heading = format!(
        "{}: bytes {}, {}",
        root.name,
        MEASURES[measure].1,
        quantity::bytes(root.values[measure])
    );
    writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")?;
    writeln!(
        out,
        "<text x=\"4\" y=\"14\">{}</text>",
        escaped_line(&heading)
    )?;
    let whole = root.values[measure];
    if whole > 0 {
        boxes(root, measure, whole, (0.0, WIDTH, 1.5 * ROW), out)?;
    }
    writeln!(out, "</svg>")
}

/// A box and those above it, which is at most [`DEEPEST`] deep.
fn boxes(
    node: &Node,
    measure: usize,
    whole: u64,
    (left, width, top): (f64, f64, f64),
    out: &mut impl io::Write,
) -> io::Result<()> {
    if width < 0.5 {
        return Ok(());
    }
    let value = node.values[measure];
    let share = quantity::share(value as f64 / whole as f64);
    let title = format!(
        "{} {} · {} · {share}",
        node.name,
        node.place,
        quantity::bytes(value)
    );
    let letters = ((width - 6.0) / 7.0).max(0.0) as usize;
    let label = if letters < 3 {
        String::new()
    } else {
        quantity::cut(&node.name, letters)
    };
    writeln!(
        out,
        "<g><title>{}</title><rect x=\"{left:.2}\" y=\"{top:.1}\" width=\"{width:.2}\" height=\"{}\" \
         fill=\"{}\" stroke=\"#fff\" stroke-width=\"0.5\"/><text x=\"{:.2}\" y=\"{:.1}\">{}</text></g>",
        escaped_line(&title),
        ROW - 1.0,
        colour(&node.place),
        left + 3.0,
        top + 12.5,
        escaped_line(&label),
    )?;
    let mut at = left;
    for child in node.children.values() {
        let part = width * child.values[measure] as f64 / value.max(1) as f64;
        boxes(child, measure, whole, (at, part, top + ROW), out)?;
        at += part;
    }
    Ok(())
}

/// Own code is warm, libraries are grey, C code is blue; what is no call is green.
fn colour(place: &str) -> &'static str {
    if place.is_empty() {
        "#c9d8b6"
    } else if place.contains(".so") {
        "#a9c8e8"
    } else if crate::place::is_library(place) {
        "#dcdcdc"
    } else {
        "#f4b183"
    }
}
