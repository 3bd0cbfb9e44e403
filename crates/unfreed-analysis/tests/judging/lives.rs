//! Holders whose life is over: told on the steps of a finding, and the suspect stays what grows.

use crate::world::heap::Ref;
use crate::world::{Id, World, every_second, the_leak};
use unfreed_analysis::findings::{HeldBy, Over};

/// Who holds what grows, where each gained object is made by `make`.
fn held_by(make: fn(&mut World) -> Id) -> HeldBy {
    let mut world = World::new();
    let store = world.list();
    world.global("app.pool", "STORE", store);
    let report = every_second(10, world, |world, _| {
        for _ in 0..100 {
            let gained = make(world);
            world.append(store, gained);
        }
    });
    the_leak(&report).held_by.clone().unwrap()
}

fn closed_file(world: &mut World) -> Id {
    let file = world.object("_io", "FileIO", 64);
    world.objects[file].state = Some("closed file");
    file
}

#[test]
fn a_closed_file_in_a_growing_list() {
    let held = held_by(closed_file);
    let steps: Vec<(&str, bool, Over, &str)> = held
        .steps
        .iter()
        .map(|step| {
            let name = step.type_name.as_str();
            (name, step.suspect, step.over, step.reason.as_str())
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("module", false, Over::Unknown, ""),
            ("list", true, Over::Unknown, ""),
            ("_io.FileIO", false, Over::Yes, "is a closed file"),
        ]
    );
}

#[test]
fn an_object_of_ones_own_around_a_closed_file() {
    let held = held_by(|world| {
        let connection = world.instance("app.pool", "Connection");
        let (file, buffer) = (closed_file(world), world.bytes(9000));
        world.set_attr(connection, "file", file);
        world.set_attr(connection, "buffer", buffer);
        connection
    });
    let step = &held.steps[2];
    assert_eq!(step.type_name, "app.pool.Connection");
    assert_eq!(step.reason, "has .file, which is a closed file");
    assert_eq!(step.over, Over::Unknown);
}

#[test]
fn states_that_a_later_version_adds_say_nothing() {
    let held = held_by(|world| {
        let file = world.object("_io", "FileIO", 64);
        world.objects[file].state = Some("rotated archive");
        file
    });
    assert_eq!(
        (held.steps[2].over, held.steps[2].reason.as_str()),
        (Over::Unknown, "")
    );
}

#[test]
fn what_is_done_waits_for_nothing() {
    let rule = |state: Option<&'static str>| {
        let mut world = World::new();
        let store = world.list();
        world.global("app.server", "REPLIES", store);
        let report = every_second(10, world, |world, _| {
            for _ in 0..100 {
                let future = world.object("_asyncio", "Future", 300);
                world.objects[future].state = state;
                let task = world.object("_asyncio", "Task", 300);
                world.refer(future, task, Ref::Attr("_callbacks".into()));
                world.append(store, future);
            }
        });
        the_leak(&report).advice.rule.clone()
    };
    assert_eq!(rule(Some("pending future")), "task_waits_for_ever");
    assert_ne!(rule(Some("done future")), "task_waits_for_ever");
}
