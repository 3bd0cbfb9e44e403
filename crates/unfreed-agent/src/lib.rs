//! The collector in the target process: sampled allocations, counters, epochs and heap snapshots,
//! written to a recording as the program runs. Safe code only; nothing here judges what it sees.
//! In a hook: no lock that can block, no heap, no Python.

mod announced;
mod children;
mod counters;
mod descriptors;
mod follow;
mod forked;
mod headroom;
mod ledger;
mod live;
mod live_heap;
mod marks;
mod natives;
mod origins;
mod output;
mod pause;
mod pressure;
mod recorder;
mod requests;
mod resources;
mod rounds;
mod sampler;
mod schedule;
mod session;
mod single;
mod sites;
mod sources;
mod stacks;
mod thread;
mod traces;

pub use live_heap::{
    counts, owned_slots, sizes, with_heap, with_instances, with_objects, with_origins,
};
pub use marks::mark;
pub use origins::{Folders, Origins, is_followed, of_descriptors, of_objects};
use recorder::Followed;
pub use rounds::{RoundError, begin_rounds, end_round, look, write_started};
pub use session::{
    Birth, LineLevel, LiveBlock, Tracked, begin_part, births, end_part, live_blocks, look_at_part,
};
pub use single::{Manner, SnapshotError, Taken, snapshot};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use thread::{Agent, Control};
pub use traces::{
    Alike, Traceback, Traced, Traces, begin_traces, clear_traces, end_traces, follow_child,
    is_tracing, reset_peak, trace_at, trace_tables, traced_bytes, traces, unobserved,
};
use unfreed_cpython::gil::Gil;
pub use unfreed_cpython::walk::SharedBuffer;
pub use unfreed_cpython::walk::live::Seen;
use unfreed_cpython::{Runtime, Unsupported, gil};
use unfreed_recording::process::ProcessInfo;
use unfreed_sys::fork;

/// What to record and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The recording to write; an existing file is overwritten.
    pub recording: PathBuf,
    /// Facts of the process, the wished sample and epoch lengths among them.
    pub process: ProcessInfo,
    /// Whether to make the file now rather than when the process has lived for a moment.
    pub at_once: bool,
    /// Whether the program says when to look ([`begin_rounds`], [`look`], [`end_round`]), rather than
    /// a thread of ours every now and then.
    pub by_rounds: bool,
    /// Whether every block is followed, not a sample; always so by rounds.
    pub every_block: bool,
    /// Whether blocks of C code are followed, too; always so by rounds.
    pub natives: bool,
    /// Whether copies of the process look at the heap, where there is memory for one; never so by rounds.
    pub forks: bool,
    /// Classes that the person asked for, as `module.Class`: the recording names them, the report looks for them.
    pub watched: Vec<String>,
}

impl Settings {
    fn followed(&self) -> Followed {
        if self.by_rounds || self.every_block {
            Followed::EveryBlock
        } else {
            Followed::Samples
        }
    }
}

/// Why nothing is recorded; displays as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The interpreter is not one that unfreed can look into.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The recording cannot be written.
    #[error("cannot write {path}: {why}")]
    Output {
        /// Where it should have been.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// The system refuses memory for the collector's tables or its thread.
    #[error("the system refuses memory or a thread for the collector ({0})")]
    Resources(&'static str),
    /// Called without the GIL.
    #[error("the collector was started without the GIL")]
    NoGil,
    /// There is a recording of this process, or its tables were made for another kind of recording.
    #[error("this process is recorded already")]
    Recorded,
    /// Traces begin and are cleared for the whole process, and a part of it needs what they know.
    #[error("a part of this process is tracked: unfreed.track() or unfreed.profile is under way")]
    Tracked,
}

/// The running agent of this process. Locked only with the GIL held, so never contended and never
/// left locked by a fork.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

struct Running {
    settings: Settings,
    control: Arc<Control>,
    thread: Option<std::thread::JoinHandle<Agent>>,
    /// The agent between two threads: while a fork is under way, and always when it works by rounds.
    parked: Option<Agent>,
}

/// Starts recording. The GIL must be held. Once stopped, a recording by rounds can be followed by
/// another one: the hooks stay, and what they know is forgotten.
///
/// # Errors
/// When the interpreter is unknown, this process is recorded already, or the file or the tables
/// cannot be had. The program can go on as if nothing had happened.
pub fn start(settings: Settings) -> Result<(), StartError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(StartError::NoGil)?;
    // A forked child inherits what recorded its parent, and may have a recording of its own.
    if (running().is_some() || session::is_under_way()) && !fork::is_orphan() {
        return Err(StartError::Recorded);
    }
    let recorder = recorder::install(runtime, &gil, settings.followed())?;
    fork::register();
    fork::adopt();
    begin(runtime, &gil, recorder, settings)
}

fn begin(
    runtime: &'static Runtime,
    gil: &Gil,
    recorder: &'static recorder::Recorder,
    settings: Settings,
) -> Result<(), StartError> {
    let agent = Agent::new(runtime, recorder, &settings)?;
    let control = Arc::new(Control::default());
    if settings.by_rounds || settings.natives {
        recorder.prepare_natives();
    }
    let (thread, parked) = if settings.by_rounds {
        (None, Some(agent))
    } else {
        recorder.activate(gil, settings.process.sample_bytes);
        if settings.natives {
            recorder.activate_natives();
        }
        (Some(thread::spawn(agent, Arc::clone(&control))?), None)
    };
    *running() = Some(Running {
        settings,
        control,
        thread,
        parked,
    });
    Ok(())
}

/// Stops recording: writes the last counters and the end. The GIL must be held; it is released
/// while the agent's thread finishes. Does nothing when nothing is recorded.
pub fn stop() {
    let Ok(runtime) = Runtime::detect() else {
        return;
    };
    let (Some(gil), Some(recorder)) = (Gil::held(runtime), recorder::installed()) else {
        return;
    };
    let Some(mut running) = running().take().filter(|_| !fork::is_orphan()) else {
        recorder.deactivate(&gil);
        return;
    };
    let mut agent = halt(runtime, &gil, &mut running);
    if let Some(agent) = agent.as_mut().filter(|_| !running.settings.by_rounds) {
        agent.end_first_epoch(&gil);
        agent.end_peak(&gil);
    }
    recorder.deactivate(&gil);
    if let Some(mut agent) = agent {
        gil.released(runtime, || agent.end());
    }
    if running.settings.by_rounds {
        // A recording by rounds is a part of a process that goes on, and may be followed by another.
        recorder.forget_everything();
        session::session().forget_stacks();
    }
}

/// Ends the agent's thread and takes the agent back.
fn halt(runtime: &Runtime, gil: &Gil, running: &mut Running) -> Option<Agent> {
    running.control.stop();
    let thread = running.thread.take();
    let agent = gil.released(runtime, || thread.and_then(|thread| thread.join().ok()));
    agent.or_else(|| running.parked.take())
}

/// Before `os.fork()`: when the program has one thread only, ours is ended until the fork is over,
/// since from 3.12 on Python warns of a fork in a process with several threads.
pub fn before_fork() {
    let Ok(runtime) = Runtime::detect() else {
        return;
    };
    let Some(gil) = Gil::held(runtime) else {
        return;
    };
    if let Some(recorder) = recorder::installed() {
        recorder.before_fork();
    }
    let mut guard = running();
    let Some(running) = guard.as_mut() else {
        return;
    };
    if counters::own_threads() == 2 && running.thread.is_some() && !fork::is_orphan() {
        // The lock is held while the GIL is not: nobody else takes it but under a fork hook or at
        // the end, and the program has no other thread that could.
        running.parked = halt(runtime, &gil, running);
    }
}

/// After `os.fork()` in the parent: the agent's thread comes back once the main thread runs Python
/// again, which is after the interpreter has counted the threads.
pub fn after_fork_in_parent() {
    let Ok(runtime) = Runtime::detect() else {
        return;
    };
    if let Some(recorder) = recorder::installed() {
        recorder.after_fork();
    }
    let parked = running()
        .as_ref()
        .is_some_and(|running| running.parked.is_some() && !running.settings.by_rounds);
    if parked && !gil::call_soon(runtime, resume_soon) {
        resume();
    }
}

extern "C" fn resume_soon(_: *mut std::ffi::c_void) -> std::ffi::c_int {
    resume();
    0
}

fn resume() {
    let mut guard = running();
    let Some(running) = guard.as_mut() else {
        return;
    };
    if let Some(agent) = running.parked.take() {
        running.control = Arc::new(Control::default());
        running.thread = thread::spawn(agent, Arc::clone(&running.control)).ok();
    }
}

/// After `os.fork()` in the child: forgets the parent's agent and starts one of its own. The GIL
/// must be held. The file is made `at_once`, or when the child has lived for a moment: many forks
/// only call `exec`.
///
/// # Errors
/// As [`start`]; the child then runs without being recorded.
pub fn after_fork_in_child(
    recording: PathBuf,
    process: ProcessInfo,
    at_once: bool,
    forks: bool,
    watched: Vec<String>,
) -> Result<(), StartError> {
    let runtime = Runtime::detect()?;
    let gil = Gil::held(runtime).ok_or(StartError::NoGil)?;
    let Some(recorder) = recorder::installed() else {
        return Ok(());
    };
    // The parent's agent is only forgotten, never dropped: its thread does not exist here, and its
    // file belongs to the parent.
    if let Some(parents) = running().take() {
        std::mem::forget(parents);
    }
    recorder.deactivate(&gil);
    recorder.forget_everything();
    session::session().forget_stacks();
    drop(marks::take());
    forked::forget_all();
    recorder.after_fork();
    fork::adopt();
    begin(
        runtime,
        &gil,
        recorder,
        Settings {
            recording,
            process,
            at_once,
            by_rounds: false,
            every_block: recorder.is_exact(),
            natives: recorder.sees_natives(),
            forks,
            watched,
        },
    )
}

/// The recording of this process, if there is one.
#[must_use]
pub fn recording() -> Option<PathBuf> {
    running()
        .as_ref()
        .map(|running| running.settings.recording.clone())
}

fn running() -> std::sync::MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
