//! A drawing as SVG: one file that needs nothing else, with text that can be searched and copied.

use super::drawing::{ADVANCE, Colour, Drawing, LINE, Part, Shape};
use super::references;
use super::scene::draw;
use crate::xml::escaped_line as escaped;
use std::io::{self, Write};
use unfreed_analysis::questions::Picture;

/// Fonts of fixed width, those that are nearest to the measures first.
const FONTS: &str = "'Noto Sans Mono','DejaVu Sans Mono',Menlo,Consolas,monospace";
/// Size of the letters, and their base below the upper edge of their line.
const SIZE: f32 = 12.0;
const BASE: f32 = 12.2;

/// Writes the picture.
///
/// # Errors
/// Those of `out`.
pub fn render(picture: &Picture, out: &mut impl Write) -> io::Result<()> {
    render_drawing(&draw(&references::graph(picture)), out)
}

/// Writes a drawing.
///
/// # Errors
/// Those of `out`.
pub fn render_drawing(drawing: &Drawing, out: &mut impl Write) -> io::Result<()> {
    let (width, height) = (drawing.width.ceil(), drawing.height.ceil());
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" font-size=\"{SIZE}\">"
    )?;
    writeln!(out, "<title>{}</title>", escaped(&drawing.title))?;
    writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")?;
    for shape in &drawing.shapes {
        write_shape(shape, out)?;
    }
    writeln!(out, "</svg>")
}

fn write_shape(shape: &Shape, out: &mut impl Write) -> io::Result<()> {
    match shape {
        Shape::Box {
            left,
            top,
            width,
            height,
            fill,
            border,
            thickness,
        } => writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"5\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{thickness}\"/>",
            hex(*fill),
            hex(*border)
        ),
        Shape::Line {
            parts,
            colour,
            thickness,
        } => writeln!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{thickness}\"/>",
            path(parts),
            hex(*colour)
        ),
        Shape::Area { corners, colour } => {
            let corners = corners.iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
            writeln!(
                out,
                "<polygon points=\"{}\" fill=\"{}\"/>",
                corners.collect::<Vec<_>>().join(" "),
                hex(*colour)
            )
        }
        Shape::Text {
            left,
            top,
            text,
            colour,
            strong,
            hides,
        } => {
            let width = text.chars().count() as f32 * ADVANCE;
            if *hides {
                writeln!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#fff\"/>",
                    left - 2.0,
                    top + 1.0,
                    width + 4.0,
                    LINE - 2.0
                )?;
            }
            writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" fill=\"{}\"{} \
                 xml:space=\"preserve\">{}</text>",
                top + BASE,
                hex(*colour),
                if *strong { " font-weight=\"bold\"" } else { "" },
                escaped(text)
            )
        }
    }
}

fn path(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(&match part {
            Part::Start(x, y) => format!("M{x:.1} {y:.1}"),
            Part::Straight(x, y) => format!("L{x:.1} {y:.1}"),
            Part::Curve([a, b, to]) => format!(
                "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                a.0, a.1, b.0, b.1, to.0, to.1
            ),
        });
    }
    text
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
