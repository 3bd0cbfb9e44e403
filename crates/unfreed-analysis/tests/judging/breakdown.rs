//! What was allocated, by site, function and library.

use crate::world::run::Run;
use unfreed_analysis::break_down;
use unfreed_analysis::breakdown::{Breakdown, By, Row, Whose};
use unfreed_analysis::findings::Frame;
use unfreed_analysis::questions::allocations;
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::sites::{
    Deviation, Epoch, LiveSite, Peak, Site, SiteDeviation, Survivors, Uncertainty,
};

const OWN: &str = "/srv/app.py";
const PANDAS: &str = "/usr/lib/python3.12/site-packages/pandas/core/frame.py";
const JSON: &str = "/usr/lib/python3.12/json/decoder.py";

fn site(stack: u32, [allocated, freed]: [u64; 2], survivors: &[(u32, u64)]) -> Site {
    let live = survivors.iter().map(|&(born, bytes)| Survivors {
        born: EpochId(born),
        bytes,
        blocks: bytes / 10,
        samples: 1,
    });
    Site {
        stack: StackId(stack),
        allocated_bytes: allocated,
        allocated_blocks: allocated / 10,
        freed_bytes: freed,
        survivors: live.collect(),
    }
}

fn epoch(id: u32, sample_bytes: u64, sites: Vec<Site>) -> Epoch {
    Epoch {
        id: EpochId(id),
        at: RunTime(u64::from(id) * 1_000_000_000),
        sample_bytes,
        sites,
    }
}

/// Three stacks: a line that calls pandas twice over itself, one that calls json, and one without frames.
fn run(sample_bytes: u64) -> Run {
    let mut run = Run::default();
    run.stack(
        1,
        &[
            (PANDAS, 10, "take"),
            (PANDAS, 5, "take"),
            (OWN, 7, "load"),
            (OWN, 20, "<module>"),
        ],
    );
    run.stack(
        2,
        &[(JSON, 3, "decode"), (OWN, 9, "load"), (OWN, 20, "<module>")],
    );
    run.stack(4, &[(OWN, 30, "report"), (OWN, 21, "<module>")]);
    run.epochs = vec![
        epoch(1, sample_bytes, vec![site(1, [5000, 0], &[(1, 5000)])]),
        epoch(
            2,
            sample_bytes,
            vec![
                site(0, [100, 0], &[(2, 100)]),
                site(1, [5000, 4000], &[(1, 600), (2, 400)]),
                site(2, [3000, 1000], &[(2, 2000)]),
            ],
        ),
    ];
    run
}

fn broken_down(run: &Run, by: &[By]) -> Vec<Breakdown> {
    break_down(&allocations(run), &run.process, by)
}

fn named(rows: &[Row], wanted: impl Fn(&Row) -> bool) -> Row {
    rows.iter().find(|row| wanted(row)).expect("a row").clone()
}

#[test]
fn sites_functions_and_libraries_have_their_own_and_all_that_they_call() {
    let run = run(1);
    let [by_site, by_function, by_library] =
        <[_; 3]>::try_from(broken_down(&run, &[By::Site, By::Function, By::Library])).unwrap();
    assert!(by_site.exact && !by_site.has_margins);
    assert_eq!(by_site.whole.live.bytes, 3100);
    assert_eq!(by_site.whole.peak.bytes, 5000);
    assert_eq!(
        (
            by_site.whole.temporary.bytes,
            by_site.whole.temporary.blocks
        ),
        (5000, 500)
    );
    let lines: Vec<(u32, u64, u64, u64)> = by_site
        .rows
        .iter()
        .map(|row| {
            let own = row.own;
            (
                row.frame.line,
                own.live.bytes,
                own.peak.bytes,
                own.temporary.bytes,
            )
        })
        .collect();
    // Lines of the person's, not of the libraries that they call.
    assert_eq!(
        lines,
        [(9, 2000, 0, 1000), (7, 1000, 5000, 4000), (0, 100, 0, 0)]
    );

    let function = |name: &str| named(&by_function.rows, |row| row.frame.function == name);
    let load = function("load");
    assert_eq!((load.own.live.bytes, load.total.live.bytes), (0, 3000));
    let take = function("take");
    // Recursion counts a block once.
    assert_eq!((take.own.live.bytes, take.total.live.bytes), (1000, 1000));
    assert_eq!(
        (take.library.as_str(), take.whose),
        ("pandas", Whose::Package)
    );
    assert_eq!(take.frame.line, 0);

    let libraries: Vec<_> = by_library
        .rows
        .iter()
        .map(|row| {
            (
                row.library.as_str(),
                row.whose,
                row.own.live.bytes,
                row.total.live.bytes,
            )
        })
        .collect();
    assert_eq!(
        libraries,
        [
            ("json", Whose::StandardLibrary, 2000, 2000),
            ("pandas", Whose::Package, 1000, 1000),
            ("", Whose::Unknown, 100, 100),
            ("your code", Whose::Own, 0, 3000),
        ]
    );
}

#[test]
fn what_c_code_allocates_is_of_the_library_that_asked_for_it() {
    let mut run = run(1);
    let native = |library: &str, function: &str| Frame {
        file: library.to_owned(),
        function: function.to_owned(),
        library: library.to_owned(),
        ..Frame::default()
    };
    let mut frames = vec![
        native("/lib/libc.so.6", "strdup"),
        native("/venv/thumb.so", "thumb_open"),
    ];
    frames.extend(run.stacks[&2][1..].to_vec());
    run.stacks.insert(2, frames);
    let [by_site, by_library] =
        <[_; 2]>::try_from(broken_down(&run, &[By::Site, By::Library])).unwrap();
    let line = named(&by_site.rows, |row| row.frame.line == 9);
    assert_eq!(line.native, "thumb_open() in thumb.so");
    assert_eq!(line.whose, Whose::Own);
    let library = named(&by_library.rows, |row| row.library == "thumb.so");
    assert_eq!(
        (library.own.live.bytes, library.whose),
        (2000, Whose::Native)
    );
    assert!(by_library.rows.iter().all(|row| row.library != "libc.so.6"));
}

#[test]
fn margins_add_up_by_their_squares() {
    let mut run = run(512 << 10);
    let deviation = |born, bytes| Deviation {
        born: EpochId(born),
        bytes,
        blocks: bytes / 10,
    };
    let off = |epoch, stack, freed_bytes, survivors: &[(u32, u64)]| Uncertainty {
        epoch: EpochId(epoch),
        at: RunTime(0),
        sites: vec![SiteDeviation {
            stack: StackId(stack),
            freed_bytes,
            freed_blocks: 0,
            survivors: survivors
                .iter()
                .map(|&(born, bytes)| deviation(born, bytes))
                .collect(),
        }],
    };
    run.uncertainties = vec![
        off(1, 1, 0, &[(1, 500)]),
        off(2, 1, 120, &[(1, 30), (2, 40)]),
    ];
    let [by_site] = <[_; 1]>::try_from(broken_down(&run, &[By::Site])).unwrap();
    assert!(!by_site.exact && by_site.has_margins);
    let line = named(&by_site.rows, |row| row.frame.line == 7).own;
    // 1.96 standard deviations: of 50, 500, 120 and 130.
    assert_eq!((line.live.bytes_margin, line.live.blocks_margin), (98, 10));
    assert_eq!(line.peak.bytes_margin, 980);
    assert_eq!(line.temporary.bytes_margin, 235);
    assert_eq!(line.allocated.bytes_margin, 255);
    assert_eq!(
        named(&by_site.rows, |row| row.frame.line == 9)
            .own
            .live
            .bytes_margin,
        0
    );
}

#[test]
fn the_exact_peak_counts_where_it_is_higher_than_the_looks() {
    let mut run = run(1);
    let live = |stack, bytes| LiveSite {
        stack: StackId(stack),
        bytes,
        blocks: bytes / 10,
    };
    run.peak = Some(Peak {
        at: RunTime(1_500_000_000),
        bytes: 9100,
        sites: vec![live(2, 8000), live(4, 1000)],
    });
    let [by_site] = <[_; 1]>::try_from(broken_down(&run, &[By::Site])).unwrap();
    assert!((by_site.peak_seconds - 1.5).abs() < 1e-9);
    let peak = |line| named(&by_site.rows, |row| row.frame.line == line).own.peak;
    assert_eq!(
        (peak(9).bytes, peak(7).bytes, peak(30).bytes),
        (8000, 0, 1000)
    );
    run.peak.as_mut().unwrap().sites.truncate(0);
    let [by_site] = <[_; 1]>::try_from(broken_down(&run, &[By::Site])).unwrap();
    assert_eq!(by_site.whole.peak.bytes, 5000);
}
