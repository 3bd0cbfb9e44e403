//! A heap of a million objects: judged in seconds, not minutes.

use crate::world::Run;
use std::time::Instant;
use unfreed_recording::counters::Counters;
use unfreed_recording::ids::{EpochId, RunTime};
use unfreed_recording::snapshot::*;

/// `app.STORE`: a dict of sessions, each with a namespace, a payload and a list of three items.
fn snapshot(sessions: u32, second: u64) -> Snapshot {
    let mut heap = Snapshot {
        at: RunTime(second * 1_000_000_000),
        epoch: EpochId(second as u32),
        edge_starts: vec![0],
        texts: ["app", "/srv/app.py", "STORE", "payload", "items"]
            .map(str::to_owned)
            .to_vec(),
        roots: vec![Root {
            node: 0,
            kind: RootKind::Module {
                name: 0,
                file: Some(1),
            },
        }],
        ..Snapshot::default()
    };
    for (module, name) in [
        ("builtins", "module"),
        ("builtins", "dict"),
        ("app", "Session"),
        ("builtins", "bytes"),
        ("builtins", "list"),
        ("builtins", "str"),
    ] {
        let heap_type = module == "app";
        heap.types.push(TypeInfo {
            module: module.into(),
            name: name.into(),
            heap: heap_type,
            node: None,
        });
    }
    // Names first: module, namespace, STORE, the keys of attributes.
    let first = 6;
    let per_session = 8;
    let session = |n: u32| first + n * per_session;
    let mut node = |kind: u32, size: u64, edges: Vec<(u32, Label)>| {
        heap.node_types.push(kind);
        heap.node_sizes.push(size);
        heap.node_refcounts.push(1);
        for (target, label) in edges {
            heap.edge_targets.push(target);
            heap.edge_labels.push(label);
        }
        heap.edge_starts.push(heap.edge_targets.len() as u32);
    };
    node(0, 72, vec![(1, Label::Namespace)]);
    node(1, 200, vec![(2, Label::Key(3))]);
    let mut entries = Vec::new();
    for n in 0..sessions {
        entries.push((session(n) + 1, Label::KeyObject));
        entries.push((session(n), Label::Key(session(n) + 1)));
    }
    node(1, u64::from(sessions) * 100, entries);
    for _ in 0..3 {
        node(5, 54, Vec::new());
    }
    for n in 0..sessions {
        let at = session(n);
        node(2, 48, vec![(at + 2, Label::Namespace)]);
        node(5, 60, Vec::new());
        node(
            1,
            104,
            vec![(at + 3, Label::Key(4)), (at + 4, Label::Key(5))],
        );
        node(3, 500, Vec::new());
        node(
            4,
            88,
            (0..3).map(|i| (at + 5 + i, Label::Index(i))).collect(),
        );
        for _ in 0..3 {
            node(5, 70, Vec::new());
        }
    }
    heap.node_texts = vec![(3, 2), (4, 3), (5, 4)];
    heap
}

/// 1.1 million objects at the end. The bound is a tenth of what a debug build on a slow machine
/// takes away from "seconds": it catches a quadratic step, not a slow one.
#[test]
fn a_million_objects() {
    let mut run = Run::default();
    for second in 1..=8_u64 {
        run.snapshots
            .push(Ok(snapshot(70_000 + 10_000 * second as u32, second)));
        run.counters.push(Counters {
            at: RunTime(second * 1_000_000_000),
            rss: 1 << 30,
            ..Counters::default()
        });
    }
    let start = Instant::now();
    let report = run.report();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(report.findings[0].title, "growing container app.STORE");
    assert!(
        seconds < 120.0,
        "8 snapshots of up to {} objects took {seconds:.1} s",
        report.evidence.objects
    );
}
