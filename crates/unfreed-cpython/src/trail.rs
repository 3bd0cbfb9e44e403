//! The Python stack of the current thread as what changed since the last look at one: for whoever asks
//! at every allocation. Reads only frames of the chain that runs now, like `stack`.
//!
//! Nothing in a frame says that its callers are the same as before: one may have returned and called
//! again from another line. So every frame is compared, but against what is remembered, which a
//! processor does several frames at a time, where following the links takes one after the other.

use crate::gil::Gil;
use crate::object::Objects;
use crate::reader::Reader;
use crate::runtime::Runtime;
use crate::stack::{RawFrame, current_frame, is_object_frames, previous, read_frame};

/// Deepest stack that is followed.
const MOST_LEVELS: usize = 20_000;
/// Innermost frames of the last stack among which a frame is looked for.
const NEAR: usize = 16;

/// A frame of the last stack, and what its follower calls the stack that ends with it.
#[derive(Clone, Copy, Debug)]
struct Level {
    frame: usize,
    position: usize,
    stack: u32,
}

/// The last stack. Used by one thread at a time; which one does not matter, since a stack of another
/// thread is only one that differs more.
#[derive(Debug, Default)]
pub struct Trail {
    /// Outermost first, frames of the interpreter's own included.
    levels: Vec<Level>,
    /// Frames that are not in `levels`, innermost first.
    fresh: Vec<usize>,
}

impl Trail {
    /// With room for stacks of this depth, so that following them allocates nothing.
    #[must_use]
    pub fn with_room() -> Self {
        Trail {
            levels: Vec::with_capacity(MOST_LEVELS),
            fresh: Vec::with_capacity(MOST_LEVELS),
        }
    }

    /// The number of this thread's stack: `step` gives the number of a frame called from a stack whose
    /// number it is given, 0 for the empty one, and is asked only about frames that changed. `None` when
    /// `step` has none, or the stack is too deep.
    ///
    /// Code objects are told apart by their addresses: see [`Trail::forget`].
    pub fn follow(
        &mut self,
        runtime: &Runtime,
        gil: &Gil,
        mut step: impl FnMut(u32, RawFrame) -> Option<u32>,
    ) -> Option<u32> {
        let objects = runtime.objects(gil);
        let innermost = current_frame(&objects, gil.thread());
        let known = match self.meet(&objects, innermost)? {
            Some(known) => known,
            // Something else called a known frame this time, as happens to generators.
            None => {
                self.levels.clear();
                self.meet(&objects, innermost)??
            }
        };
        self.take_steps(&objects, known, &mut step)
    }

    /// Lists the frames that are not known and finds out how many outermost levels are as they were;
    /// cuts off what has returned. The inner `None`: the known part is linked in another way now.
    fn meet(&mut self, objects: &Objects<'_>, innermost: usize) -> Option<Option<usize>> {
        self.fresh.clear();
        let mut frame = innermost;
        let met = loop {
            if frame == 0 {
                break 0;
            }
            let near = self.levels.iter().rev().take(NEAR);
            if let Some(back) = near.map(|level| level.frame).position(|one| one == frame) {
                break self.levels.len() - back;
            }
            if self.fresh.len() == MOST_LEVELS {
                return None;
            }
            self.fresh.push(frame);
            frame = previous(objects, frame);
        };
        self.levels.truncate(met);
        if self.levels.len() + self.fresh.len() > MOST_LEVELS {
            return None;
        }
        // Two loops without a choice in them: they run for every frame at every allocation.
        let (layout, reader) = (objects.layout, objects.reader);
        Some(if is_object_frames(objects) {
            let position = |frame| position_of_object(objects, frame);
            self.unchanged(reader, layout.fo_back, position)
        } else {
            let instruction = layout.if_instr;
            let position = |frame| reader.word(frame + instruction);
            self.unchanged(reader, layout.if_previous, position)
        })
    }

    /// How many outermost levels are as they were; `None` when one has another caller now. Each link is checked before
    /// the frame that it leads to is read: that frame lives.
    #[inline]
    fn unchanged(
        &self,
        reader: Reader,
        back: usize,
        position: impl Fn(usize) -> usize,
    ) -> Option<usize> {
        let levels = self.levels.as_slice();
        let mut same = levels.len();
        for (index, pair) in levels.windows(2).enumerate().rev() {
            let (outer, level) = (&pair[0], &pair[1]);
            if position(level.frame) != level.position {
                same = index + 1;
            }
            if reader.word(level.frame + back) != outer.frame {
                return None;
            }
        }
        if let Some(outermost) = levels.first() {
            if position(outermost.frame) != outermost.position {
                same = 0;
            }
            if reader.word(outermost.frame + back) != 0 {
                return None;
            }
        }
        Some(same)
    }

    fn take_steps(
        &mut self,
        objects: &Objects<'_>,
        same: usize,
        step: &mut impl FnMut(u32, RawFrame) -> Option<u32>,
    ) -> Option<u32> {
        let outer = same.checked_sub(1);
        let mut stack = outer.map_or(0, |outer| self.levels[outer].stack);
        let changed = self.levels.len() - same;
        for index in 0..changed + self.fresh.len() {
            let frame = match self.levels.get(same + index) {
                Some(level) if index < changed => level.frame,
                _ => self.fresh[changed + self.fresh.len() - 1 - index],
            };
            if let Some(raw) = read_frame(objects, frame) {
                let Some(next) = step(stack, raw) else {
                    self.levels.truncate(same + index);
                    return None;
                };
                stack = next;
            }
            let level = Level {
                frame,
                position: position(objects, frame),
                stack,
            };
            if index < changed {
                self.levels[same + index] = level;
            } else {
                self.levels.push(level);
            }
        }
        Some(stack)
    }

    /// Forgets everything. To be called when a code object goes, before another can be made at its
    /// address.
    pub fn forget(&mut self) {
        self.levels.clear();
    }
}

/// What tells where a frame is: since 3.11 an address inside its code object; before, both the code and
/// the offset, since a frame object is used again for other code.
#[inline]
fn position(objects: &Objects<'_>, frame: usize) -> usize {
    if is_object_frames(objects) {
        return position_of_object(objects, frame);
    }
    objects.reader.word(frame + objects.layout.if_instr)
}

#[inline]
fn position_of_object(objects: &Objects<'_>, frame: usize) -> usize {
    let (layout, reader) = (objects.layout, objects.reader);
    let offset = reader.int(frame + layout.fo_lasti) as usize;
    reader
        .word(frame + layout.fo_code)
        .wrapping_add(offset.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
