//! Figures of the process, from `/proc` and the C library. Needs no GIL.

use crate::children;
use std::fs;
use unfreed_cpython::{Runtime, collector, hooks};
use unfreed_recording::counters::{Counters, FdCounts};
use unfreed_recording::ids::RunTime;
use unfreed_sys::{alloc, malloc};

/// Most descriptors looked at for one reading; a program with more leaks them, whatever their kind.
const MOST_FDS: usize = 20_000;

/// Reads everything that can be read without the GIL.
pub(crate) fn read(runtime: &Runtime, at: RunTime, own_fd: i32) -> Counters {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let malloc = malloc::figures();
    let gc = collector::figures(runtime);
    Counters {
        at,
        rss: status_kib(&status, "VmRSS:").unwrap_or(0) * 1024,
        rss_anon: status_kib(&status, "RssAnon:").map(|kib| kib * 1024),
        pymalloc_held: Some(hooks::arena_bytes()),
        pymalloc_used: None,
        allocated_blocks: None,
        malloc_used: malloc.map(|figures| figures.used),
        malloc_free: malloc.map(|figures| figures.free),
        own: own_resident(),
        gc_enabled: Some(gc.enabled),
        gc_frozen: None,
        gc_collections: gc.collections,
        gc_collected: Some(gc.collected),
        gc_uncollectable: Some(gc.uncollectable),
        fds: fds(own_fd),
        // Ours is one of them.
        threads: own_threads().saturating_sub(1),
        zombies: children::zombies(),
    }
}

fn status_kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().split(' ').next()?.parse().ok()
}

/// What unfreed has mapped; its tables are mapped whole and touched in part, so this is a bound.
fn own_resident() -> u64 {
    alloc::mapped_bytes() as u64
}

/// Threads of this process, the agent's included.
pub(crate) fn own_threads() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}

fn fds(own_fd: i32) -> FdCounts {
    let mut counts = FdCounts::default();
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return counts;
    };
    for entry in entries.flatten().take(MOST_FDS) {
        if is_own(&entry, own_fd) {
            continue;
        }
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        let target = target.to_string_lossy();
        let kind = if target.starts_with("socket:") {
            &mut counts.sockets
        } else if target.starts_with("pipe:") {
            &mut counts.pipes
        } else if target.starts_with('/') && !target.starts_with("/dev/") {
            &mut counts.files
        } else {
            &mut counts.other
        };
        *kind += 1;
    }
    // Reading the folder opened one more, which shows as a path under /proc.
    counts.files = counts.files.saturating_sub(1);
    counts
}

/// Whether a descriptor is the recording's.
pub(crate) fn is_own(entry: &fs::DirEntry, own_fd: i32) -> bool {
    entry.file_name().to_string_lossy().parse() == Ok(own_fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kib_figures_are_found_by_name() {
        let status = "Name:\tx\nVmRSS:\t    1234 kB\nRssAnon:\t 56 kB\n";
        assert_eq!(status_kib(status, "VmRSS:"), Some(1234));
        assert_eq!(status_kib(status, "RssAnon:"), Some(56));
        assert_eq!(status_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn an_open_file_and_a_pipe_are_counted_by_kind() {
        let before = fds(-1);
        let file = fs::File::open("/proc/self/exe").expect("open");
        let (_reader, _writer) = std::io::pipe().expect("pipe");
        let after = fds(-1);
        drop(file);
        assert!(
            after.files > before.files && after.pipes >= before.pipes + 2,
            "{after:?}"
        );
    }
}
