//! Thinning: what stays is even, ends stay, and a thinned file is a recording.
#![allow(clippy::unwrap_used)]

mod samples;

use proptest::prelude::*;
use samples::SECOND;
use unfreed_recording::block::Block;
use unfreed_recording::ids::{EpochId, RunTime};
use unfreed_recording::process::End;
use unfreed_recording::{Recording, retention, writer};

fn rewritten(bytes: &[u8], drop: &[usize]) -> Vec<u8> {
    let plan = retention::rewrite(bytes, drop).unwrap();
    let new: Vec<u8> = plan
        .pieces
        .iter()
        .flat_map(|range| &bytes[range.clone()])
        .copied()
        .collect();
    assert_eq!(new.len(), plan.len());
    new
}

proptest! {
    #[test]
    fn thinning_keeps_the_ends_and_the_number(
        gaps in prop::collection::vec(0_u64..100, 0..60),
        keep in 0_usize..12,
    ) {
        let mut now = 0;
        let times: Vec<_> = gaps.iter().map(|gap| { now += gap; RunTime(now) }).collect();
        let dropped = retention::thin(&times, keep);
        prop_assert!(dropped.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(times.len() - dropped.len(), times.len().min(keep.max(2)));
        prop_assert!(!dropped.contains(&0));
        prop_assert!(times.is_empty() || !dropped.contains(&(times.len() - 1)));
    }

    /// One snapshot after the other, thinned each time: no gap is more than thrice the mean.
    #[test]
    fn thinning_as_it_goes_stays_even(keep in 5_usize..=9, count in 10_u64..600) {
        let mut times = Vec::new();
        for second in 0..count {
            times.push(RunTime(second * SECOND));
            for index in retention::thin(&times, keep).into_iter().rev() {
                times.remove(index);
            }
        }
        let mean = (count - 1) as f64 / (times.len() - 1) as f64;
        let widest = times.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap();
        prop_assert!((widest / SECOND) as f64 <= 3.0 * mean, "{times:?}");
        prop_assert_eq!(times[0], RunTime(0));
        prop_assert_eq!(times.last().copied(), Some(RunTime((count - 1) * SECOND)));
    }
}

#[test]
fn unordered_and_equal_times_are_survived() {
    let times = [5, 5, 5, 1, u64::MAX, 0, 5].map(RunTime);
    assert_eq!(retention::thin(&times, 3).len(), 4);
    assert_eq!(retention::thin(&[], 5), []);
}

#[test]
fn dropping_nothing_from_a_short_recording_changes_nothing() {
    let (bytes, _) = samples::file(&samples::small());
    assert_eq!(rewritten(&bytes, &[]), bytes);
}

#[test]
fn a_dropped_snapshot_is_gone_and_the_rest_stays() {
    let (bytes, _) = samples::file(&samples::small());
    let old = Recording::parse(&bytes).unwrap();
    let new = rewritten(&bytes, &[0]);
    let new = Recording::parse(&new).unwrap();
    assert_eq!(new.snapshot_count(), 1);
    assert_eq!(new.snapshot(0).unwrap(), old.snapshot(1).unwrap());
    assert_eq!(
        (new.epochs.len(), new.counters.len(), new.damage),
        (2, 2, None)
    );
}

#[test]
fn a_torn_end_is_left_out() {
    let (bytes, ends) = samples::file(&samples::small());
    assert_eq!(rewritten(&bytes[..bytes.len() - 1], &[]), bytes[..ends[11]]);
}

/// Ten days of counters each second would be 864 000; three hours show the same.
#[test]
fn a_long_run_stays_small() {
    let mut bytes = writer::header();
    bytes.extend(writer::encode(&samples::process()).unwrap());
    for second in 0..10_800_u32 {
        bytes.extend(writer::encode(&samples::counters(second.into())).unwrap());
        if second % 20 == 0 {
            let epoch = unfreed_recording::sites::Epoch {
                id: EpochId(second / 20),
                at: RunTime(u64::from(second) * SECOND),
                ..Default::default()
            };
            bytes.extend(writer::encode(&epoch).unwrap());
        }
        if second % 2000 == 100 {
            let epoch = second / 20;
            bytes.extend(writer::encode(&samples::snapshot(epoch, second.into())).unwrap());
        }
    }
    bytes.extend(
        writer::encode(&Block::from(End {
            at: RunTime(10_800 * SECOND),
        }))
        .unwrap(),
    );
    let new = rewritten(&bytes, &[1, 2]);
    let new = Recording::parse(&new).unwrap();
    assert_eq!(new.damage, None);
    assert!(new.end.is_some());

    assert_eq!(new.counters.len(), retention::KEPT_COUNTERS);
    let recent = &new.counters[retention::KEPT_COUNTERS - retention::RECENT_COUNTERS..];
    assert!(
        recent
            .windows(2)
            .all(|pair| pair[1].at.0 - pair[0].at.0 == SECOND)
    );
    let widest = new
        .counters
        .windows(2)
        .map(|pair| pair[1].at.0 - pair[0].at.0)
        .max()
        .unwrap();
    assert!(
        widest <= 16 * SECOND,
        "older counters are spread evenly: {widest}"
    );

    assert_eq!(new.epochs.len(), retention::KEPT_EPOCHS);
    for snapshot in 0..new.snapshot_count() {
        let epoch = new.snapshot_header(snapshot).unwrap().epoch;
        assert!(
            new.epochs.iter().any(|kept| kept.id == epoch),
            "{epoch:?} stays joined"
        );
    }
    let last: Vec<u32> = new
        .epochs
        .iter()
        .rev()
        .take(4)
        .map(|epoch| epoch.id.0)
        .collect();
    assert_eq!(last, [539, 538, 537, 536], "the newest epochs stay");
}

#[test]
fn uncertainty_goes_with_its_epoch_and_of_peaks_the_last_stays() {
    let mut bytes = writer::header();
    bytes.extend(writer::encode(&samples::process()).unwrap());
    for second in 0..200_u32 {
        let at = RunTime(u64::from(second) * SECOND);
        let epoch = EpochId(second);
        let ended = unfreed_recording::sites::Epoch {
            id: epoch,
            at,
            ..Default::default()
        };
        let uncertainty = unfreed_recording::sites::Uncertainty {
            epoch,
            at,
            sites: Vec::new(),
        };
        let peak = unfreed_recording::sites::Peak {
            at,
            bytes: u64::from(second),
            sites: Vec::new(),
        };
        bytes.extend(writer::encode(&ended).unwrap());
        bytes.extend(writer::encode(&uncertainty).unwrap());
        bytes.extend(writer::encode(&peak).unwrap());
    }
    let new = rewritten(&bytes, &[]);
    let peaks = unfreed_recording::reader::index(&new).unwrap().entries;
    let peaks = peaks
        .iter()
        .filter(|entry| entry.kind == unfreed_recording::Kind::Peak);
    assert_eq!(peaks.count(), 1);
    let new = Recording::parse(&new).unwrap();
    assert_eq!(new.peak.map(|peak| peak.bytes), Some(199));
    let epochs: Vec<EpochId> = new.epochs.iter().map(|epoch| epoch.id).collect();
    let uncertain: Vec<EpochId> = new.uncertainties.iter().map(|one| one.epoch).collect();
    assert_eq!(epochs.len(), retention::KEPT_EPOCHS);
    assert_eq!(uncertain, epochs);
}
