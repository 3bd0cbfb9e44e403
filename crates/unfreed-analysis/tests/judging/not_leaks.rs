//! Programs that do not leak: none may have a finding of severity `leak`.

use crate::world::heap::Ref;
use crate::world::{Id, Run, World, every_second, leaks, of_kind, told};
use unfreed_analysis::findings::{Kind, Report, Status, Trend};

fn item(world: &mut World) -> Id {
    let item = world.instance("app.models", "Row");
    let payload = world.bytes(2000);
    world.set_attr(item, "payload", payload);
    item
}

fn no_leak(report: &Report) {
    assert!(leaks(report).is_empty(), "{}", told(report));
}

fn with(container: fn(&mut World) -> Id, mut second: impl FnMut(&mut World, Id, u32)) -> Report {
    let mut world = World::new();
    let store = container(&mut world);
    world.global("app.store", "STORE", store);
    every_second(12, world, |world, now| second(world, store, now))
}

#[test]
fn a_bounded_cache_that_fills_up_and_stops() {
    for bound in [300, 500, 700, 900] {
        let report = with(World::dict, |world, store, _| {
            for _ in 0..100 {
                let row = item(world);
                world.put_fresh(store, row);
            }
            world.keep_newest(store, bound);
        });
        no_leak(&report);
        let notes = of_kind(&report, Kind::Cache);
        assert_eq!(notes.len(), 1, "bound {bound}: {}", told(&report));
        assert_eq!(
            notes[0].title,
            format!("app.store.STORE grew to {bound} entries and stopped")
        );
        assert_eq!(report.verdict.status, Status::Clean);
    }
}

#[test]
fn an_ordered_dict_of_constant_length() {
    let ordered = |world: &mut World| world.object("collections", "OrderedDict", 200);
    let report = with(ordered, |world, store, _| {
        for _ in 0..200 {
            let row = item(world);
            world.put_fresh(store, row);
        }
        world.keep_newest(store, 100);
    });
    no_leak(&report);
    assert_eq!(report.verdict.status, Status::Clean, "{}", told(&report));
}

#[test]
fn batches_that_build_up_and_are_flushed() {
    for period in 2..=7 {
        let report = with(World::list, |world, store, now| {
            for _ in 0..100 {
                let row = item(world);
                world.append(store, row);
            }
            if now % period == 0 {
                world.clear(store);
            }
        });
        no_leak(&report);
    }
}

#[test]
fn batches_whose_snapshots_happen_to_rise() {
    // Flushed every 2 s, caught every 2.2 s: each snapshot sees a fuller batch than the last.
    let mut world = World::new();
    let store = world.list();
    world.global("app.store", "STORE", store);
    let mut run = Run::default();
    for tick in 0..110_u32 {
        if tick % 20 == 0 {
            world.clear(store);
        }
        for _ in 0..10 {
            let row = item(&mut world);
            world.append(store, row);
        }
        if tick % 10 == 5 || tick % 20 == 0 {
            run.read(&mut world, f64::from(tick) / 10.0, 0);
        }
        if tick % 22 == 3 {
            run.take(&mut world, f64::from(tick) / 10.0);
        }
    }
    no_leak(&run.report());
}

#[test]
fn imports_and_patterns_of_the_warm_up() {
    let mut world = World::new();
    let patterns = world.dict();
    let re = world.module("re", Some("/usr/lib/python3.12/re/__init__.py"));
    world.set_attr(re, "_cache", patterns);
    let mut run = Run::default();
    for now in 1..=12_u32 {
        if now <= 3 {
            for index in 0..60 {
                let name = format!("package.module_{now}_{index}");
                for attribute in 0..30 {
                    let function = world.function(&format!("{name}.f{attribute}"));
                    world.global(&name, &format!("f{attribute}"), function);
                }
            }
            for _ in 0..100 {
                let pattern = world.object("re", "Pattern", 800);
                world.put_fresh(patterns, pattern);
            }
        }
        run.read(
            &mut world,
            f64::from(now),
            if now == 1 { 0 } else { 20 << 20 },
        );
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    no_leak(&report);
    let warm_up = of_kind(&report, Kind::WarmUp);
    assert!(
        warm_up
            .iter()
            .any(|note| note.title.starts_with("warm-up 2")),
        "{}",
        told(&report)
    );
}

#[test]
fn a_large_constant_working_set_with_churn() {
    let mut world = World::new();
    let data = world.list();
    world.global("app.store", "DATA", data);
    for _ in 0..3000 {
        let row = item(&mut world);
        world.append(data, row);
    }
    let report = every_second(12, world, |world, now| {
        // Some rows are exchanged, a few requests are in flight.
        for _ in 0..200 {
            let row = item(world);
            world.append(data, row);
        }
        world.keep_newest(data, 3000 + (now as usize * 7) % 5);
    });
    no_leak(&report);
}

#[test]
fn one_big_load() {
    for when in [2, 6, 11, 12] {
        let report = with(World::list, |world, store, now| {
            if now == when {
                for _ in 0..2000 {
                    let row = item(world);
                    world.append(store, row);
                }
            }
        });
        no_leak(&report);
    }
}

#[test]
fn a_program_of_two_seconds() {
    let mut world = World::new();
    let store = world.list();
    world.global("app.store", "STORE", store);
    let mut run = Run::default();
    for tick in 1..=10 {
        for _ in 0..100 {
            let row = item(&mut world);
            world.append(store, row);
        }
        run.read(&mut world, f64::from(tick) * 0.2, 0);
        run.take(&mut world, f64::from(tick) * 0.2);
    }
    let report = run.report();
    no_leak(&report);
    assert_eq!(report.verdict.status, Status::NotEnoughEvidence);
    assert_eq!(
        report.verdict.sentence,
        "not enough evidence yet (10 snapshots in 2 s); run for at least 10 s"
    );
}

#[test]
fn few_snapshots_are_not_enough() {
    for count in 0..4_u32 {
        let mut world = World::new();
        let store = world.list();
        world.global("app.store", "STORE", store);
        let report = every_second(count, world, |world, _| {
            for _ in 0..500 {
                let row = item(world);
                world.append(store, row);
            }
        });
        no_leak(&report);
        assert_eq!(report.verdict.status, Status::NotEnoughEvidence);
    }
}

#[test]
fn a_bounded_lru_cache_that_still_fills() {
    let mut world = World::new();
    let wrapper = world.object("functools", "_lru_cache_wrapper", 150);
    let cache = world.dict();
    world.refer(wrapper, cache, Ref::Unnamed);
    let parameters = world.function("functools.lru_cache.<locals>.<lambda>");
    let maxsize = world.object("builtins", "int", 28);
    world.objects[maxsize].text = Some("16000".into());
    world.close_over(parameters, "maxsize", maxsize);
    world.set_attr(wrapper, "cache_parameters", parameters);
    world.global("app.views", "render", wrapper);
    let report = every_second(10, world, |world, _| {
        for _ in 0..200 {
            let value = item(world);
            world.put_fresh(cache, value);
        }
    });
    no_leak(&report);
    let note = of_kind(&report, Kind::Cache)[0];
    assert_eq!(
        note.title,
        "functools cache of app.views.render() fills up to its bound"
    );
    assert!(note.summary.contains("2000 entries"), "{}", note.summary);
    assert!(
        note.summary.contains("its bound of 16,000"),
        "{}",
        note.summary
    );
    assert_eq!(report.verdict.status, Status::Clean);
}

#[test]
fn requests_in_flight() {
    let report = with(World::dict, |world, store, now| {
        for _ in 0..100 {
            let row = item(world);
            world.put_fresh(store, row);
        }
        world.keep_newest(store, [3, 9, 5, 12, 7, 4][now as usize % 6]);
    });
    no_leak(&report);
}

#[test]
fn a_heap_that_shrinks() {
    let mut world = World::new();
    let store = world.list();
    world.global("app.store", "STORE", store);
    for _ in 0..2000 {
        let row = item(&mut world);
        world.append(store, row);
    }
    let report = every_second(10, world, |world, now| {
        world.keep_newest(store, 2000 - now as usize * 150);
    });
    no_leak(&report);
    assert_eq!(report.memory.trend, Trend::Falling);
}

#[test]
fn unfreeds_own_objects() {
    let mut world = World::new();
    let own = world.list();
    let site = "/usr/lib/python3.12/site-packages/unfreed/agent.py";
    let module = world.module("unfreed.agent", Some(site));
    world.set_attr(module, "records", own);
    let report = every_second(10, world, |world, _| {
        for _ in 0..100 {
            let row = world.bytes(1000);
            world.append(own, row);
        }
    });
    assert!(report.findings.is_empty(), "{}", told(&report));
}

#[test]
fn memory_that_the_allocator_holds() {
    let mut world = World::new();
    let mut run = Run::default();
    for now in 1..=10_u32 {
        let reading = run.read(&mut world, f64::from(now), 1 << 20);
        reading.malloc_free = Some(90 << 20);
        reading.rss += 90 << 20;
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    no_leak(&report);
    let note = of_kind(&report, Kind::Retention)[0];
    assert!(
        note.title.starts_with("malloc holds 90 MiB"),
        "{}",
        note.title
    );
    assert!(note.advice.text.contains("MALLOC_ARENA_MAX"));
    let parts = &report.accounting;
    let sum = parts.python_objects
        + parts.native_in_use
        + parts.allocator_free
        + parts.own
        + parts.code_and_files
        + parts.other_mappings;
    assert_eq!(sum, parts.rss);
}
