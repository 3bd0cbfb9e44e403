//! The blocks of this process that live, each with its stack, for whoever asks in the program itself at
//! any time: the first part of a session (`session.rs`), with an end, but without an answer of its own.

use crate::StartError;
use crate::announced;
use crate::ledger::{Ledger, LiveAlike};
use crate::recorder::{self, Recorder};
use crate::session::{Session, follow, for_every_block, session};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_recording::sites::Stacks;
use unfreed_sys::fork;

/// What stands for a frame where there is no Python code.
const NO_FILE: &str = "<unknown>";
/// The domain of Python's allocators.
const PYTHONS: EpochId = EpochId(0);

/// A stack as far as it is shown, in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traceback {
    /// Who allocated: 0 for Python's allocators, or what C code announced.
    pub domain: u32,
    /// File, of [`Traces::files`], and line of each call, innermost first; never empty.
    pub frames: Vec<(u32, u32)>,
    /// Calls of the whole stack.
    pub depth: u32,
}

/// Blocks that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Of [`Traces::tracebacks`].
    pub traceback: u32,
    /// Bytes of each.
    pub size: u64,
    /// How many live.
    pub blocks: u64,
}

/// All blocks that live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Names of files, each once.
    pub files: Vec<String>,
    /// Stacks, each once, with bytes and blocks.
    pub tracebacks: Vec<(Traceback, u64, u64)>,
    /// Blocks by stack and size, together with others of their stack.
    pub alike: Vec<Alike>,
}

/// A block that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Its size in bytes.
    pub size: u64,
    /// File and line of each call, innermost first.
    pub frames: Vec<(String, u32)>,
    /// Calls of the whole stack.
    pub depth: u32,
}

/// Begins to follow every block, until [`end_traces`]. Does nothing when it has begun. The GIL must be held.
///
/// # Errors
/// As [`crate::begin_part`], and when a part is under way.
pub fn begin_traces() -> Result<(), StartError> {
    if session().is_tracing {
        return Ok(());
    }
    let (runtime, recorder, gil) = for_every_block()?;
    let mut session = session();
    if session.parts > 0 {
        return Err(StartError::Tracked);
    }
    follow(recorder, &gil);
    announced::begin(runtime, recorder);
    session.parts = 1;
    session.is_tracing = true;
    Ok(())
}

/// Ends what [`begin_traces`] began: all is forgotten, unless a part is under way. The GIL must be held.
pub fn end_traces() {
    with_session(|session, recorder, gil| {
        session.is_tracing = false;
        announced::end();
        session.leave(recorder, gil);
    });
}

/// Whether traces are kept.
#[must_use]
pub fn is_tracing() -> bool {
    session().is_tracing
}

/// Forgets all blocks up to now. The GIL must be held.
///
/// # Errors
/// When a part is under way.
pub fn clear_traces() -> Result<(), StartError> {
    with_session(|session, recorder, gil| {
        if session.parts > 1 {
            return Err(StartError::Tracked);
        }
        recorder.deactivate(gil);
        announced::end();
        session.forget(recorder);
        follow(recorder, gil);
        announced::begin(Runtime::detect()?, recorder);
        Ok(())
    })
    .unwrap_or(Ok(()))
}

/// Bytes that live, and the most that did since the beginning or [`reset_peak`].
#[must_use]
pub fn traced_bytes() -> (u64, u64) {
    let tracing = recorder::installed().filter(|_| is_tracing());
    tracing.map_or((0, 0), Recorder::live_and_peak)
}

/// The most bytes that lived are counted anew from here on. The GIL must be held.
pub fn reset_peak() {
    with_session(|_, recorder, _| recorder.ledger().map(Ledger::reset_peak));
}

/// Bytes of memory that the traces take. The GIL must be held.
#[must_use]
pub fn trace_tables() -> usize {
    with_session(|session, recorder, _| {
        let stacks = &session.stacks;
        let codes = stacks.codes.iter();
        let texts = codes.map(|code| code.file.len() + code.function.len());
        recorder.ledger().map_or(0, Ledger::used_bytes)
            + announced::used_bytes()
            + size_of_val(&stacks.codes[..])
            + size_of_val(&stacks.nodes[..])
            + texts.sum::<usize>()
    })
    .unwrap_or(0)
}

/// All blocks that live, their stacks cut to `limit` calls, without those of stacks that pass through a
/// file whose name begins with `own`. The GIL must be held.
#[must_use]
pub fn traces(limit: usize, own: &str) -> Traces {
    with_session(|session, recorder, gil| {
        session.take_stacks(recorder, gil);
        let mut live = live(recorder);
        // Those without a stack come last.
        live.sort_unstable_by_key(|alike| (alike.stack.0 == 0, alike.stack.0, alike.born));
        Cutter::new(&session.stacks, limit).cut(&live, own)
    })
    .unwrap_or_default()
}

/// The block that starts at `address`, its stack cut to `limit` calls. The GIL must be held.
#[must_use]
pub fn trace_at(address: usize, limit: usize) -> Option<Traced> {
    with_session(|session, recorder, gil| {
        let LiveAlike { stack, size, .. } = recorder.ledger()?.block_at(address)?;
        session.take_stacks(recorder, gil);
        let mut cutter = Cutter::new(&session.stacks, limit);
        let traceback = cutter.traceback(stack);
        let frames = traceback.frames.iter();
        let named = frames.map(|&(file, line)| (cutter.files[file as usize].clone(), line));
        Some(Traced {
            size,
            frames: named.collect(),
            depth: traceback.depth,
        })
    })?
}

/// Goes on in a forked child, with the blocks of its parent. The GIL must be held.
pub fn follow_child() {
    if let Some(recorder) = recorder::installed() {
        recorder.after_fork();
    }
    with_session(|_, _, _| fork::adopt());
}

/// Runs `work` while nothing that this thread allocates is followed.
pub fn unobserved<T>(work: impl FnOnce() -> T) -> T {
    unfreed_cpython::hooks::unobserved(work)
}

/// What lives, the domain in the place of the epoch.
fn live(recorder: &Recorder) -> Vec<LiveAlike> {
    let mut live = recorder.ledger().map_or(Vec::new(), Ledger::live_alike);
    for alike in &mut live {
        alike.born = PYTHONS;
    }
    live.extend(announced::live_alike());
    live
}

/// `None` without traces, or without the GIL.
fn with_session<T>(work: impl FnOnce(&mut Session, &'static Recorder, &Gil) -> T) -> Option<T> {
    let gil = Gil::held(Runtime::detect().ok()?)?;
    let recorder = recorder::installed()?;
    let mut session = session();
    session
        .is_tracing
        .then(|| work(&mut session, recorder, &gil))
}

/// Makes tracebacks of stacks.
struct Cutter<'a> {
    stacks: &'a Stacks,
    limit: usize,
    files: Vec<String>,
    known_files: HashMap<&'a str, u32, FixedState>,
}

impl<'a> Cutter<'a> {
    fn new(stacks: &'a Stacks, limit: usize) -> Self {
        Cutter {
            stacks,
            limit,
            files: Vec::new(),
            known_files: HashMap::default(),
        }
    }

    fn cut(mut self, live: &[LiveAlike], own: &str) -> Traces {
        let hidden = self.hidden(own);
        let mut tracebacks: Vec<(Traceback, u64, u64)> = Vec::new();
        let mut known: HashMap<Traceback, u32, FixedState> = HashMap::default();
        let mut counts: HashMap<(u32, u64), u64, FixedState> = HashMap::default();
        let mut last = None;
        for alike in live {
            let place = (alike.stack, alike.born);
            if hidden.get(place.0.0 as usize) == Some(&true) {
                continue;
            }
            let number = match last {
                Some((known_place, number)) if known_place == place => number,
                _ => {
                    let mut traceback = self.traceback(alike.stack);
                    traceback.domain = alike.born.0;
                    *known.entry(traceback).or_insert_with_key(|made| {
                        tracebacks.push((made.clone(), 0, 0));
                        tracebacks.len() as u32 - 1
                    })
                }
            };
            last = Some((place, number));
            let (_, bytes, blocks) = &mut tracebacks[number as usize];
            *bytes += alike.size * alike.blocks;
            *blocks += alike.blocks;
            *counts.entry((number, alike.size)).or_default() += alike.blocks;
        }
        let mut alike: Vec<_> = counts
            .into_iter()
            .map(|((traceback, size), blocks)| Alike {
                traceback,
                size,
                blocks,
            })
            .collect();
        alike.sort_unstable_by_key(|alike| (alike.traceback, alike.size));
        Traces {
            files: self.files,
            tracebacks,
            alike,
        }
    }

    /// By number of a stack: whether it passes through a file whose name begins with `own`.
    fn hidden(&self, own: &str) -> Vec<bool> {
        let codes = self.stacks.codes.iter();
        let is_own: HashMap<u32, bool, FixedState> = codes
            .map(|code| (code.id.0, code.file.starts_with(own)))
            .collect();
        let mut hidden = vec![false; self.stacks.nodes.len() + 1];
        for node in &self.stacks.nodes {
            let through = hidden.get(node.parent.0 as usize) == Some(&true)
                || is_own.get(&node.code.0) == Some(&true);
            if let Some(slot) = hidden.get_mut(node.id.0 as usize) {
                *slot = through;
            }
        }
        hidden
    }

    fn traceback(&mut self, stack: StackId) -> Traceback {
        let mut made = Traceback::default();
        let mut next = stack;
        while let Some(node) = self.stacks.nodes.get((next.0 as usize).wrapping_sub(1)) {
            if made.frames.len() < self.limit {
                let code = self.stacks.codes.get(node.code.0 as usize);
                let file = self.file(code.map_or(NO_FILE, |code| &code.file));
                made.frames.push((file, node.line));
            }
            made.depth += 1;
            next = node.parent;
        }
        if made.frames.is_empty() {
            made.frames.push((self.file(NO_FILE), 0));
            made.depth = 1;
        }
        made
    }

    fn file(&mut self, name: &'a str) -> u32 {
        let files = &mut self.files;
        *self.known_files.entry(name).or_insert_with(|| {
            files.push(name.to_owned());
            files.len() as u32 - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::CodeId;
    use unfreed_recording::sites::{Code, StackNode};

    fn stacks() -> Stacks {
        let code = |id, file: &str| Code {
            id: CodeId(id),
            file: file.to_owned(),
            function: "f".to_owned(),
            first_line: 1,
        };
        let node = |id, parent, code, line| StackNode {
            id: StackId(id),
            parent: StackId(parent),
            code: CodeId(code),
            line,
        };
        Stacks {
            codes: vec![code(0, "a.py"), code(1, "b.py"), code(2, "/own/x.py")],
            nodes: vec![
                node(1, 0, 0, 5),
                node(2, 1, 1, 7),
                node(3, 1, 2, 9),
                node(4, 3, 1, 8),
                node(5, 0, 1, 3),
                node(6, 5, 1, 7),
            ],
        }
    }

    #[test]
    fn stacks_that_are_cut_to_the_same_frames_are_one() {
        let live = [
            (2, 0, 10, 1),
            (2, 0, 20, 2),
            (4, 0, 99, 1),
            (6, 0, 10, 4),
            (6, 5, 10, 2),
            (0, 0, 1, 1),
        ];
        let live = live.map(|(stack, domain, size, blocks)| LiveAlike {
            stack: StackId(stack),
            born: EpochId(domain),
            size,
            blocks,
        });
        let stacks = stacks();
        let short = Cutter::new(&stacks, 1).cut(&live, "/own/");
        assert_eq!(short.files, ["b.py", NO_FILE]);
        let alike = |traces: &Traces| -> Vec<_> {
            let alike = traces.alike.iter();
            alike
                .map(|one| (one.traceback, one.size, one.blocks))
                .collect()
        };
        let expected = [(0, 10, 5), (0, 20, 2), (1, 10, 2), (2, 1, 1)];
        assert_eq!(alike(&short), expected);
        let figures: Vec<_> = short
            .tracebacks
            .iter()
            .map(|(traceback, bytes, blocks)| (traceback.domain, traceback.depth, *bytes, *blocks))
            .collect();
        assert_eq!(figures, [(0, 2, 90, 7), (5, 2, 20, 2), (0, 1, 1, 1)]);
        let long = Cutter::new(&stacks, 9).cut(&live, "/own/");
        let expected = [(0, 10, 1), (0, 20, 2), (1, 10, 4), (2, 10, 2), (3, 1, 1)];
        assert_eq!(alike(&long), expected);
        assert_eq!(long.tracebacks[0].0.frames, [(0, 7), (1, 5)]);
        assert_eq!(long.tracebacks[1].0.frames, [(0, 7), (0, 3)]);
    }
}
