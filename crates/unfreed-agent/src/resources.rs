//! What the open descriptors and threads are, by name with the numbers masked.

use crate::counters::is_own;
use hashbrown::HashMap;
use std::fs;
use unfreed_recording::counters::Resources;
use unfreed_recording::ids::RunTime;

const MOST: usize = 200;
const MOST_ENTRIES: usize = 20_000;

/// Reads descriptors and threads of this process.
pub(crate) fn read(at: RunTime, own_fd: i32) -> Resources {
    let targets = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let targets = targets
        .take(MOST_ENTRIES)
        .filter(|entry| !is_own(entry, own_fd))
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|target| !target.starts_with("/proc/"))
        .map(|target| masked(&target.to_string_lossy()));
    let names = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let names = names
        .take(MOST_ENTRIES)
        .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
        .map(|name| masked(name.trim_end()))
        .filter(|name| name != crate::thread::NAME);
    Resources {
        at,
        fds: counted(targets),
        threads: counted(names),
    }
}

/// The text with each run of digits as `#`, and `socket:[123]` as `socket`.
pub(crate) fn masked(text: &str) -> String {
    if let Some((kind, _)) = text.split_once(":[") {
        return kind.to_owned();
    }
    let mut masked = String::with_capacity(text.len());
    for c in text.chars().take(200) {
        match c {
            '0'..='9' if masked.ends_with('#') => {}
            '0'..='9' => masked.push('#'),
            c => masked.push(c),
        }
    }
    masked
}

pub(crate) fn counted(names: impl Iterator<Item = String>) -> Vec<(String, u32)> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(MOST);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_masked_so_that_like_counts_with_like() {
        assert_eq!(masked("/tmp/job-1234.log"), "/tmp/job-#.log");
        assert_eq!(masked("socket:[99]"), "socket");
        let names = ["a-1", "a-22", "b"].map(masked);
        assert_eq!(
            counted(names.into_iter()),
            [("a-#".to_owned(), 2), ("b".to_owned(), 1)]
        );
    }
}
