//! What the analysis asks of a recording. A trait, so that a test can feed a heap made by hand and
//! a recording decodes one snapshot at a time.

use crate::findings::Frame;
use crate::wording::Pace;
use unfreed_recording::counters::{Counters, Opened, Processes, Resources, Started};
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::process::{Child, Mark, Note, ProcessInfo, Round};
use unfreed_recording::sites::{Epoch, Peak, Uncertainty};
use unfreed_recording::snapshot::Snapshot;

/// The evidence of one recorded process.
pub trait EvidenceSource {
    /// Who was recorded.
    fn process(&self) -> &ProcessInfo;
    /// When the recording ended, if it ended in order.
    fn end(&self) -> Option<RunTime>;
    /// Readings of the whole process, oldest first.
    fn counters(&self) -> &[Counters];
    /// What descriptors and threads were open, oldest first.
    fn resources(&self) -> &[Resources];
    /// What child processes ran, oldest first.
    fn processes(&self) -> &[Processes];
    /// Where descriptors were opened, oldest first.
    fn opened(&self) -> &[Opened];
    /// Where calls opened what stays open.
    fn started(&self) -> &[Started];
    /// Allocation sites at the end of each epoch, oldest first.
    fn epochs(&self) -> &[Epoch];
    /// How far the estimates of an epoch may be off, where that is known.
    fn uncertainty(&self, _: EpochId) -> Option<&Uncertainty> {
        None
    }
    /// What was live when the most was, where every block was followed and the recording tells.
    fn peak(&self) -> Option<&Peak> {
        None
    }
    /// The frames of a stack, innermost first; empty when it is not known.
    fn frames(&self, stack: StackId) -> Vec<Frame>;
    /// What the collector has to say.
    fn notes(&self) -> &[Note];
    /// Moments that the program named, oldest first.
    fn marks(&self) -> &[Mark];
    /// Classes that the person asked for, as `module.Class`.
    fn watched(&self) -> &[String];
    /// Forked children that have recordings of their own.
    fn children(&self) -> &[Child];
    /// Rounds of calls, oldest first; none in a recording by the clock.
    fn rounds(&self) -> &[Round];
    /// What the times of this source count.
    fn pace(&self) -> Pace {
        Pace::Time
    }
    /// Seconds that were recorded, where the times of this source do not tell.
    fn seconds(&self) -> Option<f64> {
        None
    }
    /// How many snapshots there are.
    fn snapshot_count(&self) -> usize;
    /// One snapshot, oldest is 0. It is asked for once or twice and dropped between.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    fn snapshot(&self, index: usize) -> Result<Snapshot, String>;
    /// When a snapshot was taken, where that is known without decoding it.
    fn snapshot_time(&self, index: usize) -> Option<RunTime>;
}
