//! The observer of every block, where a ledger has them all: finds the stack, and writes what came and went. Runs in
//! allocator hooks: no blocking lock, no heap, no Python.

use super::Recorder;
use crate::ledger::{Added, Ledger, Writers};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use unfreed_cpython::Runtime;
use unfreed_cpython::births::Births;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::hooks::{Caller, Observer};
use unfreed_recording::ids::{EpochId, StackId};
use unfreed_sys::{fork, interpose};

/// Told of every block.
pub(super) struct EveryBlock {
    pub(super) recorder: &'static Recorder,
    pub(super) ledger: &'static Ledger,
    /// Whether blocks of C code are followed, too.
    pub(super) natives: AtomicBool,
    /// Whether another interpreter than the main one has run, which may have a GIL of its own.
    pub(super) several_gils: AtomicBool,
}

impl EveryBlock {
    fn keep(&self, block: usize, size: usize, gil: Option<&Gil>) {
        let recorder = self.recorder;
        if fork::is_orphan() {
            return;
        }
        let here = self.here(gil);
        let writers = self.writers(gil.is_some());
        if self.ledger.add(writers, block, size, here) == Added::Refused {
            recorder.lost.fetch_add(1, Relaxed);
        }
    }

    /// The stack of this thread, and the epoch.
    fn here(&self, gil: Option<&Gil>) -> (StackId, EpochId) {
        let recorder = self.recorder;
        let stack = match gil {
            Some(gil) => recorder.capture_next(gil),
            // Without a stack it is counted, and no walk takes it for an object of ours.
            None if Gil::is_of_another_interpreter(recorder.runtime) => {
                self.several_gils.store(true, Relaxed);
                Some(StackId(0))
            }
            None => recorder.stack(None),
        };
        let stack = stack.unwrap_or_else(|| {
            recorder.lost.fetch_add(1, Relaxed);
            StackId(0)
        });
        (stack, EpochId(recorder.epoch.load(Relaxed)))
    }

    /// Who may write figures while this thread does. An allocator that is used under the GIL alone is trusted to be.
    fn writers(&self, with_gil: bool) -> Writers {
        if with_gil && !self.several_gils.load(Relaxed) {
            Writers::One
        } else {
            Writers::Any
        }
    }

    fn forget(&self, caller: Caller, block: usize) {
        let writers = self.writers(caller == Caller::WithGil);
        if self.ledger.remove(writers, block) {
            match self.recorder.free_stacks() {
                Some(mut stacks) => stacks.forget_code(block),
                None => self.recorder.code_is_gone.store(true, Relaxed),
            }
        }
    }
}

impl Observer for EveryBlock {
    #[inline]
    fn wants(&self, _: Caller, _: usize) -> bool {
        self.recorder.active.load(Relaxed)
    }

    #[inline]
    fn may_know(&self, block: usize) -> bool {
        self.ledger.holds(block)
    }

    fn allocated(&self, _: &'static Runtime, gil: Option<&Gil>, block: usize, size: usize) {
        self.keep(block, size, gil);
    }

    fn freed(&self, caller: Caller, block: usize) {
        self.forget(caller, block);
    }
}

impl Births for EveryBlock {
    #[inline]
    fn are_wanted(&self) -> bool {
        self.recorder.active.load(Relaxed)
    }

    fn handed_on(&self, gil: &Gil, block: usize) {
        if self.ledger.holds(block) && !fork::is_orphan() {
            let here = self.here(Some(gil));
            self.ledger.hand_on(self.writers(true), block, here);
        }
    }
}

impl interpose::Observer for EveryBlock {
    fn wants(&self, _: usize) -> bool {
        self.natives.load(Relaxed)
    }

    fn may_know(&self, block: usize) -> bool {
        self.ledger.holds(block)
    }

    fn allocated(&self, block: usize, size: usize) {
        self.keep(block, size, Gil::held(self.recorder.runtime).as_ref());
    }

    fn freed(&self, block: usize) {
        self.forget(Caller::AnyThread, block);
    }

    fn opened(&self, descriptor: i32) {
        self.recorder.note_opened(descriptor);
    }

    fn loaded(&self) {
        self.recorder.reach_new_objects();
    }
}
