//! The agent's looks at the heap: in place, or by a copy of the process that sends what it sees later.

use super::Agent;
use crate::forked::{self, Forked, NotForked, Progress};
use crate::headroom;
use crate::live::Block;
use crate::output::{Output, Stamp};
use crate::pause::{Pause, Stopped};
use std::time::Duration;
use unfreed_cpython::gil::Gil;
use unfreed_cpython::walk::{self, HandedOn, Names, SampledBlock, Told, Tracked, WalkError};
use unfreed_recording::Kind;
use unfreed_recording::ids::RunTime;
use unfreed_recording::snapshot::Snapshot;

/// Assumed cost of the first snapshot in place, nanoseconds an object that the collector tracks.
const FIRST_GUESS_NS: u64 = 400;

/// What an epoch's end sees of the heap.
pub(super) enum Look {
    /// Nothing: it was not due.
    None,
    Taken(Box<Snapshot>),
    /// A copy of the process looks.
    Forked(Box<Forked>),
    Failed(WalkError),
}

impl Look {
    pub(super) fn of(walked: Result<Snapshot, WalkError>) -> Self {
        match walked {
            Ok(snapshot) => Self::Taken(Box::new(snapshot)),
            Err(why) => Self::Failed(why),
        }
    }
}

/// A snapshot that is to come.
pub(super) struct Awaited {
    pub from: Box<Forked>,
    pub stamp: Stamp,
}

/// A look that is due, affordable, and for which there is memory.
pub(super) enum Wanted<'gil> {
    InPlace(Stopped, Tracked<'gil>),
    ByCopy(Stopped),
    /// There would be one but for this.
    Failed(WalkError),
}

impl Agent {
    /// The look that an epoch ends with.
    pub(super) fn wanted<'gil>(&mut self, gil: &'gil Gil, now: Duration) -> Option<Wanted<'gil>> {
        if self.forked.is_some() || !(self.cannot_wait() || self.schedule.is_due(now)) {
            return None;
        }
        // A copy takes long, and memory of its own.
        if self.forks && !self.is_urgent {
            match self.wanted_by_copy(gil, now) {
                Ok(wanted) => return wanted,
                Err(why) => self.not_forked = Some(why),
            }
        }
        self.wanted_in_place(gil, now)
    }

    /// Whether a look is taken whatever the schedule says.
    fn cannot_wait(&self) -> bool {
        self.is_urgent || self.requests.is_pending()
    }

    fn wanted_by_copy<'gil>(
        &self,
        gil: &'gil Gil,
        now: Duration,
    ) -> Result<Option<Wanted<'gil>>, NotForked> {
        let stopped = Stopped::now();
        if walk::is_collecting(self.runtime, gil) {
            return Ok(Some(Wanted::Failed(WalkError::Collecting)));
        }
        if !(self.cannot_wait() || self.schedule.affords(now, forked::expected_pause())) {
            return Ok(None);
        }
        forked::check_room(self.runtime.allocated_blocks(gil))?;
        Ok(Some(Wanted::ByCopy(stopped)))
    }

    fn wanted_in_place<'gil>(&mut self, gil: &'gil Gil, now: Duration) -> Option<Wanted<'gil>> {
        let stopped = Stopped::now();
        let tracked = match Tracked::now(self.runtime, gil) {
            Ok(tracked) => tracked,
            Err(error) => return Some(Wanted::Failed(error)),
        };
        let expected = Duration::from_nanos(tracked.count().saturating_mul(FIRST_GUESS_NS));
        if !(self.cannot_wait() || self.schedule.affords(now, expected)) {
            return None;
        }
        let room = headroom::for_walk(&tracked);
        // The program goes on to allocate while the snapshot is written.
        if room.needed > room.left / 4 * 3 {
            self.skipped_for_memory = true;
            return None;
        }
        Some(Wanted::InPlace(stopped, tracked))
    }

    pub(super) fn look_now(
        &mut self,
        gil: &Gil,
        now: Duration,
        wanted: Option<Wanted<'_>>,
        live: &[Block],
    ) -> (Look, Pause) {
        match wanted {
            None => (Look::None, Pause::default()),
            Some(Wanted::Failed(why)) => (Look::Failed(why), Pause::default()),
            Some(Wanted::InPlace(stopped, tracked)) => {
                let look = Look::of(self.walk(gil, tracked, live));
                (look, stopped.pause())
            }
            Some(Wanted::ByCopy(stopped)) => match self.fork(gil, now, live) {
                Ok(forked) => {
                    let pause = stopped.pause();
                    forked.tell_pause(pause.wall);
                    (Look::Forked(Box::new(forked)), pause)
                }
                Err(why) => {
                    self.not_forked = Some(why);
                    let wanted = self.wanted_in_place(gil, now);
                    self.look_now(gil, now, wanted, live)
                }
            },
        }
    }

    fn fork(&self, gil: &Gil, now: Duration, live: &[Block]) -> Result<Forked, NotForked> {
        let (epoch, at) = (self.epoch, RunTime(now.as_nanos() as u64));
        forked::begin(|| {
            let tracked = Tracked::now(self.runtime, gil)?;
            let snapshot = self.walk(gil, tracked, live)?;
            Ok(Snapshot {
                epoch,
                at,
                ..snapshot
            })
        })
    }

    pub(super) fn walk<'gil>(
        &self,
        gil: &'gil Gil,
        tracked: Tracked<'gil>,
        live: &[Block],
    ) -> Result<Snapshot, WalkError> {
        let blocks: Vec<SampledBlock> = live
            .iter()
            .map(|block| SampledBlock {
                address: block.address,
                stack: block.stack,
                born: block.born,
                bytes: block.bytes,
                // With sizes, owners of blocks that are no objects are looked for.
                size: if self.recorder.sees_natives() {
                    block.size
                } else {
                    0
                },
            })
            .collect();
        walk::snapshot(
            self.runtime,
            gil,
            tracked,
            &blocks,
            Told {
                names: if self.requests.is_pending() {
                    Names::All
                } else {
                    Names::OfWhatMayGrow
                },
                owned: self.owned,
                handed_on: if self.recorder.follows_births() {
                    HandedOn::Followed
                } else {
                    HandedOn::Unnoticed
                },
            },
        )
    }

    /// Writes what a copy of the process saw, when it has seen all.
    pub(super) fn write_forked(&mut self, progress: Progress) {
        if matches!(progress, Progress::Running) {
            return;
        }
        let Some(awaited) = self.forked.take() else {
            return;
        };
        match progress {
            Progress::Whole(block, _) => {
                self.write(|output| output.append_block(Kind::Snapshot, &block, awaited.stamp));
                self.write(Output::tidy);
                self.requests.answer();
            }
            Progress::Lost(why) => {
                self.note(&format!("no snapshot: {why}"));
                self.requests.answer();
            }
            Progress::Running => {}
        }
    }
}
