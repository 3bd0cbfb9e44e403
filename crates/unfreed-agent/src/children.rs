//! Child processes of this one: those that run, by name, and those that ended and wait to be reaped. Copies that look
//! at the heap for us are left out.

use crate::forked;
use crate::resources::{counted, masked};
use std::fs;
use unfreed_recording::counters::Processes;
use unfreed_recording::ids::RunTime;

/// Most that are looked at.
const MOST: usize = 20_000;

/// A child process.
struct Child {
    name: String,
    is_zombie: bool,
}

/// The running ones.
pub(crate) fn running(at: RunTime) -> Processes {
    let running = children().filter(|child| !child.is_zombie);
    Processes {
        at,
        running: counted(running.map(|child| masked(&child.name))),
    }
}

/// Ended ones that nobody has waited for, a count.
pub(crate) fn zombies() -> u32 {
    children().filter(|child| child.is_zombie).count() as u32
}

fn children() -> impl Iterator<Item = Child> {
    let tasks = fs::read_dir("/proc/self/task");
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok())
                .collect::<Vec<_>>()
        })
        .take(MOST)
        .filter(|pid| !forked::is_at_work(*pid))
        .filter_map(child)
}

/// `pid (name) state …`; the name may hold anything.
fn child(pid: u32) -> Option<Child> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    Some(Child {
        name: name.to_owned(),
        is_zombie: after.trim_start().starts_with('Z'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_child_is_running_then_a_zombie_then_gone() {
        let sleeping = |name: &str| {
            let all = running(RunTime(0)).running;
            all.iter().any(|(known, _)| known == name)
        };
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        // Until exec it bears our name.
        while !sleeping("sleep") {
            std::thread::yield_now();
        }
        let before = zombies();
        child.kill().expect("kill");
        while sleeping("sleep") {
            std::thread::yield_now();
        }
        assert_eq!(zombies(), before + 1);
        child.wait().expect("wait");
        assert_eq!(zombies(), before);
    }
}
