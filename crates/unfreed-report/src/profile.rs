//! Allocation stacks in the forms of other tools: one file for each. Which figures they get is here, so that
//! a stack has the same ones everywhere.

mod collapsed;
mod csv;
mod pprof;
mod speedscope;

pub use collapsed::render as render_collapsed;
pub use csv::render as render_csv;
pub use pprof::render as render_pprof;
pub use speedscope::render as render_speedscope;

use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::Stacked;

/// A figure of a stack.
pub struct Measure {
    /// Its name in files.
    pub name: &'static str,
    /// `bytes` or `count`.
    pub unit: &'static str,
    /// Its value.
    pub of: fn(&Stacked) -> u64,
}

/// All figures. What is live comes last, as pprof shows the last one first.
pub const MEASURES: [Measure; 7] = [
    Measure {
        name: "freed_space",
        unit: "bytes",
        of: |stack| stack.freed_bytes,
    },
    Measure {
        name: "peak_objects",
        unit: "count",
        of: |stack| stack.peak.blocks,
    },
    Measure {
        name: "peak_space",
        unit: "bytes",
        of: |stack| stack.peak.bytes,
    },
    Measure {
        name: "alloc_objects",
        unit: "count",
        of: |stack| stack.allocated.blocks,
    },
    Measure {
        name: "alloc_space",
        unit: "bytes",
        of: |stack| stack.allocated.bytes,
    },
    Measure {
        name: "inuse_objects",
        unit: "count",
        of: |stack| stack.live.blocks,
    },
    Measure {
        name: "inuse_space",
        unit: "bytes",
        of: |stack| stack.live.bytes,
    },
];

/// A frame as one word of a stack: `login (app/login.py:42)`, `thumb_open (libthumb.so)`.
fn label(frame: &Frame) -> String {
    let function = if frame.function.is_empty() {
        "?"
    } else {
        &frame.function
    };
    let place = if frame.library.is_empty() {
        &frame.file
    } else {
        &frame.library
    };
    match (place.is_empty(), frame.line) {
        (true, _) => function.to_owned(),
        (false, 0) => format!("{function} ({place})"),
        (false, line) => format!("{function} ({place}:{line})"),
    }
}

/// What stands for a stack of which no frame is known.
const UNKNOWN: &str = "no frame known";
