//! An answer as JSON: each row an object with the columns' names as keys. Documented in `docs/heap.md`.

use serde_json::{Map, Value, json};
use std::io;

use unfreed_analysis::questions::{Answer, Cell, HeapFacts};

/// Version of this form: raised when a field changes its meaning.
const SCHEMA_VERSION: &str = "1.0";

/// Writes the answer, and the facts of the snapshot it is about, as indented JSON with a newline at
/// the end.
///
/// # Errors
/// Those of `out`.
pub fn render(answer: &Answer, facts: &HeapFacts, out: &mut impl io::Write) -> io::Result<()> {
    let rows: Vec<Value> = answer.rows.iter().map(|row| object(answer, row)).collect();
    let document = json!({
        "schema_version": SCHEMA_VERSION,
        "question": answer.question,
        "answer": answer.heading,
        "snapshot": facts,
        "columns": answer.columns,
        "rows": rows,
        "left_out": answer.left_out,
        "next": answer.next,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn object(answer: &Answer, row: &[Cell]) -> Value {
    let cells = answer.columns.iter().zip(row);
    let pairs: Map<String, Value> = cells
        .map(|(column, cell)| (column.name.to_owned(), json!(cell)))
        .collect();
    Value::Object(pairs)
}
