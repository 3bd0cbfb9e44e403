//! How long the program stands still while it is looked at.

use std::time::{Duration, Instant};

/// How long a snapshot took. The person is told how long the program stood still; the budget counts
/// processor time, so that a busy machine does not cost the answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pause {
    pub wall: Duration,
    pub cpu: Duration,
}

/// The clocks when a pause begins.
pub(crate) struct Stopped {
    wall: Instant,
    cpu: Duration,
}

impl Stopped {
    pub(crate) fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: thread_cpu_time(),
        }
    }

    pub(crate) fn pause(&self) -> Pause {
        Pause {
            wall: self.wall.elapsed(),
            cpu: thread_cpu_time().saturating_sub(self.cpu),
        }
    }
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
