//! A recording as a source of evidence.

use crate::findings::Frame;
use crate::source::EvidenceSource;
use unfreed_recording::Recording;
use unfreed_recording::counters::{Counters, Resources};
use unfreed_recording::ids::{RunTime, StackId};
use unfreed_recording::process::{Child, Note, ProcessInfo, Round};
use unfreed_recording::sites::Epoch;
use unfreed_recording::snapshot::Snapshot;

impl EvidenceSource for Recording<'_> {
    fn process(&self) -> &ProcessInfo {
        &self.process
    }

    fn end(&self) -> Option<RunTime> {
        self.end.map(|end| end.at)
    }

    fn counters(&self) -> &[Counters] {
        &self.counters
    }

    fn resources(&self) -> &[Resources] {
        &self.resources
    }

    fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    fn frames(&self, stack: StackId) -> Vec<Frame> {
        self.stack(stack)
            .map(|(code, line)| Frame {
                file: code.file.clone(),
                line: if line == 0 { code.first_line } else { line },
                function: code.function.clone(),
                source: self.source(code.id, line).to_owned(),
            })
            .collect()
    }

    fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn children(&self) -> &[Child] {
        &self.children
    }

    fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    fn snapshot_count(&self) -> usize {
        Recording::snapshot_count(self)
    }

    fn snapshot(&self, index: usize) -> Result<Snapshot, String> {
        Recording::snapshot(self, index).map_err(|error| error.to_string())
    }

    fn snapshot_time(&self, index: usize) -> Option<RunTime> {
        self.snapshot_header(index).ok().map(|header| header.at)
    }
}
