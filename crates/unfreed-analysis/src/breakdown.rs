//! What was allocated, by site, by function and by library: sums over all stacks with how far they may be off.
//! Nothing is judged here.

use crate::findings::Frame;
use crate::libraries::{file_name, keeper};
use crate::ownership::{Owner, Ownership};
use crate::questions::{Allocations, Amount, Stacked, Variance};
use crate::seeded::{Map, Set};
use crate::sites::named_frame;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Standard deviations to either side of an estimate that have the truth between them in 95 of 100 cases.
const NINETY_FIVE: f64 = 1.96;
/// What the person's own code is called among libraries.
const OWN_CODE: &str = "your code";

/// What allocations are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The line of the person's own code that led to them, and the function of C code that asked for them.
    #[default]
    Site,
    /// The function.
    Function,
    /// The package, the module of the standard library, or the library of C code.
    Library,
}

/// What was allocated, told apart by one thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breakdown {
    /// What it is told apart by.
    pub by: By,
    /// Whether every block was followed; otherwise figures are estimates from samples.
    pub exact: bool,
    /// Whether it is known how far the estimates may be off. Not in recordings of format 1.4 and before.
    pub has_margins: bool,
    /// Mean bytes between two samples at the end.
    pub sample_bytes: u64,
    /// Seconds since the start at which the most was live, as far as the recording tells.
    pub peak_seconds: f64,
    /// All of it.
    pub whole: Figures,
    /// Most live bytes first.
    pub rows: Vec<Row>,
}

/// A site, a function or a library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// The site or the function (then without a line); of a library nothing is known here.
    pub frame: Frame,
    /// Of a site: the function of C code that asked for the blocks, as `thumb_open() in thumb.so`; empty for Python.
    pub native: String,
    /// The library that it is of: a package, a module of the standard library, a file of C code, or `your code`.
    pub library: String,
    /// Whose that is.
    pub whose: Whose,
    /// What it allocated itself.
    #[serde(rename = "self")]
    pub own: Figures,
    /// What it and all that it called allocated. Of a site it is the same.
    pub total: Figures,
}

/// Whose code something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The person's.
    Own,
    /// An installed package's.
    Package,
    /// Python's own.
    StandardLibrary,
    /// Compiled code of a library.
    Native,
    /// No frame is known.
    #[default]
    Unknown,
}

/// What was allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Live at the end.
    pub live: Estimate,
    /// Live when the most was.
    pub peak: Estimate,
    /// Freed again.
    pub temporary: Estimate,
    /// Allocated since the start.
    pub allocated: Estimate,
}

/// Bytes in so many blocks, and how far that may be off: in 95 of 100 cases the truth is at most a margin away.
/// Margins are 0 where every block was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Estimate {
    /// Bytes.
    pub bytes: u64,
    /// How far they may be off, bytes.
    pub bytes_margin: u64,
    /// Blocks.
    pub blocks: u64,
    /// How far they may be off, blocks.
    pub blocks_margin: u64,
}

/// How far a sum may be off, from its variance.
#[must_use]
pub fn margin(variance: f64) -> u64 {
    (NINETY_FIVE * variance.max(0.0).sqrt()).round() as u64
}

/// Sums of what several stacks did.
#[derive(Clone, Copy, Default)]
struct Sums {
    live: Sum,
    peak: Sum,
    temporary: Sum,
    allocated: Sum,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    amount: Amount,
    variance: Variance,
}

impl Sum {
    fn add(&mut self, amount: Amount, variance: Variance) {
        self.amount.bytes = self.amount.bytes.saturating_add(amount.bytes);
        self.amount.blocks = self.amount.blocks.saturating_add(amount.blocks);
        self.variance.bytes += variance.bytes;
        self.variance.blocks += variance.blocks;
    }

    fn told(&self) -> Estimate {
        Estimate {
            bytes: self.amount.bytes,
            bytes_margin: margin(self.variance.bytes),
            blocks: self.amount.blocks,
            blocks_margin: margin(self.variance.blocks),
        }
    }
}

impl Sums {
    fn add(&mut self, stack: &Stacked) {
        self.live.add(stack.live, stack.live_variance);
        self.peak.add(stack.peak, stack.peak_variance);
        let freed = Amount {
            bytes: stack.freed_bytes,
            blocks: stack.allocated.blocks.saturating_sub(stack.live.blocks),
        };
        self.temporary.add(freed, stack.freed_variance);
        // Every block is live or freed, so the variances add up.
        let [live, freed] = [stack.live_variance, stack.freed_variance];
        let whole = Variance {
            bytes: live.bytes + freed.bytes,
            blocks: live.blocks + freed.blocks,
        };
        self.allocated.add(stack.allocated, whole);
    }

    fn told(&self) -> Figures {
        Figures {
            live: self.live.told(),
            peak: self.peak.told(),
            temporary: self.temporary.told(),
            allocated: self.allocated.told(),
        }
    }
}

/// What names a row.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    frame: Frame,
    native: String,
    library: String,
    whose: Whose,
}

/// Sums the stacks up.
#[must_use]
pub fn breakdown(allocations: &Allocations, ownership: &Ownership, by: By) -> Breakdown {
    let mut whole = Sums::default();
    let mut sums: Map<Key, (Sums, Sums)> = Map::default();
    for stack in &allocations.stacks {
        whole.add(stack);
        let keys = keys(&stack.frames, ownership, by);
        if let Some(own) = keys.first() {
            sums.entry(own.clone()).or_default().0.add(stack);
        }
        // Once for each, so that recursion counts a block once.
        let distinct: Set<&Key> = keys.iter().collect();
        for key in distinct {
            sums.entry(key.clone()).or_default().1.add(stack);
        }
    }
    let rows = sums.into_iter().map(|(key, (own, total))| Row {
        frame: key.frame,
        native: key.native,
        library: key.library,
        whose: key.whose,
        own: own.told(),
        total: total.told(),
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by_cached_key(|row| {
        let figures = [&row.own, &row.total].map(|figures| {
            [
                figures.live.bytes,
                figures.peak.bytes,
                figures.allocated.bytes,
            ]
        });
        let frame = &row.frame;
        (
            Reverse(figures),
            frame.file.clone(),
            frame.line,
            frame.function.clone(),
            row.native.clone(),
            row.library.clone(),
        )
    });
    Breakdown {
        by,
        exact: allocations.exact,
        has_margins: allocations.has_margins,
        sample_bytes: allocations.sample_bytes,
        peak_seconds: allocations.peak_seconds,
        whole: whole.told(),
        rows,
    }
}

/// What a stack counts for: first what allocated itself, then, for functions and libraries, what called that.
fn keys(frames: &[Frame], ownership: &Ownership, by: By) -> Vec<Key> {
    let of = |frame: Option<&Frame>, named: Frame, native: String| {
        let (library, whose) = frame.map_or_else(Default::default, |one| library(one, ownership));
        Key {
            frame: named,
            native,
            library,
            whose,
        }
    };
    match by {
        By::Site => {
            let named = named_frame(frames, ownership);
            let native = keeper(frames).map(|keeper| keeper.to_string());
            let shown = named.cloned().unwrap_or_default();
            vec![of(named, shown, native.unwrap_or_default())]
        }
        By::Function if !frames.is_empty() => frames
            .iter()
            .map(|frame| of(Some(frame), function(frame), String::new()))
            .collect(),
        By::Library if !frames.is_empty() => {
            let natives = frames
                .iter()
                .take_while(|frame| !frame.library.is_empty())
                .count();
            let keeps = keeper(frames).map(|keeper| keeper.library);
            // What the C library, say, asked for on behalf of its caller is the caller's.
            let behalf = frames[..natives]
                .iter()
                .position(|frame| Some(file_name(&frame.library)) == keeps.as_deref());
            let start = behalf.unwrap_or(natives.min(frames.len() - 1));
            frames[start..]
                .iter()
                .map(|frame| of(Some(frame), Frame::default(), String::new()))
                .collect()
        }
        _ => vec![of(None, Frame::default(), String::new())],
    }
}

/// The function that a frame is of, whatever line runs.
fn function(frame: &Frame) -> Frame {
    Frame {
        file: frame.file.clone(),
        function: frame.function.clone(),
        library: frame.library.clone(),
        ..Frame::default()
    }
}

/// The library that a frame is of.
fn library(frame: &Frame, ownership: &Ownership) -> (String, Whose) {
    if !frame.library.is_empty() {
        return (file_name(&frame.library).to_owned(), Whose::Native);
    }
    match ownership.of_file(&frame.file) {
        Owner::Own => (OWN_CODE.to_owned(), Whose::Own),
        Owner::ThirdParty => (ownership.package(&frame.file), Whose::Package),
        Owner::Unfreed => ("unfreed".to_owned(), Whose::Package),
        Owner::Stdlib => (ownership.package(&frame.file), Whose::StandardLibrary),
    }
}
