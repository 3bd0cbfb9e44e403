//! The question `cycles`: what waits for the collector with all that hangs on it, and why it waits.

use crate::world::World;
use crate::world::heap::Ref;
use unfreed_analysis::questions::{Answer, Cell, Collector, View, cycles, garbage};
use unfreed_recording::counters::Counters;
use unfreed_recording::ids::RunTime;
use unfreed_recording::process::ProcessInfo;
use unfreed_recording::snapshot::Snapshot;

fn asked(snapshot: &Snapshot, collector: Collector) -> Answer {
    let view = View::new(snapshot, &ProcessInfo::default()).unwrap();
    cycles(&view.with_collector(collector), 100)
}

fn cell(answer: &Answer, row: usize, name: &str) -> String {
    let column = answer.columns.iter().position(|column| column.name == name);
    match &answer.rows[row][column.unwrap()] {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A ring of `length` nodes out of use; `chord` leads from one of them back by so many.
fn ring(world: &mut World, length: usize, chord: Option<usize>) -> Vec<usize> {
    let nodes: Vec<usize> = (0..length).map(|_| world.instance("app", "Node")).collect();
    for (number, &node) in nodes.iter().enumerate() {
        world.set_slot(node, "next", nodes[(number + 1) % length]);
    }
    if let Some(back) = chord {
        world.set_slot(nodes[length / 2 + back - 1], "back", nodes[length / 2]);
    }
    nodes
}

#[test]
fn what_hangs_on_a_cycle_counts() {
    let mut world = World::new();
    let nodes = ring(&mut world, 3, None);
    let rows = world.list();
    let payload = world.bytes(1 << 20);
    world.append(rows, payload);
    world.set_slot(nodes[0], "rows", rows);
    let answer = asked(&world.snapshot(1.0), Collector::default());
    assert_eq!(cell(&answer, 0, "state"), "waits");
    assert_eq!(cell(&answer, 0, "types"), "app.Node");
    assert_eq!(cell(&answer, 0, "objects"), "5");
    assert!(cell(&answer, 0, "bytes").parse::<u64>().unwrap() > 1 << 20);
    assert!(
        answer
            .heading
            .starts_with("1.0 MiB in cycles that nothing reaches."),
        "{}",
        answer.heading
    );
}

#[test]
fn the_shortest_cycle_is_told() {
    let mut world = World::new();
    ring(&mut world, 50, Some(8));
    let answer = asked(&world.snapshot(1.0), Collector::default());
    let steps = [
        ["Node.next"; 7].as_slice(),
        &["Node.back", "the first Node"],
    ]
    .concat();
    // The search begins and ends at the first member of it.
    assert_eq!(cell(&answer, 0, "shortest"), steps.join(" → "));
}

#[test]
fn a_long_cycle_is_told_in_short() {
    let mut world = World::new();
    ring(&mut world, 50, None);
    let answer = asked(&world.snapshot(1.0), Collector::default());
    assert_eq!(
        cell(&answer, 0, "shortest"),
        "Node.next → Node.next → Node.next → Node.next → … (44 more) → Node.next → Node.next → the first Node"
    );
}

#[test]
fn why_it_waits_is_told() {
    let mut world = World::new();
    ring(&mut world, 3, None);
    let snapshot = world.snapshot(1.0);
    let nodes = snapshot.node_types.len();
    let enabled = Collector {
        enabled: Some(true),
        ..Collector::default()
    };
    let in_list = |list| Collector {
        lists: vec![list; nodes],
        young: Some((12, 700)),
        ..enabled.clone()
    };
    let of_types = || vec![true; snapshot.types.len()];
    let cases = [
        (Collector::default(), ""),
        (enabled.clone(), ""),
        (
            Collector {
                enabled: Some(false),
                ..in_list(0)
            },
            "The collector is disabled.",
        ),
        (
            Collector {
                young: Some((12, 0)),
                ..in_list(0)
            },
            "The collector never starts: its threshold is 0.",
        ),
        (in_list(0), "Not yet: 12 of 700 new objects."),
        (
            in_list(2),
            "Not yet: they are in generation 2, which is collected less often.",
        ),
        (
            in_list(3),
            "Never freed: gc.freeze() hides them from the collector.",
        ),
        (
            Collector {
                unseen: of_types(),
                ..in_list(0)
            },
            "Never freed: the collector does not look into app.Node and takes them for used.",
        ),
        (
            Collector {
                uncleared: of_types(),
                ..in_list(0)
            },
            "Never freed: none of them can be told to let go (no type has tp_clear).",
        ),
    ];
    for (collector, why) in cases {
        assert_eq!(cell(&asked(&snapshot, collector), 0, "why"), why);
    }
}

#[test]
fn readings_tell_why_it_waits() {
    let mut world = World::new();
    ring(&mut world, 3, None);
    let snapshot = world.snapshot(4.0);
    let why = |change: &dyn Fn(usize, &mut Counters)| {
        let readings: Vec<Counters> = (1..=9)
            .map(|second| {
                let mut reading = Counters {
                    at: RunTime(second * 1_000_000_000),
                    gc_enabled: Some(true),
                    gc_collections: vec![second, 0, 0],
                    ..Counters::default()
                };
                change(second as usize, &mut reading);
                reading
            })
            .collect();
        let answer = asked(&snapshot, Collector::of_readings(&readings, snapshot.at));
        cell(&answer, 0, "why")
    };
    assert_eq!(why(&|_, _| ()), "");
    // What the collector is after the snapshot says nothing of it.
    assert_eq!(
        why(&|second, reading| reading.gc_enabled = Some(second < 5)),
        ""
    );
    assert_eq!(
        why(&|second, reading| reading.gc_enabled = Some(second > 4)),
        "The collector is disabled."
    );
    assert_eq!(
        why(&|_, reading| reading.gc_collections = vec![7, 1, 0]),
        "The collector never ran."
    );
    assert_eq!(
        why(&|_, reading| reading.gc_frozen = Some(1500)),
        "Never freed if they are among the 1500 objects that gc.freeze() hides."
    );
}

#[test]
fn a_finaliser_is_named() {
    let mut world = World::new();
    ring(&mut world, 3, None);
    let class = world.class("app", "Node");
    let finaliser = world.function("app.Node.__del__");
    world.set_attr(class, "__del__", finaliser);
    let answer = asked(&world.snapshot(1.0), Collector::default());
    assert_eq!(
        cell(&answer, 0, "why"),
        "app.Node.__del__ runs before they are freed, and may bring them back."
    );
}

#[test]
fn what_only_gc_garbage_holds_is_said_to_be() {
    let mut world = World::new();
    let kept = world.list();
    world.module("gc", None);
    world.global("gc", "garbage", kept);
    let ring_of_it = ring(&mut world, 3, None);
    world.append(kept, ring_of_it[1]);
    // One that the program uses as well.
    let used = world.instance("app", "Used");
    world.refer(used, used, Ref::Attr("me".to_owned()));
    world.global("app", "USED", used);
    world.append(kept, used);
    let snapshot = world.snapshot(1.0);
    let view = View::new(&snapshot, &ProcessInfo::default()).unwrap();
    let answer = cycles(&view, 100);
    assert_eq!(answer.rows.len(), 2);
    assert_eq!(cell(&answer, 0, "state"), "in use");
    assert_eq!(cell(&answer, 0, "why"), "Only gc.garbage holds them.");
    assert_eq!(cell(&answer, 1, "why"), "");
    assert!(
        answer.heading.contains("only gc.garbage holds"),
        "{}",
        answer.heading
    );
    assert_eq!(garbage(&view, 100).rows.len(), 1);
}
