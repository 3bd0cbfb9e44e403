//! One snapshot of this process, now, into a recording of its own: without an agent or epochs. Where blocks are followed
//! already, it has the lines that made the objects.

use crate::counters;
use crate::forked::{self, Figures, NotForked, Progress};
use crate::headroom::{self, Shortage};
use crate::origins::{self, Folders};
use crate::output::{Failure, Output, Stamp};
use std::path::Path;
use std::time::{Duration, Instant};
use unfreed_cpython::gil::Gil;
use unfreed_cpython::walk::live::Followed;
use unfreed_cpython::walk::{self, Names, SharedBuffer, Told, Tracked, WalkError};
use unfreed_cpython::{Runtime, Unsupported};
use unfreed_recording::Kind;
use unfreed_recording::ids::RunTime;
use unfreed_recording::process::{End, ProcessInfo};
use unfreed_recording::sites::Stacks;

/// What was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Objects.
    pub objects: u64,
    /// References between them.
    pub references: u64,
    /// Bytes of the objects.
    pub bytes: u64,
    /// How long the program stood still: for the walk, or for the fork.
    pub pause: Duration,
    /// Why it was taken in place though a copy of the process was to take it, as the end of a sentence.
    pub not_forked: Option<String>,
}

/// Why there is no snapshot; displays as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The interpreter is not one that unfreed can look into.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Called without the GIL.
    #[error("a snapshot needs the GIL")]
    NoGil,
    /// The walk would need more memory than there is.
    #[error("a snapshot needs about {needed} MiB of memory for a while, and {left} MiB are left")]
    Memory {
        /// MiB.
        needed: u64,
        /// MiB.
        left: u64,
    },
    /// The walk cannot begin now.
    #[error("no snapshot now: {0}")]
    Walk(#[from] WalkError),
    /// The copy of the process brought none.
    #[error("no snapshot: {0}")]
    Lost(String),
    /// The file cannot be made.
    #[error("cannot write {path}: {why}")]
    Output {
        /// Where it should have been.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// A part of the file cannot be written.
    #[error("{0}")]
    Cut(String),
}

impl From<Failure> for SnapshotError {
    fn from(failure: Failure) -> Self {
        Self::Cut(failure.to_string())
    }
}

/// How a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The program stands still meanwhile.
    InPlace,
    /// A copy of the process takes it, where there is memory for one.
    Forked,
}

/// Takes a snapshot of the whole heap and writes it to `path`, over what is there. The GIL must be
/// held; it is released while the file is written, and while a copy of the process walks. What the code in `own_folder`
/// allocates has no lines.
///
/// # Errors
/// [`SnapshotError`]; no file is left behind then, unless the disk filled up.
pub fn snapshot(
    path: &Path,
    process: &ProcessInfo,
    own_folder: &str,
    manner: Manner,
    buffers: &[SharedBuffer],
) -> Result<Taken, SnapshotError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(SnapshotError::NoGil)?;
    let folders = Folders {
        own: own_folder,
        stdlib: &process.stdlib_paths,
        site: &process.site_paths,
    };
    if manner == Manner::InPlace {
        return in_place(runtime, &gil, path, process, folders, buffers);
    }
    match forked(runtime, &gil, path, process, folders, buffers) {
        Err(Refused::NotForked(why)) => Ok(Taken {
            not_forked: Some(why.to_string()),
            ..in_place(runtime, &gil, path, process, folders, buffers)?
        }),
        Err(Refused::Snapshot(why)) => Err(why),
        Ok(taken) => Ok(taken),
    }
}

fn in_place(
    runtime: &Runtime,
    gil: &Gil,
    path: &Path,
    process: &ProcessInfo,
    folders: Folders<'_>,
    buffers: &[SharedBuffer],
) -> Result<Taken, SnapshotError> {
    let began = Instant::now();
    let tracked = Tracked::now(runtime, gil)?.with_buffers(buffers);
    let Shortage { needed, left } = headroom::for_walk(&tracked);
    if needed > left {
        let (needed, left) = (needed >> 20, left >> 20);
        return Err(SnapshotError::Memory { needed, left });
    }
    let (stacks, followed) = lines(gil, folders);
    let mut taken = walk::snapshot(runtime, gil, tracked, &followed.blocks, all(&followed))?;
    let pause = began.elapsed();
    taken.pause_ns = pause.as_nanos() as u64;
    let figures = Figures::of(&taken);
    gil.released(runtime, || {
        write(runtime, path, process, |output| {
            append_stacks(output, &stacks)?;
            output.append(&taken, Stamp::default())
        })
    })?;
    Ok(told(figures, pause))
}

/// Why there is no snapshot by a copy.
enum Refused {
    /// It can be taken in place.
    NotForked(NotForked),
    Snapshot(SnapshotError),
}

fn forked(
    runtime: &Runtime,
    gil: &Gil,
    path: &Path,
    process: &ProcessInfo,
    folders: Folders<'_>,
    buffers: &[SharedBuffer],
) -> Result<Taken, Refused> {
    if walk::is_collecting(runtime, gil) {
        return Err(Refused::Snapshot(WalkError::Collecting.into()));
    }
    let began = Instant::now();
    forked::check_room(runtime.allocated_blocks(gil)).map_err(Refused::NotForked)?;
    let (stacks, followed) = lines(gil, folders);
    let mut forked = forked::begin(|| {
        let tracked = Tracked::now(runtime, gil)?.with_buffers(buffers);
        walk::snapshot(runtime, gil, tracked, &followed.blocks, all(&followed))
    })
    .map_err(Refused::NotForked)?;
    let pause = began.elapsed();
    forked.tell_pause(pause);
    gil.released(runtime, || match forked.finish() {
        Progress::Whole(block, figures) => {
            write(runtime, path, process, |output| {
                append_stacks(output, &stacks)?;
                output.append_block(Kind::Snapshot, &block, Stamp::default())
            })
            .map_err(Refused::Snapshot)?;
            Ok(told(figures, pause))
        }
        Progress::Lost(why) => Err(Refused::Snapshot(SnapshotError::Lost(why))),
        Progress::Running => Err(Refused::Snapshot(SnapshotError::Lost(String::new()))),
    })
}

/// Which lines made the objects, as far as this process is followed.
fn lines(gil: &Gil, folders: Folders<'_>) -> (Stacks, Followed) {
    let origins = origins::now(gil, folders);
    origins.map_or((Stacks::default(), Followed::NOTHING), |origins| {
        (origins.stacks, origins.followed)
    })
}

fn append_stacks(output: &mut Output, stacks: &Stacks) -> Result<(), Failure> {
    if stacks.nodes.is_empty() {
        return Ok(());
    }
    output.append(stacks, Stamp::default())
}

/// For questions about any object.
const fn all(followed: &Followed) -> Told {
    Told {
        names: Names::All,
        owned: followed.owned,
        handed_on: followed.handed_on,
    }
}

fn told(figures: Figures, pause: Duration) -> Taken {
    Taken {
        objects: figures.objects,
        references: figures.references,
        bytes: figures.bytes,
        pause,
        not_forked: None,
    }
}

/// Writes a recording of one snapshot. Without the GIL.
fn write(
    runtime: &Runtime,
    path: &Path,
    process: &ProcessInfo,
    snapshot: impl FnOnce(&mut Output) -> Result<(), Failure>,
) -> Result<(), SnapshotError> {
    let mut output = Output::new(path);
    output.append(process, Stamp::default())?;
    output.append(
        &counters::read(runtime, RunTime(0), output.fd()),
        Stamp::default(),
    )?;
    snapshot(&mut output)?;
    output.append(&End { at: RunTime(0) }, Stamp::default())?;
    output.open().map_err(|why| SnapshotError::Output {
        path: path.display().to_string(),
        why,
    })
}
