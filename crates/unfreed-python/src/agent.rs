//! Start, fork and end of the agent in the program, called from `unfreed._boot`.

use crate::facts;
use pyo3::prelude::*;
use std::sync::OnceLock;
use unfreed_agent::Settings;
use unfreed_cli::handover::{Handover, Role};
use unfreed_recording::process::{Origin, ProcessInfo};

/// What this process was started with, and the facts that its forks inherit.
static STARTED: OnceLock<(Handover, ProcessInfo)> = OnceLock::new();

/// Starts the agent as the environment says. Returns why it could not, as a sentence.
#[pyfunction]
pub fn _start_agent(
    py: Python<'_>,
    stdlib_paths: Vec<String>,
    site_paths: Vec<String>,
) -> Option<String> {
    if STARTED.get().is_some() {
        return None;
    }
    let Some(handover) = Handover::from_environment() else {
        return Some("this program was started by another version of unfreed".to_owned());
    };
    let (role, recording) = handover.role_of(facts::pid(), facts::parent_pid());
    if role == Role::Root {
        handover.die_with_launcher();
    } else if !handover.follow_children {
        return None;
    }
    let mut process = facts::gather(py);
    process.sample_bytes = handover.sample_bytes;
    if let Some(called) = &handover.called {
        process.argv = vec![called.clone()];
    }
    process.epoch_ns = handover.epoch_ns;
    process.snapshot_budget_percent = handover.snapshot_budget_percent;
    process.stdlib_paths = stdlib_paths;
    process.site_paths = site_paths;
    process.origin = if role == Role::Root {
        Origin::Run
    } else {
        Origin::Spawn
    };
    let settings = Settings {
        recording: recording.clone(),
        process: process.clone(),
        at_once: true,
        by_rounds: handover.by_rounds,
        every_block: handover.every_block,
        natives: handover.natives,
        watched: handover.watched.clone(),
        forks: handover.fork,
    };
    match unfreed_agent::start(settings) {
        Ok(()) => {
            let _ = STARTED.set((handover, process));
            None
        }
        Err(error) => {
            handover.give_back(&recording);
            Some(error.to_string())
        }
    }
}

/// Whether the agent runs here.
#[pyfunction]
pub fn _is_recording() -> bool {
    STARTED.get().is_some()
}

/// Names this moment in the recording, if there is one.
#[pyfunction]
pub fn _mark(name: &str) {
    unfreed_agent::mark(name);
}

/// Makes the agent ready for a fork.
#[pyfunction]
pub fn _before_fork() {
    unfreed_agent::before_fork();
}

/// Lets the agent go on after a fork.
#[pyfunction]
pub fn _after_fork_in_parent() {
    unfreed_agent::after_fork_in_parent();
}

/// Gives a forked child a recording of its own, now or when it has lived for a moment. Returns why
/// it could not, as a sentence.
#[pyfunction]
pub fn _after_fork_in_child(at_once: bool) -> Option<String> {
    let (handover, process) = STARTED
        .get()
        .filter(|(handover, _)| handover.follow_children)?;
    let pid = facts::pid();
    let child = ProcessInfo {
        pid,
        parent_pid: facts::parent_pid(),
        origin: Origin::Fork,
        started_unix_ns: facts::now_unix_ns(),
        ..process.clone()
    };
    let recording = handover.child_recording(pid);
    let watched = handover.watched.clone();
    let started =
        unfreed_agent::after_fork_in_child(recording, child, at_once, handover.fork, watched);
    started.err().map(|error| error.to_string())
}

/// Ends the recording in order.
#[pyfunction]
pub fn _stop_agent() {
    if STARTED.get().is_some() {
        unfreed_agent::stop();
    }
}
