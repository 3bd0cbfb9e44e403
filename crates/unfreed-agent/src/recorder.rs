//! What the allocator hooks talk to: decides, captures the stack, keeps the live set. One for the
//! process, never dropped.

use crate::StartError;
use crate::live::{Block, Inserted, LiveBlocks, Room};
use crate::sampler::{self, Sampler};
use crate::sites::SiteFigures;
use crate::stacks::{NewStacks, StackTable};
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Mutex, MutexGuard, OnceLock};
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::hooks::{self, Caller, Observer};
use unfreed_cpython::stack::{self, RawFrame};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_sys::{fork, interpose, unwind};

/// Deepest stack that is captured whole; of a deeper one the outermost frames are missing.
const DEPTH: usize = 256;
/// The same for calls in C code.
const NATIVE_DEPTH: usize = 32;
/// How often a hook looks whether the tables of stacks are free. They are for a microsecond at a time.
const TRIES: u32 = 2000;

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// State shared by the hooks and the agent's thread.
pub(crate) struct Recorder {
    runtime: &'static Runtime,
    sampler: Sampler,
    /// For what C code allocates past Python's allocators.
    native_sampler: Sampler,
    /// Whether calls in C code are part of stacks.
    with_natives: AtomicBool,
    live: LiveBlocks,
    sites: SiteFigures,
    stacks: Mutex<StackTable>,
    epoch: AtomicU32,
    active: AtomicBool,
    lost: AtomicU64,
    /// Threads without the GIL that use the tables of stacks, and whether they have to keep out: a
    /// table that is in use during a fork stays so in the child.
    without_gil: AtomicU32,
    kept_out: AtomicBool,
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
        runtime,
        sampler: Sampler::new(),
        native_sampler: Sampler::new(),
        with_natives: AtomicBool::new(false),
        live,
        sites,
        stacks: Mutex::new(StackTable::new(stacks_room(room))),
        epoch: AtomicU32::new(0),
        active: AtomicBool::new(false),
        lost: AtomicU64::new(0),
        without_gil: AtomicU32::new(0),
        kept_out: AtomicBool::new(false),
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

    /// Follows C code, too: its calls are part of stacks, and what it allocates past Python's
    /// allocators is sampled with this mean. Outside any hook.
    pub(crate) fn activate_natives(&'static self, mean: u64) {
        let interpreter = self.runtime.for_unwinding();
        unwind::learn_objects(interpreter);
        self.with_natives.store(true, Relaxed);
        interpose::install(interpreter.address, self);
        self.native_sampler.set_mean(mean);
    }

    /// Sees to objects that were loaded since. Outside any hook.
    pub(crate) fn reach_new_objects(&self) {
        if self.with_natives.load(Relaxed) {
            unwind::learn_objects(self.runtime.for_unwinding());
            interpose::reach_new_objects();
        }
    }

    /// Stops sampling; the hooks then only pass blocks through.
    pub(crate) fn deactivate(&self) {
        self.active.store(false, Relaxed);
        self.sampler.set_mean(0);
        self.native_sampler.set_mean(0);
    }

    /// Keeps threads without the GIL out of the tables of stacks until [`Recorder::after_fork`].
    pub(crate) fn before_fork(&self) {
        self.kept_out.store(true, SeqCst);
        for _ in 0..TRIES {
            if self.without_gil.load(SeqCst) == 0 {
                break;
            }
            std::thread::yield_now();
        }
    }

    /// Lets them in again; in the child there are none.
    pub(crate) fn after_fork(&self) {
        self.kept_out.store(false, SeqCst);
    }

    /// Empties every table. Only while nothing is followed: in a forked child before its agent starts,
    /// and after a recording by rounds. A thread without the GIL that is in a hook at that moment may
    /// leave one block behind, at a stack that is then another's.
    pub(crate) fn forget_everything(&self) {
        self.live.clear();
        self.sites.clear();
        self.epoch.store(0, Relaxed);
        self.lost.store(0, Relaxed);
        self.without_gil.store(0, Relaxed);
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

    /// Whether every block is followed, each with its own size.
    pub(crate) fn is_exact(&self) -> bool {
        self.sampler.mean() == sampler::EVERY_BLOCK
    }

    pub(crate) fn live_blocks(&self) -> Vec<Block> {
        self.live.all()
    }

    pub(crate) fn sites(&self) -> &SiteFigures {
        &self.sites
    }

    /// Takes the new stacks and makes room for more; tells how many there are in all. Under the
    /// GIL, so that the table is not locked while a thread with the GIL captures or forks.
    pub(crate) fn drain_stacks(&self, _gil: &Gil) -> (NewStacks, usize) {
        let Some(mut table) = self.free_stacks() else {
            return (NewStacks::default(), 0);
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

    /// The tables of stacks, if nobody uses them for longer than it takes to add a stack: a hook never
    /// waits for a thread that does not run.
    fn free_stacks(&self) -> Option<MutexGuard<'_, StackTable>> {
        for _ in 0..TRIES {
            if let Ok(stacks) = self.stacks.try_lock() {
                return Some(stacks);
            }
            std::hint::spin_loop();
        }
        None
    }

    /// The stack of this thread; `None` when a table had no room or was in use.
    fn stack(&self, gil: Option<&Gil>) -> Option<StackId> {
        if let Some(gil) = gil {
            return self.capture(Some(gil));
        }
        self.without_gil.fetch_add(1, SeqCst);
        let stack = if self.kept_out.load(SeqCst) {
            None
        } else {
            self.capture(Gil::of_own_frames(self.runtime).as_ref())
        };
        self.without_gil.fetch_sub(1, SeqCst);
        stack
    }

    fn capture(&self, gil: Option<&Gil>) -> Option<StackId> {
        let mut calls = [0; NATIVE_DEPTH];
        let call_count = if self.with_natives.load(Relaxed) {
            unwind::capture(&mut calls)
        } else {
            0
        };
        let mut frames = [RawFrame::EMPTY; DEPTH];
        let count = gil.map_or(0, |gil| stack::capture(self.runtime, gil, &mut frames));
        if count + call_count == 0 {
            return Some(StackId(0));
        }
        let mut stacks = self.free_stacks()?;
        let stack = match gil {
            Some(gil) => stacks.intern(self.runtime, gil, &frames[..count])?,
            None => StackId(0),
        };
        let stack = stacks.intern_natives(stack, &calls[..call_count]);
        self.wants_room.store(stacks.wants_room(), Relaxed);
        stack
    }

    /// Keeps a block that `sampler` chose, with the stack that `stack` finds; `None` when there was no
    /// room for it.
    fn keep(
        &self,
        sampler: &Sampler,
        block: usize,
        size: usize,
        stack: impl FnOnce() -> Option<StackId>,
    ) {
        sampler.rearm();
        if !self.active.load(Relaxed) || fork::is_orphan() {
            return;
        }
        let weight = sampler.weight(size);
        sampler.count();
        let stack = stack().unwrap_or_else(|| {
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
        match self.live.insert(block) {
            Inserted::Kept => {}
            Inserted::Known => self.sites.freed(&block),
            Inserted::Full => {
                self.lost.fetch_add(1, Relaxed);
                self.sites.freed(&block);
            }
        }
    }

    fn forget(&self, block: usize) {
        if let Some(block) = self.live.remove(block) {
            self.sites.freed(&block);
        }
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

    fn allocated(&self, _: &'static Runtime, gil: Option<&Gil>, block: usize, size: usize) {
        self.keep(&self.sampler, block, size, || {
            // Without a stack it is counted, and no walk takes it for an object of ours.
            if gil.is_none() && Gil::is_of_another_interpreter(self.runtime) {
                return Some(StackId(0));
            }
            self.stack(gil)
        });
    }

    fn freed(&self, block: usize) {
        self.forget(block);
    }
}

impl interpose::Observer for Recorder {
    fn wants(&self, size: usize) -> bool {
        self.native_sampler.is_due(true, size)
    }

    fn may_know(&self, block: usize) -> bool {
        self.live.may_hold(block)
    }

    fn allocated(&self, block: usize, size: usize) {
        self.keep(&self.native_sampler, block, size, || {
            self.stack(Gil::held(self.runtime).as_ref())
        });
    }

    fn freed(&self, block: usize) {
        self.forget(block);
    }

    fn loaded(&self) {
        self.reach_new_objects();
    }
}
