//! The newest snapshot that says what the program does, and not how it ends.

use crate::heap::Heap;
use crate::source::EvidenceSource;
use crate::study::total;
use unfreed_recording::snapshot::{RootKind, Snapshot};

/// Seconds before the end in which a snapshot may show a program that has done its work: functions
/// have returned, threads have ended, and what they held is free.
const ENDING: f64 = 0.5;
/// Part of its bytes that a program still has to have there for the snapshot to count.
const STILL: f64 = 0.95;

/// The newest snapshot that counts, and its position; and what could not be read.
pub fn newest(source: &dyn EvidenceSource) -> (Option<(usize, Snapshot)>, Vec<String>) {
    let mut troubles = Vec::new();
    let mut newest: Option<(usize, Snapshot)> = None;
    for index in (0..source.snapshot_count()).rev() {
        let read = source.snapshot(index).and_then(|snapshot| {
            Heap::new(&snapshot)?;
            Ok(snapshot)
        });
        match (read, newest.take()) {
            (Ok(snapshot), None) if is_whole(&snapshot) && !is_ending(source, &snapshot) => {
                return (Some((index, snapshot)), troubles);
            }
            (Ok(snapshot), None) => newest = Some((index, snapshot)),
            // The one before decides whether the newest is a ruin.
            (Ok(earlier), Some((_, later))) if is_torn_down(&earlier, &later) => {
                return (Some((index, earlier)), troubles);
            }
            (Ok(_), later) => return (later, troubles),
            (Err(trouble), later) => {
                newest = later;
                troubles.push(format!("snapshot {index} could not be read: {trouble}"));
            }
        }
    }
    (newest, troubles)
}

/// Whether the program ended right after the snapshot.
fn is_ending(source: &dyn EvidenceSource, snapshot: &Snapshot) -> bool {
    let end = source.end().map(|end| end.seconds());
    end.is_some_and(|end| end - snapshot.at.seconds() <= ENDING)
}

/// Whether the main module still has its file: the interpreter clears modules as it ends.
fn is_whole(snapshot: &Snapshot) -> bool {
    let is_main = |name: u32| {
        let text = snapshot.texts.get(name as usize);
        text.is_some_and(|name| name == "__main__")
    };
    snapshot.roots.iter().any(|root| match root.kind {
        RootKind::Module { name, file } => file.is_some() && is_main(name),
        _ => false,
    })
}

/// Whether the later snapshot was taken while the program ended: what it drops then is not what it
/// drops.
fn is_torn_down(earlier: &Snapshot, later: &Snapshot) -> bool {
    let (before, after) = (
        total(earlier.node_sizes.iter()),
        total(later.node_sizes.iter()),
    );
    let still = if is_whole(later) || !is_whole(earlier) {
        STILL
    } else {
        1.0
    };
    (after as f64) < still * before as f64
}
