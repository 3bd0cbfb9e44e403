//! Leaks that no plain container explains: of C code, of queues, of memory without an object.

use crate::leaks::session;
use crate::world::{Run, World, every_second, of_kind, the_leak, told};
use unfreed_analysis::findings::{Kind, Severity, Status};

#[test]
fn objects_that_only_c_code_holds() {
    let mut world = World::new();
    let report = every_second(10, world.clone(), |world, _| {
        for _ in 0..50 {
            let item = session(world);
            world.objects[item].outside = 1;
        }
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "Session objects that only C code holds");
    assert_eq!(leak.kind, Kind::Refcount);
    assert_eq!(leak.advice.rule, "missing_decref");
    world.free();
}

#[test]
fn a_queue_that_fills_faster_than_it_drains() {
    let mut world = World::new();
    let queue = world.object("queue", "Queue", 48);
    let deque = world.object("collections", "deque", 760);
    world.set_attr(queue, "queue", deque);
    world.global("app.jobs", "JOBS", queue);
    let report = every_second(10, world, |world, now| {
        for _ in 0..100 {
            let item = session(world);
            world.append(deque, item);
        }
        world.keep_newest(deque, now as usize * 60);
    });
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Backlog);
    assert_eq!(
        leak.title,
        "queue app.jobs.JOBS fills faster than it drains"
    );
    assert_eq!(leak.advice.rule, "queue_backlog");
    assert!(leak.advice.snippet.contains("maxsize"));
}

#[test]
fn native_memory_that_no_object_accounts_for() {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=10_u64 {
        run.read(&mut world, now as f64, now * (2 << 20));
        run.take(&mut world, now as f64);
    }
    let report = run.report();
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Native);
    assert_eq!(
        leak.summary,
        "Memory in use from malloc grows by 2.0 MiB a second and no Python object accounts for it."
    );
    assert_eq!(report.accounting.native_in_use, 20 << 20);
}

#[test]
fn growth_in_the_fringe_of_python_is_not_native() {
    // Half of the objects' bytes are malloc's: large ones are. Nothing is unexplained.
    let mut world = World::new();
    let store = world.list();
    world.global("app.sessions", "STORE", store);
    let mut run = Run::default();
    for now in 1..=10 {
        for _ in 0..100 {
            let item = world.bytes(20_000);
            world.append(store, item);
        }
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    assert_eq!(the_leak(&report).kind, Kind::Container);
    assert!(of_kind(&report, Kind::Native).is_empty());
}

#[test]
fn severity_follows_certainty() {
    // Bursts every third second: likely, not certain.
    let mut world = World::new();
    let store = world.list();
    world.global("app.sessions", "STORE", store);
    let report = every_second(13, world, |world, now| {
        for _ in 0..if now % 3 == 0 { 100 } else { 0 } {
            let item = session(world);
            world.append(store, item);
        }
    });
    assert_eq!(
        report.findings[0].severity,
        Severity::Warning,
        "{}",
        told(&report)
    );
    assert_eq!(report.verdict.status, Status::Warning);
}
