//! What an analysis says: plain data that every report renders. The JSON report is this data, so a
//! change here is a change of `docs/json.md` and of [`SCHEMA_VERSION`].

use crate::breakdown::Breakdown;
use serde::{Deserialize, Serialize};

/// Version of the JSON report: `major.minor`. Minor adds fields, major changes or removes them.
pub const SCHEMA_VERSION: &str = "1.4";

/// Everything that is said about one recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// Version of unfreed that judged.
    pub unfreed_version: String,
    /// What ran.
    pub program: Program,
    /// The answer in one line.
    pub verdict: Verdict,
    /// Memory of the process over the run.
    pub memory: Memory,
    /// Findings, most important first: leaks, then warnings, then notes.
    pub findings: Vec<Finding>,
    /// What rates are counted by, also where a field is called `…_per_second`: in a report of
    /// `unfreed check` they are rates a call, and times in series are calls.
    pub per: Per,
    /// Where the resident memory is at the end of the run.
    pub accounting: Accounting,
    /// How the evidence was gathered and how far it reaches.
    pub evidence: Evidence,
    /// Instances of the classes that the person asked for (`--watch`), in the order in which they were named.
    pub watched: Vec<Watched>,
    /// What was allocated, told apart by what the person asked for (`--by`), in that order.
    pub allocations: Vec<Breakdown>,
    /// What became of the findings that a baseline lists.
    pub baseline: Baseline,
}

/// What became of the findings that a baseline lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// Whether there was one to compare with.
    pub compared: bool,
    /// Findings of this program that it lists and that are gone.
    pub fixed: Vec<Fixed>,
}

/// A finding of a baseline that is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fixed {
    /// Its fingerprint.
    pub id: String,
    /// Its title when it was found.
    pub title: String,
}

/// What rates are counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A second of the run.
    #[default]
    Second,
    /// A call of the checked function.
    Call,
}

/// Instances of a class and its subclasses, from look to look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// The class as it was named: `app.models.Session`, or `Session` for one of the script.
    pub class: String,
    /// Whether every block was followed; otherwise births, ages and places are estimates from samples. What is alive is
    /// counted either way.
    pub exact: bool,
    /// Instances at the last look.
    pub alive: u64,
    /// Bytes of their own, without what they refer to.
    pub bytes: u64,
    /// The looks that the recording keeps, oldest first.
    pub looks: Vec<Look>,
    /// Ages of those at the last look, youngest first.
    pub ages: Vec<Age>,
    /// Where those at the last look were made, most first, at most 20.
    pub origins: Vec<Origin>,
    /// Instances at the last look of which nothing is known but that they are there.
    pub unknown: u64,
}

/// What a look saw of a class. Instances that came and went between two looks are in none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Seconds since the start.
    pub seconds: f64,
    /// Instances.
    pub alive: u64,
    /// Of those: made since the look before.
    pub born: u64,
    /// Instances of the look before that are gone.
    pub died: u64,
}

/// Instances of one age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Age {
    /// Epochs that they have lived through, at least.
    pub epochs_from: u32,
    /// And at most.
    pub epochs_to: u32,
    /// How many there are.
    pub alive: u64,
}

/// Where instances were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The whole stack, innermost frame first; empty when it is not known.
    pub stack: Vec<Frame>,
    /// The frame to name: the innermost one of the person's own code, else the innermost.
    pub frame: Frame,
    /// How many of them are alive.
    pub alive: u64,
    /// Epochs that the oldest has lived through.
    pub oldest_epochs: u32,
}

/// What ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// Short name: the script, `-m module` or `-c`.
    pub name: String,
    /// As typed after `unfreed run`.
    pub argv: Vec<String>,
    /// Interpreter version, as `3.12.1`.
    pub python: String,
    /// Process id.
    pub pid: u32,
    /// Seconds recorded.
    pub seconds: f64,
    /// Whether the recording ended in order (`false`: killed, or still running).
    pub ended: bool,
}

/// The answer in one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// The machine's word.
    pub status: Status,
    /// One sentence: `growth is steady (11 of 11 intervals)`, `not enough evidence yet, run for …`.
    pub sentence: String,
    /// What happens in fewer calls than one in so many would not have shown: the calls of a round of `unfreed check`.
    /// 0 where nothing was called.
    pub one_in_calls: u64,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At least one finding of severity `leak`.
    Leak,
    /// No leak, at least one warning.
    Warning,
    /// Enough evidence, and nothing grows without bound.
    Clean,
    /// Too short or too few snapshots to judge.
    #[default]
    NotEnoughEvidence,
}

/// Memory of the process over the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Resident set at the first reading, bytes.
    pub rss_first: u64,
    /// At the last reading, bytes.
    pub rss_last: u64,
    /// The highest reading, bytes.
    pub rss_peak: u64,
    /// Trend of the resident set after warm-up.
    pub trend: Trend,
    /// Growth a second after warm-up (Theil-Sen slope), bytes; negative when it shrinks.
    pub bytes_per_second: f64,
    /// Up to 60 readings over the run: seconds, resident bytes.
    pub series: Vec<(f64, u64)>,
    /// Moments that the program named, oldest first.
    pub marks: Vec<Mark>,
}

/// A moment that the program named: `unfreed.mark(name)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Seconds since the start.
    pub seconds: f64,
    /// Its name.
    pub name: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Grows and will not stop.
    Leak,
    /// Likely to become a leak: cycles that wait, resources left open.
    Warning,
    /// Said so that nobody chases it: bounded caches, warm-up, retention.
    #[default]
    Note,
}

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A container (dict, list, set, deque, attribute chain, cache) that gains objects.
    #[default]
    Container,
    /// A queue that fills faster than it drains.
    Backlog,
    /// Reference cycles that nothing frees, or that wait for the collector.
    Cycle,
    /// An allocation site whose blocks survive while no growing container was found.
    Site,
    /// Reference counts that C code gets wrong: objects that only it holds, references that it takes
    /// and never gives back, or gives back twice.
    Refcount,
    /// Memory of C code: malloc in use grows and no Python object accounts for it.
    Native,
    /// File descriptors, sockets, threads, child processes.
    Resource,
    /// A bounded cache: it grew to its bound and stopped.
    Cache,
    /// Growth at the start that ended (imports, compiled patterns, a big load).
    WarmUp,
    /// The allocator holds free memory (fragmentation, arenas); no object grows.
    Retention,
}

/// One thing found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// Fingerprint: the same leak has the same id across runs and hosts. 12 hex digits.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// What kind.
    pub kind: Kind,
    /// A few words: `growing container app.sessions.STORE`.
    pub title: String,
    /// One or two sentences with names, counts and rates.
    pub summary: String,
    /// How it grows.
    pub growth: Growth,
    /// What keeps it alive; absent where nothing does (garbage) or nothing is known.
    pub held_by: Option<HeldBy>,
    /// What fills it: types of the gained objects, most bytes first, at most 8.
    pub filled_with: Vec<Filling>,
    /// Where the gained objects were allocated, largest share first, at most 5. A place that is certain and
    /// has a 64th of the bytes goes before larger ones that are not.
    pub allocated_at: Vec<AllocatedAt>,
    /// What to do.
    pub advice: Advice,
    /// What was known of it before.
    pub known: Known,
}

impl Finding {
    /// Whether it is one to act on: neither a baseline nor a suppression lets it pass.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(
            self.known.status,
            KnownStatus::Known | KnownStatus::Suppressed
        )
    }
}

/// What was known of a finding before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// In one word.
    pub status: KnownStatus,
    /// Why it is suppressed, in the words of whoever did; empty for the others.
    pub reason: String,
    /// A leak of CPython or a library that its authors know of, and what to do about it; empty for others.
    pub upstream: String,
}

/// What was known of a finding before, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownStatus {
    /// Nobody asked: there was no baseline.
    #[default]
    Unmarked,
    /// The baseline does not list it.
    New,
    /// The baseline lists it.
    Known,
    /// A suppression lets it pass.
    Suppressed,
}

/// How something grows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Growth {
    /// Bytes gained from the first judged interval to the last (retained, LeakShare).
    pub bytes: i64,
    /// How far that may be off where it is an estimate from samples: in 95 of 100 cases the truth is at most so many
    /// bytes away. 0 for what was counted, and for what the recording does not tell.
    pub bytes_margin: u64,
    /// Bytes gained a second.
    pub bytes_per_second: f64,
    /// Objects (or descriptors, threads) gained.
    pub objects: i64,
    /// Objects gained a second.
    pub objects_per_second: f64,
    /// Share of the whole growth of the process, 0 to 1.
    pub share: f64,
    /// Its shape over time.
    pub trend: Trend,
    /// Intervals in which it grew.
    pub intervals_grown: u32,
    /// Intervals judged.
    pub intervals: u32,
    /// 0 to 1: how sure the trend is.
    pub confidence: f64,
    /// Seconds since start, objects, bytes: at each snapshot.
    pub series: Vec<(f64, u64, u64)>,
}

/// The shape of a series over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Grows in every interval.
    Steady,
    /// Grew and stopped.
    Plateau,
    /// Grows and falls back, again and again.
    SawTooth,
    /// Grew once.
    Step,
    /// Does not grow.
    Flat,
    /// Shrinks.
    Falling,
    /// Too few readings to tell.
    #[default]
    NotEnoughEvidence,
}

/// What keeps an object alive: the reference path from a root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldBy {
    /// The path as Python would write it: `app.sessions.STORE['f3a9…'].payload`.
    pub path: String,
    /// The same with keys and indexes masked: `app.sessions.STORE[*].payload`.
    pub shape: String,
    /// What the path starts from: `module app.sessions`, `thread 'worker-1', serve() at app.py:10`.
    pub root: String,
    /// The holders in order from the root.
    pub steps: Vec<Step>,
}

/// One holder of a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Type of the holder: `dict`, `app.models.Session`.
    pub type_name: String,
    /// The reference from it to the next: `.payload`, `['f3a9…']`, `local variable x`.
    pub reference: String,
    /// Whether this is the suspect: the reference whose holder grows; where nothing grows, the one to
    /// something whose life is over.
    pub suspect: bool,
    /// Whether what the holder was made for has ended.
    pub over: Over,
    /// Why, as the rest of a sentence that begins with its type: `is a closed file`. Empty for the
    /// many types that say nothing of it.
    pub reason: String,
}

/// Whether an object's life is over: it is closed, done, finished, and yet somebody holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It is.
    Yes,
    /// It is in use.
    No,
    /// The snapshot does not tell.
    #[default]
    Unknown,
}

/// Objects that a growing thing gains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filling {
    /// Full type name: `app.models.Session`.
    pub type_name: String,
    /// Objects gained.
    pub objects: i64,
    /// Bytes gained (shallow).
    pub bytes: i64,
}

/// A place that allocated gained objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AllocatedAt {
    /// The whole stack, innermost frame first.
    pub stack: Vec<Frame>,
    /// The frame to name: the innermost one of the person's own code, else the innermost.
    pub frame: Frame,
    /// Share of the gained bytes that came from here, 0 to 1 (estimate).
    pub share: f64,
    /// Bytes (estimate).
    pub bytes: u64,
    /// Sampled blocks behind the estimate.
    pub samples: u32,
    /// Whether all of them may have come from a free list: then an earlier object may have been made here, and
    /// those of the finding elsewhere.
    pub may_be_reused: bool,
}

/// A line of a Python stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Path as Python gave it.
    pub file: String,
    /// 1-based; 0 when unknown.
    pub line: u32,
    /// Qualified name.
    pub function: String,
    /// The text of the line as it was when the program ran; empty when unknown.
    pub source: String,
    /// The library or executable, for a function of C code; empty for Python's.
    pub library: String,
}

/// What to do about a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Advice {
    /// Name of the rule that spoke: `unbounded_dict`, `lru_cache_on_method`, `traceback_held`, …
    pub rule: String,
    /// What to do, for people.
    pub text: String,
    /// Code that shows the fix; empty when none fits.
    pub snippet: String,
}

/// Where the resident memory is, bytes; the parts add up to `rss`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accounting {
    /// Resident set at the last reading.
    pub rss: u64,
    /// Python objects reached by the last snapshot.
    pub python_objects: u64,
    /// malloc blocks in use that no Python object accounts for.
    pub native_in_use: u64,
    /// Held by allocators but free: pymalloc pools, malloc free lists.
    pub allocator_free: u64,
    /// The part of it that malloc holds: what `malloc_trim` might return to the system, at most.
    pub malloc_free: u64,
    /// unfreed's own.
    pub own: u64,
    /// Code and other files that are mapped.
    pub code_and_files: u64,
    /// The rest: stacks, and memory that code maps by itself.
    pub other_mappings: u64,
}

/// How the evidence was gathered and how far it reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Snapshots judged.
    pub snapshots: u32,
    /// Longest pause of the program for a snapshot, milliseconds.
    pub longest_pause_ms: f64,
    /// All pauses together, per cent of the run.
    pub pause_percent: f64,
    /// Objects in the last snapshot.
    pub objects: u64,
    /// References explained in the last snapshot: in-edges seen over refcounts, 0 to 1.
    pub coverage: f64,
    /// Sampled blocks that are live at the end; all live blocks where every block is followed.
    pub samples: u64,
    /// Whether every block was followed.
    pub exact: bool,
    /// Notes of the collector, for people.
    pub notes: Vec<String>,
    /// Other processes of the family that have recordings: pid.
    pub children: Vec<u32>,
}
