//! Descriptors, threads and children.

use crate::world::{Run, World, leaks, of_kind, the_leak, told};
use unfreed_analysis::findings::{Kind, Report, Severity};
use unfreed_recording::counters::{
    Counters, Opened, OpenedAt, Resources, Started, StartedAt, StartedFrame,
};
use unfreed_recording::ids::RunTime;

fn run(set: impl Fn(&mut Counters, u32), resources: impl Fn(u32) -> Resources) -> Report {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=12_u32 {
        set(run.read(&mut world, f64::from(now), 0), now);
        let at = RunTime(u64::from(now) * 1_000_000_000);
        run.resources.push(Resources {
            at,
            ..resources(now)
        });
        run.take(&mut world, f64::from(now));
    }
    run.report()
}

#[test]
fn sockets_that_are_never_closed() {
    let report = run(
        |reading, now| {
            reading.fds.sockets = 4 + 3 * now;
            reading.fds.files = 10 + now % 3;
        },
        |now| Resources {
            fds: vec![("socket".into(), 4 + 3 * now), ("/dev/null".into(), 3)],
            ..Resources::default()
        },
    );
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Resource);
    assert_eq!(leak.title, "growing number of open sockets");
    assert_eq!(
        leak.summary,
        "The process gains 3 open sockets a second and closes none of them. Most are socket (+30)."
    );
    assert_eq!(leak.growth.objects, 30);
    assert_eq!(leak.advice.rule, "unclosed_socket");
}

#[test]
fn the_lines_that_opened_what_is_still_open() {
    let mut world = World::new();
    let mut run = Run::default();
    let app = run.stack(
        1,
        &[
            ("/srv/app/fetch.py", 7, "fetch"),
            ("/srv/app/main.py", 3, "main"),
        ],
    );
    let once = run.stack(2, &[("/srv/app/main.py", 1, "main")]);
    for now in 1..=12_u32 {
        run.read(&mut world, f64::from(now), 0).fds.sockets = 9 + 2 * now;
        let place = |target: &str, stack, count| OpenedAt {
            target: target.to_owned(),
            stack,
            count,
        };
        run.opened.push(Opened {
            at: RunTime(u64::from(now) * 1_000_000_000),
            descriptors: vec![
                place("socket", once, 9),
                place("socket", app, 2 * now),
                place("/var/log/app", once, 5 * now),
            ],
        });
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    let leak = the_leak(&report);
    assert_eq!(leak.allocated_at.len(), 1, "{:?}", leak.allocated_at);
    assert_eq!(leak.allocated_at[0].frame.function, "fetch");
    assert_eq!(leak.allocated_at[0].stack.len(), 2);
    assert!((leak.allocated_at[0].share - 1.0).abs() < 1e-9);
}

#[test]
fn threads_that_never_end() {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=12_u32 {
        for index in 0..2 {
            let thread = format!("Thread-{} (poll)", now * 2 + index);
            let frame = world.frame(&thread, "poll", "/srv/app/poll.py", 12);
            let buffer = world.bytes(5000);
            world.local(frame, "buffer", buffer);
        }
        run.read(&mut world, f64::from(now), 0).threads = 1 + 2 * now;
        run.resources.push(Resources {
            at: RunTime(u64::from(now) * 1_000_000_000),
            threads: (0..2 * now)
                .map(|n| (format!("Thread-{n} (poll)"), 1))
                .collect(),
            ..Resources::default()
        });
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing number of threads");
    assert_eq!(
        leak.summary,
        "The process gains 2 threads a second and none of them ends. Most are Thread-# (poll) \
         (+20). They run poll() at poll.py:12."
    );
}

#[test]
fn children_that_nobody_waits_for() {
    let report = run(
        |reading, now| reading.zombies = now,
        |_| Resources::default(),
    );
    assert_eq!(
        the_leak(&report).summary,
        "Child processes end, 1 a second, and nobody waits for them."
    );
}

#[test]
fn what_comes_and_goes_is_no_leak() {
    let cases: [fn(&mut Counters, u32); 5] = [
        |reading, now| reading.fds.files = 10 + (now * 7) % 13,
        |reading, now| reading.fds.sockets = (now * 2).min(10),
        |reading, now| reading.threads = 4 + u32::from(now > 6) * 8,
        |reading, now| reading.fds.pipes = 3 + now / 3,
        |reading, now| reading.fds.other = 20 - now,
    ];
    for (index, set) in cases.into_iter().enumerate() {
        let report = run(set, |_| Resources::default());
        assert!(leaks(&report).is_empty(), "{index}: {}", told(&report));
    }
}

#[test]
fn unclear_growth_is_a_warning() {
    let report = run(
        |reading, now| reading.fds.files = 10 + 6 * (now / 4),
        |_| Resources::default(),
    );
    let found = of_kind(&report, Kind::Resource);
    assert_eq!(found.len(), 1, "{}", told(&report));
    assert_eq!(found[0].severity, Severity::Warning);
}

/// A run after which calls were followed for what they leave on disk: how many of each name after each call.
fn leaving(left: impl Fn(u64) -> Vec<(&'static str, u32)>) -> Report {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=12_u32 {
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    for calls in 1..=50 {
        let place = |(name, count): (&str, u32)| StartedAt {
            name: name.to_owned(),
            count,
            frames: vec![StartedFrame {
                file: "/srv/app/pages.py".to_owned(),
                function: "render".to_owned(),
                line: 12,
                source: "tempfile.mkstemp()".to_owned(),
            }],
        };
        run.started.push(Started {
            at: RunTime(20_000_000_000 + calls),
            what: Started::FILE.to_owned(),
            calls,
            places: left(calls).into_iter().map(place).collect(),
        });
    }
    run.report()
}

#[test]
fn files_that_each_call_leaves() {
    let report = leaving(|calls| vec![("/tmp/page-*.html", calls as u32)]);
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing number of files left on disk");
    assert!(leak.summary.contains("50 in 50 calls"), "{}", leak.summary);
    assert!(
        leak.summary.contains("Most are /tmp/page-*.html (+50)."),
        "{}",
        leak.summary
    );
    assert_eq!(leak.allocated_at[0].frame.function, "render");
    assert_eq!(leak.advice.rule, "left_file");
    // What a function writes elsewhere may be what it is for.
    let report = leaving(|calls| vec![("/srv/pages/*.html", calls as u32)]);
    assert!(leaks(&report).is_empty(), "{}", told(&report));
    assert_eq!(of_kind(&report, Kind::Resource).len(), 1);
}

#[test]
fn a_file_that_stays_is_none_that_each_call_leaves() {
    for report in [
        leaving(|_| vec![("/tmp/cache.db", 1)]),
        leaving(|calls| vec![("/tmp/page-*", calls as u32 % 10)]),
        leaving(|_| vec![]),
    ] {
        assert!(
            of_kind(&report, Kind::Resource).is_empty(),
            "{}",
            told(&report)
        );
    }
}
