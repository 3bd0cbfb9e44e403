//! Drawings that Python code describes, a graph to be laid out or shapes in their places: from JSON to a file.

use serde::de::DeserializeOwned;
use unfreed_report::picture::{self, Drawing, Graph, drawing_as_png, drawing_as_svg};

/// Lays out a [`Graph`] and draws it, as `svg` or `png`.
///
/// # Errors
/// A sentence, for what is none or too large.
pub fn graph(document: &str, form: &str) -> Result<Vec<u8>, String> {
    let graph: Graph = parsed(document)?;
    let drawing = picture::draw(&graph).map_err(|error| error.to_string())?;
    file(&drawing, form)
}

/// Draws the shapes of a [`Drawing`], as `svg` or `png`.
///
/// # Errors
/// A sentence, for what is none or too large.
pub fn shapes(document: &str, form: &str) -> Result<Vec<u8>, String> {
    file(&parsed(document)?, form)
}

fn parsed<T: DeserializeOwned>(document: &str) -> Result<T, String> {
    serde_json::from_str(document).map_err(|error| format!("not a drawing: {error}"))
}

fn file(drawing: &Drawing, form: &str) -> Result<Vec<u8>, String> {
    if form == "png" {
        return drawing_as_png(drawing).map_err(|error| error.to_string());
    }
    let mut document = Vec::new();
    drawing_as_svg(drawing, &mut document).map_err(|error| error.to_string())?;
    Ok(document)
}
