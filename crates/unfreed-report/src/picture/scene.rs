//! From a graph to a drawing: boxes in their columns, references between them with their labels, the
//! title above and what the colours mean below.

use super::cells::{self, PADDING, PORT};
use super::drawing::{Colour, Drawing, LINE, Part, Shape};
use super::graph::{Graph, Reference};
use super::layers::{Layers, Vertex};
use super::{order, places};

const INK: Colour = [0x1f, 0x29, 0x33];
const SOFT: Colour = [0x52, 0x60, 0x6d];

/// Space around the drawing.
const MARGIN: f32 = 24.0;
/// Room between two columns in which references turn, besides their labels.
const TURN: f32 = 64.0;
/// Height of a bend.
const BEND: f32 = 17.0;
/// Space between a label and what it stands beside.
const BESIDE: f32 = 7.0;
/// Length and half width of an arrow's head.
const HEAD: (f32, f32) = (9.0, 4.0);

/// Draws the graph, which is whole.
pub fn draw(graph: &Graph) -> Drawing {
    let scene = Scene::new(graph);
    let mut drawing = Drawing {
        title: graph.title.clone(),
        ..Drawing::default()
    };
    scene.draw(&mut drawing);
    drawing
}

/// A column, and the zone of labels around it, in which no reference turns.
#[derive(Clone, Copy)]
struct Column {
    left: f32,
    /// Where references come in, before the labels at the boxes' left.
    enter: f32,
    /// Where they leave, after the labels at the boxes' right.
    leave: f32,
}

struct Scene<'g> {
    graph: &'g Graph,
    layers: Layers,
    sizes: Vec<(f32, f32)>,
    tops: Vec<f32>,
    columns: Vec<Column>,
    /// Height of each run at its left and right end.
    ends: Vec<(f32, f32)>,
    head_height: f32,
}

impl<'g> Scene<'g> {
    fn new(graph: &'g Graph) -> Self {
        let ends = graph.references.iter();
        let edges: Vec<(usize, usize)> = ends.map(|one| (one.from, one.to)).collect();
        let mut layers = Layers::new(graph.boxes.len(), &edges);
        order::order(&mut layers);
        let mut ports = vec![(0, 0); layers.column_of.len()];
        for run in &layers.runs {
            if let (Some(&left), Some(&right)) = (run.through.first(), run.through.last()) {
                ports[left].1 += 1;
                ports[right].0 += 1;
            }
        }
        let sizes: Vec<(f32, f32)> = (0..layers.column_of.len())
            .map(|vertex| match graph.boxes.get(vertex) {
                Some(node) => cells::size(&node.lines, ports[vertex].0.max(ports[vertex].1)),
                None => (0.0, BEND),
            })
            .collect();
        let heights: Vec<f32> = sizes.iter().map(|size| size.1).collect();
        let tops = places::tops(&layers, &heights);
        let mut scene = Self {
            graph,
            sizes,
            tops,
            columns: Vec::new(),
            ends: Vec::new(),
            layers,
            head_height: MARGIN
                + if graph.title.is_empty() {
                    0.0
                } else {
                    2.0 * LINE
                },
        };
        scene.columns = scene.columns();
        scene.ends = scene.ends();
        scene
    }

    /// Columns, with room between them for labels: those of references that lead to the right stand
    /// at the left of what they lead to, the others at its right.
    fn columns(&self) -> Vec<Column> {
        let mut before = vec![0.0_f32; self.layers.columns.len() + 1];
        let mut after = before.clone();
        for run in &self.layers.runs {
            let room = cells::width(&self.reference(run.edge).label) + 2.0 * BESIDE;
            let end = if run.backwards {
                run.through.first()
            } else {
                run.through.last()
            };
            if let Some(&end) = end {
                let side = if run.backwards {
                    &mut after
                } else {
                    &mut before
                };
                let slot = &mut side[self.layers.column_of[end]];
                *slot = slot.max(room);
            }
        }
        let mut left = MARGIN + before[0];
        let mut columns = Vec::new();
        for (index, column) in self.layers.columns.iter().enumerate() {
            let width = column
                .iter()
                .map(|&vertex| self.sizes[vertex].0)
                .fold(0.0, f32::max);
            columns.push(Column {
                left,
                enter: left - before[index],
                leave: left + width + after[index],
            });
            left += width + after[index] + TURN + before[index + 1];
        }
        columns
    }

    fn reference(&self, edge: usize) -> &'g Reference {
        &self.graph.references[edge]
    }

    fn top(&self, vertex: Vertex) -> f32 {
        self.head_height + self.tops[vertex]
    }

    fn middle(&self, vertex: Vertex) -> f32 {
        self.top(vertex) + self.sizes[vertex].1 / 2.0
    }

    /// Where each run leaves its left box and enters its right one: in the order of its other side, so
    /// that they do not cross at the box.
    fn ends(&self) -> Vec<(f32, f32)> {
        let mut ends = vec![(0.0, 0.0); self.layers.runs.len()];
        for vertex in 0..self.graph.boxes.len() {
            for rightwards in [true, false] {
                let mut runs: Vec<(f32, usize)> = Vec::new();
                for (index, run) in self.layers.runs.iter().enumerate() {
                    let last = run.through.len() - 1;
                    let (own, next) = if rightwards { (0, 1) } else { (last, last - 1) };
                    if run.through[own] == vertex {
                        runs.push((self.middle(run.through[next]), index));
                    }
                }
                runs.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
                let first = self.middle(vertex) - (runs.len() as f32 - 1.0) / 2.0 * PORT;
                for (position, &(_, index)) in runs.iter().enumerate() {
                    let place = first + position as f32 * PORT;
                    if rightwards {
                        ends[index].0 = place;
                    } else {
                        ends[index].1 = place;
                    }
                }
            }
        }
        ends
    }

    fn column(&self, vertex: Vertex) -> Column {
        self.columns[self.layers.column_of[vertex]]
    }

    fn left_of(&self, vertex: Vertex) -> f32 {
        self.column(vertex).left
    }

    fn right_of(&self, vertex: Vertex) -> f32 {
        self.left_of(vertex) + self.sizes[vertex].0
    }

    fn draw(&self, drawing: &mut Drawing) {
        // Those that matter last, so that no other lies on them.
        let mut order: Vec<usize> = (0..self.layers.runs.len()).collect();
        let thickness = |run: usize| self.reference(self.layers.runs[run].edge).thickness;
        order.sort_by(|&one, &other| thickness(one).total_cmp(&thickness(other)));
        for &run in &order {
            self.draw_line(run, &mut drawing.shapes);
        }
        for &run in &order {
            self.draw_label(run, &mut drawing.shapes);
        }
        for vertex in 0..self.graph.boxes.len() {
            self.draw_node(vertex, &mut drawing.shapes);
        }
        let right = (0..self.graph.boxes.len()).map(|vertex| self.right_of(vertex));
        let bottom =
            (0..self.layers.column_of.len()).map(|vertex| self.top(vertex) + self.sizes[vertex].1);
        let bottom = bottom.fold(self.head_height, f32::max) + LINE;
        let title = cells::width(&self.graph.title);
        let end = self.draw_legend(bottom, &mut drawing.shapes);
        drawing.width = right.fold(title + MARGIN, f32::max).max(end) + MARGIN;
        let below = if self.graph.legend.is_empty() {
            0.0
        } else {
            LINE + MARGIN
        };
        drawing.height = bottom + below;
        if !self.graph.title.is_empty() {
            drawing
                .shapes
                .push(text(MARGIN, MARGIN - 6.0, &self.graph.title, INK, true));
        }
    }

    /// From left to right whatever the direction; its head stands at the end that it leads to.
    fn draw_line(&self, index: usize, shapes: &mut Vec<Shape>) {
        let run = &self.layers.runs[index];
        let &Reference {
            colour, thickness, ..
        } = self.reference(run.edge);
        let last = run.through.len() - 1;
        let (first_y, last_y) = self.ends[index];
        let (start, end) = (
            self.right_of(run.through[0]),
            self.left_of(run.through[last]),
        );
        let (mut parts, mut at) = (vec![Part::Start(start, first_y)], (start, first_y));
        let straight = |parts: &mut Vec<Part>, at: &mut (f32, f32), x: f32| {
            parts.push(Part::Straight(x, at.1));
            at.0 = x;
        };
        straight(&mut parts, &mut at, self.column(run.through[0]).leave);
        for &bend in &run.through[1..last] {
            let column = self.column(bend);
            curve(&mut parts, &mut at, (column.enter, self.middle(bend)));
            straight(&mut parts, &mut at, column.leave);
        }
        let enter = self.column(run.through[last]).enter;
        curve(&mut parts, &mut at, (enter, last_y));
        straight(&mut parts, &mut at, end);
        shapes.push(Shape::Line {
            parts,
            colour,
            thickness,
        });
        let (x, y, back) = if run.backwards {
            (start, first_y, HEAD.0)
        } else {
            (end, last_y, -HEAD.0)
        };
        let half = HEAD.1 + thickness / 2.0;
        shapes.push(Shape::Area {
            corners: vec![(x, y), (x + back, y - half), (x + back, y + half)],
            colour,
        });
    }

    fn draw_label(&self, index: usize, shapes: &mut Vec<Shape>) {
        let run = &self.layers.runs[index];
        let reference = self.reference(run.edge);
        let (first_y, last_y) = self.ends[index];
        let last = run.through[run.through.len() - 1];
        let (left, y) = if run.backwards {
            (self.right_of(run.through[0]) + HEAD.0 + 2.0, first_y)
        } else {
            let end = self.left_of(last) - HEAD.0 - 2.0;
            (end - cells::width(&reference.label), last_y)
        };
        if !reference.label.is_empty() {
            shapes.push(Shape::Text {
                left,
                top: y - LINE / 2.0,
                text: reference.label.clone(),
                colour: reference.label_colour,
                strong: reference.thickness > Reference::STRONG,
                hides: true,
            });
        }
    }

    fn draw_node(&self, vertex: Vertex, shapes: &mut Vec<Shape>) {
        let node = &self.graph.boxes[vertex];
        let (width, height) = self.sizes[vertex];
        let (left, top) = (self.left_of(vertex), self.top(vertex));
        shapes.push(Shape::Box {
            left,
            top,
            width,
            height,
            fill: node.fill,
            border: node.border,
            thickness: node.thickness,
        });
        let first = top + (height - node.lines.len() as f32 * LINE) / 2.0;
        for (index, line) in node.lines.iter().enumerate() {
            let y = first + index as f32 * LINE;
            shapes.push(text(
                left + PADDING,
                y,
                &line.text,
                line.colour,
                line.strong,
            ));
        }
    }

    /// What the colours mean; gives where it ends.
    fn draw_legend(&self, top: f32, shapes: &mut Vec<Shape>) -> f32 {
        let mut left = MARGIN;
        for meaning in &self.graph.legend {
            shapes.push(Shape::Box {
                left,
                top: top + 2.0,
                width: 18.0,
                height: 12.0,
                fill: meaning.fill,
                border: meaning.border,
                thickness: 1.0,
            });
            shapes.push(text(left + 25.0, top, &meaning.words, SOFT, false));
            left += 25.0 + cells::width(&meaning.words) + 28.0;
        }
        left
    }
}

fn text(left: f32, top: f32, text: &str, colour: Colour, strong: bool) -> Shape {
    Shape::Text {
        left,
        top,
        text: text.to_owned(),
        colour,
        strong,
        hides: false,
    }
}

/// A curve that leaves and arrives level.
fn curve(parts: &mut Vec<Part>, at: &mut (f32, f32), to: (f32, f32)) {
    let half = (to.0 - at.0) / 2.0;
    parts.push(Part::Curve([(at.0 + half, at.1), (to.0 - half, to.1), to]));
    *at = to;
}
