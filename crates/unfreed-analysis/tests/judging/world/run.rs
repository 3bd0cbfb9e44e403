//! A recorded run of a world.

use super::heap::World;
use std::collections::BTreeMap;
use unfreed_analysis::analyse;
use unfreed_analysis::findings::{Frame, Report};
use unfreed_analysis::source::EvidenceSource;
use unfreed_recording::counters::{Counters, Opened, Processes, Resources, Started};
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::process::{Child, Mark, Note, ProcessInfo, Round};
use unfreed_recording::sites::{Epoch, Peak, Uncertainty};
use unfreed_recording::snapshot::Snapshot;

/// What was recorded.
#[derive(Clone, Debug)]
pub struct Run {
    pub process: ProcessInfo,
    pub counters: Vec<Counters>,
    pub resources: Vec<Resources>,
    pub opened: Vec<Opened>,
    pub started: Vec<Started>,
    pub epochs: Vec<Epoch>,
    pub uncertainties: Vec<Uncertainty>,
    pub peak: Option<Peak>,
    pub snapshots: Vec<Result<Snapshot, String>>,
    pub stacks: BTreeMap<u32, Vec<Frame>>,
    pub rounds: Vec<Round>,
    pub end: Option<RunTime>,
}

impl Default for Run {
    fn default() -> Self {
        Run {
            process: ProcessInfo {
                python_version: "3.12.1".into(),
                argv: vec!["/srv/app.py".into()],
                stdlib_paths: vec!["/usr/lib/python3.12".into()],
                site_paths: vec!["/usr/lib/python3.12/site-packages".into()],
                ..ProcessInfo::default()
            },
            counters: Vec::new(),
            resources: Vec::new(),
            opened: Vec::new(),
            started: Vec::new(),
            epochs: Vec::new(),
            uncertainties: Vec::new(),
            peak: None,
            snapshots: Vec::new(),
            stacks: BTreeMap::new(),
            rounds: Vec::new(),
            end: None,
        }
    }
}

impl Run {
    /// Reads the counters of a world whose allocators hold its objects and `native` bytes.
    pub fn read(&mut self, world: &mut World, seconds: f64, native: u64) -> &mut Counters {
        world.free();
        let used = world.bytes_alive();
        let large = world.large_bytes_alive();
        self.end = Some(RunTime((seconds * 1e9) as u64));
        self.counters.push(Counters {
            at: RunTime((seconds * 1e9) as u64),
            rss: (30 << 20) + used + native,
            pymalloc_held: Some(1 + used - large),
            pymalloc_used: Some(used - large),
            malloc_used: Some(native + large),
            malloc_free: Some(0),
            gc_enabled: Some(true),
            gc_collections: vec![seconds as u64 * 10, seconds as u64, seconds as u64 / 4],
            threads: 1,
            ..Counters::default()
        });
        self.counters.last_mut().unwrap()
    }

    pub fn take(&mut self, world: &mut World, seconds: f64) {
        self.snapshots.push(Ok(world.snapshot(seconds)));
        world.epoch += 1;
    }

    pub fn stack(&mut self, id: u32, frames: &[(&str, u32, &str)]) -> StackId {
        let frames = frames.iter().map(|(file, line, function)| Frame {
            file: (*file).to_owned(),
            line: *line,
            function: (*function).to_owned(),
            ..Frame::default()
        });
        self.stacks.insert(id, frames.collect());
        StackId(id)
    }

    pub fn report(&self) -> Report {
        analyse(self)
    }
}

/// A run of so many seconds with a reading and a snapshot at the end of each.
pub fn every_second(
    seconds: u32,
    mut world: World,
    mut second: impl FnMut(&mut World, u32),
) -> Report {
    let mut run = Run::default();
    for now in 1..=seconds {
        second(&mut world, now);
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    run.report()
}

impl EvidenceSource for Run {
    fn process(&self) -> &ProcessInfo {
        &self.process
    }

    fn end(&self) -> Option<RunTime> {
        self.end
    }

    fn counters(&self) -> &[Counters] {
        &self.counters
    }

    fn resources(&self) -> &[Resources] {
        &self.resources
    }

    fn opened(&self) -> &[Opened] {
        &self.opened
    }

    fn processes(&self) -> &[Processes] {
        &[]
    }

    fn started(&self) -> &[Started] {
        &self.started
    }

    fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    fn uncertainty(&self, epoch: EpochId) -> Option<&Uncertainty> {
        self.uncertainties.iter().find(|one| one.epoch == epoch)
    }

    fn peak(&self) -> Option<&Peak> {
        self.peak.as_ref()
    }

    fn frames(&self, stack: StackId) -> Vec<Frame> {
        self.stacks.get(&stack.0).cloned().unwrap_or_default()
    }

    fn notes(&self) -> &[Note] {
        &[]
    }

    fn marks(&self) -> &[Mark] {
        &[]
    }

    fn watched(&self) -> &[String] {
        &[]
    }

    fn children(&self) -> &[Child] {
        &[]
    }

    fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    fn snapshot(&self, index: usize) -> Result<Snapshot, String> {
        self.snapshots[index].clone()
    }

    fn snapshot_time(&self, index: usize) -> Option<RunTime> {
        self.snapshots[index]
            .as_ref()
            .ok()
            .map(|snapshot| snapshot.at)
    }
}

/// The epoch of a number.
pub fn epoch(id: u32) -> EpochId {
    EpochId(id)
}
