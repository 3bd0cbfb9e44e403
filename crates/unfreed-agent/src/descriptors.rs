//! Which stack opened each file descriptor: by number, the last one counts. Closing is not followed; whoever asks looks
//! at what is open. One table for the process, which takes memory where it is used.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use unfreed_recording::ids::StackId;

/// Descriptors with numbers beyond this are not followed; systems allow a thousand unless told otherwise.
const MOST: usize = 64 * 1024;

static STACKS: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

/// The process that the table is about: a child before its `exec` may share memory with it, and opens others.
static PID: AtomicU32 = AtomicU32::new(0);

/// Forgets all; from here on the calling process is the one that counts.
pub(crate) fn begin() {
    PID.store(own_pid(), Relaxed);
    for slot in &STACKS {
        if slot.load(Relaxed) != 0 {
            slot.store(0, Relaxed);
        }
    }
}

/// Whether the calling code is of the process that counts.
pub(crate) fn are_own() -> bool {
    PID.load(Relaxed) == own_pid()
}

/// A stack has opened a descriptor.
pub(crate) fn opened(descriptor: i32, stack: StackId) {
    if let Some(slot) = slot(descriptor) {
        slot.store(stack.0, Relaxed);
    }
}

/// The stack that opened a descriptor; the empty one when that was not seen.
pub(crate) fn stack(descriptor: i32) -> StackId {
    StackId(slot(descriptor).map_or(0, |slot| slot.load(Relaxed)))
}

fn slot(descriptor: i32) -> Option<&'static AtomicU32> {
    STACKS.get(usize::try_from(descriptor).ok()?)
}

fn own_pid() -> u32 {
    rustix::process::getpid()
        .as_raw_nonzero()
        .get()
        .cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stack_counts_and_others_are_unknown() {
        begin();
        assert!(are_own());
        opened(7, StackId(1));
        opened(7, StackId(2));
        opened(-1, StackId(3));
        opened(i32::MAX, StackId(3));
        assert_eq!([stack(7), stack(8), stack(-1)].map(|id| id.0), [2, 0, 0]);
        begin();
        assert_eq!(stack(7), StackId(0));
    }
}
