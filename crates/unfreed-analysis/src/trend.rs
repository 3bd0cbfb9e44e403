//! The shape of a series over time: steady, plateau, saw-tooth, step, flat, falling, or too short
//! to say. Few and unevenly spaced readings are the rule, so times count and every test is robust:
//! a Theil-Sen slope (the median of all pairwise slopes), counts of rising intervals, the largest
//! fall, and whether the recent rate has collapsed.

use crate::findings::Trend;

/// Intervals without which nothing is called steady.
pub const MIN_INTERVALS: usize = 3;
/// A fall of this part of the whole range makes a saw-tooth: most of what was gained came free.
const FALL: f64 = 0.3;
/// Movements below this part of the range are noise.
const NOISE: f64 = 0.02;
/// An interval with this part of the gain may be a step,
const STEP: f64 = 0.7;
/// if its part of the gain is this many times its part of the time.
const STEP_OVER_TIME: f64 = 2.0;
/// A recent rate below this part of the earlier one has collapsed.
const COLLAPSE: f64 = 0.15;
/// The recent part of the window.
const RECENT: f64 = 0.35;
/// Intervals that have to rise, of those judged, to be called steady.
const MOSTLY: f64 = 0.8;

/// One reading of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Seconds since the start of the run.
    pub at: f64,
    /// The level.
    pub level: f64,
}

/// What a series does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Its shape.
    pub trend: Trend,
    /// 0 to 1: how sure the shape is.
    pub confidence: f64,
    /// Intervals in which it rose.
    pub grown: u32,
    /// Intervals judged.
    pub intervals: u32,
    /// Theil-Sen slope, units a second.
    pub slope: f64,
}

/// Judges a series in order of time. A range of at most `floor` is flat, whatever its shape.
#[must_use]
pub fn judge(readings: &[Reading], floor: f64) -> Judgement {
    let readings = in_order(readings);
    let moves = Moves::new(&readings);
    let (trend, confidence) = shape(&readings, &moves, floor);
    Judgement {
        trend,
        confidence,
        grown: moves.rises as u32,
        intervals: moves.deltas.len() as u32,
        slope: slope(&readings),
    }
}

/// Readings whose time does not move on are dropped: a recording may lie.
fn in_order(readings: &[Reading]) -> Vec<Reading> {
    let mut kept: Vec<Reading> = Vec::with_capacity(readings.len());
    for reading in readings {
        let later = kept.last().is_none_or(|last| reading.at > last.at);
        if later && reading.level.is_finite() && reading.at.is_finite() {
            kept.push(*reading);
        }
    }
    kept
}

struct Moves {
    deltas: Vec<f64>,
    range: f64,
    gain: f64,
    rises: usize,
    falls: usize,
    deepest_fall: f64,
}

impl Moves {
    fn new(readings: &[Reading]) -> Self {
        let deltas: Vec<f64> = readings
            .windows(2)
            .map(|pair| pair[1].level - pair[0].level)
            .collect();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut peak, mut deepest_fall) = (f64::NEG_INFINITY, 0.0_f64);
        for reading in readings {
            low = low.min(reading.level);
            high = high.max(reading.level);
            peak = peak.max(reading.level);
            deepest_fall = deepest_fall.max(peak - reading.level);
        }
        let range = if readings.is_empty() { 0.0 } else { high - low };
        let noise = range * NOISE;
        Self {
            range,
            gain: deltas.iter().sum(),
            rises: deltas.iter().filter(|&&delta| delta > noise).count(),
            falls: deltas.iter().filter(|&&delta| delta < -noise).count(),
            deepest_fall,
            deltas,
        }
    }
}

fn shape(readings: &[Reading], moves: &Moves, floor: f64) -> (Trend, f64) {
    let intervals = moves.deltas.len();
    if intervals < MIN_INTERVALS {
        return (Trend::NotEnoughEvidence, 0.0);
    }
    if moves.range <= floor.max(0.0) {
        return (Trend::Flat, sureness(intervals));
    }
    if moves.gain <= -(1.0 - FALL) * moves.range {
        return (Trend::Falling, sureness(intervals));
    }
    if moves.deepest_fall >= FALL * moves.range {
        return (Trend::SawTooth, sureness(intervals));
    }
    let collapse = recent_ratio(readings);
    if is_step(readings, moves) {
        return (Trend::Step, sureness(intervals));
    }
    let resting = moves
        .deltas
        .iter()
        .rev()
        .take_while(|&&d| d <= moves.range * NOISE)
        .count();
    if collapse < COLLAPSE || (resting >= 2 && moves.rises + resting + 1 >= intervals) {
        return (Trend::Plateau, sureness(intervals));
    }
    let part = moves.rises as f64 / intervals as f64;
    if part >= MOSTLY {
        let rested = if resting > 0 { 0.6 } else { 1.0 };
        let fell = if moves.falls > 0 { 0.9 } else { 1.0 };
        let slowing = (collapse / 0.6).clamp(0.5, 1.0);
        return (
            Trend::Steady,
            sureness(intervals) * part * rested * fell * slowing,
        );
    }
    if moves.rises >= MIN_INTERVALS && rises_in_both_halves(moves) {
        return (Trend::Steady, 0.45);
    }
    if moves.rises <= 2 {
        (Trend::Step, 0.5)
    } else {
        (Trend::NotEnoughEvidence, 0.0)
    }
}

/// How far a shape seen over so many intervals can be trusted.
fn sureness(intervals: usize) -> f64 {
    match intervals {
        0..=2 => 0.0,
        3 => 0.7,
        4 => 0.8,
        5 => 0.87,
        6 | 7 => 0.92,
        _ => 0.96,
    }
}

fn is_step(readings: &[Reading], moves: &Moves) -> bool {
    let Some((first, last)) = readings.first().zip(readings.last()) else {
        return false;
    };
    let time = last.at - first.at;
    readings.windows(2).zip(&moves.deltas).any(|(pair, delta)| {
        let gain_part = delta / moves.gain;
        let time_part = (pair[1].at - pair[0].at) / time;
        gain_part >= STEP && gain_part >= STEP_OVER_TIME * time_part
    })
}

/// Rate over the recent part of the window over the rate before it.
fn recent_ratio(readings: &[Reading]) -> f64 {
    let Some((first, last)) = readings.first().zip(readings.last()) else {
        return 1.0;
    };
    let least = if readings.len() > 5 { 2 } else { 1 };
    let border = last.at - RECENT * (last.at - first.at);
    let by_time = readings
        .partition_point(|reading| reading.at <= border)
        .saturating_sub(1);
    let split = by_time.min(readings.len() - 1 - least).max(1);
    let middle = &readings[split];
    let early = (middle.level - first.level) / (middle.at - first.at);
    let recent = (last.level - middle.level) / (last.at - middle.at);
    if early <= 0.0 {
        f64::from(u8::from(recent > 0.0))
    } else {
        recent / early
    }
}

fn rises_in_both_halves(moves: &Moves) -> bool {
    let (early, late) = moves.deltas.split_at(moves.deltas.len() / 2);
    let rises = |half: &[f64]| half.iter().any(|&delta| delta > moves.range * NOISE);
    rises(early) && rises(late)
}

/// The Theil-Sen slope: the median of the slopes between all pairs (H. Theil 1950, P. K. Sen 1968).
/// Long series are thinned to 200 readings first; the median does not care.
#[must_use]
pub fn slope(readings: &[Reading]) -> f64 {
    let step = readings.len().div_ceil(200).max(1);
    let kept: Vec<&Reading> = readings.iter().step_by(step).collect();
    let mut slopes = Vec::with_capacity(kept.len() * kept.len().saturating_sub(1) / 2);
    for (index, from) in kept.iter().enumerate() {
        for to in &kept[index + 1..] {
            if to.at > from.at {
                slopes.push((to.level - from.level) / (to.at - from.at));
            }
        }
    }
    median(&mut slopes)
}

/// The median; 0 of nothing.
#[must_use]
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_second(levels: &[f64]) -> Vec<Reading> {
        levels
            .iter()
            .enumerate()
            .map(|(second, &level)| Reading {
                at: second as f64,
                level,
            })
            .collect()
    }

    #[test]
    fn series_have_shapes() {
        let cases: [(&str, &[f64], Trend); 17] = [
            ("a leak", &[0., 10., 20., 30., 40., 50.], Trend::Steady),
            (
                "a leak on a big base",
                &[9e6, 9e6 + 10., 9e6 + 20., 9e6 + 30.],
                Trend::Steady,
            ),
            (
                "a leak with noise",
                &[0., 12., 18., 33., 31., 48., 61.],
                Trend::Steady,
            ),
            (
                "a leak that rests once",
                &[0., 10., 20., 20., 30., 40., 50.],
                Trend::Steady,
            ),
            (
                "a leak that quickens",
                &[0., 1., 3., 8., 20., 50.],
                Trend::Steady,
            ),
            (
                "a leak in bursts",
                &[0., 10., 10., 20., 20., 30., 30., 40.],
                Trend::Steady,
            ),
            (
                "a cache that is full",
                &[0., 10., 20., 30., 40., 40., 40.],
                Trend::Plateau,
            ),
            (
                "a cache full since long",
                &[0., 40., 60., 62., 62., 62., 62.],
                Trend::Plateau,
            ),
            (
                "batches",
                &[0., 10., 20., 0., 10., 20., 0.],
                Trend::SawTooth,
            ),
            (
                "batches caught rising",
                &[5., 15., 25., 2., 12., 22., 30.],
                Trend::SawTooth,
            ),
            ("one load", &[5., 5., 5., 90., 90., 90., 90.], Trend::Step),
            ("one late load", &[5., 5., 5., 5., 5., 5., 90.], Trend::Step),
            ("a constant", &[5., 5., 5., 5., 5.], Trend::Flat),
            ("a fall", &[50., 40., 30., 20., 10.], Trend::Falling),
            ("two readings", &[0., 10.], Trend::NotEnoughEvidence),
            ("three readings", &[0., 10., 20.], Trend::NotEnoughEvidence),
            ("nothing", &[], Trend::NotEnoughEvidence),
        ];
        for (name, levels, trend) in cases {
            assert_eq!(judge(&every_second(levels), 0.0).trend, trend, "{name}");
        }
    }

    #[test]
    fn intervals_may_double() {
        let readings: Vec<Reading> = [1., 2., 4., 8., 16., 32.]
            .iter()
            .map(|&at| Reading {
                at,
                level: at * 100.0,
            })
            .collect();
        let judged = judge(&readings, 0.0);
        assert_eq!(
            (judged.trend, judged.grown, judged.intervals),
            (Trend::Steady, 5, 5)
        );
        assert!((judged.slope - 100.0).abs() < 1e-6);
    }

    #[test]
    fn more_intervals_make_surer() {
        let ramp = |n: usize| every_second(&(0..n).map(|i| i as f64).collect::<Vec<_>>());
        let sure: Vec<f64> = [4, 6, 9].map(|n| judge(&ramp(n), 0.0).confidence).to_vec();
        assert!(sure[0] < sure[1] && sure[1] < sure[2] && sure[0] >= 0.6);
    }

    #[test]
    fn growth_that_bends_is_less_sure_than_growth_that_does_not() {
        let bent = judge(&every_second(&[0., 40., 63., 78., 86., 92.]), 0.0);
        assert!(
            bent.trend == Trend::Plateau || bent.confidence < 0.6,
            "{bent:?}"
        );
    }

    #[test]
    fn hostile_readings_do_no_harm() {
        let readings = [
            Reading {
                at: 1.0,
                level: f64::NAN,
            },
            Reading {
                at: 0.0,
                level: 1.0,
            },
            Reading {
                at: 0.0,
                level: f64::INFINITY,
            },
            Reading {
                at: -5.0,
                level: 3.0,
            },
        ];
        assert_eq!(judge(&readings, 0.0).trend, Trend::NotEnoughEvidence);
        let _ = judge(&every_second(&[0., -0.0, 1e300, -1e300, 0., 7.]), -1.0);
    }
}
