//! A table as a Parquet file, which DuckDB, Polars, Spark, DataFusion and Trino read. Columns are filled
//! part by part, so that a table of any size takes little room.

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use unfreed_analysis::questions::{Table, TableColumn, Values};

/// Rows of a group: a reader takes groups side by side.
const GROUP: usize = 1 << 20;
/// Rows that are held at once.
const PART: usize = 1 << 14;

/// Writes the table.
///
/// # Errors
/// Those of `out`.
pub fn render(table: &Table<'_>, out: impl Write + Send) -> io::Result<()> {
    write(table, out).map_err(|error| match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    })
}

fn write(table: &Table<'_>, out: impl Write + Send) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(concat!("unfreed ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut file = SerializedFileWriter::new(out, schema(table)?, Arc::new(properties))?;
    for start in (0..table.rows).step_by(GROUP) {
        let rows = start..(start + GROUP).min(table.rows);
        let mut group = file.next_row_group()?;
        for column in &table.columns {
            let missing = || ParquetError::General("a column too many".to_owned());
            let mut writer = group.next_column()?.ok_or_else(missing)?;
            write_column(column, rows.clone(), &mut writer)?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn schema(table: &Table<'_>) -> Result<TypePtr> {
    let fields = table.columns.iter().map(|column| {
        let (physical, logical) = match column.values {
            Values::Integer(_) => (Physical::INT64, None),
            Values::Truth(_) => (Physical::BOOLEAN, None),
            Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        Type::primitive_type_builder(column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    });
    let root = Type::group_type_builder(table.name)
        .with_fields(fields.collect::<Result<Vec<_>>>()?)
        .build()?;
    Ok(Arc::new(root))
}

fn write_column(
    column: &TableColumn<'_>,
    rows: Range<usize>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    for start in rows.clone().step_by(PART) {
        let part = start..(start + PART).min(rows.end);
        match &column.values {
            Values::Integer(value) => {
                let (values, levels) = present(part.map(value));
                let writer = writer.typed::<Int64Type>();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            Values::Truth(value) => {
                let (values, levels) = present(part.map(|row| Some(value(row))));
                let writer = writer.typed::<BoolType>();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            Values::Text(value) => {
                let texts = part.map(|row| value(row).map(|text| ByteArray::from(text.as_ref())));
                let (values, levels) = present(texts);
                let writer = writer.typed::<ByteArrayType>();
                writer.write_batch(&values, Some(&levels), None)?;
            }
        }
    }
    Ok(())
}

/// Values that are there, and for each row whether one is.
fn present<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let (mut found, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        found.extend(value);
    }
    (found, levels)
}
