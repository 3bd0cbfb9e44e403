//! Reference cycles: a leak where nothing collects them, none where something does.

use crate::world::heap::Ref;
use crate::world::{Run, World, leaks, of_kind, the_leak, told};
use unfreed_analysis::findings::{Kind, Report, Severity};
use unfreed_recording::snapshot::HIDDEN_FIELD;

/// Parent and children that refer to each other, out of use at once.
fn family(world: &mut World) {
    let parent = world.instance("app.tree", "Node");
    let children = world.list();
    world.set_attr(parent, "children", children);
    for _ in 0..2 {
        let child = world.instance("app.tree", "Node");
        let payload = world.bytes(500);
        world.set_attr(child, "payload", payload);
        world.set_attr(child, "parent", parent);
        world.append(children, child);
    }
}

/// Frees all cycles, as the collector does.
fn collect(world: &mut World) {
    let mut reached = vec![false; world.objects.len()];
    let mut stack: Vec<usize> = world.roots.iter().map(|(root, _)| *root).collect();
    while let Some(id) = stack.pop() {
        if !std::mem::replace(&mut reached[id], true) {
            stack.extend(world.objects[id].edges.iter().map(|(target, _)| *target));
        }
    }
    for (object, reached) in world.objects.iter_mut().zip(reached) {
        if !reached {
            object.edges.clear();
            object.dead = true;
        }
    }
}

struct Collector {
    enabled: bool,
    every: Option<u32>,
    frozen: bool,
    counts: bool,
}

fn run(collector: &Collector, families: u32) -> Report {
    run_of(collector, families, family)
}

fn run_of(collector: &Collector, families: u32, make: fn(&mut World)) -> Report {
    let mut world = World::new();
    let mut run = Run::default();
    let tree = run.stack(
        1,
        &[
            ("/srv/app/tree.py", 7, "build"),
            ("/srv/app/main.py", 3, "<module>"),
        ],
    );
    for now in 1..=12_u32 {
        for index in 0..families {
            world.made_at = if index % 9 == 0 {
                tree
            } else {
                Default::default()
            };
            make(&mut world);
        }
        world.made_at = Default::default();
        if collector.every.is_some_and(|every| now % every == 0) {
            collect(&mut world);
        }
        let reading = run.read(&mut world, f64::from(now), 0);
        reading.gc_enabled = Some(collector.enabled);
        reading.gc_frozen = Some(if collector.frozen {
            u64::from(now) * 1000
        } else {
            0
        });
        if !collector.counts {
            reading.gc_collections = vec![5, 1, 0];
        }
        run.take(&mut world, f64::from(now));
    }
    run.report()
}

const ENABLED: Collector = Collector {
    enabled: true,
    every: None,
    frozen: false,
    counts: true,
};

const DISABLED: Collector = Collector {
    enabled: false,
    ..ENABLED
};

/// A node whose handle holds it in a field that no traversal tells, out of use at once.
fn handle(world: &mut World) {
    let node = world.instance("app.tree", "Node");
    let handle = world.instance("fast", "Handle");
    world.set_attr(node, "handle", handle);
    world.refer(handle, node, Ref::Internal(HIDDEN_FIELD.to_owned()));
}

#[test]
fn what_the_collector_cannot_see_is_a_leak_though_it_is_enabled() {
    let report = run_of(&ENABLED, 50, handle);
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Cycle);
    assert!(
        leak.summary
            .contains("never freed, because Handle does not show the garbage collector what it"),
        "{}",
        leak.summary
    );
    assert!(
        leak.summary.contains("Handle › C field → "),
        "{}",
        leak.summary
    );
    assert_eq!(leak.advice.rule, "cycles_unseen");
    assert!(
        leak.advice.text.contains("hold Node.handle weakly"),
        "{}",
        leak.advice.text
    );
}

#[test]
fn cycles_with_the_collector_disabled_are_a_leak() {
    let report = run(&DISABLED, 50);
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Cycle);
    assert_eq!(leak.title, "reference cycles of Node that nothing frees");
    assert!(
        leak.summary
            .starts_with("50 cycles of Node a second go out of use"),
        "{}",
        leak.summary
    );
    assert!(
        leak.summary
            .ends_with("Each closes itself: Node.children[*] → Node.parent → the first Node."),
        "{}",
        leak.summary
    );
    assert_eq!(leak.advice.rule, "collector_disabled");
    assert!(
        leak.advice.text.contains("hold Node.parent weakly"),
        "{}",
        leak.advice.text
    );
    assert_eq!(leak.allocated_at[0].frame.function, "build");
    assert!(leak.held_by.is_none());
    assert!(leak.growth.bytes > 50_000 * 10);
}

/// An exception in a variable of the frame that its traceback holds.
fn kept_exception(world: &mut World) {
    let error = world.object("builtins", "ValueError", 100);
    let traceback = world.object("builtins", "traceback", 64);
    let frame = world.object("builtins", "frame", 400);
    world.refer(error, traceback, Ref::Attr("__traceback__".to_owned()));
    world.refer(traceback, frame, Ref::Internal("tb_frame".to_owned()));
    world.local(frame, "problem", error);
}

#[test]
fn an_exception_in_a_variable_of_its_own_frame_is_to_be_deleted() {
    let report = run_of(&DISABLED, 50, kept_exception);
    let leak = the_leak(&report);
    assert!(
        leak.advice
            .text
            .contains("The variable problem holds an exception"),
        "{}",
        leak.advice.text
    );
    assert!(leak.advice.snippet.ends_with("del problem"));
}

/// A pool that holds a method of its owner.
fn callback(world: &mut World) {
    let (owner, pool) = (
        world.instance("app.pools", "Cipher"),
        world.instance("app.pools", "Pool"),
    );
    let function = world.function("app.pools.Cipher._create");
    let method = world.method(owner, function);
    world.set_attr(owner, "_pool", pool);
    world.set_attr(pool, "create", method);
}

#[test]
fn a_bound_method_is_to_be_held_weakly() {
    let report = run_of(&DISABLED, 50, callback);
    let leak = the_leak(&report);
    assert!(
        leak.advice
            .text
            .contains("The bound method _create holds its object"),
        "{}",
        leak.advice.text
    );
    assert!(
        leak.summary.contains("app.pools.Cipher._create().__self__"),
        "{}",
        leak.summary
    );
    assert!(
        leak.advice
            .snippet
            .starts_with("callback = weakref.WeakMethod(self._create)")
    );
}

/// Two objects of C types that hold each other.
fn futures(world: &mut World) {
    let (one, other) = (
        world.object("_asyncio", "Future", 100),
        world.object("builtins", "function", 100),
    );
    world.refer(one, other, Ref::Attr("_callbacks".to_owned()));
    world.refer(other, one, Ref::Attr("__defaults__".to_owned()));
}

/// An event loop and its selector, of the standard library.
fn event_loops(world: &mut World) {
    world.module(
        "asyncio.unix_events",
        Some("/usr/lib/python3.12/asyncio/unix_events.py"),
    );
    let (one, other) = (
        world.instance("asyncio.unix_events", "_UnixSelectorEventLoop"),
        world.instance("asyncio.unix_events", "_UnixSelectorEventLoop"),
    );
    world.set_attr(one, "_parent", other);
    world.set_attr(other, "_parent", one);
}

#[test]
fn nobody_is_told_to_change_the_standard_library() {
    let report = run_of(&DISABLED, 50, event_loops);
    let leak = the_leak(&report);
    assert!(!leak.advice.text.contains("weakly"), "{}", leak.advice.text);
    assert!(!leak.advice.snippet.contains("class"));
}

#[test]
fn nobody_is_told_to_change_a_builtin_type() {
    let report = run_of(&DISABLED, 50, futures);
    let leak = the_leak(&report);
    assert!(!leak.advice.text.contains("weakly"), "{}", leak.advice.text);
    assert_eq!(leak.advice.snippet, "gc.enable()");
}

#[test]
fn frozen_or_never_reached_is_a_leak_too() {
    let frozen = run(
        &Collector {
            frozen: true,
            ..ENABLED
        },
        50,
    );
    assert_eq!(the_leak(&frozen).advice.rule, "collector_frozen");
    let never = run(
        &Collector {
            counts: false,
            ..ENABLED
        },
        50,
    );
    assert_eq!(the_leak(&never).advice.rule, "collector_never_runs");
}

#[test]
fn cycles_with_the_collector_enabled_are_none() {
    for every in [1, 2, 3, 5] {
        let report = run(
            &Collector {
                every: Some(every),
                ..ENABLED
            },
            50,
        );
        assert!(leaks(&report).is_empty(), "{}", told(&report));
    }
    let waiting = run(&ENABLED, 50);
    assert!(leaks(&waiting).is_empty(), "{}", told(&waiting));
}

#[test]
fn many_cycles_that_wait_are_a_warning() {
    let report = run(&ENABLED, 400);
    let found = of_kind(&report, Kind::Cycle);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].advice.rule, "cycles_wait");
}

#[test]
fn what_c_code_holds_is_no_garbage() {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=10_u32 {
        for _ in 0..50 {
            let node = world.instance("app.tree", "Node");
            world.set_attr(node, "me", node);
            world.objects[node].outside = 1;
        }
        run.read(&mut world, f64::from(now), 0).gc_enabled = Some(false);
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    assert!(
        of_kind(&report, Kind::Cycle).is_empty(),
        "{}",
        told(&report)
    );
}

#[test]
fn a_closure_that_refers_to_itself() {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=10_u32 {
        for _ in 0..50 {
            let function = world.function("app.views.make.<locals>.retry");
            world.close_over(function, "retry", function);
            let payload = world.bytes(300);
            world.refer(function, payload, Ref::Internal("__defaults__".into()));
        }
        run.read(&mut world, f64::from(now), 0).gc_enabled = Some(false);
        run.take(&mut world, f64::from(now));
    }
    let leak_report = run.report();
    let leak = the_leak(&leak_report);
    assert!(
        leak.summary
            .contains("app.views.make.<locals>.retry().__closure__['retry'] → the first function"),
        "{}",
        leak.summary
    );
    assert!(
        leak.advice
            .text
            .contains("The function retry refers to itself"),
        "{}",
        leak.advice.text
    );
}
