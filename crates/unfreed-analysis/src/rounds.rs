//! A recording by rounds of calls, with calls in the place of seconds: rates are then rates a call, and
//! every judge of growth over time judges growth over calls.

use crate::findings::Frame;
use crate::garbage::{Cycles, Garbage};
use crate::seeded::Map;
use crate::source::EvidenceSource;
use crate::wording::Pace;
use unfreed_recording::counters::{Counters, Opened, Processes, Resources, Started};
use unfreed_recording::ids::{RunTime, StackId};
use unfreed_recording::process::{Child, Mark, Note, ProcessInfo, Round};
use unfreed_recording::sites::Epoch;
use unfreed_recording::snapshot::Snapshot;

/// Nanoseconds that one call counts as.
const CALL: u64 = 1_000_000_000;

/// The modules that call functions round by round.
const RUNNERS: [&str; 3] = [
    "/unfreed/_check.py",
    "/unfreed/_event_loop.py",
    "/unfreed/_recorded.py",
];

/// The evidence of a recording by rounds, by calls.
pub struct ByCalls<'a> {
    inner: &'a dyn EvidenceSource,
    rounds: Vec<Round>,
    counters: Vec<Counters>,
    resources: Vec<Resources>,
    processes: Vec<Processes>,
    opened: Vec<Opened>,
    epochs: Vec<Epoch>,
    /// Positions of the snapshots that end a round.
    snapshots: Vec<usize>,
}

impl<'a> ByCalls<'a> {
    /// Leaves out what was read between rounds.
    #[must_use]
    pub fn new(inner: &'a dyn EvidenceSource) -> Self {
        let rounds = inner.rounds().to_vec();
        let called = |at: RunTime| calls_at(&rounds, at);
        let counters = inner.counters().iter().filter_map(|reading| {
            let at = called(reading.at)?;
            Some(Counters {
                at,
                ..reading.clone()
            })
        });
        let resources = inner.resources().iter().filter_map(|taken| {
            let at = called(taken.at)?;
            Some(Resources {
                at,
                ..taken.clone()
            })
        });
        let processes = inner.processes().iter().filter_map(|taken| {
            let at = called(taken.at)?;
            Some(Processes {
                at,
                ..taken.clone()
            })
        });
        let processes = processes.collect();
        let opened = inner.opened().iter().filter_map(|taken| {
            let at = called(taken.at)?;
            Some(Opened {
                at,
                ..taken.clone()
            })
        });
        let opened = opened.collect();
        let epochs = inner.epochs().iter().filter_map(|epoch| {
            let at = called(epoch.at)?;
            Some(Epoch {
                at,
                ..epoch.clone()
            })
        });
        let (counters, resources, epochs) =
            (counters.collect(), resources.collect(), epochs.collect());
        let snapshots = (0..inner.snapshot_count())
            .filter(|&index| inner.snapshot_time(index).and_then(called).is_some())
            .collect();
        Self {
            inner,
            counters,
            resources,
            processes,
            opened,
            epochs,
            snapshots,
            rounds,
        }
    }
}

fn calls_at(rounds: &[Round], at: RunTime) -> Option<RunTime> {
    let index = rounds.binary_search_by_key(&at, |round| round.at).ok()?;
    Some(RunTime(rounds[index].calls.saturating_mul(CALL)))
}

impl EvidenceSource for ByCalls<'_> {
    fn process(&self) -> &ProcessInfo {
        self.inner.process()
    }

    /// A call after the last round: no round is the one in which the program ends.
    fn end(&self) -> Option<RunTime> {
        self.inner.end()?;
        let last = self.rounds.last()?;
        Some(RunTime(last.calls.saturating_add(1).saturating_mul(CALL)))
    }

    fn counters(&self) -> &[Counters] {
        &self.counters
    }

    fn resources(&self) -> &[Resources] {
        &self.resources
    }

    fn processes(&self) -> &[Processes] {
        &self.processes
    }

    fn opened(&self) -> &[Opened] {
        &self.opened
    }

    fn started(&self) -> &[Started] {
        self.inner.started()
    }

    fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// Without the frames of the runner, which called the function.
    fn frames(&self, stack: StackId) -> Vec<Frame> {
        let mut frames = self.inner.frames(stack);
        let is_runner = |frame: &Frame| RUNNERS.iter().any(|file| frame.file.ends_with(file));
        let runner = frames.iter().position(is_runner);
        frames.truncate(runner.unwrap_or(frames.len()));
        frames
    }

    fn notes(&self) -> &[Note] {
        self.inner.notes()
    }

    fn marks(&self) -> &[Mark] {
        // Their times are no calls.
        &[]
    }

    fn watched(&self) -> &[String] {
        self.inner.watched()
    }

    fn children(&self) -> &[Child] {
        self.inner.children()
    }

    fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    fn pace(&self) -> Pace {
        Pace::Calls
    }

    fn seconds(&self) -> Option<f64> {
        let last = self.rounds.last().map(|round| round.at);
        self.inner.end().or(last).map(RunTime::seconds)
    }

    fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    fn snapshot(&self, index: usize) -> Result<Snapshot, String> {
        let position = self
            .snapshots
            .get(index)
            .ok_or("there is no such snapshot")?;
        let mut snapshot = self.inner.snapshot(*position)?;
        snapshot.at = calls_at(&self.rounds, snapshot.at).unwrap_or_default();
        Ok(snapshot)
    }

    fn snapshot_time(&self, index: usize) -> Option<RunTime> {
        let at = self.inner.snapshot_time(*self.snapshots.get(index)?)?;
        calls_at(&self.rounds, at)
    }
}

/// The collector runs after each round, so what waits in one is that round's: summed up, it is what
/// would wait without the collector. What it does not see is still there.
pub fn accumulate<'g>(rounds: impl Iterator<Item = &'g mut Garbage>) {
    let mut sums: Map<Vec<String>, Cycles> = Map::default();
    for garbage in rounds {
        for kind in garbage
            .kinds
            .iter_mut()
            .filter(|kind| kind.unseen.is_none())
        {
            let sum = sums.entry(kind.types.clone()).or_default();
            sum.count += kind.count;
            sum.objects += kind.objects;
            sum.bytes = sum.bytes.saturating_add(kind.bytes);
            (kind.count, kind.objects, kind.bytes) = (sum.count, sum.objects, sum.bytes);
        }
    }
}
