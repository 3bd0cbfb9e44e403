//! The Python stack of the current thread and of others, read from frames in memory: no frame
//! object is made, nothing is allocated, no reference count changes.

use crate::code::CodeRef;
use crate::gil::Gil;
use crate::layout::ABSENT;
use crate::object::Objects;
use crate::runtime::Runtime;

/// Low bits of a frame slot from 3.14 on: a borrowed or deferred reference, or a tagged int.
const TAG_MASK: usize = 3;
const TAG_INT: usize = 3;

/// A frame as captured: its code, and the offset of its current instruction in bytes.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// The code object.
    pub code: CodeRef,
    /// Offset of the instruction in bytes, as `PyCode_Addr2Line` takes it.
    pub instruction: i32,
}

impl RawFrame {
    /// A value to fill buffers with.
    pub const EMPTY: RawFrame = RawFrame {
        code: CodeRef(0),
        instruction: 0,
    };
}

/// Captures the current thread's stack, innermost frame first; returns how many frames of `out`
/// were written. A deeper stack loses its outermost frames. Works while this thread has released the
/// GIL, too ([`Gil::of_own_frames`]).
pub fn capture(runtime: &Runtime, gil: &Gil, out: &mut [RawFrame]) -> usize {
    let objects = runtime.objects(gil);
    let mut count = 0;
    let mut frame = current_frame(&objects, gil.thread());
    // A cycle of frames cannot be; the bound keeps damaged memory from looping for ever.
    for _ in 0..MAX_FRAMES {
        if frame == 0 || count == out.len() {
            break;
        }
        if let Some(raw) = read_frame(&objects, frame) {
            out[count] = raw;
            count += 1;
        }
        frame = previous(&objects, frame);
    }
    count
}

pub(crate) const MAX_FRAMES: usize = 100_000;

/// The innermost frame of a thread state: a `PyFrameObject` before 3.11, a `_PyInterpreterFrame`
/// since; 0 when no Python code runs.
pub(crate) fn current_frame(objects: &Objects<'_>, thread: usize) -> usize {
    let layout = objects.layout;
    if layout.ts_cframe != ABSENT {
        let cframe = objects.reader.word(thread + layout.ts_cframe);
        return if cframe == 0 {
            0
        } else {
            objects.reader.word(cframe + layout.cframe_current_frame)
        };
    }
    objects.reader.word(thread + layout.ts_frame)
}

/// The caller's frame.
pub(crate) fn previous(objects: &Objects<'_>, frame: usize) -> usize {
    let layout = objects.layout;
    let offset = if is_object_frames(objects) {
        layout.fo_back
    } else {
        layout.if_previous
    };
    objects.reader.word(frame + offset)
}

/// Whether frames are objects in this version (3.9, 3.10).
pub(crate) fn is_object_frames(objects: &Objects<'_>) -> bool {
    objects.minor <= 10
}

/// Addresses of the objects that a running frame owns in its variables and the lowest `depth` slots of its value stack, the
/// `skipped` innermost frames passed over. How deep the stack is, only the compiler of the code knows in every version;
/// slots above hold what was there before. References that a slot borrows are left out: they count for nobody.
#[must_use]
pub fn owned_slots(runtime: &Runtime, gil: &Gil, skipped: usize, depth: usize) -> Vec<usize> {
    let objects = runtime.objects(gil);
    let (layout, reader) = (objects.layout, objects.reader);
    let mut frame = current_frame(&objects, gil.thread());
    let mut above = skipped;
    for _ in 0..MAX_FRAMES {
        if frame == 0 {
            return Vec::new();
        }
        if read_frame(&objects, frame).is_some() {
            match above.checked_sub(1) {
                Some(fewer) => above = fewer,
                None => break,
            }
        }
        frame = previous(&objects, frame);
    }
    let Some(raw) = read_frame(&objects, frame) else {
        return Vec::new();
    };
    let code = raw.code.address();
    // The stack follows the variables, and the compiler says how deep it may be.
    let most = usize::try_from(reader.int(code + layout.co_stacksize)).unwrap_or(0);
    let (first, variables) = if is_object_frames(&objects) {
        let first = frame + layout.fo_localsplus;
        let stack = reader.word(frame + layout.fo_valuestack);
        (first, stack.saturating_sub(first) / 8)
    } else {
        let count = reader.int(code + layout.co_nlocalsplus);
        (
            frame + layout.if_localsplus,
            usize::try_from(count).unwrap_or(0),
        )
    };
    (0..variables + depth.min(most))
        .map(|index| reader.word(first + index * 8))
        .filter(|&slot| slot != 0 && slot & TAG_MASK == 0)
        .collect()
}

/// Appends those of the slots that [`owned_slots`] gave, each object once, that are of one of the `types` to the Python
/// list at `list`, which the caller holds. To be called before anything else runs: the frame still owns them then.
pub fn append_owned(runtime: &Runtime, gil: &Gil, slots: &[usize], types: &[usize], list: usize) {
    let objects = runtime.objects(gil);
    if types.is_empty() || objects.type_of(list) != objects.types.list {
        return;
    }
    for (index, &slot) in slots.iter().enumerate() {
        if types.contains(&objects.type_of(slot)) && !slots[..index].contains(&slot) {
            // Without memory there is one object less to follow.
            let _ = (runtime.api().functions.list_append)(list, slot);
        }
    }
}

/// Code and instruction of a frame; `None` for one that belongs to the interpreter or is not ready.
pub(crate) fn read_frame(objects: &Objects<'_>, frame: usize) -> Option<RawFrame> {
    let (layout, reader) = (objects.layout, objects.reader);
    if is_object_frames(objects) {
        let code = reader.word(frame + layout.fo_code);
        let last = reader.int(frame + layout.fo_lasti);
        // 3.10 counts instructions of two bytes, 3.9 counts bytes.
        let instruction = if objects.minor == 10 {
            last.saturating_mul(2)
        } else {
            last
        };
        return Some(RawFrame {
            code: CodeRef(code),
            instruction,
        });
    }
    let owner = reader.byte(frame + layout.if_owner);
    if owner == layout.owner_cstack || owner == layout.owner_interpreter {
        return None;
    }
    let code = untag(reader.word(frame + layout.if_code))?;
    if objects.type_of(code) != objects.types.code {
        return None;
    }
    let start = code + layout.co_code_adaptive;
    let offset = reader.word(frame + layout.if_instr).cast_signed() - start.cast_signed();
    // Before the first traceable instruction the frame is still being set up.
    let first = reader.int(code + layout.co_firsttraceable) as isize * 2;
    if owner != layout.owner_generator && offset < first {
        return None;
    }
    Some(RawFrame {
        code: CodeRef(code),
        instruction: i32::try_from(offset.max(0)).ok()?,
    })
}

/// The object in a frame slot; `None` for an empty slot or a tagged int. Before 3.14 slots are plain
/// pointers, whose low bits are zero.
pub(crate) fn untag(slot: usize) -> Option<usize> {
    let object = slot & !TAG_MASK;
    (object != 0 && slot & TAG_MASK != TAG_INT).then_some(object)
}
