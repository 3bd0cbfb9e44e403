//! Paths of very many steps: in short in tables and sentences, whole in the JSON of `path`.

use crate::world::World;
use unfreed_analysis::questions::{Answer, Cell, Selection, View, paths, suspects};
use unfreed_recording::process::ProcessInfo;

const NODES: usize = 300;

fn longest(answer: &Answer) -> usize {
    let cells = answer.rows.iter().flatten();
    let texts = cells.filter_map(Cell::text);
    texts
        .chain([answer.heading.as_str()])
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[test]
fn a_linked_list_has_paths_that_can_be_read() {
    let mut world = World::new();
    let head = world.instance("app", "Node");
    world.global("app", "head", head);
    let mut last = head;
    for _ in 0..NODES {
        let next = world.instance("app", "Node");
        world.set_slot(last, "next", next);
        last = next;
    }
    let big = world.bytes(1 << 20);
    world.set_slot(last, "payload", big);
    let snapshot = world.snapshot(1.0);
    let view = View::new(&snapshot, &ProcessInfo::default()).unwrap();
    let suspects = suspects(&view, &|_| Vec::new());
    assert!(longest(&suspects) < 400, "{suspects:?}");
    let head = Selection::find(&view, "app.head").unwrap();
    let told = paths(&view, &head, 10);
    assert_eq!(told.rows[0][4], Cell::Text("app.head".to_owned()));
    let whole = "app.head".to_owned() + &".next".repeat(NODES) + ".payload";
    let payload = Selection::find(&view, &whole).unwrap();
    let told = paths(&view, &payload, 10);
    assert!(longest(&told) < 400, "{told:?}");
    assert!(
        told.heading
            .ends_with("is held by app.head.next.next.next … .next.payload (302 steps).")
    );
    let Cell::Path(path) = &told.rows[0][4] else {
        panic!("{told:?}");
    };
    assert_eq!(path.whole, whole);
}
