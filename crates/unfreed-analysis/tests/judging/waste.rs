//! The question `waste`: equal texts, containers with room to spare, instances that would do with `__slots__`.

use crate::world::World;
use unfreed_analysis::questions::{Cell, Contents, View, waste};
use unfreed_recording::process::ProcessInfo;
use unfreed_recording::snapshot::{NodeIndex, Snapshot};

/// What, whose, objects, bytes, saved.
type Row = (String, String, u64, u64, u64);

fn rows(snapshot: &Snapshot) -> Vec<Row> {
    told(View::new(snapshot, &ProcessInfo::default()).unwrap())
}

fn told(view: View<'_>) -> Vec<Row> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let number = |cell: &Cell| match cell {
        Cell::Number(number) => *number,
        other => panic!("{other:?}"),
    };
    let rows = waste(&view, 1000).rows;
    rows.iter()
        .map(|row| {
            let (what, whose) = (text(&row[0]), text(&row[1]));
            (
                what,
                whose,
                number(&row[2]),
                number(&row[3]),
                number(&row[4]),
            )
        })
        .collect()
}

fn of<'r>(rows: &'r [Row], what: &str) -> Vec<&'r Row> {
    rows.iter().filter(|row| row.0 == what).collect()
}

/// The nodes of a type.
fn nodes(snapshot: &Snapshot, name: &str) -> Vec<NodeIndex> {
    let types = (0..).zip(&snapshot.node_types);
    types
        .filter(|(_, type_)| snapshot.types[**type_ as usize].name == name)
        .map(|(node, _)| node)
        .collect()
}

#[test]
fn equal_contents_could_be_one() {
    let mut world = World::new();
    let rows_of_it = world.list();
    world.global("app", "ROWS", rows_of_it);
    for _ in 0..10 {
        let payload = world.bytes(1000);
        world.append(rows_of_it, payload);
    }
    // What code holds nobody can have shared.
    for _ in 0..4 {
        let code = world.object("builtins", "code", 200);
        let table = world.bytes(600);
        world.refer(
            code,
            table,
            crate::world::heap::Ref::Internal("co_linetable".to_owned()),
        );
        world.append(rows_of_it, code);
    }
    let mut snapshot = world.snapshot(1.0);
    let all = nodes(&snapshot, "bytes");
    assert_eq!(all.len(), 14);
    let equal: Vec<_> = all.iter().map(|&node| (node, 0)).collect();
    // Those that code holds with another number.
    let size = |node: NodeIndex| snapshot.node_sizes[node as usize];
    let equal: Vec<_> = equal
        .into_iter()
        .map(|(node, _)| (node, u32::from(size(node) < 1000)))
        .collect();
    let each = size(equal[0].0);
    assert!(of(&rows(&snapshot), "equal bytes").is_empty());
    let apart = View::new(&snapshot, &ProcessInfo::default()).unwrap();
    let apart = told(apart.with_contents(Contents {
        equal: equal.clone(),
        spare: Vec::new(),
    }));
    snapshot.equal_contents = equal;
    let found = rows(&snapshot);
    assert_eq!(apart, found);
    let found = of(&found, "equal bytes");
    assert_eq!(found.len(), 1);
    assert!(found[0].1.ends_with("at app.ROWS[*]"), "{}", found[0].1);
    assert_eq!(
        (found[0].2, found[0].3, found[0].4),
        (10, 10 * each, 9 * each)
    );
}

#[test]
fn equal_texts_are_shown() {
    let mut world = World::new();
    let texts = world.list();
    world.global("app", "TEXTS", texts);
    for _ in 0..3 {
        let text = world.str("an address that many customers have, and more of it");
        world.append(texts, text);
    }
    let mut snapshot = world.snapshot(1.0);
    let holder = nodes(&snapshot, "list")[0] as usize;
    let edges = snapshot.edge_starts[holder]..snapshot.edge_starts[holder + 1];
    snapshot.equal_contents = edges
        .map(|edge| (snapshot.edge_targets[edge as usize], 0))
        .collect();
    let found = rows(&snapshot);
    let found = of(&found, "equal str");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].1.starts_with("'an address that many"),
        "{}",
        found[0].1
    );
}

#[test]
fn containers_with_room_to_spare() {
    let mut world = World::new();
    for (name, size, items) in [("SPARSE", 200_000, 50), ("FULL", 216 + 16 * 256, 50)] {
        let set = world.object("builtins", "set", size);
        for _ in 0..items {
            let item = world.bytes(1);
            world.add(set, item);
        }
        world.global("sets", name, set);
    }
    for (name, room, items) in [("HALF", 1000, 520), ("GROWN", 1000, 900)] {
        let list = world.object("builtins", "list", 56 + room * 8);
        for _ in 0..items {
            let item = world.bytes(1);
            world.append(list, item);
        }
        world.global("lists", name, list);
    }
    let buffer = world.object("builtins", "bytearray", 100_000);
    world.global("app", "BUFFER", buffer);
    let mut snapshot = world.snapshot(1.0);
    snapshot.spare_bytes = vec![(nodes(&snapshot, "bytearray")[0], 70_000)];
    let found = rows(&snapshot);
    let mut whose: Vec<(&str, u64)> = of(&found, "sparse container")
        .iter()
        .map(|row| (row.1.as_str(), row.4))
        .collect();
    whose.sort_unstable();
    assert_eq!(
        whose,
        [
            ("bytearray at app.BUFFER", 70_000),
            ("list at lists.HALF", 480 * 8),
            ("set at sets.SPARSE", 200_000 - 216 - 256 * 16),
        ]
    );
}

/// A class that gives its instances a `__dict__`, and two hundred of these of so many bytes each.
fn class_of(world: &mut World, module: &str, name: &str, size: u64, attributes: usize) {
    let class = world.class(module, name);
    for given in ["__dict__", "__weakref__"] {
        let descriptor = world.object("builtins", "getset_descriptor", 64);
        world.set_attr(class, given, descriptor);
    }
    let all = world.list();
    world.global(module, &format!("{name}_ALL"), all);
    for number in 0..200 {
        let instance = world.object(module, name, size);
        let value = world.bytes(1);
        for attribute in 0..attributes {
            let attribute = attribute + if name == "Dynamic" { number } else { 0 };
            world.set_slot(instance, &format!("a{attribute}"), value);
        }
        world.append(all, instance);
    }
}

#[test]
fn instances_with_their_values_inline_would_do_with_slots() {
    let mut world = World::new();
    world.module("typing", Some("/usr/lib/python3.12/typing.py"));
    for module in ["typing", "app"] {
        class_of(&mut world, module, "Point", 200, 3);
    }
    class_of(&mut world, "app", "Full", 16 + 16 + 8 + 3 * 8, 3);
    class_of(&mut world, "app", "Dynamic", 400, 3);
    // A class with `__slots__` has no `__dict__` to save.
    world.class("app", "Slotted");
    for number in 0..200 {
        let slotted = world.object("app", "Slotted", 300);
        world.global("app", &format!("S{number}"), slotted);
    }
    let snapshot = world.snapshot(1.0);
    let process = ProcessInfo {
        stdlib_paths: vec!["/usr/lib/python3.12".to_owned()],
        ..ProcessInfo::default()
    };
    let found = told(View::new(&snapshot, &process).unwrap());
    let found: Vec<(&str, u64, u64)> = of(&found, "__slots__ would do (about)")
        .iter()
        .map(|row| (row.1.as_str(), row.2, row.4))
        .collect();
    assert_eq!(found, [("app.Point", 200, 200 * (200 - 64))]);
}
