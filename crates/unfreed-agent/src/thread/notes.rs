//! What the agent has to say to the person: notes in the recording.

use super::Agent;
use crate::output::Stamp;
use unfreed_recording::process::Note;

impl Agent {
    pub(super) fn watch_hooks(&mut self, hooked: bool) {
        if !hooked && !self.hooks_lost {
            self.hooks_lost = true;
            self.note("another tool replaced the allocator hooks: from here on allocation sites are incomplete");
        }
        if let Some(why) = self.not_forked.take()
            && !std::mem::replace(&mut self.is_known_not_to_fork, true)
        {
            self.note(&format!("heap snapshots are taken in place: {why}"));
        }
        if std::mem::take(&mut self.skipped_for_memory) {
            self.note("no snapshot: too little memory is left for one");
            self.requests.answer();
        }
    }

    pub(super) fn note_lost_samples(&mut self) {
        let lost = self.recorder.lost();
        if lost > self.lost_before {
            let new = lost - self.lost_before;
            let text = if self.recorder.is_exact() {
                format!(
                    "{new} blocks are counted without their stacks, or not at all: the tables had no room"
                )
            } else {
                format!("{new} allocation samples found no room and were lost")
            };
            self.lost_before = lost;
            self.note(&text);
        }
    }

    pub(super) fn note(&mut self, text: &str) {
        let note = Note {
            at: self.now(),
            text: text.to_owned(),
        };
        self.write(|output| {
            output.append(
                &note,
                Stamp {
                    at: note.at,
                    epoch: None,
                },
            )
        });
    }
}
