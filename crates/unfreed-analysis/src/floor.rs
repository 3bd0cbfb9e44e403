//! A cross-check of steady growth against the readings between snapshots. Objects that are never
//! freed lift the floor of memory in use; batches that happened to be caught rising do not.

use unfreed_recording::counters::Counters;

/// Readings needed in the window.
const ENOUGH: usize = 9;
/// The floor has to rise by this part of the gain.
const RISE: f64 = 0.1;
/// A swing larger than so many gains is somebody else's: it says nothing about this one.
const SWING: f64 = 3.0;

/// Memory in use of all allocators, where the reading has it.
#[must_use]
pub fn in_use(reading: &Counters) -> Option<u64> {
    Some(reading.pymalloc_used?.saturating_add(reading.malloc_used?))
}

/// Whether the readings between `from` and `to` (seconds) rule out that `gained` bytes were never
/// freed.
#[must_use]
pub fn contradicts(counters: &[Counters], from: f64, to: f64, gained: i64) -> bool {
    let levels: Vec<f64> = counters
        .iter()
        .filter(|reading| (from..=to).contains(&reading.at.seconds()))
        .filter_map(|reading| in_use(reading).map(|used| used as f64))
        .collect();
    if levels.len() < ENOUGH || gained <= 0 {
        return false;
    }
    let third = levels.len() / 3;
    let floor = |part: &[f64]| part.iter().copied().fold(f64::INFINITY, f64::min);
    let ceiling = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rise = floor(&levels[levels.len() - third..]) - floor(&levels[..third]);
    let swing = ceiling - floor(&levels);
    rise < RISE * gained as f64 && swing <= SWING * gained as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use unfreed_recording::ids::RunTime;

    fn readings(levels: impl IntoIterator<Item = u64>) -> Vec<Counters> {
        levels
            .into_iter()
            .enumerate()
            .map(|(second, used)| Counters {
                at: RunTime(second as u64 * 1_000_000_000),
                pymalloc_used: Some(used),
                malloc_used: Some(0),
                ..Counters::default()
            })
            .collect()
    }

    #[test]
    fn batches_do_not_lift_the_floor_and_leaks_do() {
        let batches = readings((0..30).map(|second| (second % 7) * 1000));
        assert!(contradicts(&batches, 0.0, 30.0, 5000));
        let leak = readings((0..30).map(|second| second * 200));
        assert!(!contradicts(&leak, 0.0, 30.0, 5800));
        let leak_under_waves = readings((0..30).map(|second| second * 200 + (second % 5) * 3000));
        assert!(!contradicts(&leak_under_waves, 0.0, 30.0, 5800));
        assert!(!contradicts(&batches[..5], 0.0, 30.0, 5000));
    }
}
