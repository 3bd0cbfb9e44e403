//! `unfreed export`: a snapshot, or the allocation stacks, as files that other programs read.

mod stacks;

use crate::arguments::export::Export;
use crate::commands::opened::{parse, pick, read};
use crate::exit::ExitCode;
use crate::messages::{self, reason};
use crate::naming;
use crate::progress;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::{self, View};
use unfreed_analysis::source::EvidenceSource;
use unfreed_report::parquet;

/// Exports, or says why not.
pub fn export(typed: &Export) -> ExitCode {
    let what = format!("Exporting {}", typed.path.display());
    match progress::during(&what, || all(typed)) {
        Ok(written) => {
            for line in written {
                messages::notice(line);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            messages::error(error);
            ExitCode::FAILED
        }
    }
}

fn all(typed: &Export) -> Result<Vec<String>, String> {
    let mut written = stacks::write(typed)?;
    if let Some(folder) = &typed.parquet {
        let tables = tables_to(&typed.path, typed.snapshot, folder)?;
        let lines = tables.iter();
        written.extend(lines.map(|(place, rows)| format!("{}: {rows} rows", place.display())));
    }
    Ok(written)
}

/// Writes the tables of a snapshot into a folder, which is made if there is none; gives the files and
/// their rows.
pub fn tables_to(
    path: &Path,
    snapshot: i64,
    folder: &Path,
) -> Result<Vec<(PathBuf, usize)>, String> {
    let bytes = read(path)?;
    let recording = parse(path, &bytes)?;
    let snapshot = pick(path, &recording, snapshot)?;
    let view = View::new(&snapshot, &recording.process)?;
    let evidence = naming::named(&recording);
    let frames = |stack| -> Vec<Frame> { EvidenceSource::frames(&evidence, stack) };
    let cannot = |place: &Path, error: &io::Error| {
        format!("cannot write {}: {}", place.display(), reason(error))
    };
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    let mut written = Vec::new();
    for table in questions::tables(&view, &frames) {
        let place = folder.join(format!("{}.parquet", table.name));
        let file = File::create(&place).map(BufWriter::new);
        file.and_then(|file| parquet::render(&table, file))
            .map_err(|error| cannot(&place, &error))?;
        written.push((place, table.rows));
    }
    Ok(written)
}
