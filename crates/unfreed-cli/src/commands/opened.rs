//! Recordings and their snapshots as commands open them, with sentences for what goes wrong.

use crate::messages::reason;
use std::path::Path;
use unfreed_recording::Recording;
use unfreed_recording::snapshot::Snapshot;

/// The bytes of a recording.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path)
        .map_err(|error| format!("cannot read {}: {}", path.display(), reason(&error)))
}

/// The recording in them.
pub fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<Recording<'a>, String> {
    Recording::parse(bytes).map_err(|error| format!("cannot use {}: {error}", path.display()))
}

/// A snapshot by number; negative numbers count from the newest.
pub fn pick(path: &Path, recording: &Recording<'_>, number: i64) -> Result<Snapshot, String> {
    let count = recording.snapshot_count();
    let index = if number < 0 {
        count.checked_sub(number.unsigned_abs() as usize)
    } else {
        Some(number as usize).filter(|&index| index < count)
    };
    let Some(index) = index else {
        return Err(match count {
            0 => format!(
                "{} has no heap snapshot (the program ended before the first)",
                path.display()
            ),
            _ => format!(
                "{} has no snapshot {number}; it has 0 to {}",
                path.display(),
                count - 1
            ),
        });
    };
    recording
        .snapshot(index)
        .map_err(|error| format!("cannot use snapshot {index} of {}: {error}", path.display()))
}
