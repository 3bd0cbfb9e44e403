//! Moments that the program names: kept until the agent writes them. Called by the program, never by a hook.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// Most marks that wait; what comes on top is dropped.
const MOST: usize = 1000;
/// How often a thread looks whether the list is free. A fork may have left it in use for ever.
const TRIES: u32 = 2000;
/// Longest name, characters.
const LONGEST: usize = 100;

/// A moment and its name.
pub(crate) struct Mark {
    pub at: Instant,
    pub name: String,
}

static WAITING: Mutex<Vec<Mark>> = Mutex::new(Vec::new());

/// Names this moment in the recording of this process; does nothing where there is none.
pub fn mark(name: &str) {
    if crate::running().is_none() || unfreed_sys::fork::is_orphan() {
        return;
    }
    if let Some(mut waiting) = free_list()
        && waiting.len() < MOST
    {
        waiting.push(Mark {
            at: Instant::now(),
            name: name.chars().take(LONGEST).collect(),
        });
    }
}

/// Takes what waits: for the agent, and for a forked child, whose parent writes them.
pub(crate) fn take() -> Vec<Mark> {
    free_list().map_or_else(Vec::new, |mut waiting| std::mem::take(&mut *waiting))
}

fn free_list() -> Option<MutexGuard<'static, Vec<Mark>>> {
    (0..TRIES).find_map(|_| {
        let list = WAITING.try_lock().ok();
        if list.is_none() {
            std::hint::spin_loop();
        }
        list
    })
}
