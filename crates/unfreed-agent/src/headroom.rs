//! How much memory is left for a snapshot: of the machine, of the control group, of the process's
//! own limit. A snapshot that would bring the program near the end of it is not taken.

use std::fs;
use unfreed_cpython::walk::Tracked;

/// Bytes that a walk takes for each tracked object, with what hangs on it.
const SNAPSHOT_BYTES: u64 = 400;
/// The same for each block of Python's allocators.
const BLOCK_BYTES: u64 = 80;

/// Bytes that may still be used; `u64::MAX` when nothing limits.
pub(crate) fn bytes() -> u64 {
    [machine(), control_group(), address_space()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u64::MAX)
}

/// What is needed and what is left for a look at the heap in place: by the objects that the collector tracks, and by the
/// blocks of Python's allocators, of which many may be objects that it does not.
pub(crate) fn for_walk(tracked: &Tracked<'_>) -> Shortage {
    let by_blocks = tracked.blocks().saturating_mul(BLOCK_BYTES);
    let needed = tracked
        .count()
        .saturating_mul(SNAPSHOT_BYTES)
        .max(by_blocks);
    let of_memory = [machine(), control_group()].into_iter().flatten().min();
    let of_space = address_space().map(|left| left.saturating_sub(map()));
    let left = [of_memory, of_space].into_iter().flatten().min();
    Shortage {
        needed,
        left: left.unwrap_or(u64::MAX),
    }
}

/// What the map from addresses to objects takes of an address space: a quarter of that in which they lie, most of it
/// untouched.
fn map() -> u64 {
    status_bytes("VmSize:").unwrap_or(0) / 4
}

/// More would be needed than there is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub needed: u64,
    pub left: u64,
}

/// Whether there is room for a copy of this process that works for a while: for as much as the program may change
/// meanwhile, at worst all that is its own, and for `work` bytes. Where these are not known, a heap of small objects
/// is assumed, for which a walk takes twice what they take.
///
/// # Errors
/// What is needed, and what is left.
pub(crate) fn for_copy(work: Option<u64>) -> Result<(), Shortage> {
    let own = resident().unwrap_or(0);
    let work = work.unwrap_or(own.saturating_mul(2));
    // An address space has room for the other's pages already, and the map from addresses to objects in it.
    let rooms = [
        (machine(), own.saturating_add(work)),
        (control_group(), own.saturating_add(work)),
        (address_space(), work.saturating_add(map())),
    ];
    let known = rooms
        .into_iter()
        .filter_map(|(left, needed)| Some((left?, needed)));
    let shortages = known.filter(|(left, needed)| needed > left);
    match shortages
        .map(|(left, needed)| Shortage { needed, left })
        .next()
    {
        Some(shortage) => Err(shortage),
        None => Ok(()),
    }
}

/// Resident bytes of this process that are no file's.
pub(crate) fn resident() -> Option<u64> {
    status_bytes("RssAnon:").or_else(|| status_bytes("VmRSS:"))
}

fn status_bytes(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().split(' ').next()?.parse::<u64>().ok()? * 1024)
}

fn machine() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim()
        .split(' ')
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

fn control_group() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .unwrap_or("/");
    let limits = [
        format!("/sys/fs/cgroup{group}"),
        "/sys/fs/cgroup".to_owned(),
    ];
    let left = |folder: &String| {
        let limit = number(&format!("{folder}/memory.max"))?;
        Some(limit.saturating_sub(number(&format!("{folder}/memory.current"))?))
    };
    let old = || {
        let folder = "/sys/fs/cgroup/memory";
        let limit = number(&format!("{folder}/memory.limit_in_bytes"))?;
        Some(limit.saturating_sub(number(&format!("{folder}/memory.usage_in_bytes"))?))
    };
    limits.iter().filter_map(left).min().or_else(old)
}

fn address_space() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current?;
    let size = status_bytes("VmSize:")?;
    Some(limit.saturating_sub(size))
}
