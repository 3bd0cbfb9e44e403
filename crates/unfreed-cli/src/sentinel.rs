//! Tells a signal that was sent to the whole process group from one that was sent to the launcher
//! alone. The kernel does not say which it was, and the program must get each signal once: it has
//! its own copy of the former, and only the latter is passed on.
//!
//! So a process of the same group lies idle beside the launcher (`cat` on a pipe that never says
//! anything; it goes with us). A signal to the group kills it; one to the launcher does not.

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use rustix::process::{Resource, Rlimit, prlimit};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long the kernel may take from one process of the group to the next.
const DELIVERY: Duration = Duration::from_millis(5);

/// The idle process. Without one (no `cat`, no process to be had) every signal is passed on.
pub struct Sentinel(Option<Child>);

impl Sentinel {
    /// Puts it in place.
    pub fn post() -> Self {
        let spawned = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .spawn()
            .ok();
        if let Some(child) = &spawned {
            // It is there to die, and need not leave a core file behind.
            let none = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            let pid = rustix::process::Pid::from_raw(child.id() as i32);
            let _ = prlimit(pid, Resource::Core, none);
        }
        Self(spawned)
    }

    /// Whether the signal that just came went to the whole group. If so, the next one is waited for.
    pub fn was_hit(&mut self) -> bool {
        let Some(child) = &self.0 else { return false };
        std::thread::sleep(DELIVERY);
        let hit = has_ended(child) || has_a_signal_pending(child);
        if hit {
            self.dismiss();
            *self = Self::post();
        }
        hit
    }

    fn dismiss(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.dismiss();
    }
}

fn has_ended(child: &Child) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let state = waitid(Id::Pid(Pid::from_raw(child.id() as i32)), flags);
    !matches!(state, Ok(WaitStatus::StillAlive))
}

/// A busy machine may not have let it die yet.
fn has_a_signal_pending(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.unwrap_or_default();
    let masks = status.lines().filter_map(|line| {
        line.strip_prefix("SigPnd:")
            .or_else(|| line.strip_prefix("ShdPnd:"))
    });
    masks
        .into_iter()
        .any(|mask| mask.trim().bytes().any(|digit| digit != b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal, kill};

    #[test]
    fn is_hit_when_it_gets_a_signal_and_then_replaced() {
        let mut sentinel = Sentinel::post();
        assert!(!sentinel.was_hit());
        for _ in 0..3 {
            let pid = sentinel.0.as_ref().map(|child| child.id() as i32);
            let pid = pid.expect("this machine has `cat`");
            kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it is ours");
            assert!(sentinel.was_hit());
            assert!(!sentinel.was_hit());
        }
    }
}
