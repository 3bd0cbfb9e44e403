//! How much memory is left for a snapshot: of the machine, of the control group, of the process's
//! own limit. A snapshot that would bring the program near the end of it is not taken.

use std::fs;

/// Bytes that may still be used; `u64::MAX` when nothing limits.
pub(crate) fn bytes() -> u64 {
    [machine(), control_group(), address_space()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u64::MAX)
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
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))?;
    let size = line.trim().split(' ').next()?.parse::<u64>().ok()? * 1024;
    Some(limit.saturating_sub(size))
}
