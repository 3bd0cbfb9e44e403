//! Parquet files read back as they were written, by the reader of the same library: other readers have
//! their turn in `tests/test_query.py`.
#![allow(clippy::unwrap_used)]

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::borrow::Cow;
use unfreed_analysis::questions::{Table, TableColumn, Unit, Values};
use unfreed_report::parquet::render;

fn column(name: &'static str, values: Values<'static>) -> TableColumn<'static> {
    TableColumn {
        name,
        unit: Unit::Text,
        values,
    }
}

/// Every third number and every second text is missing.
fn table(rows: usize) -> Table<'static> {
    let number = |row: usize| (!row.is_multiple_of(3)).then_some(row as i64 - 1);
    let text = |row: usize| row.is_multiple_of(2).then(|| Cow::Owned(format!("’{row}")));
    Table {
        name: "sample",
        rows,
        columns: vec![
            column("number", Values::Integer(Box::new(number))),
            column("even", Values::Truth(Box::new(|row| row.is_multiple_of(2)))),
            column("text", Values::Text(Box::new(text))),
        ],
    }
}

#[test]
fn rows_read_back() {
    // More than one part, and a part that is not full.
    let rows = 40_000;
    let mut file = Vec::new();
    render(&table(rows), &mut file).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
    let mut read = 0;
    for (row, found) in reader.get_row_iter(None).unwrap().enumerate() {
        let found = found.unwrap();
        let number = (!row.is_multiple_of(3)).then_some(row as i64 - 1);
        assert_eq!(found.get_long(0).ok(), number);
        assert_eq!(found.get_bool(1).unwrap(), row.is_multiple_of(2));
        let text = row.is_multiple_of(2).then(|| format!("’{row}"));
        assert_eq!(found.get_string(2).ok().cloned(), text);
        read += 1;
    }
    assert_eq!(read, rows);
}

#[test]
fn an_empty_table_is_a_file() {
    let mut file = Vec::new();
    render(&table(0), &mut file).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 0);
    let schema = reader.metadata().file_metadata().schema_descr();
    assert_eq!(schema.num_columns(), 3);
}

#[test]
fn a_full_disk_is_said_as_what_it_is() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = render(&table(10), Full).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
}
