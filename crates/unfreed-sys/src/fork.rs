//! What must happen in a forked child before anything else runs there.

use std::sync::atomic::{AtomicBool, Ordering};

static REGISTERED: AtomicBool = AtomicBool::new(false);
static IN_CHILD: AtomicBool = AtomicBool::new(false);

extern "C" fn child() {
    IN_CHILD.store(true, Ordering::SeqCst);
}

/// Registers the handler (once for the process).
pub fn register() {
    if !REGISTERED.swap(true, Ordering::SeqCst) {
        // SAFETY: `child` only writes atomics, which is allowed in a fork handler.
        unsafe { libc::pthread_atfork(None, None, Some(child)) };
    }
}

/// Says that this process was forked, where no handler ran.
pub(crate) fn disown() {
    IN_CHILD.store(true, Ordering::SeqCst);
}

/// Whether this process was forked since the last [`adopt`]: its agent thread does not exist.
#[must_use]
pub fn is_orphan() -> bool {
    IN_CHILD.load(Ordering::Relaxed)
}

/// Says that this process has an agent of its own from now on.
pub fn adopt() {
    IN_CHILD.store(false, Ordering::SeqCst);
}
