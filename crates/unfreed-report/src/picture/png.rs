//! A drawing as PNG, for chats, issues and terminals that show pictures. Text comes from glyphs that were
//! rasterised in advance (Noto Sans Mono), so that a machine without any font draws the same.

use super::drawing::{Colour, Drawing, Part, Shape};
use super::references;
use super::scene::draw;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};
use thiserror::Error;
use tiny_skia::{
    Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke,
    Transform,
};
use unfreed_analysis::questions::Picture;

/// Beyond this many pixels a picture has one for each point instead of four.
const FINE: f32 = 8e6;
/// Beyond this many there is none: what opens it would fail.
const MOST: f32 = 150e6;
/// Radius of a box's corners.
const CORNER: f32 = 5.0;

/// A picture that no viewer would open.
#[derive(Debug, Error)]
#[error("the picture would have {0} million pixels; fewer nodes, less depth, or SVG")]
pub struct TooLarge(u64);

/// The picture as a file.
///
/// # Errors
/// [`TooLarge`].
pub fn render(picture: &Picture) -> Result<Vec<u8>, TooLarge> {
    render_drawing(&draw(&references::graph(picture)))
}

/// A drawing as a file.
///
/// # Errors
/// [`TooLarge`].
pub fn render_drawing(drawing: &Drawing) -> Result<Vec<u8>, TooLarge> {
    let area = drawing.width * drawing.height;
    let refused = || TooLarge((area / 1e6) as u64);
    if area > MOST {
        return Err(refused());
    }
    let scale = if area > FINE { 1.0 } else { 2.0 };
    let size = |length: f32| (length * scale).ceil().max(1.0) as u32;
    let pixels = Pixmap::new(size(drawing.width), size(drawing.height)).ok_or_else(refused)?;
    let mut canvas = Canvas { pixels, scale };
    canvas.draw(drawing);
    canvas.pixels.encode_png().map_err(|_| refused())
}

struct Canvas {
    pixels: Pixmap,
    scale: f32,
}

impl Canvas {
    fn draw(&mut self, drawing: &Drawing) {
        self.pixels.fill(Color::WHITE);
        for shape in &drawing.shapes {
            self.shape(shape);
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Box {
                left,
                top,
                width,
                height,
                fill,
                border,
                thickness,
            } => {
                if let Some(path) = rounded(*left, *top, *width, *height) {
                    self.fill(&path, *fill);
                    self.stroke(&path, *border, *thickness);
                }
            }
            Shape::Line {
                parts,
                colour,
                thickness,
            } => {
                if let Some(path) = path(parts) {
                    self.stroke(&path, *colour, *thickness);
                }
            }
            Shape::Area { corners, colour } => {
                let mut builder = PathBuilder::new();
                for (index, (x, y)) in corners.iter().enumerate() {
                    if index == 0 {
                        builder.move_to(*x, *y);
                    } else {
                        builder.line_to(*x, *y);
                    }
                }
                builder.close();
                if let Some(path) = builder.finish() {
                    self.fill(&path, *colour);
                }
            }
            Shape::Text {
                left,
                top,
                text,
                colour,
                strong,
                hides,
            } => self.text((*left, *top), text, *colour, *strong, *hides),
        }
    }

    fn transform(&self) -> Transform {
        Transform::from_scale(self.scale, self.scale)
    }

    fn fill(&mut self, path: &Path, colour: Colour) {
        let transform = self.transform();
        self.pixels
            .fill_path(path, &paint(colour), FillRule::Winding, transform, None);
    }

    fn stroke(&mut self, path: &Path, colour: Colour, width: f32) {
        let stroke = Stroke {
            width,
            line_cap: LineCap::Butt,
            ..Stroke::default()
        };
        let transform = self.transform();
        self.pixels
            .stroke_path(path, &paint(colour), &stroke, transform, None);
    }

    fn text(&mut self, at: (f32, f32), text: &str, colour: Colour, strong: bool, hides: bool) {
        let weight = if strong {
            FontWeight::Bold
        } else {
            FontWeight::Regular
        };
        let height = if self.scale > 1.0 {
            RasterHeight::Size32
        } else {
            RasterHeight::Size16
        };
        let advance = noto_sans_mono_bitmap::get_raster_width(weight, height) as f32;
        let (mut x, y) = ((at.0 * self.scale).round(), (at.1 * self.scale).round());
        if hides {
            let width = text.chars().count() as f32 * advance;
            let (left, top) = (x - 2.0, y + self.scale);
            let behind = Rect::from_xywh(left, top, width + 4.0, height.val() as f32 - 4.0);
            if let Some(behind) = behind {
                self.pixels
                    .fill_rect(behind, &paint([255; 3]), Transform::identity(), None);
            }
        }
        for letter in text.chars() {
            match get_raster(letter, weight, height) {
                Some(glyph) => self.glyph(x, y, colour, glyph.rows()),
                None => self.stand_in(letter, x, y, advance, colour),
            }
            x += advance;
        }
    }

    fn glyph<'g>(&mut self, x: f32, y: f32, colour: Colour, rows: impl Iterator<Item = &'g [u8]>) {
        for (row, pixels) in rows.enumerate() {
            for (column, &cover) in pixels.iter().enumerate() {
                if cover > 0 {
                    self.blend(
                        x as i64 + column as i64,
                        y as i64 + row as i64,
                        colour,
                        cover,
                    );
                }
            }
        }
    }

    /// Lays a colour over a pixel; the ground is opaque and stays so.
    fn blend(&mut self, x: i64, y: i64, colour: Colour, cover: u8) {
        let (width, height) = (
            i64::from(self.pixels.width()),
            i64::from(self.pixels.height()),
        );
        if x < 0 || y < 0 || x >= width || y >= height {
            return;
        }
        let slot = &mut self.pixels.pixels_mut()[(y * width + x) as usize];
        let mix = |under: u8, over: u8| {
            let cover = u32::from(cover);
            ((u32::from(over) * cover + u32::from(under) * (255 - cover)) / 255) as u8
        };
        let (red, green, blue) = (slot.red(), slot.green(), slot.blue());
        let mixed = [
            mix(red, colour[0]),
            mix(green, colour[1]),
            mix(blue, colour[2]),
        ];
        if let Some(pixel) = PremultipliedColorU8::from_rgba(mixed[0], mixed[1], mixed[2], 255) {
            *slot = pixel;
        }
    }

    /// Letters without a glyph: `…` as three dots, any other as a small box.
    fn stand_in(&mut self, letter: char, x: f32, y: f32, advance: f32, colour: Colour) {
        let unit = self.scale;
        let mut mark = |left: f32, top: f32, width: f32, height: f32| {
            if let Some(rect) = Rect::from_xywh(left, top, width, height) {
                self.pixels
                    .fill_rect(rect, &paint(colour), Transform::identity(), None);
            }
        };
        let base = y + 11.0 * unit;
        if letter == '…' {
            for dot in 0..3 {
                mark(
                    x + unit * (0.6 + 2.2 * dot as f32),
                    base,
                    1.2 * unit,
                    1.2 * unit,
                );
            }
        } else if !letter.is_whitespace() {
            let (left, right) = (x + unit, x + advance - 2.0 * unit);
            let top = y + 4.0 * unit;
            mark(left, top, right - left + unit, unit);
            mark(left, base, right - left + unit, unit);
            mark(left, top, unit, base - top);
            mark(right, top, unit, base - top);
        }
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour[0], colour[1], colour[2], 255);
    paint.anti_alias = true;
    paint
}

fn rounded(left: f32, top: f32, width: f32, height: f32) -> Option<Path> {
    let radius = CORNER.min(width / 2.0).min(height / 2.0);
    let (right, bottom) = (left + width, top + height);
    let mut builder = PathBuilder::new();
    builder.move_to(left + radius, top);
    builder.line_to(right - radius, top);
    builder.quad_to(right, top, right, top + radius);
    builder.line_to(right, bottom - radius);
    builder.quad_to(right, bottom, right - radius, bottom);
    builder.line_to(left + radius, bottom);
    builder.quad_to(left, bottom, left, bottom - radius);
    builder.line_to(left, top + radius);
    builder.quad_to(left, top, left + radius, top);
    builder.close();
    builder.finish()
}

fn path(parts: &[Part]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for part in parts {
        match *part {
            Part::Start(x, y) => builder.move_to(x, y),
            Part::Straight(x, y) => builder.line_to(x, y),
            Part::Curve([a, b, to]) => builder.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1),
        }
    }
    builder.finish()
}
