//! `unfreed heap FILE picture`: which form a picture takes by the name of its file, and what is said of it.

use crate::arguments::heap::Picture as Asked;
use crate::{messages, rendering};
use std::io;
use std::path::{Path, PathBuf};
use unfreed_analysis::questions::{self, Direction, Picture, Selection, View};
use unfreed_report::picture::{render_dot, render_png, render_svg};

/// A picture in its form, and where it goes.
pub struct Drawn {
    document: Vec<u8>,
    place: PathBuf,
    title: String,
}

/// Draws what was asked for, or says why not.
pub fn draw(view: &View<'_>, selection: &Selection, asked: &Asked) -> Result<Drawn, String> {
    let direction = match (asked.referrers, asked.referents) {
        (true, _) => Direction::Referrers,
        (_, true) => Direction::Referents,
        _ => Direction::Both,
    };
    let most = usize::from(asked.nodes);
    let picture = questions::picture(view, selection, direction, asked.depth, most);
    Ok(Drawn {
        document: document(&picture, &asked.output)?,
        place: asked.output.clone(),
        title: picture.title,
    })
}

fn document(picture: &Picture, place: &Path) -> Result<Vec<u8>, String> {
    let ending = place.extension().and_then(|ending| ending.to_str());
    let mut document = Vec::new();
    let written = match ending.map(str::to_lowercase).as_deref() {
        Some("svg") => render_svg(picture, &mut document),
        Some("dot" | "gv") => render_dot(picture, &mut document),
        Some("png") => {
            document = render_png(picture).map_err(|error| error.to_string())?;
            Ok(())
        }
        None if place == Path::new("-") => render_svg(picture, &mut document),
        _ => {
            return Err(format!(
                "cannot tell the form of the picture from the name {}; it may end in .svg, \
                 .png or .dot",
                place.display()
            ));
        }
    };
    written.map_err(|error| error.to_string())?;
    Ok(document)
}

impl Drawn {
    /// Writes it, and says where unless that is stdout.
    pub fn write(&self) -> io::Result<()> {
        rendering::write(&self.document, &self.place)?;
        if self.place != Path::new("-") {
            messages::notice(format_args!("{}: {}", self.place.display(), self.title));
        }
        Ok(())
    }
}
