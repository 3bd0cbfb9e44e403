//! What there is to know about this process when its recording starts.

use pyo3::prelude::*;
use std::os::unix::process::parent_id;
use std::time::{SystemTime, UNIX_EPOCH};
use unfreed_recording::process::ProcessInfo;

/// The facts, but for those that only Python's `site` knows (paths), and what the person asked for.
pub fn gather(py: Python<'_>) -> ProcessInfo {
    let version = Python::version_str();
    ProcessInfo {
        unfreed_version: env!("CARGO_PKG_VERSION").to_owned(),
        python_version: version
            .split_whitespace()
            .next()
            .unwrap_or(version)
            .to_owned(),
        executable: executable(py).unwrap_or_default(),
        argv: argv(),
        cwd: working_folder(),
        pid: pid(),
        parent_pid: parent_pid(),
        started_unix_ns: now_unix_ns(),
        host: host(),
        page_size: rustix::param::page_size() as u32,
        ..ProcessInfo::default()
    }
}

/// Process id of this process.
pub fn pid() -> u32 {
    std::process::id()
}

/// Process id of its parent.
pub fn parent_pid() -> u32 {
    parent_id()
}

/// The wall clock, nanoseconds since the Unix epoch.
pub fn now_unix_ns() -> u64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

fn executable(py: Python<'_>) -> PyResult<String> {
    py.import("sys")?.getattr("executable")?.extract()
}

/// The command line without the interpreter. `sys.orig_argv` says the same from 3.10 on.
fn argv() -> Vec<String> {
    let line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let words = line.split(|&byte| byte == 0).skip(1);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

fn working_folder() -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim_end().to_owned()
}
