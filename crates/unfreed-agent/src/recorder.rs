//! What the allocator hooks talk to: decides, captures the stack, keeps the live set. One for the
//! process, never dropped.

use crate::StartError;
use crate::live::{Block, LiveBlocks, Room};
use crate::sampler::{self, Sampler};
use crate::sites::SiteFigures;
use crate::stacks::StackTable;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::hooks::{self, Caller, Observer};
use unfreed_cpython::stack::{self, RawFrame};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::sites::Stacks;
use unfreed_sys::fork;

/// Deepest stack that is captured whole; of a deeper one the outermost frames are missing.
const DEPTH: usize = 256;

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// State shared by the hooks and the agent's thread.
pub(crate) struct Recorder {
    sampler: Sampler,
    live: LiveBlocks,
    sites: SiteFigures,
    stacks: Mutex<StackTable>,
    epoch: AtomicU32,
    active: AtomicBool,
    lost: AtomicU64,
    /// Whether the tables of stacks are half full.
    wants_room: AtomicBool,
    room: Room,
    /// The mean that the person fixed; 0 when it adapts.
    fixed_mean: AtomicU64,
}

/// The recorder of this process, made and hooked in at the first call.
pub(crate) fn install(
    runtime: &'static Runtime,
    gil: &Gil,
    room: Room,
) -> Result<&'static Recorder, StartError> {
    if let Some(recorder) = RECORDER.get() {
        let fits = recorder.room == room;
        return fits.then_some(recorder).ok_or(StartError::Recorded);
    }
    let tables = StartError::Resources("tables");
    let (Some(live), Some(sites)) = (LiveBlocks::new(room), SiteFigures::new()) else {
        return Err(tables);
    };
    let recorder = RECORDER.get_or_init(|| Recorder {
        sampler: Sampler::new(),
        live,
        sites,
        stacks: Mutex::new(StackTable::new(stacks_room(room))),
        epoch: AtomicU32::new(0),
        active: AtomicBool::new(false),
        lost: AtomicU64::new(0),
        wants_room: AtomicBool::new(false),
        room,
        fixed_mean: AtomicU64::new(0),
    });
    hooks::count_arenas(runtime, gil);
    hooks::install(runtime, gil, recorder);
    Ok(recorder)
}

/// New stacks between two visits of the agent: every second, or at the end of a round of calls.
fn stacks_room(room: Room) -> usize {
    match room {
        Room::Samples => 8 * 1024,
        Room::EveryBlock => 64 * 1024,
    }
}

/// The recorder, if there is one.
pub(crate) fn installed() -> Option<&'static Recorder> {
    RECORDER.get()
}

impl Recorder {
    /// Starts sampling; a mean of 0 adapts.
    pub(crate) fn activate(&self, mean: u64) {
        self.fixed_mean.store(mean, Relaxed);
        self.active.store(true, Relaxed);
        self.sampler
            .set_mean(if mean == 0 { 64 * 1024 } else { mean });
    }

    /// Stops sampling; the hooks then only pass blocks through.
    pub(crate) fn deactivate(&self) {
        self.active.store(false, Relaxed);
        self.sampler.set_mean(0);
    }

    /// Empties every table. Only while nothing is followed: in a forked child before its agent starts,
    /// and after a recording by rounds. A thread without the GIL that is in a hook at that moment may
    /// leave one block behind, at a stack that is then another's.
    pub(crate) fn forget_everything(&self) {
        self.live.clear();
        self.sites.clear();
        self.epoch.store(0, Relaxed);
        self.lost.store(0, Relaxed);
        // A table that a fork without the GIL left locked stays out of use: stacks are then lost.
        if let Ok(mut stacks) = self.stacks.try_lock() {
            *stacks = StackTable::new(stacks_room(self.room));
        }
    }

    pub(crate) fn begin_epoch(&self, epoch: EpochId) {
        self.epoch.store(epoch.0, Relaxed);
    }

    pub(crate) fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// Lets the mean follow the rate of samples, unless the person fixed it.
    pub(crate) fn adapt(&self, samples: u64, seconds: f64) {
        if self.fixed_mean.load(Relaxed) == 0 && self.active.load(Relaxed) {
            let mean = self.sampler.mean();
            let adapted = sampler::adapted(mean, samples, seconds);
            if adapted != mean {
                self.sampler.set_mean(adapted);
            }
        }
    }

    pub(crate) fn live_blocks(&self) -> Vec<Block> {
        self.live.all()
    }

    pub(crate) fn sites(&self) -> &SiteFigures {
        &self.sites
    }

    /// Takes the new stacks and makes room for more; tells how many there are in all. Under the
    /// GIL, so that the table is never locked while another thread captures or forks.
    pub(crate) fn drain_stacks(&self, _gil: &Gil) -> (Stacks, usize) {
        let Ok(mut table) = self.stacks.try_lock() else {
            return (Stacks::default(), 0);
        };
        let stacks = table.drain();
        self.wants_room.store(false, Relaxed);
        (stacks, table.len())
    }

    /// Whether the tables of stacks are half full.
    pub(crate) fn wants_room(&self) -> bool {
        self.wants_room.load(Relaxed)
    }

    /// Samples that found no room, a count.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    fn stack(&self, runtime: &Runtime, gil: Option<&Gil>) -> Option<StackId> {
        let Some(gil) = gil else {
            return Some(StackId(0));
        };
        let mut frames = [RawFrame::EMPTY; DEPTH];
        let count = stack::capture(runtime, gil, &mut frames);
        let mut stacks = self.stacks.try_lock().ok()?;
        let stack = stacks.intern(runtime, gil, &frames[..count]);
        self.wants_room.store(stacks.wants_room(), Relaxed);
        stack
    }
}

impl Observer for Recorder {
    #[inline]
    fn wants(&self, caller: Caller, size: usize) -> bool {
        self.sampler.is_due(caller == Caller::AnyThread, size)
    }

    #[inline]
    fn may_know(&self, block: usize) -> bool {
        self.live.may_hold(block)
    }

    fn allocated(&self, runtime: &'static Runtime, gil: Option<&Gil>, block: usize, size: usize) {
        self.sampler.rearm();
        if !self.active.load(Relaxed) || fork::is_orphan() {
            return;
        }
        let weight = self.sampler.weight(size);
        self.sampler.count();
        let stack = self.stack(runtime, gil).unwrap_or_else(|| {
            self.lost.fetch_add(1, Relaxed);
            StackId(0)
        });
        let block = Block {
            address: block,
            stack,
            born: EpochId(self.epoch.load(Relaxed)),
            bytes: (weight * size.max(1) as f64) as u64,
            blocks: weight.round().clamp(1.0, f64::from(u32::MAX)) as u32,
        };
        self.sites.allocated(&block);
        if !self.live.insert(block) {
            self.lost.fetch_add(1, Relaxed);
            self.sites.freed(&block);
        }
    }

    fn freed(&self, block: usize) {
        if let Some(block) = self.live.remove(block) {
            self.sites.freed(&block);
        }
    }
}
