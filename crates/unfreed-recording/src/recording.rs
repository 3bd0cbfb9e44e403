//! A whole recording at hand, for an analysis: everything decoded but the snapshots, which are big
//! and decoded one at a time. Reads a slice of bytes; whoever opens the file or maps it owns it.

use crate::block::{Block, Kind};
use crate::counters::{Counters, Opened, Processes, Resources, Started};
use crate::error::ReadError;
use crate::ids::{CodeId, StackId};
use crate::packing::SnapshotHeader;
use crate::process::{Child, End, Mark, Note, ProcessInfo, Round};
use crate::reader::{RawFrame, RawFrames};
use crate::sites::{
    Code, Epoch, NativeCode, NativeObject, Peak, SourceLine, StackNode, Uncertainty,
};
use crate::snapshot::Snapshot;
use crate::stacks::{self, Frames, StackTrie};
use std::fmt;

/// Why the end of a file could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub error: ReadError,
    /// Length of the part that is used, bytes.
    pub used_bytes: usize,
    /// Length of the part that is not, bytes.
    pub lost_bytes: usize,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, lost) = (self.used_bytes, self.lost_bytes);
        write!(f, "{} ({used} bytes are used, {lost} are not)", self.error)
    }
}

/// A recording: all of it but the content of its snapshots. Every list is in order of time.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// Who was recorded and how.
    pub process: ProcessInfo,
    /// Figures of the process.
    pub counters: Vec<Counters>,
    /// Open descriptors and threads.
    pub resources: Vec<Resources>,
    /// Code objects by ascending id. Use [`Recording::code`] to find one: a recording may lack some.
    pub codes: Vec<Code>,
    /// Stacks. Use [`Recording::stack`] to walk one.
    pub stacks: StackTrie,
    /// Ends of epochs. Ids need not be dense: old epochs are thinned.
    pub epochs: Vec<Epoch>,
    /// How far their estimates may be off; of some, where blocks are sampled.
    pub uncertainties: Vec<Uncertainty>,
    /// What was live when the most was, where every block is followed.
    pub peak: Option<Peak>,
    /// Notes for the person.
    pub notes: Vec<Note>,
    /// Moments that the program named.
    pub marks: Vec<Mark>,
    /// Classes that the person asked for, as `module.Class`.
    pub watched: Vec<String>,
    /// Child processes with recordings of their own.
    pub children: Vec<Child>,
    /// Which child processes ran, oldest first.
    pub processes: Vec<Processes>,
    /// Where the descriptors that were open were opened, oldest first.
    pub opened: Vec<Opened>,
    /// Where calls opened what stays open, oldest first.
    pub started: Vec<Started>,
    /// Rounds of calls, in recordings of `unfreed check`.
    pub rounds: Vec<Round>,
    /// Texts of source lines by code object and line. Use [`Recording::source`] to find one.
    pub sources: Vec<SourceLine>,
    /// Executables and libraries whose functions occur in stacks.
    pub native_objects: Vec<NativeObject>,
    /// Calls in C code, by code. Use [`Recording::native`] to find one.
    pub natives: Vec<NativeCode>,
    /// The orderly end, if there was one.
    pub end: Option<End>,
    /// Blocks that a later minor version added and that were skipped, a count.
    pub skipped: usize,
    /// Why the rest of the file is not used, if something is wrong with it.
    pub damage: Option<Damage>,
    snapshots: Vec<RawFrame<'a>>,
}

impl<'a> Recording<'a> {
    /// Reads a recording. A file that is cut or damaged is read up to there; [`Recording::damage`]
    /// then says so.
    ///
    /// # Errors
    /// When it is not a recording that this version reads, or nothing in it says of which process.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let mut parts = Parts::default();
        for frame in RawFrames::new(bytes)? {
            if let Err(error) = frame.and_then(|frame| parts.take(frame)) {
                let used_bytes = parts.used_bytes.max(crate::FILE_HEADER_LEN);
                let lost_bytes = bytes.len() - used_bytes;
                parts.damage = Some(Damage {
                    error,
                    used_bytes,
                    lost_bytes,
                });
                break;
            }
        }
        parts.into_recording()
    }

    /// How many snapshots there are.
    #[must_use]
    pub fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    /// Decodes a snapshot, counted from 0 in order of time. Takes some 50 bytes of memory an
    /// object, so hold one at a time.
    ///
    /// # Errors
    /// When there is no such snapshot, or it breaks a rule of the format. Others stay usable.
    pub fn snapshot(&self, index: usize) -> Result<Snapshot, ReadError> {
        match self.frame(index)?.decode()? {
            Some(Block::Snapshot(snapshot)) => Ok(snapshot),
            _ => Err(ReadError::NoSuchSnapshot {
                index,
                count: self.snapshots.len(),
            }),
        }
    }

    /// The head of a snapshot: when, how long it took, how many objects. Costs microseconds.
    ///
    /// # Errors
    /// When there is no such snapshot, or its head does not decode.
    pub fn snapshot_header(&self, index: usize) -> Result<SnapshotHeader, ReadError> {
        self.frame(index)?.snapshot_header()
    }

    /// Bytes that a snapshot takes in the file.
    ///
    /// # Errors
    /// When there is no such snapshot.
    pub fn snapshot_stored_len(&self, index: usize) -> Result<usize, ReadError> {
        Ok(self.frame(index)?.entry().stored_len)
    }

    fn frame(&self, index: usize) -> Result<&RawFrame<'a>, ReadError> {
        let count = self.snapshots.len();
        self.snapshots
            .get(index)
            .ok_or(ReadError::NoSuchSnapshot { index, count })
    }

    /// The frames of a stack with their running lines, innermost first. Empty for an unknown stack;
    /// ends early where the recording lacks a part of it.
    #[must_use]
    pub fn stack(&self, id: StackId) -> Frames<'_> {
        Frames::new(&self.stacks, &self.codes, id)
    }

    /// The text of a line of a code object; empty when the recording lacks it.
    #[must_use]
    pub fn source(&self, code: CodeId, line: u32) -> &str {
        let wanted = (code, line);
        let found = self
            .sources
            .binary_search_by_key(&wanted, |each| (each.code, each.line));
        found.map_or("", |index| self.sources[index].text.as_str())
    }

    /// The call in C code that a code stands for; `None` for Python's.
    #[must_use]
    pub fn native(&self, code: CodeId) -> Option<&NativeCode> {
        let found = self.natives.binary_search_by_key(&code, |each| each.code);
        found.ok().map(|index| &self.natives[index])
    }

    /// A code object by its id.
    #[must_use]
    pub fn code(&self, id: CodeId) -> Option<&Code> {
        stacks::code(&self.codes, id)
    }
}

/// A recording while it is read.
#[derive(Default)]
struct Parts<'a> {
    process: Option<ProcessInfo>,
    counters: Vec<Counters>,
    resources: Vec<Resources>,
    codes: Vec<Code>,
    nodes: Vec<StackNode>,
    epochs: Vec<Epoch>,
    uncertainties: Vec<Uncertainty>,
    peak: Option<Peak>,
    notes: Vec<Note>,
    marks: Vec<Mark>,
    watched: Vec<String>,
    children: Vec<Child>,
    processes: Vec<Processes>,
    opened: Vec<Opened>,
    started: Vec<Started>,
    rounds: Vec<Round>,
    sources: Vec<SourceLine>,
    native_objects: Vec<NativeObject>,
    natives: Vec<NativeCode>,
    end: Option<End>,
    skipped: usize,
    snapshots: Vec<RawFrame<'a>>,
    used_bytes: usize,
    damage: Option<Damage>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, frame: RawFrame<'a>) -> Result<(), ReadError> {
        let entry = frame.entry();
        if entry.kind == Kind::Snapshot && frame.is_known() {
            self.snapshots.push(frame);
        } else {
            match frame.decode()? {
                Some(block) => self.add(block),
                None => self.skipped += 1,
            }
        }
        self.used_bytes = entry.range().end;
        Ok(())
    }

    fn add(&mut self, block: Block) {
        match block {
            // The first counts: nothing may overwrite who was recorded.
            Block::Process(process) => {
                self.process.get_or_insert(process);
            }
            Block::Counters(counters) => self.counters.push(counters),
            Block::Resources(resources) => self.resources.push(resources),
            Block::Stacks(stacks) => {
                self.codes.extend(stacks.codes);
                self.nodes.extend(stacks.nodes);
            }
            Block::Epoch(epoch) => self.epochs.push(epoch),
            Block::Uncertainty(uncertainty) => self.uncertainties.push(uncertainty),
            Block::Peak(peak) => self.peak = Some(peak),
            Block::Note(note) => self.notes.push(note),
            Block::Mark(mark) => self.marks.push(mark),
            Block::Watched(watched) => self.watched.extend(watched.classes),
            Block::Child(child) => self.children.push(child),
            Block::Processes(processes) => self.processes.push(processes),
            Block::Opened(opened) => self.opened.push(opened),
            Block::Started(started) => self.started.push(started),
            Block::Round(round) => self.rounds.push(round),
            Block::Sources(sources) => self.sources.extend(sources.lines),
            Block::Natives(natives) => {
                self.native_objects.extend(natives.objects);
                self.natives.extend(natives.codes);
            }
            Block::End(end) => self.end = Some(end),
            Block::Snapshot(_) => {}
        }
    }

    /// Sorts what must be sorted. The sorts are stable and cost nothing on a file in order.
    fn into_recording(mut self) -> Result<Recording<'a>, ReadError> {
        let process = self.process.ok_or(ReadError::NoProcess)?;
        self.counters.sort_by_key(|counters| counters.at);
        self.resources.sort_by_key(|resources| resources.at);
        self.epochs.sort_by_key(|epoch| epoch.at);
        self.uncertainties.sort_by_key(|one| one.at);
        self.notes.sort_by_key(|note| note.at);
        self.marks.sort_by_key(|mark| mark.at);
        self.children.sort_by_key(|child| child.at);
        self.processes.sort_by_key(|taken| taken.at);
        self.opened.sort_by_key(|taken| taken.at);
        self.started.sort_by_key(|taken| taken.at);
        self.rounds.sort_by_key(|round| round.at);
        self.sources.sort_by_key(|line| (line.code, line.line));
        self.natives.sort_by_key(|native| native.code);
        self.codes.sort_by_key(|code| code.id);
        self.codes.dedup_by_key(|code| code.id);
        Ok(Recording {
            process,
            counters: self.counters,
            resources: self.resources,
            codes: self.codes,
            stacks: StackTrie::new(self.nodes),
            epochs: self.epochs,
            uncertainties: self.uncertainties,
            peak: self.peak,
            notes: self.notes,
            marks: self.marks,
            watched: self.watched,
            children: self.children,
            processes: self.processes,
            opened: self.opened,
            started: self.started,
            rounds: self.rounds,
            sources: self.sources,
            native_objects: self.native_objects,
            natives: self.natives,
            end: self.end,
            skipped: self.skipped,
            damage: self.damage,
            snapshots: self.snapshots,
        })
    }
}
