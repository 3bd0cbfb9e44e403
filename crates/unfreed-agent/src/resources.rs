//! What the open descriptors and threads are, by name with the numbers masked.

use crate::counters::is_own;
use crate::descriptors::stack;
use hashbrown::HashMap;
use std::fs;
use unfreed_recording::counters::{Opened, OpenedAt, Resources};
use unfreed_recording::ids::{RunTime, StackId};

const MOST: usize = 200;
const MOST_ENTRIES: usize = 20_000;

/// Most places at which descriptors were opened.
const MOST_PLACES: usize = 500;

/// Numbers of the open descriptors, but for ours, and what each refers to.
fn open_descriptors(own_fd: i32) -> impl Iterator<Item = (i32, String)> {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    entries
        .take(MOST_ENTRIES)
        .filter(move |entry| !is_own(entry, own_fd))
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?))
        })
        .filter(|(_, target)| !target.starts_with("/proc/"))
        .map(|(number, target)| (number, masked(&target.to_string_lossy())))
}

/// Where the descriptors of this process were opened that are open now.
pub(crate) fn opened(at: RunTime, own_fd: i32) -> Opened {
    let mut counts: HashMap<(String, StackId), u32> = HashMap::new();
    for (number, target) in open_descriptors(own_fd) {
        let stack = stack(number);
        if stack != StackId(0) {
            *counts.entry((target, stack)).or_default() += 1;
        }
    }
    let mut descriptors: Vec<OpenedAt> = counts
        .into_iter()
        .map(|((target, stack), count)| OpenedAt {
            target,
            stack,
            count,
        })
        .collect();
    descriptors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.stack.cmp(&b.stack)));
    descriptors.truncate(MOST_PLACES);
    Opened { at, descriptors }
}

/// Reads descriptors and threads of this process.
pub(crate) fn read(at: RunTime, own_fd: i32) -> Resources {
    let targets = open_descriptors(own_fd).map(|(_, target)| target);
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
