//! Blocks that C code announces, in a ledger of their own: where others have an epoch of birth, they have the
//! number of their domain.

use crate::ledger::{Ledger, LiveAlike, Writers};
use crate::recorder::Recorder;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use unfreed_cpython::Runtime;
use unfreed_cpython::announced::{self, Listener};
use unfreed_cpython::gil::Gil;
use unfreed_recording::ids::EpochId;
use unfreed_sys::fork;

/// The listener of this process, once it has traced itself; `None` where the system refuses the tables.
static ANNOUNCED: OnceLock<Option<Announced>> = OnceLock::new();

struct Announced {
    recorder: &'static Recorder,
    /// Of all other blocks; its sums are those of both.
    weights: &'static Ledger,
    blocks: Ledger,
    listens: AtomicBool,
}

/// Listens from here on.
pub(crate) fn begin(runtime: &'static Runtime, recorder: &'static Recorder) {
    let made = ANNOUNCED.get_or_init(|| {
        Some(Announced {
            recorder,
            weights: recorder.ledger()?,
            blocks: Ledger::new()?,
            listens: AtomicBool::new(false),
        })
    });
    if let Some(made) = made {
        made.listens.store(true, Relaxed);
        announced::listen(runtime, made);
    }
}

/// Forgets all blocks, and listens no more. Before the other blocks are forgotten.
pub(crate) fn end() {
    if let Some(Some(announced)) = ANNOUNCED.get() {
        announced.listens.store(false, Relaxed);
        announced
            .weights
            .unweigh(Writers::Any, announced.blocks.live_and_peak().0);
        announced.blocks.clear();
    }
}

/// Live blocks, the domain in the place of the epoch. Sees to what was loaded since the last time.
pub(crate) fn live_alike() -> Vec<LiveAlike> {
    match ANNOUNCED.get() {
        Some(Some(announced)) => {
            announced::reach_new_objects();
            announced.blocks.live_alike()
        }
        _ => Vec::new(),
    }
}

/// Bytes of memory that the tables use for what is in them.
pub(crate) fn used_bytes() -> usize {
    match ANNOUNCED.get() {
        Some(Some(announced)) => announced.blocks.used_bytes(),
        _ => 0,
    }
}

impl Listener for Announced {
    fn listens(&self) -> bool {
        self.listens.load(Relaxed) && !fork::is_orphan()
    }

    fn announced(&self, gil: &Gil, domain: u32, block: usize, size: usize) {
        // Announced again: it has moved, or has another owner.
        self.withdrawn(domain, block);
        let stack = self.recorder.stack_here(gil);
        self.blocks
            .add(Writers::Any, block, size, (stack, EpochId(domain)));
        if let Some(block) = self.blocks.block_at(block) {
            self.weights.weigh(Writers::Any, block.size);
        }
    }

    fn withdrawn(&self, domain: u32, block: usize) {
        let known = self.blocks.block_at(block);
        if let Some(known) = known.filter(|known| known.born.0 == domain) {
            self.blocks.remove(Writers::Any, block);
            self.weights.unweigh(Writers::Any, known.size);
        }
    }
}
