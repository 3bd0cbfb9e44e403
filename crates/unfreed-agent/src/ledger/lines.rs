//! The live bytes of each line of source, with all that it calls, and the most that there were: for line-by-line profiles.
//! A peak of sums is no sum of peaks, so every block counts at each line of its stack as it comes and goes. That is
//! 5 to 7 ns a line (127 ns for a block that is followed become 239 with 16 lines on the stack and 161 become 609 with 90),
//! which is why nothing is counted unless somebody asks; where nobody does, a look at one flag is in the noise.

use super::{ALLOCATED_BYTES, FREED_BYTES, Ledger, STACKS, Writers, increase};
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use unfreed_recording::ids::StackId;
use unfreed_sys::atomics::{reset, zeroed};

/// Lines that have figures; later ones are not counted.
const LINES: usize = 1 << 18;

/// Live bytes of a line and the most that there were since it was asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineLevel {
    /// The line, by number.
    pub line: u32,
    /// Bytes that live.
    pub live: u64,
    /// The most.
    pub peak: u64,
}

/// The figures.
#[derive(Debug)]
pub(super) struct Lines {
    is_on: AtomicBool,
    /// By stack: the nearest stack at or above it at whose line its blocks count; 0 for none.
    counted: &'static [AtomicU32],
    /// By stack: the same, but none where unfreed itself allocates.
    starts: &'static [AtomicU32],
    /// By stack that is counted: the next such above it. A line that a stack has several times counts once, at the
    /// outermost.
    above: &'static [AtomicU32],
    /// By stack that is counted: its line.
    line_of: &'static [AtomicU32],
    /// By line and [`Writers`]: bytes that live.
    live: [&'static [AtomicU64]; 2],
    /// By line.
    peak: &'static [AtomicU64],
}

impl Lines {
    pub(super) fn new() -> Option<Self> {
        Some(Lines {
            is_on: AtomicBool::new(false),
            counted: zeroed(STACKS)?,
            starts: zeroed(STACKS)?,
            above: zeroed(STACKS)?,
            line_of: zeroed(STACKS)?,
            live: [zeroed(LINES)?, zeroed(LINES)?],
            peak: zeroed(LINES)?,
        })
    }

    pub(super) fn clear(&self) {
        if self.is_on.swap(false, Relaxed) {
            for by_stack in [self.counted, self.starts, self.above, self.line_of] {
                reset(by_stack);
            }
            for by_line in [self.live[0], self.live[1], self.peak] {
                reset(by_line);
            }
        }
    }

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Adds bytes to each line of a stack, wrapping.
    #[cold]
    pub(super) fn add(&self, writers: Writers, stack: u32, bytes: u64) {
        let mut at = self.starts[stack as usize].load(Acquire);
        while at != 0 {
            let line = self.line_of[at as usize].load(Relaxed) as usize;
            increase(writers, &self.live[writers as usize][line], bytes);
            let live = self.live(line);
            if live > self.peak[line].load(Relaxed) {
                self.peak[line].fetch_max(live, Relaxed);
            }
            at = self.above[at as usize].load(Relaxed);
        }
    }

    fn live(&self, line: usize) -> u64 {
        let [one, any] = &self.live;
        let live = one[line]
            .load(Relaxed)
            .wrapping_add(any[line].load(Relaxed));
        // Between the two loads a block may go that the first was still told of.
        if live > i64::MAX as u64 { 0 } else { live }
    }
}

impl Ledger {
    /// Whether blocks count at lines.
    #[inline]
    pub(crate) fn counts_lines(&self) -> bool {
        self.lines.is_on()
    }

    /// Has blocks count at lines from here on. After it, [`Ledger::count_stack`] is to be told of all stacks that there
    /// are, and then [`Ledger::count_what_lives`].
    pub(crate) fn count_lines(&self) {
        self.lines.is_on.store(true, Relaxed);
    }

    /// Tells of a new stack, which may be of a line that counts; of its callers before it. What a stack `is_own`
    /// allocates itself counts nowhere.
    pub(crate) fn count_stack(
        &self,
        stack: StackId,
        parent: StackId,
        line: Option<u32>,
        is_own: bool,
    ) {
        let lines = &self.lines;
        let (stack, parent) = (stack.0 as usize, parent.0 as usize);
        if stack >= STACKS || parent >= STACKS {
            return;
        }
        let nearest = lines.counted[parent].load(Relaxed);
        let is_new = |line: u32| {
            let mut at = nearest;
            while at != 0 && lines.line_of[at as usize].load(Relaxed) != line {
                at = lines.above[at as usize].load(Relaxed);
            }
            at == 0
        };
        let counted = match line.filter(|&line| (line as usize) < LINES && is_new(line)) {
            Some(line) => {
                lines.line_of[stack].store(line, Relaxed);
                lines.above[stack].store(nearest, Relaxed);
                stack as u32
            }
            None => nearest,
        };
        lines.counted[stack].store(counted, Relaxed);
        let start = if is_own { 0 } else { counted };
        lines.starts[stack].store(start, Release);
    }

    /// Counts the blocks that live already. While no other thread allocates under the GIL.
    pub(crate) fn count_what_lives(&self) {
        for record in 0..self.records_in_use() {
            let figures = self.figures_of(record);
            let live = figures[ALLOCATED_BYTES].saturating_sub(figures[FREED_BYTES]);
            self.lines.add(Writers::Any, self.stack_of(record).0, live);
        }
    }

    /// The levels of the first `count` lines that have or had any, and the peaks counted anew from here on.
    pub(crate) fn take_line_levels(&self, count: usize) -> Vec<LineLevel> {
        let lines = &self.lines;
        let level = |line: usize| {
            let live = lines.live(line);
            let peak = lines.peak[line].swap(live, Relaxed).max(live);
            (peak > 0).then_some(LineLevel {
                line: line as u32,
                live,
                peak,
            })
        };
        (0..count.min(LINES)).filter_map(level).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::EpochId;

    fn add(ledger: &Ledger, number: usize, size: usize, stack: u32) {
        let at = (StackId(stack), EpochId(1));
        ledger.add(Writers::One, number << 12, size, at);
    }

    fn levels(ledger: &Ledger) -> Vec<(u32, u64, u64)> {
        let levels = ledger.take_line_levels(4).into_iter();
        levels.map(|one| (one.line, one.live, one.peak)).collect()
    }

    #[test]
    fn a_block_counts_once_at_each_line_of_its_stack() {
        let ledger = Ledger::new().expect("tables");
        // Lived before anybody asked, in line 1, called from line 0.
        add(&ledger, 1, 100, 2);
        ledger.count_lines();
        let stack =
            |id, parent, line| ledger.count_stack(StackId(id), StackId(parent), line, false);
        stack(1, 0, Some(0));
        stack(2, 1, Some(1));
        // The same line from elsewhere; a line of no interest; line 1 again, by recursion.
        stack(3, 0, Some(1));
        stack(4, 2, None);
        stack(5, 4, Some(1));
        ledger.count_what_lives();
        assert_eq!(levels(&ledger), [(0, 100, 100), (1, 100, 100)]);
        add(&ledger, 2, 50, 5);
        add(&ledger, 3, 30, 3);
        ledger.remove(Writers::One, 2 << 12);
        add(&ledger, 4, 10, 1);
        // unfreed itself, and what it calls.
        ledger.count_stack(StackId(6), StackId(1), None, true);
        add(&ledger, 5, 1000, 6);
        stack(7, 6, None);
        add(&ledger, 6, 7, 7);
        // The sum of both ways to line 1 at its highest moment.
        assert_eq!(levels(&ledger), [(0, 117, 150), (1, 130, 180)]);
        ledger.hand_on(Writers::One, 3 << 12, (StackId(1), EpochId(1)));
        ledger.remove(Writers::One, 1 << 12);
        assert_eq!(levels(&ledger), [(0, 47, 147), (1, 0, 130)]);
        ledger.clear();
        assert!(!ledger.counts_lines() && levels(&ledger).is_empty());
    }
}
