//! Holding, taking and giving up the GIL; proofs of it as a type.

use crate::runtime::Runtime;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

/// Proof that this thread holds the GIL of the main interpreter.
#[derive(Debug)]
pub struct Gil {
    /// Address of this thread's state.
    thread: usize,
    not_send: PhantomData<*const ()>,
}

impl Gil {
    fn of(thread: usize) -> Gil {
        Gil {
            thread,
            not_send: PhantomData,
        }
    }

    /// Address of the state of this thread.
    pub(crate) fn thread(&self) -> usize {
        self.thread
    }

    /// The proof, when this thread has a thread state and it is the running one.
    #[must_use]
    pub fn held(runtime: &Runtime) -> Option<Gil> {
        let functions = &runtime.api().functions;
        let current = (functions.thread_state)();
        // From 3.12 on the running state is this thread's, before it is the process's.
        let is_own = runtime.minor() >= 12 || current == (functions.gil_this_thread)();
        (current != 0 && is_own && is_main(runtime, current)).then_some(Gil::of(current))
    }

    /// Whether this thread runs Python code of another interpreter than the main one, which may have a
    /// GIL of its own: its objects come and go while we hold ours.
    #[must_use]
    pub fn is_of_another_interpreter(runtime: &Runtime) -> bool {
        let current = (runtime.api().functions.thread_state)();
        current != 0 && !is_main(runtime, current)
    }

    /// Stands for the GIL where this thread has released it and only the frames of its own Python code
    /// are read: they wait for this very thread, do not change, and keep their code objects alive.
    /// `None` for a thread that runs no Python code.
    #[must_use]
    pub fn of_own_frames(runtime: &Runtime) -> Option<Gil> {
        let own = (runtime.api().functions.gil_this_thread)();
        (own != 0 && is_main(runtime, own)).then_some(Gil::of(own))
    }

    /// Runs `work` without the GIL, so that other threads may run Python meanwhile.
    pub fn released<T>(&self, runtime: &Runtime, work: impl FnOnce() -> T) -> T {
        let restore = runtime.api().functions.restore_thread;
        let _back = OnDrop(restore, (runtime.api().functions.save_thread)());
        work()
    }
}

fn is_main(runtime: &Runtime, thread: usize) -> bool {
    (runtime.api().functions.interpreter_of)(thread) == runtime.interpreter()
}

/// Takes the GIL from a thread that Python did not start, runs `work`, gives it back.
/// `None` when the interpreter is not there any more.
///
/// The caller must have been stopped before the interpreter finalises: from then on taking the GIL
/// ends the thread (3.9 to 3.13) or hangs it (3.14), and the check here is only a second line.
pub fn with_gil<T>(runtime: &Runtime, work: impl FnOnce(&Gil) -> T) -> Option<T> {
    let functions = &runtime.api().functions;
    if (functions.is_initialized)() == 0 || (functions.is_finalizing)() != 0 {
        return None;
    }
    let _back = OnDrop(functions.gil_release, (functions.gil_ensure)());
    Some(work(&Gil::of((functions.thread_state)())))
}

/// Has the main thread call `function` as soon as it runs Python again; `false` when the
/// interpreter's queue is full.
pub fn call_soon(runtime: &Runtime, function: extern "C" fn(*mut c_void) -> c_int) -> bool {
    (runtime.api().functions.add_pending_call)(function, std::ptr::null_mut()) == 0
}

/// Calls back when dropped, so that a panic in between cannot keep the GIL.
struct OnDrop<T: Copy>(extern "C" fn(T), T);

impl<T: Copy> Drop for OnDrop<T> {
    fn drop(&mut self) {
        (self.0)(self.1);
    }
}
