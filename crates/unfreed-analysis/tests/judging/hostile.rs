//! Recordings that no collector writes: whatever they hold, the judge answers, and always the same.

use crate::world::{Run, World};
use proptest::prelude::*;
use unfreed_recording::counters::Counters;
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::sites::{Epoch, Site, Survivors};
use unfreed_recording::snapshot::*;

const TEXTS: [&str; 12] = [
    "__main__",
    "cache",
    "__closure__",
    "__globals__",
    "cell_contents",
    "x",
    "",
    "MainThread",
    "cache_parameters",
    "maxsize",
    "handlers",
    "/srv/app.py",
];

const TYPES: [(&str, &str); 12] = [
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "module"),
    ("builtins", "type"),
    ("builtins", "function"),
    ("builtins", "cell"),
    ("builtins", "frame"),
    ("functools", "_lru_cache_wrapper"),
    ("queue", "Queue"),
    ("app", "Node"),
    ("builtins", "int"),
    ("", ""),
];

fn label() -> impl Strategy<Value = Label> {
    let text = 0_u32..14;
    prop_oneof![
        Just(Label::Unnamed),
        text.clone().prop_map(Label::Attribute),
        (0_u32..40).prop_map(Label::Key),
        Just(Label::KeyObject),
        any::<u32>().prop_map(Label::Index),
        Just(Label::Element),
        text.clone().prop_map(Label::Cell),
        text.clone().prop_map(Label::Local),
        Just(Label::Stack),
        Just(Label::Class),
        Just(Label::Namespace),
        text.prop_map(Label::Internal),
    ]
}

fn root(nodes: u32) -> impl Strategy<Value = Root> {
    let text = || 0_u32..14;
    let kind = prop_oneof![
        (text(), prop::option::of(text())).prop_map(|(name, file)| RootKind::Module { name, file }),
        Just(RootKind::Type),
        (text(), text(), text()).prop_map(|(thread, function, file)| RootKind::Frame {
            thread,
            function,
            file,
            line: 1,
            depth: 0
        }),
        (text(), text()).prop_map(|(thread, what)| RootKind::Thread { thread, what }),
        text().prop_map(|what| RootKind::Interpreter { what }),
    ];
    (0..nodes + 2, kind).prop_map(|(node, kind)| Root { node, kind })
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    (1_u32..30).prop_flat_map(|nodes| {
        let row = prop::collection::vec((0..nodes, label()), 0..5);
        let node = (
            0_u32..14,
            any::<u32>(),
            prop_oneof![0_u32..4, any::<u32>()],
            row,
        );
        let columns = prop::collection::vec(node, nodes as usize);
        let roots = prop::collection::vec(root(nodes), 0..6);
        let texts = prop::collection::vec((0..nodes + 2, 0_u32..14), 0..10);
        let samples = prop::collection::vec((0..nodes + 2, 0_u32..4, any::<u64>()), 0..4);
        (columns, roots, texts, samples, 0_u64..12).prop_map(assemble)
    })
}

type Columns = Vec<(u32, u32, u32, Vec<(u32, Label)>)>;
type Parts = (
    Columns,
    Vec<Root>,
    Vec<(u32, u32)>,
    Vec<(u32, u32, u64)>,
    u64,
);

fn assemble((columns, roots, node_texts, samples, second): Parts) -> Snapshot {
    let mut snapshot = Snapshot {
        at: RunTime(second * 1_000_000_000),
        epoch: EpochId(second as u32),
        edge_starts: vec![0],
        roots,
        node_texts,
        texts: TEXTS.map(str::to_owned).to_vec(),
        ..Snapshot::default()
    };
    for (index, (module, name)) in TYPES.iter().enumerate() {
        snapshot.types.push(TypeInfo {
            module: (*module).to_owned(),
            name: (*name).to_owned(),
            heap: index % 2 == 0,
            node: (index % 3 == 0).then_some(index as u32),
        });
    }
    for (kind, size, count, row) in columns {
        snapshot.node_types.push(kind);
        snapshot.node_sizes.push(u64::from(size) << (size % 33));
        snapshot.node_refcounts.push(count);
        for (target, label) in row {
            snapshot.edge_targets.push(target);
            snapshot.edge_labels.push(label);
        }
        snapshot
            .edge_starts
            .push(snapshot.edge_targets.len() as u32);
    }
    let samples = samples.into_iter();
    snapshot.samples = samples
        .map(|(node, stack, bytes)| SampledNode {
            node,
            stack: StackId(stack),
            born: EpochId(stack),
            bytes,
            reused: stack % 3 == 0,
        })
        .collect();
    snapshot
}

fn run() -> impl Strategy<Value = Run> {
    let counters = prop::collection::vec(any::<[u64; 6]>(), 0..14);
    let sites = prop::collection::vec(any::<[u64; 4]>(), 0..10);
    (prop::collection::vec(snapshot(), 0..9), counters, sites).prop_map(
        |(snapshots, counters, sites)| {
            let mut run = Run {
                snapshots: snapshots.into_iter().map(Ok).collect(),
                ..Run::default()
            };
            run.counters = counters
                .into_iter()
                .enumerate()
                .map(|(n, c)| reading(n, c))
                .collect();
            run.epochs = sites
                .into_iter()
                .enumerate()
                .map(|(n, s)| epoch(n, s))
                .collect();
            run.stack(1, &[("/srv/app.py", 3, "f")]);
            run
        },
    )
}

fn reading(second: usize, [rss, held, used, malloc, free, own]: [u64; 6]) -> Counters {
    Counters {
        at: RunTime(second as u64 * 1_000_000_000),
        rss,
        pymalloc_held: Some(held),
        pymalloc_used: Some(used),
        malloc_used: (malloc % 3 != 0).then_some(malloc),
        malloc_free: Some(free),
        own,
        threads: own as u32,
        zombies: free as u32,
        ..Counters::default()
    }
}

fn epoch(second: usize, [allocated, freed, bytes, blocks]: [u64; 4]) -> Epoch {
    let survivors = (0..6)
        .map(|born| Survivors {
            born: EpochId(born),
            bytes,
            blocks,
            samples: u32::MAX / 5,
        })
        .collect();
    Epoch {
        id: EpochId(second as u32),
        at: RunTime(second as u64 * 1_000_000_000),
        sample_bytes: 1,
        sites: vec![Site {
            stack: StackId(1),
            allocated_bytes: allocated,
            allocated_blocks: blocks,
            freed_bytes: freed,
            survivors,
        }],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_recording_gets_an_answer_and_always_the_same(run in run()) {
        let report = run.report();
        prop_assert_eq!(&report, &run.report());
        let parts = &report.accounting;
        let sum = [
            parts.python_objects, parts.native_in_use, parts.allocator_free, parts.own,
            parts.code_and_files, parts.other_mappings,
        ];
        prop_assert_eq!(sum.iter().fold(0_u64, |sum, part| sum.saturating_add(*part)), parts.rss);
        for finding in &report.findings {
            prop_assert!((0.0..=1.0).contains(&finding.growth.share));
            prop_assert!((0.0..=1.0).contains(&finding.growth.confidence));
            prop_assert_eq!(finding.id.len(), 12);
        }
    }
}

#[test]
fn broken_columns_are_a_note_not_an_end() {
    let mut world = World::new();
    let store = world.list();
    world.global("app.store", "STORE", store);
    let mut run = Run::default();
    for now in 1..=9 {
        for _ in 0..100 {
            let item = world.bytes(500);
            world.append(store, item);
        }
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    if let Ok(snapshot) = &mut run.snapshots[3] {
        snapshot.node_sizes.pop();
    }
    run.snapshots[5] = Err("checksum does not match".into());
    if let Ok(snapshot) = &mut run.snapshots[8] {
        snapshot.edge_targets[0] = u32::MAX;
    }
    let report = run.report();
    assert_eq!(report.evidence.snapshots, 6);
    assert_eq!(
        report.evidence.notes.len(),
        3,
        "{:?}",
        report.evidence.notes
    );
    assert_eq!(crate::world::leaks(&report).len(), 1);
}
