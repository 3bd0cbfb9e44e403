//! Following every block of a part of a program, for whoever asks in the program itself: no file, no
//! thread, no clock. Parts may be nested; each begins and ends an epoch, so that what was born in it is told.

use crate::recorder::{self, Followed, Recorder};
use crate::{StartError, running};
use std::sync::{Mutex, PoisonError};
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_recording::ids::{CodeId, EpochId, StackId};
use unfreed_recording::sites::{Site, Stacks};
use unfreed_sys::fork;

/// The session of this process. Locked only with the GIL held, and never while it is given up.
static SESSION: Mutex<Session> = Mutex::new(Session {
    parts: 0,
    is_tracing: false,
    epoch: 0,
    stacks: Stacks {
        codes: Vec::new(),
        nodes: Vec::new(),
    },
});

pub(crate) struct Session {
    /// Parts that are under way.
    pub parts: u32,
    /// Whether one of them is [`crate::begin_traces`]'s, the first then.
    pub is_tracing: bool,
    epoch: u32,
    /// Stacks that were handed over so far.
    pub stacks: Stacks,
}

impl Session {
    /// Has the stacks that are new handed over; tells how many there are in all.
    pub(crate) fn take_stacks(&mut self, recorder: &Recorder, gil: &Gil) -> usize {
        let (new, count) = recorder.drain_stacks(gil);
        self.stacks.codes.extend(new.stacks.codes);
        self.stacks.nodes.extend(new.stacks.nodes);
        count
    }

    /// Keeps the names of stacks that a recording takes, for questions of the program itself: some hundred bytes for each
    /// function that allocates, and 16 for each stack.
    pub(crate) fn keep_stacks(&mut self, new: &Stacks) {
        self.stacks.codes.extend_from_slice(&new.codes);
        self.stacks.nodes.extend_from_slice(&new.nodes);
    }

    /// All stacks that are known, with these, which wait to be taken.
    pub(crate) fn with(&self, new: Stacks) -> Stacks {
        Stacks {
            codes: [&self.stacks.codes[..], &new.codes].concat(),
            nodes: [&self.stacks.nodes[..], &new.nodes].concat(),
        }
    }

    /// Forgets them.
    pub(crate) fn forget_stacks(&mut self) {
        self.stacks = Stacks::default();
    }

    /// Ends a part, after its last look; with the last one, all is forgotten.
    pub(crate) fn leave(&mut self, recorder: &Recorder, gil: &Gil) {
        self.parts = self.parts.saturating_sub(1);
        if self.parts == 0 {
            recorder.deactivate(gil);
            self.forget(recorder);
        }
    }

    /// Forgets what was followed. Only while nothing is.
    pub(crate) fn forget(&mut self, recorder: &Recorder) {
        recorder.forget_everything();
        self.stacks = Stacks::default();
        self.epoch = 0;
    }
}

/// Bytes between a block and the object in it.
pub(crate) const BEFORE_OBJECT: [usize; 3] = [0, 16, 32];

/// When and where an object began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Bytes of its block.
    pub size: u64,
    /// The epoch, as in [`Tracked::epoch`].
    pub epoch: EpochId,
    /// The stack, as in [`Tracked::stacks`].
    pub stack: StackId,
}

/// A block that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBlock {
    /// Its address.
    pub address: usize,
    /// Its size in bytes.
    pub size: usize,
    /// Its stack, a node of [`Tracked::stacks`]; 0 for the empty one.
    pub stack: u32,
}

/// What was followed up to now.
#[derive(Clone, Debug, Default)]
pub struct Tracked {
    /// What each site did since the session began, and what is left of it by epoch of birth.
    pub sites: Vec<Site>,
    /// All stacks of the session.
    pub stacks: Stacks,
    /// The epoch that began with this look: what is born from here on is of it, or later.
    pub epoch: EpochId,
    /// Bytes that live, and the most that did since the session began.
    pub live_and_peak: (u64, u64),
    /// Blocks that are counted without their stack, because a table had no room.
    pub lost: u64,
    /// Lines with blocks of theirs and of what they call, where a part asked for them.
    pub lines: Vec<LineLevel>,
}

/// Live bytes of a line, with all that it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLevel {
    /// A code object of its file, of [`Tracked::stacks`].
    pub code: CodeId,
    /// The line, 1-based.
    pub line: u32,
    /// Bytes that live.
    pub live: u64,
    /// The most that lived since the look before.
    pub peak: u64,
}

/// Begins a part. `lines`: from here on, until no part is under way, blocks count at each line of their stacks, which
/// takes longer the deeper these are; those that code of these files allocates itself do not. The GIL must be held.
///
/// # Errors
/// When this process is recorded, the interpreter is unknown, or there is no memory for the tables.
pub fn begin_part(lines: Option<&[String]>) -> Result<Tracked, StartError> {
    let (_, recorder, gil) = for_every_block()?;
    let mut session = session();
    if session.parts == 0 {
        follow(recorder, &gil);
    }
    session.parts += 1;
    if let Some(own) = lines {
        session.take_stacks(recorder, &gil);
        recorder.count_lines(&session.stacks.nodes, own);
    }
    Ok(harvest(&mut session, &gil))
}

/// What follows every block, and the proof of the GIL.
pub(crate) fn for_every_block() -> Result<(&'static Runtime, &'static Recorder, Gil), StartError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(StartError::NoGil)?;
    // Nor in a forked child of a recorded process: its agent's thread does not exist.
    if running().is_some() {
        return Err(StartError::Recorded);
    }
    let recorder = recorder::install(runtime, &gil, Followed::EveryBlock)?;
    Ok((runtime, recorder, gil))
}

/// Follows blocks from here on, in this process.
pub(crate) fn follow(recorder: &Recorder, gil: &Gil) {
    fork::register();
    fork::adopt();
    recorder.let_stacks_grow();
    recorder.activate(gil, 0);
}

/// Looks at what was followed so far; `None` when no part is under way. The GIL must be held.
#[must_use]
pub fn look_at_part() -> Option<Tracked> {
    let gil = Gil::held(Runtime::detect().ok()?)?;
    let mut session = session();
    (session.parts > 0).then(|| harvest(&mut session, &gil))
}

/// The blocks that live and were allocated since the session began. The GIL must be held.
#[must_use]
pub fn live_blocks() -> Vec<LiveBlock> {
    let live = recorder::installed().map(Recorder::live_blocks);
    let blocks = live.unwrap_or_default().into_iter();
    blocks
        .map(|block| LiveBlock {
            address: block.address,
            size: block.size,
            stack: block.stack.0,
        })
        .collect()
}

/// The blocks of objects at these addresses: size, epoch of birth and stack of each that was followed from its birth.
/// The GIL must be held.
#[must_use]
pub fn births(objects: &[usize]) -> Vec<Option<Birth>> {
    let ledger = recorder::installed().and_then(|recorder| recorder.ledger());
    let birth = |&object: &usize| {
        // The collector's links and a managed dict's slots come before an object.
        let mut starts = BEFORE_OBJECT
            .iter()
            .filter_map(|before| object.checked_sub(*before));
        let block = starts.find_map(|start| ledger?.block_at(start))?;
        Some(Birth {
            size: block.size,
            epoch: block.born,
            stack: block.stack,
        })
    };
    objects.iter().map(birth).collect()
}

/// Ends a part; with the last one, nothing is followed any more and all is forgotten. The GIL must be held.
#[must_use]
pub fn end_part() -> Option<Tracked> {
    let gil = Gil::held(Runtime::detect().ok()?)?;
    let recorder = recorder::installed()?;
    let mut session = session();
    if session.parts == 1 {
        recorder.deactivate(&gil);
    }
    let tracked = (session.parts > 0).then(|| harvest(&mut session, &gil));
    session.leave(recorder, &gil);
    tracked
}

/// Whether a part is under way.
pub(crate) fn is_under_way() -> bool {
    session().parts > 0
}

fn harvest(session: &mut Session, gil: &Gil) -> Tracked {
    let Some(recorder) = recorder::installed() else {
        return Tracked::default();
    };
    let count = session.take_stacks(recorder, gil);
    session.epoch += 1;
    let epoch = EpochId(session.epoch);
    recorder.begin_epoch(epoch);
    Tracked {
        sites: recorder.sites(count, &[]),
        stacks: session.stacks.clone(),
        epoch,
        live_and_peak: recorder.live_and_peak(),
        lost: recorder.lost(),
        lines: recorder
            .take_line_levels()
            .into_iter()
            .map(|(code, line, level)| LineLevel {
                code,
                line,
                live: level.live,
                peak: level.peak,
            })
            .collect(),
    }
}

pub(crate) fn session() -> std::sync::MutexGuard<'static, Session> {
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}
