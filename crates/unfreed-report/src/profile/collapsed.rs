//! Collapsed stacks, outermost frame first, with the bytes that are live: what flame graph scripts read.

use super::{UNKNOWN, label};
use std::collections::BTreeMap;
use std::io;
use unfreed_analysis::questions::Allocations;

/// Writes a line for each stack that holds anything.
///
/// # Errors
/// Those of `out`.
pub fn render(allocations: &Allocations, out: &mut impl io::Write) -> io::Result<()> {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for stack in allocations.stacks.iter().filter(|one| one.live.bytes > 0) {
        let frames: Vec<String> = stack.frames.iter().rev().map(word).collect();
        let line = if frames.is_empty() {
            UNKNOWN.to_owned()
        } else {
            frames.join(";")
        };
        let bytes = lines.entry(line).or_default();
        *bytes = bytes.saturating_add(stack.live.bytes);
    }
    for (line, bytes) in lines {
        writeln!(out, "{line} {bytes}")?;
    }
    Ok(())
}

/// A frame without what ends a frame or a line.
fn word(frame: &unfreed_analysis::findings::Frame) -> String {
    label(frame)
        .replace(';', ",")
        .replace(char::is_control, "?")
}
