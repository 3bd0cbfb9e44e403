//! The way from a thread's last stack to its next one, where every block is followed: frames that are
//! as they were are not looked up, and a step that was taken before is found in a cache.
//!
//! Code objects are known by their addresses here. Whoever learns that one goes has to call
//! [`Steps::forget`] before another can be made at its address.

use unfreed_cpython::Runtime;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::stack::RawFrame;
use unfreed_cpython::trail::Trail;
use unfreed_recording::ids::StackId;

/// Steps that are remembered; a power of two.
const STEPS: usize = 1 << 15;

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

/// What is remembered. Used by one thread at a time.
pub(crate) struct Steps {
    trail: Trail,
    cache: Cache,
}

struct Cache {
    steps: Vec<Step>,
    generation: u32,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Steps {
            trail: Trail::with_room(),
            cache: Cache::new(),
        }
    }

    /// The stack of this thread. `make` finds or makes the stack of a frame that is called from another
    /// stack; where it has none, there is none.
    #[inline]
    pub(crate) fn follow(
        &mut self,
        runtime: &Runtime,
        gil: &Gil,
        mut make: impl FnMut(StackId, RawFrame) -> Option<StackId>,
    ) -> Option<StackId> {
        let Steps { trail, cache } = self;
        let stack = trail.follow(runtime, gil, |parent, frame| {
            let (code, instruction) = (frame.code.address(), frame.instruction);
            let parent = StackId(parent);
            cache
                .step(parent, code, instruction, || make(parent, frame))
                .map(|stack| stack.0)
        });
        stack.map(StackId)
    }

    /// A code object goes: nothing that is known by an address counts any more.
    pub(crate) fn forget(&mut self) {
        self.trail.forget();
        self.cache.forget();
    }
}

impl Cache {
    fn new() -> Self {
        let none = Step {
            code: 0,
            instruction: 0,
            parent: StackId(0),
            stack: StackId(0),
            generation: 0,
        };
        Cache {
            steps: vec![none; STEPS],
            generation: 1,
        }
    }

    fn step(
        &mut self,
        parent: StackId,
        code: usize,
        instruction: i32,
        make: impl FnOnce() -> Option<StackId>,
    ) -> Option<StackId> {
        let slot = &mut self.steps[index_of(parent, code, instruction)];
        let is_known = slot.generation == self.generation
            && (slot.code, slot.instruction, slot.parent) == (code, instruction, parent);
        if is_known {
            return Some(slot.stack);
        }
        let stack = make()?;
        *slot = Step {
            code,
            instruction,
            parent,
            stack,
            generation: self.generation,
        };
        Some(stack)
    }

    fn forget(&mut self) {
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

    #[test]
    fn a_step_is_made_once_for_each_parent_code_and_instruction() {
        let mut cache = Cache::new();
        let mut made = 0;
        for _ in 0..2 {
            for (parent, code, instruction) in [(1, 160, 2), (2, 160, 2), (1, 320, 2), (1, 160, 4)]
            {
                let expected = StackId(parent * 100 + code as u32 + instruction as u32);
                let found = cache.step(StackId(parent), code, instruction, || {
                    made += 1;
                    Some(expected)
                });
                assert_eq!(found, Some(expected));
            }
        }
        assert_eq!(made, 4);
        cache.forget();
        let found = cache.step(StackId(1), 160, 2, || Some(StackId(9)));
        assert_eq!(found, Some(StackId(9)));
        assert_eq!(cache.step(StackId(5), 5, 5, || None), None);
    }
}
