//! When an epoch ends and when a snapshot is due: a program of ten seconds gets its answer, and one
//! of ten days is not slowed down.

use std::time::Duration;

/// Length of the first epochs.
const FIRST_EPOCH: Duration = Duration::from_secs(1);
/// Epochs of one length before it doubles.
const EPOCHS_OF_A_LENGTH: u32 = 32;
/// Snapshots wanted over the run so far, evenly spaced.
const SPACING: u32 = 8;
/// Pauses allowed at the start, as seconds of run time whose budget is granted in advance: with
/// 2 % that is 0.8 s, enough for eight snapshots of 300,000 objects in the first ten seconds.
const ADVANCE: f64 = 40.0;

/// The plan of one recording.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    fixed: Option<Duration>,
    budget: f64,
    epochs: u32,
    epoch_began: Duration,
    last_snapshot: Option<Duration>,
    paused: Duration,
    last_pause: Duration,
}

impl Schedule {
    /// A fixed epoch length of zero adapts; the budget is in per cent of run time.
    pub(crate) fn new(fixed_epoch: Duration, budget_percent: f32) -> Self {
        Schedule {
            fixed: (!fixed_epoch.is_zero()).then_some(fixed_epoch),
            budget: f64::from(budget_percent.max(0.0)) / 100.0,
            epochs: 0,
            epoch_began: Duration::ZERO,
            last_snapshot: None,
            paused: Duration::ZERO,
            last_pause: Duration::ZERO,
        }
    }

    fn epoch_length(&self) -> Duration {
        let doublings = (self.epochs / EPOCHS_OF_A_LENGTH).min(16);
        self.fixed.unwrap_or(FIRST_EPOCH * (1 << doublings))
    }

    /// Time left of the current epoch.
    pub(crate) fn left(&self, now: Duration) -> Duration {
        (self.epoch_began + self.epoch_length()).saturating_sub(now)
    }

    /// Begins the next epoch.
    pub(crate) fn next_epoch(&mut self, now: Duration) {
        self.epochs += 1;
        self.epoch_began = now;
    }

    /// Whether it is time for a snapshot at the end of this epoch.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        let spacing = if self.fixed.is_some() {
            Duration::ZERO
        } else {
            now / (SPACING + 1)
        };
        let spacing = spacing.saturating_sub(FIRST_EPOCH / 20);
        self.last_snapshot
            .is_none_or(|last| now.saturating_sub(last) >= spacing)
    }

    /// Whether a snapshot is inside the budget of pauses: it is expected to take as long as the last one, the first
    /// one as long as this guess.
    pub(crate) fn affords(&self, now: Duration, first_guess: Duration) -> bool {
        let expected = if self.last_pause.is_zero() {
            first_guess
        } else {
            self.last_pause
        };
        let allowed = self.budget * (ADVANCE + now.as_secs_f64());
        self.budget > 0.0 && (self.paused + expected).as_secs_f64() <= allowed
    }

    /// Says that a snapshot was taken, for which the program paused.
    pub(crate) fn took_snapshot(&mut self, now: Duration, pause: Duration) {
        self.last_snapshot = Some(now);
        self.paused += pause;
        self.last_pause = pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of snapshots in a run of `seconds`, each pausing the program for `pause`.
    fn run(seconds: u64, pause: Duration, budget: f32) -> Vec<f64> {
        let mut schedule = Schedule::new(Duration::ZERO, budget);
        let mut now = Duration::ZERO;
        let mut taken = Vec::new();
        while now < Duration::from_secs(seconds) {
            now += schedule.left(now).max(Duration::from_millis(1));
            if schedule.is_due(now) && schedule.affords(now, Duration::from_millis(4)) {
                schedule.took_snapshot(now, pause);
                taken.push(now.as_secs_f64());
            }
            schedule.next_epoch(now);
        }
        taken
    }

    #[test]
    fn ten_seconds_are_enough_for_an_answer() {
        assert!(run(10, Duration::from_millis(5), 2.0).len() >= 9);
        assert!(run(10, Duration::from_millis(70), 2.0).len() >= 7);
    }

    #[test]
    fn ten_days_take_few_snapshots_and_stay_inside_the_budget() {
        let taken = run(10 * 86_400, Duration::from_millis(500), 2.0);
        assert!(taken.len() < 150, "{}", taken.len());
        assert!(taken.last().is_some_and(|&last| last > 8.0 * 86_400.0));
    }

    #[test]
    fn a_heap_too_large_for_the_budget_is_looked_at_rarely() {
        let taken = run(600, Duration::from_secs(2), 2.0);
        assert!((1..=7).contains(&taken.len()), "{taken:?}");
        assert!(run(600, Duration::from_secs(1), 0.0).is_empty());
    }

    #[test]
    fn a_fixed_epoch_ends_each_with_a_snapshot() {
        let mut schedule = Schedule::new(Duration::from_millis(200), 2.0);
        schedule.took_snapshot(Duration::from_millis(200), Duration::from_millis(1));
        schedule.next_epoch(Duration::from_millis(200));
        assert_eq!(
            schedule.left(Duration::from_millis(250)),
            Duration::from_millis(150)
        );
        assert!(schedule.is_due(Duration::from_millis(400)));
    }
}
