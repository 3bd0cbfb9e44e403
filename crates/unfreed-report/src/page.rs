//! A page of a given width: lines, paragraphs and rows with a hanging indent, none wider than the page.
//! Knows where text goes, not what it says.

use std::io;

use crate::styled::Text;
use crate::wrap::wrap;

/// Where lines are written.
pub struct Page<'a> {
    out: &'a mut dyn io::Write,
    width: usize,
}

impl<'a> Page<'a> {
    /// A page over a writer.
    pub fn new(out: &'a mut dyn io::Write, width: usize) -> Self {
        Self { out, width }
    }

    /// Columns of a line.
    pub fn width(&self) -> usize {
        self.width
    }

    /// An empty line.
    pub fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Text wrapped after a lead; later lines are indented by the lead's width.
    pub fn hanging(&mut self, lead: &Text, text: &Text) -> io::Result<()> {
        self.hanging_by(lead, lead.width(), text)
    }

    /// The same with the indent of later lines given.
    pub fn hanging_by(&mut self, lead: &Text, indent: usize, text: &Text) -> io::Result<()> {
        let width = self.width.saturating_sub(lead.width().max(indent));
        for (index, line) in wrap(text, width).iter().enumerate() {
            if index == 0 {
                lead.write(self.out)?;
            } else {
                write!(self.out, "{:indent$}", "")?;
            }
            line.write(self.out)?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// One line with text at both ends. The two must fit.
    pub fn ends(&mut self, left: &Text, right: &Text) -> io::Result<()> {
        let gap = self.width.saturating_sub(left.width() + right.width());
        left.write(self.out)?;
        if !right.is_empty() {
            write!(self.out, "{:gap$}", "")?;
            right.write(self.out)?;
        }
        writeln!(self.out)
    }

    /// Lines of code at an indent; a line that is too long goes on four columns further in.
    pub fn code(&mut self, indent: usize, code: &Text, depth: usize) -> io::Result<()> {
        let depth = depth.min(self.width.saturating_sub(indent) / 2);
        let lead = Text::plain(&" ".repeat(indent + depth));
        self.hanging_by(&lead, indent + depth + 4, code)
    }
}
