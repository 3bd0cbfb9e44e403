//! Objects of the standard library: files, sockets, threads, processes, event loops, futures.

use super::states::state;
use super::{Inspection, Inspectors};
use unfreed_recording::snapshot::NodeIndex;

/// Deepest a file is wrapped: text around buffer around raw, in a temporary file's wrapper.
const WRAPPERS: usize = 5;

impl Inspectors<'_, '_> {
    /// A file is closed when the raw one inside is.
    pub(super) fn file(&self, node: NodeIndex) -> Option<Inspection> {
        let mut at = node;
        for _ in 0..WRAPPERS {
            if let Some(said) = state(self.heap, at) {
                let known = self.by_state(at)?;
                return match said {
                    "closed file" | "open file" => Some(known),
                    // A pipe or socket, a buffer in memory.
                    _ => Some(Inspection {
                        reason: format!("is a file around one that {}", known.reason),
                        ..known
                    }),
                };
            }
            let inner = ["buffer", "raw", "file"];
            match inner.iter().find_map(|name| self.attribute(at, name)) {
                Some(next) if !self.is_none(next) => at = next,
                // What is innermost may be no file of C: that of a socket, one of the person's own.
                _ if at != node => return self.inspect(at),
                _ => break,
            }
        }
        Inspection::unknown("may be open or closed: the file inside it is not seen")
    }

    pub(super) fn socket(&self, node: NodeIndex) -> Option<Inspection> {
        match self.flag(node, "_closed") {
            Some(true) => Inspection::over("is a closed socket"),
            _ => self.by_state(node),
        }
    }

    pub(super) fn ssl_socket(&self, node: NodeIndex) -> Option<Inspection> {
        let known = self.socket(node)?;
        let reason = known.reason.replace("socket", "SSL socket");
        Some(Inspection {
            reason: reason.replace("a open", "an open"),
            ..known
        })
    }

    pub(super) fn socket_file(&self, node: NodeIndex) -> Option<Inspection> {
        if self.is_attribute_none(node, "_sock")? {
            Inspection::over("is a closed file of a socket")
        } else {
            Inspection::in_use("is an open file of a socket")
        }
    }

    pub(super) fn thread(&self, node: NodeIndex) -> Option<Inspection> {
        let was_started = self
            .attribute(node, "_started")
            .and_then(|event| self.flag(event, "_flag"));
        match (was_started, self.flag(node, "_is_stopped")) {
            (_, Some(true)) => Inspection::over("is a thread that has exited"),
            (Some(false), _) => Inspection::unknown("is a thread that was not started"),
            (None, None) => Inspection::unknown("is a thread whose state the snapshot lacks"),
            _ => match &self.running_threads {
                // A thread takes itself out of `threading._active` at its very end.
                Some(running) if running.contains(&node) => {
                    Inspection::in_use("is a thread that runs")
                }
                Some(_) => Inspection::over("is a thread that has exited"),
                None => Inspection::unknown("is a thread that was started"),
            },
        }
    }

    pub(super) fn condition(&self, node: NodeIndex) -> Option<Inspection> {
        let lock = self.attribute(node, "_lock")?;
        match state(self.heap, lock)? {
            "free lock" => Inspection::unknown("is a condition whose lock nobody holds now"),
            _ => Inspection::in_use("is a condition whose lock a thread holds"),
        }
    }

    pub(super) fn async_lock(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "_locked")? {
            Inspection::in_use("is a lock that a task holds")
        } else {
            Inspection::unknown("is a lock that nobody holds now")
        }
    }

    pub(super) fn process(&self, node: NodeIndex) -> Option<Inspection> {
        if self.is_attribute_none(node, "returncode")? {
            Inspection::unknown(
                "is a process that nobody has waited for yet: it may run or have ended",
            )
        } else {
            Inspection::over("is a process that has ended")
        }
    }

    pub(super) fn multiprocess(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "_closed") == Some(true) {
            return Inspection::over("is a process object that was closed");
        }
        let process = self.attribute(node, "_popen")?;
        if self.is_none(process) {
            return Inspection::unknown("is a process that was not started");
        }
        self.process(process)
    }

    pub(super) fn loop_(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "_closed")? {
            Inspection::over("is a closed event loop")
        } else {
            Inspection::in_use("is an open event loop")
        }
    }

    /// An object that gives up what it works with when it is closed.
    pub(super) fn closed_when_none(
        &self,
        node: NodeIndex,
        attribute: &str,
        what: &str,
    ) -> Option<Inspection> {
        if self.is_attribute_none(node, attribute)? {
            Inspection::over(format!("is a closed {what}"))
        } else {
            Inspection::in_use(format!("is an open {what}"))
        }
    }

    pub(super) fn tar_file(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "closed")? {
            Inspection::over("is a closed tar file")
        } else {
            Inspection::in_use("is an open tar file")
        }
    }

    /// An executor: its threads or processes may still finish what it took before.
    pub(super) fn pool(&self, node: NodeIndex, flag: &str, what: &str) -> Option<Inspection> {
        if self.flag(node, flag)? {
            Inspection::over(format!("is a {what} that was shut down"))
        } else {
            Inspection::in_use(format!("is a {what} that takes work"))
        }
    }

    /// A future written in Python; it has no state of its own to see but its result.
    pub(super) fn python_future(&self, node: NodeIndex) -> Option<Inspection> {
        self.with_result(node)
    }

    pub(super) fn concurrent_future(&self, node: NodeIndex) -> Option<Inspection> {
        self.with_result(node)
    }

    fn with_result(&self, node: NodeIndex) -> Option<Inspection> {
        let has = |name| self.is_attribute_none(node, name) == Some(false);
        if has("_exception") {
            return Inspection::over("is a future that ended with an exception");
        }
        if has("_result") {
            return Inspection::over("is a done future");
        }
        match self.name_of_state(node) {
            Some("FINISHED") => Inspection::over("is a done future"),
            Some(name) if name.starts_with("CANCELLED") => {
                Inspection::over("is a cancelled future")
            }
            Some("PENDING" | "RUNNING") => Inspection::in_use("is a pending future"),
            _ => Inspection::unknown("is a future without a result: pending, or done with None"),
        }
    }

    /// The word that `_state` refers to: known where it is also the value of a constant.
    fn name_of_state(&self, node: NodeIndex) -> Option<&'static str> {
        let state = self.attribute(node, "_state")?;
        let words = [
            "PENDING",
            "RUNNING",
            "CANCELLED",
            "CANCELLED_AND_NOTIFIED",
            "FINISHED",
        ];
        if let Some(text) = self.heap.node_text(state) {
            return words.into_iter().find(|word| *word == text);
        }
        let module = self.module("concurrent.futures._base")?;
        words
            .into_iter()
            .find(|word| self.attribute(module, word) == Some(state))
    }

    pub(super) fn http_response(&self, node: NodeIndex) -> Option<Inspection> {
        if self.is_attribute_none(node, "fp")? {
            Inspection::over("is a response that was read to its end or closed")
        } else {
            Inspection::in_use("is a response that is not read to its end")
        }
    }
}
