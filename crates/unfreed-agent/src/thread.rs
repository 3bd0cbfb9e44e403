//! The agent's thread: reads counters every second, ends epochs, takes snapshots, writes.

mod look;
mod notes;

use crate::forked::{self, NotForked};
use crate::ledger::Highest;
use crate::live::Block;
use crate::marks;
use crate::natives::NativeNames;
use crate::output::{Failure, Output, Stamp};
use crate::pause::{Pause, Stopped};
use crate::pressure::Pressure;
use crate::recorder::{Recorder, hooks_in_force};
use crate::requests::Requests;
use crate::schedule::Schedule;
use crate::session::session;
use crate::sources::SourceReader;
use crate::stacks::NewStacks;
use crate::{Settings, StartError, children, counters, headroom, resources};
use look::{Awaited, Look};
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use unfreed_cpython::Runtime;
use unfreed_cpython::gil::{Gil, with_gil};
use unfreed_cpython::walk::{self, Owned, Tracked, WalkError};
use unfreed_recording::counters::{Started, StartedAt};
use unfreed_recording::ids::{EpochId, RunTime};
use unfreed_recording::process::{End, Mark, Round, Watched};
use unfreed_recording::sites::{Epoch, Peak, Site, SiteDeviation, Uncertainty};
use unfreed_sys::reserve;
use unfreed_sys::signals;

/// Name of the thread, as the operating system shows it.
pub(crate) const NAME: &str = "unfreed";
const TICK: Duration = Duration::from_secs(1);
/// How often it is asked whether memory runs out, which takes ten microseconds.
const GLANCE: Duration = Duration::from_millis(100);
/// How long a forked child must live for a recording of its own, unless that is made at once.
const MOMENT: Duration = Duration::from_millis(200);

/// Tells the thread to end.
#[derive(Debug, Default)]
pub(crate) struct Control {
    stop: Mutex<bool>,
    wake: Condvar,
}

impl Control {
    pub(crate) fn stop(&self) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Waits for `time` or the end; `true` for the end.
    fn wait(&self, time: Duration) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.wake.wait_timeout_while(stop, time, |stop| !*stop);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The collector's state outside the hooks; owned by whichever thread runs it.
pub(crate) struct Agent {
    runtime: &'static Runtime,
    recorder: &'static Recorder,
    output: Output,
    schedule: Schedule,
    started: Instant,
    epoch: EpochId,
    last_tick: Duration,
    samples_before: [u64; 2],
    lost_before: u64,
    hooks_lost: bool,
    skipped_for_memory: bool,
    pressure: Pressure,
    /// Whether the next look is taken whatever the schedule says.
    is_urgent: bool,
    requests: Requests,
    /// Whether copies of the process look at the heap.
    forks: bool,
    /// The one that does.
    forked: Option<Awaited>,
    /// Why the last one was not made.
    not_forked: Option<NotForked>,
    is_known_not_to_fork: bool,
    sources: SourceReader,
    natives: NativeNames,
    /// Folders of code whose lines are not kept: a report shows the person's own.
    unwanted_sources: Vec<String>,
    /// By rounds, blocks are judged one by one, and sizes are those of the objects.
    owned: Owned,
    /// When the last look was, in a recording by rounds.
    looked_at: RunTime,
}

/// Runs the agent on a thread of its own, which receives no signal.
pub(crate) fn spawn(
    agent: Agent,
    control: Arc<Control>,
) -> Result<std::thread::JoinHandle<Agent>, StartError> {
    let builder = std::thread::Builder::new().name(NAME.to_owned());
    signals::with_all_blocked(|| builder.spawn(move || run(agent, &control)))
        .map_err(|_| StartError::Resources("thread"))
}

fn run(mut agent: Agent, control: &Control) -> Agent {
    loop {
        let now = agent.started.elapsed();
        let longest = if agent.output.fd() < 0 { MOMENT } else { TICK };
        let left = agent.schedule.left(now);
        let due = now + left.clamp(Duration::from_millis(1), longest);
        if agent.wait_until(due, control) {
            return agent;
        }
        agent.open_output();
        agent.tick();
    }
}

/// Folders of code whose lines are not kept, Python's own and packages': reports name the person's. All
/// are kept when a function is called round by round: there any line may be the one.
fn unwanted_sources(settings: &Settings) -> Vec<String> {
    if settings.by_rounds {
        return Vec::new();
    }
    let process = &settings.process;
    let folders = process.stdlib_paths.iter().chain(&process.site_paths);
    folders.cloned().collect()
}

/// What an epoch's end collects while the GIL is held.
struct Harvest {
    blocks: Option<u64>,
    frozen: u64,
    /// New stacks.
    stacks: NewStacks,
    sites: Vec<Site>,
    deviations: Vec<SiteDeviation>,
    /// What lived when the most did, if that is new.
    peak: Option<Highest>,
    snapshot: Look,
    pause: Pause,
    hooked: bool,
}

impl Agent {
    pub(crate) fn new(
        runtime: &'static Runtime,
        recorder: &'static Recorder,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let process = &settings.process;
        reserve::keep();
        let failed = |why: std::io::Error| StartError::Output {
            path: settings.recording.display().to_string(),
            why,
        };
        let mut agent = Agent {
            runtime,
            recorder,
            output: Output::new(&settings.recording),
            schedule: Schedule::new(
                Duration::from_nanos(process.epoch_ns),
                process.snapshot_budget_percent,
            ),
            started: Instant::now(),
            epoch: EpochId(0),
            last_tick: Duration::ZERO,
            samples_before: recorder.taken(),
            lost_before: 0,
            hooks_lost: false,
            skipped_for_memory: false,
            pressure: Pressure::new(),
            is_urgent: false,
            requests: Requests::to(&settings.recording),
            forks: settings.forks && !settings.by_rounds,
            forked: None,
            not_forked: None,
            is_known_not_to_fork: false,
            sources: SourceReader::default(),
            natives: NativeNames::default(),
            unwanted_sources: unwanted_sources(settings),
            owned: if settings.by_rounds {
                Owned::Told
            } else {
                Owned::Credited
            },
            looked_at: RunTime::default(),
        };
        if let Some(ledger) = recorder.ledger().filter(|_| !settings.by_rounds) {
            ledger.keep_peak();
        }
        if settings.at_once {
            agent.output.open().map_err(failed)?;
        }
        let written = agent.output.append(process, Stamp::default());
        written.map_err(|why| failed(std::io::Error::other(why.to_string())))?;
        if !settings.watched.is_empty() {
            let classes = settings.watched.clone();
            agent.write(|output| output.append(&Watched { classes }, Stamp::default()));
        }
        agent.read_counters(None, None);
        Ok(agent)
    }

    fn open_output(&mut self) {
        let path = self.output.path().display().to_string();
        self.write(|output| output.open().map_err(|why| Failure::Ended(path, why)));
    }

    fn now(&self) -> RunTime {
        RunTime(self.started.elapsed().as_nanos() as u64)
    }

    /// Waits for a moment or for the end, `true` for the end, and takes meanwhile what a copy sends.
    fn wait_until(&mut self, due: Duration, control: &Control) -> bool {
        loop {
            let left = due.saturating_sub(self.started.elapsed());
            let step = match self.forked {
                Some(_) => left.min(forked::MOMENT),
                None => left.min(GLANCE),
            };
            if control.wait(step) {
                return true;
            }
            if self.pressure.asks_for_a_look() {
                self.is_urgent = true;
                return false;
            }
            if self.forked.is_none() && self.requests.read() {
                return false;
            }
            if let Some(awaited) = &mut self.forked {
                let progress = awaited.from.advance();
                self.write_forked(progress);
            }
            if left == step {
                return false;
            }
        }
    }

    fn tick(&mut self) {
        self.recorder.reach_new_objects();
        self.write_marks();
        self.pressure.read();
        reserve::keep();
        let now = self.started.elapsed();
        let seconds = now.saturating_sub(self.last_tick).as_secs_f64();
        let samples = self.recorder.taken();
        if seconds > 0.5 {
            let new = std::array::from_fn(|index| samples[index] - self.samples_before[index]);
            self.recorder.adapt(new, seconds);
            self.samples_before = samples;
            self.last_tick = now;
        }
        self.make_room();
        if self.schedule.left(now).is_zero() || self.is_urgent || self.requests.is_pending() {
            self.end_epoch(now);
            self.is_urgent = false;
        } else {
            self.read_counters(None, None);
        }
    }

    fn read_counters(&mut self, blocks: Option<u64>, frozen: Option<u64>) {
        let mut counters = counters::read(self.runtime, self.now(), self.output.fd());
        counters.allocated_blocks = blocks;
        counters.gc_frozen = frozen;
        let at = counters.at;
        self.write(|output| output.append(&counters, Stamp { at, epoch: None }));
    }

    fn read_resources(&mut self, at: RunTime) {
        let stamp = Stamp { at, epoch: None };
        let resources = resources::read(at, self.output.fd());
        let processes = children::running(at);
        self.write(|output| output.append(&resources, stamp));
        self.write(|output| output.append(&processes, stamp));
        if self.recorder.sees_natives() {
            let opened = resources::opened(at, self.output.fd());
            self.write(|output| output.append(&opened, stamp));
        }
    }

    /// Writes where calls started what outlives them.
    pub(crate) fn write_started(&mut self, what: String, calls: u64, places: Vec<StartedAt>) {
        let at = self.now();
        let block = Started {
            at,
            what,
            calls,
            places,
        };
        self.write(|output| output.append(&block, Stamp { at, epoch: None }));
    }

    /// Makes room in the tables of stacks before the epoch ends, when it was busy.
    fn make_room(&mut self) {
        if self.recorder.wants_room() {
            let recorder = self.recorder;
            if let Some((mut new, _)) = with_gil(self.runtime, |gil| take_stacks(recorder, gil)) {
                self.write_stacks(&mut new);
            }
        }
    }

    fn write_stacks(&mut self, new: &mut NewStacks) {
        let (codes, natives) = self.natives.describe(&new.natives);
        let stacks = &mut new.stacks;
        stacks.codes.extend(codes);
        if !natives.codes.is_empty() {
            self.write(|output| output.append(&natives, Stamp::default()));
        }
        if !(stacks.codes.is_empty() && stacks.nodes.is_empty()) {
            let stacks = &*stacks;
            self.write(|output| output.append(stacks, Stamp::default()));
            let sources = self.sources.read(stacks, &self.unwanted_sources);
            if !sources.lines.is_empty() {
                self.write(|output| output.append(&sources, Stamp::default()));
            }
        }
    }

    fn end_epoch(&mut self, now: Duration) {
        let at = RunTime(now.as_nanos() as u64);
        let harvest = with_gil(self.runtime, |gil| self.harvest(gil, now));
        let Some(mut harvest) = harvest else { return };
        let ended = self.epoch;
        self.schedule.next_epoch(now);
        self.read_counters(harvest.blocks, Some(harvest.frozen));
        self.write_harvest(&mut harvest, at);
        let looked = matches!(harvest.snapshot, Look::Taken(_) | Look::Forked(_));
        if let Look::Forked(from) = harvest.snapshot {
            let stamp = Stamp {
                at,
                epoch: Some(ended),
            };
            self.forked = Some(Awaited { from, stamp });
        }
        if looked {
            self.schedule.took_snapshot(now, harvest.pause.cpu);
            self.read_resources(at);
        }
        self.write(Output::tidy);
    }

    /// Writes what an epoch's end collected, and begins the next epoch. Without the GIL.
    fn write_harvest(&mut self, harvest: &mut Harvest, at: RunTime) {
        self.write_stacks(&mut harvest.stacks);
        let epoch = Epoch {
            id: self.epoch,
            at,
            sample_bytes: self.recorder.mean(),
            sites: std::mem::take(&mut harvest.sites),
        };
        let stamp = Stamp {
            at,
            epoch: Some(self.epoch),
        };
        self.write(|output| output.append(&epoch, stamp));
        if !harvest.deviations.is_empty() {
            let uncertainty = Uncertainty {
                epoch: self.epoch,
                at,
                sites: std::mem::take(&mut harvest.deviations),
            };
            self.write(|output| output.append(&uncertainty, stamp));
        }
        self.write_peak(harvest.peak.take());
        match &mut harvest.snapshot {
            Look::Taken(snapshot) => {
                snapshot.epoch = self.epoch;
                snapshot.at = at;
                snapshot.pause_ns = harvest.pause.wall.as_nanos() as u64;
                self.write(|output| output.append(&**snapshot, stamp));
                self.requests.answer();
            }
            // A collection was under way: the next epoch's end comes soon.
            Look::Failed(WalkError::Collecting) | Look::None | Look::Forked(_) => {}
            Look::Failed(why) => {
                self.note(&format!("no snapshot: {why}"));
                self.requests.answer();
            }
        }
        self.watch_hooks(harvest.hooked);
        self.note_lost_samples();
        self.epoch = self.next_epoch();
    }

    fn write_peak(&mut self, highest: Option<Highest>) {
        let Some(highest) = highest else { return };
        let since = highest.at.saturating_duration_since(self.started);
        let at = RunTime(since.as_nanos() as u64);
        let peak = Peak {
            at,
            bytes: highest.bytes,
            sites: highest.sites,
        };
        self.write(|output| output.append(&peak, Stamp { at, epoch: None }));
    }

    fn next_epoch(&self) -> EpochId {
        EpochId(self.epoch.0 + 1)
    }

    /// Looks at everything now, whatever it costs, and writes it. For rounds of calls; the GIL is
    /// released while it is written.
    ///
    /// # Errors
    /// Why there is no snapshot.
    pub(crate) fn look(&mut self, gil: &Gil) -> Result<(), String> {
        let runtime = self.runtime;
        self.recorder.reach_new_objects();
        runtime.clear_attribute_cache(gil);
        self.looked_at = self.now();
        let live = self.recorder.live_blocks();
        let stopped = Stopped::now();
        let tracked = Tracked::now(runtime, gil).map_err(|error| error.to_string())?;
        let room = headroom::for_walk(&tracked);
        if room.needed > room.left {
            return Err("too little memory is left for one".to_owned());
        }
        let snapshot = self.walk(gil, tracked, &live);
        let pause = stopped.pause();
        let mut harvest = self.gather(gil, &live, Look::of(snapshot), pause);
        let at = self.looked_at;
        gil.released(runtime, || self.write_harvest(&mut harvest, at));
        match harvest.snapshot {
            Look::Failed(why) => Err(why.to_string()),
            _ => Ok(()),
        }
    }

    /// Reads the counters and ends a round of calls: `calls` so far. See [`crate::end_round`].
    pub(crate) fn end_round(&mut self, gil: &Gil, calls: u64, collector_enabled: bool) {
        let at = self.looked_at;
        let mut counters = counters::read(self.runtime, at, self.output.fd());
        counters.allocated_blocks = self.runtime.allocated_blocks(gil);
        counters.gc_enabled = Some(collector_enabled);
        // There is no thread of ours to leave out.
        counters.threads = counters::own_threads();
        let stamp = Stamp { at, epoch: None };
        self.write(|output| output.append(&counters, stamp));
        self.read_resources(at);
        self.write(|output| output.append(&Round { at, calls }, stamp));
    }

    fn harvest(&mut self, gil: &Gil, now: Duration) -> Harvest {
        let wanted = self.wanted(gil, now);
        // A ledger has figures at hand: its blocks are only listed for a snapshot.
        let live = if wanted.is_some() || !self.recorder.is_exact() {
            self.recorder.live_blocks()
        } else {
            Vec::new()
        };
        let (snapshot, pause) = self.look_now(gil, now, wanted, &live);
        self.gather(gil, &live, snapshot, pause)
    }

    fn gather(&self, gil: &Gil, live: &[Block], snapshot: Look, pause: Pause) -> Harvest {
        let (stacks, stack_count) = take_stacks(self.recorder, gil);
        let sites = self.recorder.sites(stack_count, live);
        let deviations = self.recorder.deviations(stack_count, live);
        let ledger = self.recorder.ledger();
        let peak = ledger.and_then(|ledger| ledger.new_peak(false));
        // While the program stands still: what it allocates from here on is not in the snapshot.
        self.recorder.begin_epoch(self.next_epoch());
        Harvest {
            blocks: self.runtime.allocated_blocks(gil),
            frozen: walk::frozen_objects(self.runtime, gil),
            sites,
            deviations,
            peak,
            stacks,
            snapshot,
            pause,
            hooked: hooks_in_force(self.runtime, gil),
        }
    }

    fn write_marks(&mut self) {
        for mark in marks::take() {
            let at = mark.at.saturating_duration_since(self.started);
            let at = RunTime(at.as_nanos() as u64);
            let mark = Mark {
                at,
                name: mark.name,
            };
            self.write(|output| output.append(&mark, Stamp { at, epoch: None }));
        }
    }

    /// Ends the first epoch, if the program is over before it is: the only look at a short program.
    pub(crate) fn end_first_epoch(&mut self, gil: &Gil) {
        if self.epoch == EpochId(0) {
            let now = self.started.elapsed();
            let at = RunTime(now.as_nanos() as u64);
            self.open_output();
            let mut harvest = self.harvest(gil, now);
            gil.released(self.runtime, || self.write_harvest(&mut harvest, at));
        }
    }

    /// Writes what lived when the most did, where that came after the last epoch: while the program's last blocks live.
    pub(crate) fn end_peak(&mut self, gil: &Gil) {
        let ledger = self.recorder.ledger();
        if let Some(peak) = ledger.and_then(|ledger| ledger.new_peak(true)) {
            let (mut stacks, _) = self.recorder.drain_stacks(gil);
            gil.released(self.runtime, || {
                self.open_output();
                self.write_stacks(&mut stacks);
                self.write_peak(Some(peak));
            });
        }
    }

    /// Writes the last reading and the end. Without the GIL.
    pub(crate) fn end(&mut self) {
        self.open_output();
        if let Some(awaited) = &mut self.forked {
            let progress = awaited.from.finish();
            self.write_forked(progress);
        }
        self.write_marks();
        self.read_counters(None, None);
        let end = End { at: self.now() };
        self.requests.read();
        self.requests.answer();
        self.write(|output| {
            output.append(
                &end,
                Stamp {
                    at: end.at,
                    epoch: None,
                },
            )
        });
    }

    /// Says on the program's standard error what the recording cannot say itself, once for a file
    /// that ends early. Standard error may be closed.
    fn write(&mut self, write: impl FnOnce(&mut Output) -> Result<(), Failure>) {
        if let Err(failure) = write(&mut self.output) {
            let _ = writeln!(std::io::stderr(), "unfreed: {failure}");
        }
    }
}

/// Takes the new stacks, and leaves their names to the program's own questions.
fn take_stacks(recorder: &Recorder, gil: &Gil) -> (NewStacks, usize) {
    let (new, count) = recorder.drain_stacks(gil);
    session().keep_stacks(&new.stacks);
    (new, count)
}
