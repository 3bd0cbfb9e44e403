//! Where the resident memory is, and what it did over the run.

use crate::findings::{Accounting, Mark, Memory};
use crate::source::EvidenceSource;
use crate::study::Study;
use crate::trend::{Reading, judge};
use unfreed_recording::counters::Counters;

/// Readings of the series that a report draws.
const DRAWN: usize = 60;
/// Readings that the trend of the resident set is judged by: more would make noise of it.
const JUDGED: usize = 12;
/// A range of the resident set below this part of it is noise,
const NOISE: f64 = 0.01;
/// and so is one below a megabyte.
const LEAST: f64 = 1024.0 * 1024.0;

/// Splits the resident set of the last reading. The parts add up to it: each takes what is left of
/// it, in the order in which they are certain.
#[must_use]
pub fn accounting(study: &Study<'_>) -> Accounting {
    let Some(reading) = study.source.counters().last() else {
        return Accounting::default();
    };
    let mut left = reading.rss;
    let mut take = |wanted: u64| {
        let taken = wanted.min(left);
        left -= taken;
        taken
    };
    let objects = study.taken.last().map_or(0, |taken| taken.bytes);
    let used = reading
        .pymalloc_used
        .unwrap_or(0)
        .saturating_add(reading.malloc_used.unwrap_or(0));
    let pools = reading
        .pymalloc_held
        .unwrap_or(0)
        .saturating_sub(reading.pymalloc_used.or(reading.pymalloc_held).unwrap_or(0));
    let own = take(reading.own);
    let python_objects = take(objects);
    // The agent's blocks come from malloc too.
    let native_in_use = take(used.saturating_sub(objects).saturating_sub(reading.own));
    let malloc_free = reading.malloc_free.unwrap_or(0);
    let allocator_free = take(pools.saturating_add(malloc_free));
    let of_files = reading
        .rss_anon
        .map(|anonymous| reading.rss.saturating_sub(anonymous));
    let code_and_files = take(of_files.unwrap_or(u64::MAX));
    Accounting {
        rss: reading.rss,
        python_objects,
        native_in_use,
        allocator_free,
        malloc_free: malloc_free.min(allocator_free),
        own,
        code_and_files,
        other_mappings: left,
    }
}

/// The resident set over the run.
#[must_use]
pub fn memory(study: &Study<'_>) -> Memory {
    let all = study.source.counters();
    let readings: Vec<Reading> = study.readings().into_iter().map(resident).collect();
    let thin = every(&readings, JUDGED);
    let last = all.last().map_or(0, |reading| reading.rss);
    let judged = judge(&thin, LEAST.max(last as f64 * NOISE));
    let series: Vec<Reading> = all.iter().map(resident).collect();
    Memory {
        rss_first: all.first().map_or(0, |reading| reading.rss),
        rss_last: last,
        rss_peak: all.iter().map(|reading| reading.rss).max().unwrap_or(0),
        trend: judged.trend,
        bytes_per_second: crate::trend::slope(&readings),
        series: every(&series, DRAWN)
            .iter()
            .map(|point| (point.at, point.level as u64))
            .collect(),
        marks: marks(study.source),
    }
}

/// Moments that the program named.
#[must_use]
pub fn marks(source: &dyn EvidenceSource) -> Vec<Mark> {
    let told = source.marks().iter().map(|mark| Mark {
        seconds: mark.at.seconds(),
        name: mark.name.clone(),
    });
    told.collect()
}

fn resident(reading: &Counters) -> Reading {
    Reading {
        at: reading.at.seconds(),
        level: reading.rss as f64,
    }
}

/// At most `most` readings, evenly spaced, the first and the last among them.
#[must_use]
pub fn every(readings: &[Reading], most: usize) -> Vec<Reading> {
    if readings.len() <= most || most < 2 {
        return readings.to_vec();
    }
    let last = readings.len() - 1;
    (0..most)
        .map(|index| readings[index * last / (most - 1)])
        .collect()
}
