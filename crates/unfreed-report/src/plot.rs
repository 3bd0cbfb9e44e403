//! Memory over time by compartment, as SVG, as PNG and in a few characters for a terminal.

use crate::picture::drawing::{ADVANCE, Colour, Drawing, LINE, Part, Shape};
use crate::picture::{TooLarge, png, svg};
use crate::quantity;
use std::io;
use unfreed_analysis::findings::Mark;
use unfreed_analysis::questions::{Moment, Timeline};

const WIDTH: f32 = 900.0;
const HEIGHT: f32 = 260.0;
const LEFT: f32 = 76.0;
const TOP: f32 = 34.0;
const RIGHT: f32 = 12.0;
const BOTTOM: f32 = 28.0;
const GREY: Colour = [110, 110, 110];
const PALE: Colour = [225, 225, 225];
const DARK: Colour = [60, 20, 110];
/// Rows in which names of marks stand, where one has no room beside another.
const MARK_ROWS: usize = 3;
/// Characters of a mark's name.
const LONGEST_NAME: usize = 30;
/// Pixels between two marks that are told apart.
const APART: f32 = 2.0;

/// A compartment: its name, its colour, and its part of a reading.
type Compartment = (&'static str, Colour, fn(&Moment) -> u64);

/// From the bottom up. The colours differ in lightness too.
const COMPARTMENTS: [Compartment; 4] = [
    ("Python objects", [31, 95, 153], |moment| moment.python),
    ("C code (malloc)", [221, 122, 46], |moment| moment.native),
    ("free but held", [242, 204, 120], |moment| moment.free),
    ("code and the rest", [205, 205, 205], |moment| moment.other),
];

/// Writes the plot as SVG.
///
/// # Errors
/// Those of `out`.
pub fn render_svg(timeline: &Timeline, out: &mut impl io::Write) -> io::Result<()> {
    svg::render_drawing(&draw(timeline), out)
}

/// The plot as PNG.
///
/// # Errors
/// [`TooLarge`], which a plot is not.
pub fn render_png(timeline: &Timeline) -> Result<Vec<u8>, TooLarge> {
    png::render_drawing(&draw(timeline))
}

/// The resident set as one line of `most` characters at most, lowest to highest.
#[must_use]
pub fn line(timeline: &Timeline, most: usize) -> String {
    let levels: Vec<u64> = timeline.points.iter().map(|point| point.rss).collect();
    self::levels(&levels, most)
}

/// Levels as one line of `most` characters at most.
#[must_use]
pub fn levels(levels: &[u64], most: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let kept = levels.len().min(most);
    let top = levels.iter().copied().max().unwrap_or(0).max(1);
    (0..kept)
        .map(|index| {
            let level = levels[index * levels.len() / kept];
            STEPS[(u128::from(level) * 7 / u128::from(top)) as usize]
        })
        .collect()
}

/// The marks below [`line`] of the same timeline, each at its place; the last line counts those without room. No lines
/// without marks.
#[must_use]
pub fn mark_lines(timeline: &Timeline, most: usize) -> Vec<String> {
    let points = &timeline.points;
    let kept = points.len().min(most);
    if kept == 0 {
        return Vec::new();
    }
    let mut rows = [const { String::new() }; MARK_ROWS];
    let mut without_room = 0_u64;
    for mark in &timeline.marks {
        let before = |index: &usize| points[index * points.len() / kept].seconds < mark.seconds;
        let column = (0..kept).take_while(before).count().min(kept - 1);
        let width = |row: &&mut String| row.chars().count();
        match rows.iter_mut().find(|row| width(row) <= column) {
            Some(row) => {
                let gap = column - width(&row);
                row.extend(std::iter::repeat_n(' ', gap));
                *row += &format!("↑{} ", name_of(mark));
            }
            None => without_room += 1,
        }
    }
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| row.trim_end().to_owned())
        .filter(|row| !row.is_empty())
        .collect();
    if without_room > 0 {
        lines.push(format!(
            "and {}",
            quantity::counted(without_room, "more mark", "more marks")
        ));
    }
    lines
}

/// A mark's name on one line, short enough to stand in a plot.
fn name_of(mark: &Mark) -> String {
    let plain: String = mark
        .name
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    quantity::cut(plain.trim(), LONGEST_NAME)
}

fn draw(timeline: &Timeline) -> Drawing {
    let mut plot = Plot::over(timeline);
    plot.areas(timeline);
    plot.axes();
    plot.marks(&timeline.marks);
    plot.legend();
    plot.drawing
}

struct Plot {
    drawing: Drawing,
    top_bytes: f64,
    seconds: f64,
}

impl Plot {
    fn over(timeline: &Timeline) -> Self {
        let highest = timeline.points.iter().map(|one| one.rss).max().unwrap_or(0);
        let seconds = timeline.points.last().map_or(0.0, |one| one.seconds);
        Self {
            drawing: Drawing {
                width: WIDTH,
                height: HEIGHT,
                title: "Memory over time".to_owned(),
                shapes: Vec::new(),
            },
            top_bytes: (highest as f64 * 1.05).max(1.0),
            seconds: seconds.max(f64::MIN_POSITIVE),
        }
    }

    fn x(&self, seconds: f64) -> f32 {
        LEFT + (WIDTH - LEFT - RIGHT) * (seconds / self.seconds).clamp(0.0, 1.0) as f32
    }

    fn y(&self, bytes: f64) -> f32 {
        let height = HEIGHT - TOP - BOTTOM;
        TOP + height - height * (bytes / self.top_bytes).clamp(0.0, 1.0) as f32
    }

    /// Stacked, each from the top of the one below.
    fn areas(&mut self, timeline: &Timeline) {
        let mut below: Vec<u64> = vec![0; timeline.points.len()];
        for (_, colour, of) in COMPARTMENTS {
            let mut corners = Vec::new();
            let mut floor = Vec::new();
            for (moment, base) in timeline.points.iter().zip(&mut below) {
                let x = self.x(moment.seconds);
                floor.push((x, self.y(*base as f64)));
                *base = base.saturating_add(of(moment));
                corners.push((x, self.y(*base as f64)));
            }
            corners.extend(floor.into_iter().rev());
            if corners.len() >= 4 {
                self.drawing.shapes.push(Shape::Area { corners, colour });
            }
        }
    }

    fn axes(&mut self) {
        for step in 0..=4 {
            let bytes = self.top_bytes * f64::from(step) / 4.0;
            let y = self.y(bytes);
            self.line((LEFT, y), (WIDTH - RIGHT, y), PALE);
            let label = quantity::bytes(bytes as u64);
            let left = LEFT - 6.0 - label.chars().count() as f32 * ADVANCE;
            self.text(left.max(0.0), y - LINE / 2.0, label, GREY);
        }
        for step in 0..=4 {
            let seconds = self.seconds * f64::from(step) / 4.0;
            let label = quantity::duration(seconds);
            let width = label.chars().count() as f32 * ADVANCE;
            let left = (self.x(seconds) - width / 2.0).min(WIDTH - RIGHT - width);
            self.text(left, HEIGHT - BOTTOM + 6.0, label, GREY);
        }
    }

    /// A line at each moment, its name to the right where there is room, else to the left.
    fn marks(&mut self, marks: &[Mark]) {
        let mut taken = [0.0_f32; MARK_ROWS];
        let mut last = f32::NEG_INFINITY;
        for mark in marks {
            let x = self.x(mark.seconds);
            if x - last < APART {
                continue;
            }
            last = x;
            self.line((x, TOP), (x, HEIGHT - BOTTOM), DARK);
            let name = name_of(mark);
            let width = name.chars().count() as f32 * ADVANCE;
            let right_of = x + 3.0;
            let left = if right_of + width <= WIDTH - RIGHT {
                right_of
            } else {
                x - 3.0 - width
            };
            let free = taken.iter().position(|end| *end <= left);
            if let Some(row) = free {
                taken[row] = left + width + ADVANCE;
                self.drawing.shapes.push(Shape::Text {
                    left,
                    top: TOP + row as f32 * LINE,
                    text: name,
                    colour: DARK,
                    strong: false,
                    hides: true,
                });
            }
        }
    }

    fn legend(&mut self) {
        let mut left = LEFT;
        for (name, colour, _) in COMPARTMENTS {
            self.drawing.shapes.push(Shape::Box {
                left,
                top: 9.0,
                width: 12.0,
                height: 12.0,
                fill: colour,
                border: colour,
                thickness: 1.0,
            });
            self.text(left + 18.0, 7.0, name.to_owned(), GREY);
            left += 40.0 + name.chars().count() as f32 * ADVANCE;
        }
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: Colour) {
        self.drawing.shapes.push(Shape::Line {
            parts: vec![Part::Start(from.0, from.1), Part::Straight(to.0, to.1)],
            colour,
            thickness: 1.0,
        });
    }

    fn text(&mut self, left: f32, top: f32, text: String, colour: Colour) {
        self.drawing.shapes.push(Shape::Text {
            left,
            top,
            text,
            colour,
            strong: false,
            hides: false,
        });
    }
}
