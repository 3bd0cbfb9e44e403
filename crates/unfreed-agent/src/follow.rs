//! The way from a thread's last stack to its next one, where every block is followed: frames that are
//! the same are compared and not looked up, and a step that was taken before is found in a cache.
//!
//! Code objects are known by their addresses here. Whoever learns that one goes has to call
//! [`Steps::forget`] before another can be made at its address.

use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::stack::{self, RawFrame};
use unfreed_recording::ids::StackId;

/// Deepest stack that is captured whole; of a deeper one the outermost frames are missing.
const DEPTH: usize = 1024;
/// Steps that are remembered; a power of two.
const STEPS: usize = 1 << 15;

/// A frame of the last stack, and the stack that ends with it.
#[derive(Clone, Copy)]
struct Level {
    code: usize,
    instruction: i32,
    stack: StackId,
}

/// From a stack by a call to the next stack.
#[derive(Clone, Copy)]
struct Step {
    code: usize,
    instruction: i32,
    parent: StackId,
    stack: StackId,
    /// When it was taken; 0 for no step.
    generation: u32,
}

/// What is remembered. Used by one thread at a time; which one does not matter, since a stack of another
/// thread is only one that differs more.
pub(crate) struct Steps {
    frames: Vec<RawFrame>,
    /// Outermost first.
    last: Vec<Level>,
    steps: Vec<Step>,
    generation: u32,
}

impl Steps {
    pub(crate) fn new() -> Self {
        let none = Step {
            code: 0,
            instruction: 0,
            parent: StackId(0),
            stack: StackId(0),
            generation: 0,
        };
        Steps {
            frames: vec![RawFrame::EMPTY; DEPTH],
            last: Vec::with_capacity(DEPTH),
            steps: vec![none; STEPS],
            generation: 1,
        }
    }

    /// The stack of this thread. `make` finds or makes the stack of a frame that is called from another
    /// stack; where it has none, there is none.
    pub(crate) fn follow(
        &mut self,
        runtime: &Runtime,
        gil: &Gil,
        mut make: impl FnMut(StackId, RawFrame) -> Option<StackId>,
    ) -> Option<StackId> {
        let mut frames = std::mem::take(&mut self.frames);
        let count = stack::capture(runtime, gil, &mut frames);
        let outermost_first = frames[..count].iter().rev();
        let found = self.walk(
            outermost_first,
            |frame| (frame.code.address(), frame.instruction),
            |parent, frame| make(parent, *frame),
        );
        self.frames = frames;
        found
    }

    #[inline]
    fn walk<'f, F: 'f>(
        &mut self,
        outermost_first: impl Iterator<Item = &'f F> + Clone,
        key: impl Fn(&F) -> (usize, i32),
        mut make: impl FnMut(StackId, &F) -> Option<StackId>,
    ) -> Option<StackId> {
        let same = outermost_first
            .clone()
            .zip(&self.last)
            .take_while(|(frame, level)| key(frame) == (level.code, level.instruction))
            .count();
        self.last.truncate(same);
        let mut stack = self.last.last().map_or(StackId(0), |level| level.stack);
        for frame in outermost_first.skip(same) {
            let (code, instruction) = key(frame);
            let index = index_of(stack, code, instruction);
            let step = self.steps[index];
            let is_known = step.generation == self.generation
                && (step.code, step.instruction, step.parent) == (code, instruction, stack);
            let next = if is_known {
                step.stack
            } else {
                make(stack, frame)?
            };
            self.steps[index] = Step {
                code,
                instruction,
                parent: stack,
                stack: next,
                generation: self.generation,
            };
            stack = next;
            self.last.push(Level {
                code,
                instruction,
                stack,
            });
        }
        Some(stack)
    }

    /// A code object goes: nothing that is known by an address counts any more.
    pub(crate) fn forget(&mut self) {
        self.last.clear();
        self.generation = match self.generation.checked_add(1) {
            Some(next) => next,
            None => {
                for step in &mut self.steps {
                    step.generation = 0;
                }
                1
            }
        };
    }
}

fn index_of(parent: StackId, code: usize, instruction: i32) -> usize {
    let mixed = (code >> 4) as u64 ^ (u64::from(parent.0) << 32) ^ (instruction as u64) << 17;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (STEPS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks to a stack, outermost first, and says how many frames had to be looked up.
    fn walk(steps: &mut Steps, stack: &[(usize, i32)]) -> (StackId, usize) {
        let mut made = 0;
        let found = steps.walk(
            stack.iter(),
            |&frame| frame,
            |parent, &(code, instruction)| {
                made += 1;
                Some(StackId(
                    parent.0 * 1000 + code as u32 * 10 + instruction as u32,
                ))
            },
        );
        (found.expect("a stack"), made)
    }

    #[test]
    fn only_what_differs_and_is_new_is_looked_up() {
        let mut steps = Steps::new();
        assert_eq!(
            walk(&mut steps, &[(1, 1), (2, 1), (3, 1)]),
            (StackId(11_021_031), 3)
        );
        assert_eq!(
            walk(&mut steps, &[(1, 1), (2, 1), (3, 1)]),
            (StackId(11_021_031), 0)
        );
        assert_eq!(walk(&mut steps, &[(1, 1), (2, 1)]), (StackId(11_021), 0));
        // The same innermost frame below another line of its caller is another stack.
        assert_eq!(
            walk(&mut steps, &[(1, 1), (2, 2), (3, 1)]),
            (StackId(11_022_031), 2)
        );
        assert_eq!(
            walk(&mut steps, &[(1, 1), (2, 1), (3, 1)]),
            (StackId(11_021_031), 0)
        );
        steps.forget();
        assert_eq!(
            walk(&mut steps, &[(1, 1), (2, 1), (3, 1)]),
            (StackId(11_021_031), 3)
        );
    }
}
