//! Objects by where they lay: what `id()` or a repr gave, in a snapshot that has addresses.

use crate::world::World;
use unfreed_analysis::questions::{Collector, Selection, Values, View, cycles, paths, tables};
use unfreed_recording::process::ProcessInfo;
use unfreed_recording::snapshot::{CollectorState, Snapshot};

const FIRST: u64 = 0x7f12_3450_0000;

/// A store of three, each object 32 bytes after the one before.
fn addressed() -> Snapshot {
    let mut world = World::new();
    let store = world.list();
    world.global("app", "STORE", store);
    for _ in 0..3 {
        let session = world.instance("app", "Session");
        world.append(store, session);
    }
    let mut snapshot = world.snapshot(1.0);
    snapshot.node_addresses = (0..snapshot.node_types.len() as u64)
        .map(|node| FIRST + 32 * node)
        .collect();
    snapshot
}

#[test]
fn an_address_names_an_object() {
    let snapshot = addressed();
    let view = View::new(&snapshot, &ProcessInfo::default()).unwrap();
    let by_path = Selection::find(&view, "app.STORE[1]").unwrap();
    let address = snapshot.node_addresses[by_path.nodes()[0] as usize];
    let by_address = Selection::find(&view, &format!("{address:#x}")).unwrap();
    assert_eq!(by_address, by_path);
    let told = paths(&view, &by_address, 10).heading;
    let expected = format!(" at {address:#x} is held by app.STORE[1].");
    assert!(told.ends_with(&expected), "{told}");
    let tables = tables(&view, &|_| Vec::new());
    let columns = tables.iter().flat_map(|table| &table.columns);
    let column = columns.into_iter().find(|column| column.name == "address");
    let Values::Integer(value) = &column.unwrap().values else {
        panic!("an address is a number");
    };
    assert_eq!(value(2), Some((FIRST + 64) as i64));
}

#[test]
fn what_lies_nowhere_is_said() {
    let mut snapshot = addressed();
    let refused = |snapshot: &Snapshot, name: &str| {
        let view = View::new(snapshot, &ProcessInfo::default()).unwrap();
        Selection::find(&view, name).unwrap_err().to_string()
    };
    snapshot.node_addresses[0] = 0;
    for name in ["0x10", "0x0", "0xffffffffffffffffff", "0xno"] {
        let said = refused(&snapshot, name);
        assert_eq!(said, format!("no object of this snapshot lies at {name}"));
    }
    snapshot.node_addresses.clear();
    let said = refused(&snapshot, "0x7f1234500000");
    assert!(said.starts_with("this snapshot has no addresses"), "{said}");
}

#[test]
fn the_collectors_own_word_beats_the_readings() {
    let mut world = World::new();
    let (one, other) = (world.instance("app", "One"), world.instance("app", "Other"));
    world.set_slot(one, "other", other);
    world.set_slot(other, "one", one);
    let mut snapshot = world.snapshot(1.0);
    snapshot.collector = Some(Box::new(CollectorState {
        enabled: true,
        threshold: 700,
        count: 12,
        lists: vec![0; snapshot.node_types.len()],
        unseen: vec![false; snapshot.types.len()],
        uncleared: vec![false; snapshot.types.len()],
    }));
    let collector = Collector::of_snapshot(&snapshot, &[]);
    let view = View::new(&snapshot, &ProcessInfo::default()).unwrap();
    let answer = cycles(&view.with_collector(collector), 10);
    let told = format!("{answer:?}");
    assert!(told.contains("Not yet: 12 of 700 new objects."), "{told}");
}
