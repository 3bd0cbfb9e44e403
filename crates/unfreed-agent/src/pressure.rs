//! Whether memory is about to run out: then the heap is looked at whatever the schedule says, so that the recording tells
//! what filled it. Works from what the system says of this process, and is asked often.

use crate::headroom;
use std::fs;

/// Part of what was left that the process has to grow by before that is read again.
const STEP: u64 = 8;

/// What was left, and when it was looked at last.
#[derive(Debug)]
pub(crate) struct Pressure {
    /// Bytes left at the last reading, and the process then: address space and resident memory, in bytes.
    left: u64,
    size: [u64; 2],
    /// Bytes left at the last look.
    left_at_look: u64,
}

impl Pressure {
    pub(crate) fn new() -> Self {
        let left = headroom::bytes();
        Pressure {
            left,
            size: size(),
            left_at_look: left,
        }
    }

    /// Reads again what is left: limits may be set while the program runs.
    pub(crate) fn read(&mut self) {
        self.left = headroom::bytes();
        self.size = size();
    }

    /// Whether half of what was left at the last such look is gone, by the growth of this process: ten looks between a GiB
    /// and the end.
    pub(crate) fn asks_for_a_look(&mut self) -> bool {
        let is_near = self.left <= self.left_at_look / 2;
        if self.left == u64::MAX || (!is_near && grown(self.size, size()) < self.left / STEP) {
            return false;
        }
        self.read();
        if self.left > self.left_at_look / 2 {
            // What others gave back counts for later.
            self.left_at_look = self.left_at_look.max(self.left);
            return false;
        }
        self.left_at_look = self.left;
        true
    }
}

fn grown(before: [u64; 2], now: [u64; 2]) -> u64 {
    let [space, resident] = before;
    now[0]
        .saturating_sub(space)
        .max(now[1].saturating_sub(resident))
}

/// Address space and resident memory of this process, in bytes.
fn size() -> [u64; 2] {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let page = rustix::param::page_size() as u64;
    let mut pages = statm
        .split(' ')
        .map(|pages| pages.parse::<u64>().unwrap_or(0));
    [(); 2].map(|()| pages.next().unwrap_or(0) * page)
}
