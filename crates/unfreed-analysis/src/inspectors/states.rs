//! States that the collector read from C fields and wrote into the snapshot: `closed file`, `done
//! task`, `finished`. What they mean for the life of the object.

use super::{Inspection, Inspectors};
use crate::heap::Heap;
use unfreed_recording::snapshot::NodeIndex;

/// The recorded state of an object.
pub(super) fn state<'a>(heap: &Heap<'a>, node: NodeIndex) -> Option<&'a str> {
    let states = &heap.snapshot.node_states;
    let at = states.binary_search_by_key(&node, |&(node, _)| node).ok()?;
    Some(heap.text(states.get(at)?.1))
}

impl Inspectors<'_, '_> {
    /// What the recorded state says.
    pub(super) fn by_state(&self, node: NodeIndex) -> Option<Inspection> {
        let said = state(self.heap, node)?;
        let article = match said.as_bytes().first() {
            Some(b'a' | b'e' | b'i' | b'o' | b'u') => "an",
            _ => "a",
        };
        match said.split_once(' ') {
            Some(("closed" | "cancelled" | "done", _)) => {
                Inspection::over(format!("is {article} {said}"))
            }
            Some(("open" | "pending", _)) => Inspection::in_use(format!("is {article} {said}")),
            Some(("held", _)) => Inspection::in_use("is a lock that a thread holds"),
            Some(("free", _)) => Inspection::unknown("is a lock that nobody holds now"),
            _ => self.of_generator(node, said),
        }
    }

    fn of_generator(&self, node: NodeIndex, said: &str) -> Option<Inspection> {
        let what = match self.heap.type_of(node)?.name.as_str() {
            name @ ("generator" | "coroutine") => name,
            "async_generator" => "async generator",
            _ => return None,
        };
        match said {
            "finished" => Inspection::over(format!("is a {what} that has finished")),
            "running" => Inspection::in_use(format!("is a {what} that runs now")),
            "suspended" => Inspection::in_use(format!("is a {what} that waits to be resumed")),
            "unfinished" => Inspection::in_use(format!("is a {what} that has not finished")),
            "not started" => Inspection::unknown(format!("is a {what} that was never started")),
            _ => None,
        }
    }
}
