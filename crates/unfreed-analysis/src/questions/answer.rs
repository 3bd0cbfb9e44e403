//! The form of every answer: a heading, a table, and what the table leaves out.

use serde::{Serialize, Serializer};

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The question's name: `census`, `retained`, …
    pub question: &'static str,
    /// One or two sentences that answer it in short.
    pub heading: String,
    /// The columns of the table.
    pub columns: Vec<Column>,
    /// The rows, most important first; each has a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// What the table does not show, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// What one may ask next, as arguments of `unfreed heap FILE`.
    pub next: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, unique in the table: the key of its cells in JSON.
    pub name: &'static str,
    /// What its cells are.
    pub unit: Unit,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A name, a path, a sentence.
    Text,
    /// Bytes.
    Bytes,
    /// A number of something.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// Bytes more or less than before.
    ByteChange,
    /// More or fewer of something.
    CountChange,
    /// A sentence or a long path: on a page it stands below its row.
    Prose,
    /// How deep in a tree the row stands; the row's text is indented by it.
    Depth,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Of a column of texts.
    Text(String),
    /// Of a column of texts: a path that is too long to read.
    Path(LongPath),
    /// Of a column of bytes, counts or depths.
    Number(u64),
    /// Of a column of changes.
    Change(i64),
    /// Of a column of shares.
    Share(f64),
}

/// A path of many steps: a table has it in short, JSON whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPath {
    /// All of it.
    pub whole: String,
    /// Its ends, and how many steps it has.
    pub short: String,
}

impl Serialize for LongPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.whole)
    }
}

impl Cell {
    /// A path, which may be the same in short.
    pub(super) fn path(whole: String, short: String) -> Self {
        if whole == short {
            return Self::Text(whole);
        }
        Self::Path(LongPath { whole, short })
    }

    /// What a table shows of a text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Path(path) => Some(&path.short),
            _ => None,
        }
    }
}

/// What a table leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Rows.
    pub rows: u64,
    /// Bytes in them, where rows have bytes.
    pub bytes: u64,
}

impl Answer {
    /// An answer without rows yet.
    pub(super) fn new(
        question: &'static str,
        heading: String,
        columns: &[(&'static str, Unit)],
    ) -> Self {
        let columns = columns
            .iter()
            .map(|&(name, unit)| Column { name, unit })
            .collect();
        Self {
            question,
            heading,
            columns,
            rows: Vec::new(),
            left_out: None,
            next: Vec::new(),
        }
    }

    /// Keeps the first `most` rows and says what went; `bytes` tells the bytes of a row.
    pub(super) fn keep(&mut self, most: usize, bytes: impl Fn(&[Cell]) -> u64) {
        if self.rows.len() <= most {
            return;
        }
        let gone = self.rows.split_off(most);
        self.left_out = Some(LeftOut {
            rows: gone.len() as u64,
            bytes: gone
                .iter()
                .fold(0, |sum, row| sum.saturating_add(bytes(row))),
        });
    }
}

/// The number in a cell, 0 where there is none.
pub(super) fn number(cell: Option<&Cell>) -> u64 {
    match cell {
        Some(Cell::Number(number)) => *number,
        Some(Cell::Change(change)) => change.unsigned_abs(),
        _ => 0,
    }
}

pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}
