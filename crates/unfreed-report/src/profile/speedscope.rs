//! The file format of speedscope: frames once, and a sampled profile for each figure in bytes.

use super::{MEASURES, UNKNOWN};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::Allocations;

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// Writes the file; `name` is what it is called there.
///
/// # Errors
/// Those of `out`.
pub fn render(allocations: &Allocations, name: &str, out: &mut impl io::Write) -> io::Result<()> {
    let mut frames = Frames::default();
    let stacks: Vec<Vec<usize>> = allocations
        .stacks
        .iter()
        .map(|stack| frames.stack(&stack.frames))
        .collect();
    let of_bytes = MEASURES.iter().rev().filter(|one| one.unit == "bytes");
    let profiles: Vec<Value> = of_bytes
        .map(|measure| {
            let kept = allocations.stacks.iter().zip(&stacks);
            let kept = kept.map(|(stack, frames)| ((measure.of)(stack), frames));
            let (weights, samples): (Vec<u64>, Vec<_>) =
                kept.filter(|(weight, _)| *weight > 0).unzip();
            let end = weights
                .iter()
                .fold(0_u64, |sum, one| sum.saturating_add(*one));
            json!({
                "type": "sampled", "name": measure.name, "unit": "bytes",
                "startValue": 0, "endValue": end, "samples": samples, "weights": weights,
            })
        })
        .collect();
    let file = json!({
        "$schema": SCHEMA,
        "name": name,
        "exporter": concat!("unfreed ", env!("CARGO_PKG_VERSION")),
        "activeProfileIndex": 0,
        "shared": { "frames": frames.list },
        "profiles": profiles,
    });
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")
}

#[derive(Default)]
struct Frames {
    list: Vec<Value>,
    known: BTreeMap<(String, String, u32), usize>,
}

impl Frames {
    /// Indexes, outermost first.
    fn stack(&mut self, frames: &[Frame]) -> Vec<usize> {
        if frames.is_empty() {
            return vec![self.index(UNKNOWN, "", 0)];
        }
        let outermost = frames.iter().rev();
        outermost
            .map(|frame| {
                let file = if frame.library.is_empty() {
                    &frame.file
                } else {
                    &frame.library
                };
                self.index(&frame.function, file, frame.line)
            })
            .collect()
    }

    fn index(&mut self, function: &str, file: &str, line: u32) -> usize {
        let key = (function.to_owned(), file.to_owned(), line);
        if let Some(&index) = self.known.get(&key) {
            return index;
        }
        let mut frame = json!({ "name": function });
        if !file.is_empty() {
            frame["file"] = json!(file);
        }
        if line > 0 {
            frame["line"] = json!(line);
        }
        self.list.push(frame);
        self.known.insert(key, self.list.len() - 1);
        self.list.len() - 1
    }
}
