//! What the allocator hooks talk to: decides, captures the stack, keeps the live set. One for the
//! process, never dropped.

mod every_block;

use crate::StartError;
use crate::descriptors;
use crate::ledger::{Ledger, LineLevel};
use crate::live::{Block, Inserted, LiveBlocks};
use crate::sampler::{self, Sampler};
use crate::sites::SiteFigures;
use crate::stacks::{NewStacks, StackTable};
use every_block::EveryBlock;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use try_lock::{Locked, TryLock};
use unfreed_cpython::Runtime;
use unfreed_cpython::births;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::hooks::{self, Caller, Observer};
use unfreed_cpython::stack::{self, RawFrame};
use unfreed_recording::ids::{CodeId, EpochId, StackId};
use unfreed_recording::sites::{Site, SiteDeviation, StackNode, Stacks};
use unfreed_sys::{fork, interpose, unwind};

/// Deepest stack that is captured whole; of a deeper one the outermost frames are missing.
const DEPTH: usize = 256;
/// The same for calls in C code.
const NATIVE_DEPTH: usize = 32;
/// The mean that one which adapts begins with.
const FIRST_MEAN: u64 = 64 * 1024;
/// How often a hook looks whether the tables of stacks are free. They are for a microsecond at a time.
const TRIES: u32 = 2000;

static RECORDER: OnceLock<Recorder> = OnceLock::new();
static EVERY_BLOCK: OnceLock<EveryBlock> = OnceLock::new();

/// Which blocks are followed. Fixed with the first recording of a process, since the hooks stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    /// A sample of them.
    Samples,
    /// Each.
    EveryBlock,
}

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
    /// Takes the place of both where every block is followed.
    ledger: Option<&'static Ledger>,
    /// Never waited for; half the price of the standard library's lock, at every block.
    stacks: TryLock<StackTable>,
    epoch: AtomicU32,
    active: AtomicBool,
    lost: AtomicU64,
    /// Threads without the GIL that use the tables of stacks, and whether they have to keep out: a
    /// table that is in use during a fork stays so in the child.
    without_gil: AtomicU32,
    kept_out: AtomicBool,
    /// Whether the tables of stacks are half full.
    wants_room: AtomicBool,
    /// Whether the interpreter tells of objects that begin.
    follows_births: AtomicBool,
    /// Whether a code object went while the tables of stacks were in use.
    code_is_gone: AtomicBool,
    /// The mean that the person fixed; 0 when it adapts.
    fixed_mean: AtomicU64,
}

/// The recorder of this process, made and hooked in at the first call.
pub(crate) fn install(
    runtime: &'static Runtime,
    gil: &Gil,
    followed: Followed,
) -> Result<&'static Recorder, StartError> {
    if let Some(recorder) = RECORDER.get() {
        let fits = recorder.followed() == followed;
        return fits.then_some(recorder).ok_or(StartError::Recorded);
    }
    let tables = || StartError::Resources("tables");
    let ledger = match followed {
        Followed::Samples => None,
        Followed::EveryBlock => Some(&*Box::leak(Box::new(Ledger::new().ok_or_else(tables)?))),
    };
    let (Some(live), Some(sites)) = (LiveBlocks::new(), SiteFigures::new()) else {
        return Err(tables());
    };
    let recorder = RECORDER.get_or_init(|| Recorder {
        runtime,
        sampler: Sampler::new(),
        native_sampler: Sampler::new(),
        with_natives: AtomicBool::new(false),
        live,
        sites,
        ledger,
        stacks: TryLock::new(stack_table(ledger)),
        epoch: AtomicU32::new(0),
        active: AtomicBool::new(false),
        lost: AtomicU64::new(0),
        without_gil: AtomicU32::new(0),
        kept_out: AtomicBool::new(false),
        wants_room: AtomicBool::new(false),
        follows_births: AtomicBool::new(false),
        code_is_gone: AtomicBool::new(false),
        fixed_mean: AtomicU64::new(0),
    });
    match ledger {
        None => hooks::install(runtime, gil, recorder),
        Some(ledger) => {
            let every = EVERY_BLOCK.get_or_init(|| EveryBlock {
                recorder,
                ledger,
                natives: AtomicBool::new(false),
                several_gils: AtomicBool::new(false),
            });
            hooks::install(runtime, gil, every);
        }
    }
    Ok(recorder)
}

/// Whether allocation hooks of ours are in force (another tool may have taken them out).
pub(crate) fn hooks_in_force(runtime: &Runtime, gil: &Gil) -> bool {
    match EVERY_BLOCK.get() {
        Some(_) => hooks::are_installed::<EveryBlock>(runtime, gil),
        None => hooks::are_installed::<Recorder>(runtime, gil),
    }
}

/// Tables of stacks with room for new ones between two visits of the agent: every second, or at the end
/// of a round of calls. Memory is taken where they are used.
fn stack_table(ledger: Option<&'static Ledger>) -> StackTable {
    let room = match ledger {
        None => 8 * 1024,
        Some(_) => 64 * 1024,
    };
    StackTable::new(room, ledger)
}

/// The recorder, if there is one.
pub(crate) fn installed() -> Option<&'static Recorder> {
    RECORDER.get()
}

impl Recorder {
    /// Starts following blocks. Of samples, a mean of 0 adapts; where every block is followed, so are those that free
    /// lists hand on, if the interpreter tells of them.
    pub(crate) fn activate(&self, gil: &Gil, mean: u64) {
        if let Some(every) = EVERY_BLOCK.get() {
            let follows = births::follow(self.runtime, gil, every);
            self.follows_births.store(follows, Relaxed);
        }
        self.fixed_mean.store(mean, Relaxed);
        self.active.store(true, Relaxed);
        let mean = self.first_mean();
        self.sampler.set_mean(mean);
    }

    fn first_mean(&self) -> u64 {
        match (self.ledger, self.fixed_mean.load(Relaxed)) {
            (Some(_), _) => sampler::EVERY_BLOCK,
            (None, 0) => FIRST_MEAN,
            (None, fixed) => fixed,
        }
    }

    /// Makes ready to follow C code, too, before the program looks malloc up (by `ctypes`, for one): from
    /// here on its calls are part of stacks. Outside any hook.
    pub(crate) fn prepare_natives(&'static self) {
        let interpreter = self.runtime.for_unwinding();
        unwind::learn_objects(interpreter);
        descriptors::begin();
        self.with_natives.store(true, Relaxed);
        match EVERY_BLOCK.get() {
            Some(every) => interpose::install(interpreter.address, every),
            None => interpose::install(interpreter.address, self),
        };
    }

    /// Follows what C code allocates past Python's allocators, after [`Recorder::activate`].
    pub(crate) fn activate_natives(&self) {
        match EVERY_BLOCK.get() {
            Some(every) => every.natives.store(true, Relaxed),
            None => self.native_sampler.set_mean(self.first_mean()),
        }
    }

    /// Sees to objects that were loaded since. Outside any hook.
    pub(crate) fn reach_new_objects(&self) {
        if self.with_natives.load(Relaxed) {
            unwind::learn_objects(self.runtime.for_unwinding());
            interpose::reach_new_objects();
        }
    }

    /// Stops sampling; the hooks then only pass blocks through.
    pub(crate) fn deactivate(&self, gil: &Gil) {
        births::unfollow(gil);
        self.active.store(false, Relaxed);
        self.sampler.set_mean(0);
        self.native_sampler.set_mean(0);
        if let Some(every) = EVERY_BLOCK.get() {
            every.natives.store(false, Relaxed);
        }
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
        if let Some(ledger) = self.ledger {
            ledger.clear();
        }
        descriptors::begin();
        self.epoch.store(0, Relaxed);
        self.lost.store(0, Relaxed);
        self.without_gil.store(0, Relaxed);
        // A table that a fork without the GIL left locked stays out of use: stacks are then lost.
        if let Some(mut stacks) = self.stacks.try_lock() {
            *stacks = stack_table(self.ledger);
        }
    }

    pub(crate) fn begin_epoch(&self, epoch: EpochId) {
        self.epoch.store(epoch.0, Relaxed);
    }

    /// Mean bytes between two samples of Python's allocators.
    pub(crate) fn mean(&self) -> u64 {
        self.sampler.mean()
    }

    /// Samples taken so far: of Python's allocators, and of C code past them.
    pub(crate) fn taken(&self) -> [u64; 2] {
        [self.sampler.taken(), self.native_sampler.taken()]
    }

    /// Lets the means follow the rates of samples, unless the person fixed them.
    pub(crate) fn adapt(&self, samples: [u64; 2], seconds: f64) {
        if self.fixed_mean.load(Relaxed) != 0 || !self.active.load(Relaxed) || self.is_exact() {
            return;
        }
        for (sampler, samples) in [&self.sampler, &self.native_sampler]
            .into_iter()
            .zip(samples)
        {
            let mean = sampler.mean();
            let adapted = sampler::adapted(mean, samples, seconds);
            if mean != 0 && adapted != mean {
                sampler.set_mean(adapted);
            }
        }
    }

    pub(crate) fn followed(&self) -> Followed {
        match self.ledger {
            Some(_) => Followed::EveryBlock,
            None => Followed::Samples,
        }
    }

    /// Whether every block is followed.
    pub(crate) fn is_exact(&self) -> bool {
        self.ledger.is_some()
    }

    /// Whether blocks are known by the object that is in them now, even if a free list handed them on.
    pub(crate) fn follows_births(&self) -> bool {
        self.follows_births.load(Relaxed)
    }

    /// Whether calls in C code are part of stacks.
    pub(crate) fn sees_natives(&self) -> bool {
        self.with_natives.load(Relaxed)
    }

    fn note_opened(&self, descriptor: i32) {
        if self.active.load(Relaxed) && !fork::is_orphan() && descriptors::are_own() {
            let stack = self.stack(Gil::held(self.runtime).as_ref());
            descriptors::opened(descriptor, stack.unwrap_or(StackId(0)));
        }
    }

    /// Has the tables of stacks grow when they are full, until [`Recorder::forget_everything`]: nobody visits.
    pub(crate) fn let_stacks_grow(&self) {
        if let Some(mut stacks) = self.stacks.try_lock() {
            stacks.let_grow();
        }
    }

    /// Has blocks count at the lines of their stacks, of which `known` were handed over; see [`crate::begin_part`].
    pub(crate) fn count_lines(&self, known: &[StackNode], own: &[String]) {
        if let Some(mut stacks) = self.free_stacks() {
            stacks.count_lines(known, own);
        }
    }

    /// The levels of lines since they were taken last, with a code object of the file and the line.
    pub(crate) fn take_line_levels(&self) -> Vec<(CodeId, u32, LineLevel)> {
        let Some(ledger) = self.ledger.filter(|ledger| ledger.counts_lines()) else {
            return Vec::new();
        };
        let Some(stacks) = self.free_stacks() else {
            return Vec::new();
        };
        let places = stacks.counted_lines();
        let levels = ledger.take_line_levels(places.len()).into_iter();
        levels
            .filter_map(|level| {
                let &(code, line) = places.get(level.line as usize)?;
                Some((code, line, level))
            })
            .collect()
    }

    /// The stack of this thread, where every block is followed; the empty one when there is no room.
    pub(crate) fn stack_here(&self, gil: &Gil) -> StackId {
        self.capture_next(gil).unwrap_or_else(|| {
            self.lost.fetch_add(1, Relaxed);
            StackId(0)
        })
    }

    /// What is known of every block, where every block is followed.
    pub(crate) fn ledger(&self) -> Option<&'static Ledger> {
        self.ledger
    }

    /// Live blocks, each with its address.
    pub(crate) fn live_blocks(&self) -> Vec<Block> {
        match self.ledger {
            Some(ledger) => ledger.all(),
            None => self.live.all(),
        }
    }

    /// Bytes that live, and the most that did, where every block is followed.
    pub(crate) fn live_and_peak(&self) -> (u64, u64) {
        self.ledger.map_or((0, 0), Ledger::live_and_peak)
    }

    /// What the first `stacks` stacks did and still hold; `live` are the live blocks.
    pub(crate) fn sites(&self, stacks: usize, live: &[Block]) -> Vec<Site> {
        match self.ledger {
            Some(ledger) => ledger.sites(),
            None => self.sites.sites(stacks, live),
        }
    }

    /// How far they may be off; nothing where every block is followed.
    pub(crate) fn deviations(&self, stacks: usize, live: &[Block]) -> Vec<SiteDeviation> {
        match self.ledger {
            Some(_) => Vec::new(),
            None => self.sites.deviations(stacks, live),
        }
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

    /// The stacks that nobody took yet.
    pub(crate) fn new_stacks(&self, _gil: &Gil) -> Stacks {
        let table = self.free_stacks();
        table.map_or_else(Stacks::default, |table| table.new_stacks().stacks)
    }

    /// Whether the tables of stacks are half full.
    pub(crate) fn wants_room(&self) -> bool {
        self.wants_room.load(Relaxed)
    }

    /// Blocks that found no room, a count: of samples, or of all where every block is followed.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// The tables of stacks, if nobody uses them for longer than it takes to add a stack: a hook never
    /// waits for a thread that does not run.
    fn free_stacks(&self) -> Option<Locked<'_, StackTable>> {
        for _ in 0..TRIES {
            if let Some(stacks) = self.stacks.try_lock() {
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
        let call_count = self.native_calls(&mut calls);
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

    fn native_calls(&self, calls: &mut [u64]) -> usize {
        if self.with_natives.load(Relaxed) {
            unwind::capture(calls)
        } else {
            0
        }
    }

    /// The same stack as [`Recorder::capture`] finds, by the way from the last one.
    fn capture_next(&self, gil: &Gil) -> Option<StackId> {
        let mut stacks = self.free_stacks()?;
        if self.code_is_gone.load(Relaxed) {
            self.code_is_gone.store(false, Relaxed);
            stacks.forget_codes();
        }
        let stack = stacks.intern_next(self.runtime, gil)?;
        let stack = if self.with_natives.load(Relaxed) {
            let mut calls = [0; NATIVE_DEPTH];
            let count = self.native_calls(&mut calls);
            stacks.intern_natives(stack, &calls[..count])?
        } else {
            stack
        };
        if stacks.wants_room() {
            self.wants_room.store(true, Relaxed);
        }
        Some(stack)
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
            size,
            bytes: (weight * size.max(1) as f64) as u64,
            blocks: sampler.whole(weight),
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

    fn freed(&self, _: Caller, block: usize) {
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

    fn opened(&self, descriptor: i32) {
        self.note_opened(descriptor);
    }

    fn loaded(&self) {
        self.reach_new_objects();
    }
}
