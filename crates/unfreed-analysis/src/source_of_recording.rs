//! A recording as a source of evidence.

use crate::findings::Frame;
use crate::source::EvidenceSource;
use std::collections::BTreeMap;
use unfreed_recording::Recording;
use unfreed_recording::counters::{Counters, Opened, Processes, Resources, Started};
use unfreed_recording::ids::{CodeId, EpochId, RunTime, StackId};
use unfreed_recording::process::{Child, Mark, Note, ProcessInfo, Round};
use unfreed_recording::sites::{Code, Epoch, Peak, Uncertainty};
use unfreed_recording::snapshot::Snapshot;

/// What a call in C code is called, found outside the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NativeName {
    /// The function.
    pub function: String,
    /// Its source file; empty when unknown.
    pub file: String,
    /// The line in it; 0 when unknown.
    pub line: u32,
}

/// A recording, with names of calls in C code that it has none for.
#[derive(Debug)]
pub struct Recorded<'r> {
    recording: &'r Recording<'r>,
    names: BTreeMap<CodeId, NativeName>,
}

impl<'r> Recorded<'r> {
    /// The recording with `names` by the code that stands for the call.
    #[must_use]
    pub fn new(recording: &'r Recording<'r>, names: BTreeMap<CodeId, NativeName>) -> Self {
        Self { recording, names }
    }

    /// A call in C code. Its file is the source file where that is known, else the library.
    fn native(&self, code: &Code) -> Frame {
        let name = self.names.get(&code.id);
        let known = name
            .map(|name| name.file.as_str())
            .filter(|file| !file.is_empty());
        Frame {
            file: known.unwrap_or(&code.file).to_owned(),
            line: name.map_or(0, |name| name.line),
            function: name.map_or(&code.function, |name| &name.function).clone(),
            library: code.file.clone(),
            ..Frame::default()
        }
    }

    fn python(&self, code: &Code, line: u32) -> Frame {
        Frame {
            file: code.file.clone(),
            line: if line == 0 { code.first_line } else { line },
            function: code.function.clone(),
            source: self.recording.source(code.id, line).to_owned(),
            library: String::new(),
        }
    }
}

impl EvidenceSource for Recorded<'_> {
    fn process(&self) -> &ProcessInfo {
        &self.recording.process
    }

    fn end(&self) -> Option<RunTime> {
        self.recording.end.map(|end| end.at)
    }

    fn counters(&self) -> &[Counters] {
        &self.recording.counters
    }

    fn resources(&self) -> &[Resources] {
        &self.recording.resources
    }

    fn processes(&self) -> &[Processes] {
        &self.recording.processes
    }

    fn opened(&self) -> &[Opened] {
        &self.recording.opened
    }

    fn started(&self) -> &[Started] {
        &self.recording.started
    }

    fn epochs(&self) -> &[Epoch] {
        &self.recording.epochs
    }

    fn uncertainty(&self, epoch: EpochId) -> Option<&Uncertainty> {
        let mut all = self.recording.uncertainties.iter();
        all.find(|one| one.epoch == epoch)
    }

    fn peak(&self) -> Option<&Peak> {
        self.recording.peak.as_ref()
    }

    fn frames(&self, stack: StackId) -> Vec<Frame> {
        self.recording
            .stack(stack)
            .map(|(code, line)| match self.recording.native(code.id) {
                Some(_) => self.native(code),
                None => self.python(code, line),
            })
            .collect()
    }

    fn notes(&self) -> &[Note] {
        &self.recording.notes
    }

    fn marks(&self) -> &[Mark] {
        &self.recording.marks
    }

    fn watched(&self) -> &[String] {
        &self.recording.watched
    }

    fn children(&self) -> &[Child] {
        &self.recording.children
    }

    fn rounds(&self) -> &[Round] {
        &self.recording.rounds
    }

    fn snapshot_count(&self) -> usize {
        self.recording.snapshot_count()
    }

    fn snapshot(&self, index: usize) -> Result<Snapshot, String> {
        let snapshot = self.recording.snapshot(index);
        snapshot.map_err(|error| error.to_string())
    }

    fn snapshot_time(&self, index: usize) -> Option<RunTime> {
        let header = self.recording.snapshot_header(index);
        header.ok().map(|header| header.at)
    }
}
