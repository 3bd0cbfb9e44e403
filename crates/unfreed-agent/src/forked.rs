//! Heap snapshots that a copy of this process takes while the program goes on: it stands still for the fork alone.
//! The copy walks the heap and sends the columns; they become a block of the recording when all of them are there.

use crate::headroom::{self, Shortage};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};
use unfreed_cpython::walk::WalkError;
use unfreed_recording::Kind;
use unfreed_recording::snapshot::Snapshot;
use unfreed_recording::writer::{self, SnapshotBlock};
use unfreed_sys::child_process::{self, Child};
use unfreed_sys::ring::Ring;

/// How long a copy may take, and so much more for each GiB that it has: ten million objects, two thirds of a GiB, take
/// it some seconds.
const LIMIT: Duration = Duration::from_secs(60);
const LIMIT_A_GIB: Duration = Duration::from_secs(60);
/// What the parent grants beyond that before it ends the copy itself.
const GRACE: Duration = Duration::from_secs(5);
/// How often the parent looks what there is: often enough for 400 MiB a second.
pub(crate) const MOMENT: Duration = Duration::from_millis(10);
/// Memory that a walk takes in the copy, bytes a block of Python's allocators (of which an object has one or more).
const WALK_BYTES: u64 = 130;
/// What the copy sends first: [`WALKED`] or [`FAILED`], objects, references and their bytes.
const HEAD: usize = 4 * size_of::<u64>();
const WALKED: u64 = 1;
/// A sentence follows.
const FAILED: u64 = 2;
/// Copies at work at a time; one more is not left out of what is said of the program's children.
const MOST: usize = 8;

static AT_WORK: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

/// Why there is no copy; displays as the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotForked {
    /// What the program changes meanwhile is there twice.
    #[error("a copy of the process needs up to {} MiB of memory for a while, and {} MiB are left", .0.needed >> 20, .0.left >> 20)]
    Memory(Shortage),
    #[error("the system makes no copy of the process: {0}")]
    System(#[from] io::Error),
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub objects: u64,
    pub references: u64,
    pub bytes: u64,
}

impl Figures {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let bytes = snapshot.node_sizes.iter();
        Self {
            objects: snapshot.node_types.len() as u64,
            references: snapshot.edge_targets.len() as u64,
            bytes: bytes.fold(0, |sum, size| sum.saturating_add(*size)),
        }
    }
}

/// How far a copy is.
pub(crate) enum Progress {
    /// It is at work.
    Running,
    /// A block for a recording.
    Whole(Vec<u8>, Figures),
    /// There is no snapshot, and this is why.
    Lost(String),
}

/// A copy at work, and what has come from it.
pub(crate) struct Forked {
    child: Child,
    ring: Ring,
    deadline: Instant,
    has_ended: bool,
    head: Vec<u8>,
    text: Vec<u8>,
    block: Option<SnapshotBlock>,
    error: Option<String>,
}

/// Whether there is memory for a copy that looks at a heap of so many blocks of Python's allocators.
///
/// # Errors
/// How much is missing.
pub(crate) fn check_room(blocks: Option<u64>) -> Result<(), NotForked> {
    let walk = blocks.map(|blocks| blocks.saturating_mul(WALK_BYTES));
    headroom::for_copy(walk).map_err(NotForked::Memory)
}

/// Begins a snapshot, which `walk` takes in the copy of the process. The GIL must be held, so that nobody is in the
/// middle of changing an object.
///
/// # Errors
/// When the system makes no copy.
pub(crate) fn begin(
    walk: impl FnOnce() -> Result<Snapshot, WalkError>,
) -> Result<Forked, NotForked> {
    let gibs = headroom::resident().unwrap_or(0) >> 30;
    let limit = LIMIT + LIMIT_A_GIB * u32::try_from(gibs).unwrap_or(u32::MAX >> 8);
    let ring = Ring::new()?;
    let child = child_process::start(limit, || send(&ring, walk()))?;
    ring.keep_from_forks();
    if let Some(free) = AT_WORK.iter().find(|pid| pid.load(Relaxed) == 0) {
        free.store(child.pid(), Relaxed);
    }
    Ok(Forked {
        child,
        ring,
        deadline: Instant::now() + limit + GRACE,
        has_ended: false,
        head: Vec::new(),
        text: Vec::new(),
        block: None,
        error: None,
    })
}

/// How long the program is likely to stand still: page tables are copied at about 10 GiB a second.
pub(crate) fn expected_pause() -> Duration {
    Duration::from_nanos(headroom::resident().unwrap_or(0) / 10)
}

/// In the copy.
fn send(ring: &Ring, walked: Result<Snapshot, WalkError>) {
    match walked {
        Ok(mut snapshot) => {
            snapshot.pause_ns = ring.told();
            let figures = Figures::of(&snapshot);
            send_head(
                ring,
                [WALKED, figures.objects, figures.references, figures.bytes],
            );
            if writer::pack_snapshot(&snapshot, ring).is_err() {
                return;
            }
        }
        Err(why) => {
            send_head(ring, [FAILED, 0, 0, 0]);
            send_bytes(ring, why.to_string().as_bytes());
        }
    }
    ring.finish();
}

fn send_head(ring: &Ring, head: [u64; 4]) {
    send_bytes(ring, head.map(u64::to_le_bytes).as_flattened());
}

/// A ring takes all that is written to it.
fn send_bytes(mut ring: &Ring, bytes: &[u8]) {
    let _ = ring.write_all(bytes);
}

/// Whether this process is a copy of ours rather than a child of the program's.
pub(crate) fn is_at_work(pid: u32) -> bool {
    AT_WORK.iter().any(|known| known.load(Relaxed) == pid)
}

/// In a child that the program forked: the copies are its parent's.
pub(crate) fn forget_all() {
    for pid in &AT_WORK {
        pid.store(0, Relaxed);
    }
}

impl Forked {
    /// Tells the copy how long the program stood still for it. It waits for that.
    pub(crate) fn tell_pause(&self, pause: Duration) {
        self.ring.tell((pause.as_nanos() as u64).max(1));
    }

    /// Takes what has come. Without the GIL.
    pub(crate) fn advance(&mut self) -> Progress {
        // In this order: what is written before an end is there after it.
        let ending = self.child.ended();
        let is_whole = self.ring.is_whole();
        self.take();
        let Some(ending) = ending else {
            if Instant::now() > self.deadline {
                self.child.kill();
            }
            return Progress::Running;
        };
        self.has_ended = true;
        forget(self.child.pid());
        // Who else waits for all children may have taken its end; not what it wrote.
        if !is_whole {
            return Progress::Lost(format!("the copy of the process that took it {ending}"));
        }
        self.conclude()
    }

    /// Waits for the end; never [`Progress::Running`].
    pub(crate) fn finish(&mut self) -> Progress {
        loop {
            match self.advance() {
                Progress::Running => std::thread::sleep(MOMENT / 4),
                done => return done,
            }
        }
    }

    fn take(&mut self) {
        let Self {
            ring,
            head,
            text,
            block,
            error,
            ..
        } = self;
        ring.take(|mut bytes| {
            let missing = HEAD - head.len();
            let (first, rest) = bytes.split_at(missing.min(bytes.len()));
            head.extend_from_slice(first);
            bytes = rest;
            if bytes.is_empty() || error.is_some() {
                return;
            }
            if word(head, 0) != WALKED {
                text.extend_from_slice(bytes);
            } else if let Err(why) = compress(block, bytes) {
                *error = Some(why);
            }
        });
    }

    fn conclude(&mut self) -> Progress {
        if let Some(why) = self.error.take() {
            return Progress::Lost(why);
        }
        let figures = Figures {
            objects: word(&self.head, 1),
            references: word(&self.head, 2),
            bytes: word(&self.head, 3),
        };
        match self.block.take().map(SnapshotBlock::finish) {
            Some(Ok(block)) => Progress::Whole(block, figures),
            Some(Err(why)) => Progress::Lost(why.to_string()),
            None => Progress::Lost(String::from_utf8_lossy(&self.text).into_owned()),
        }
    }
}

impl Drop for Forked {
    /// Ends a copy that nobody waits for any more.
    fn drop(&mut self) {
        if !self.has_ended {
            self.child.kill();
            while self.child.ended().is_none() {
                std::thread::sleep(MOMENT / 4);
            }
            forget(self.child.pid());
        }
    }
}

fn compress(block: &mut Option<SnapshotBlock>, packed: &[u8]) -> Result<(), String> {
    let block = match block {
        Some(block) => block,
        None => block.insert(SnapshotBlock::new().map_err(|why| why.to_string())?),
    };
    let written = block.write_all(packed);
    written.map_err(|why| format!("{} block: {why}", Kind::Snapshot.name()))
}

fn word(head: &[u8], index: usize) -> u64 {
    let bytes = head.as_chunks::<8>().0.get(index);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn forget(child: u32) {
    for pid in &AT_WORK {
        let _ = pid.compare_exchange(child, 0, Relaxed, Relaxed);
    }
}
