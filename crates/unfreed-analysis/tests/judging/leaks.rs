//! Programs that leak: each has to be found, named and explained.

use crate::world::heap::Ref;
use crate::world::{Id, Run, World, every_second, the_leak, told};
use unfreed_analysis::findings::{Kind, Report, Status};

/// A world with one growing module-level container, and what it gains each second.
fn growing(container: impl Fn(&mut World) -> Id, add: impl Fn(&mut World, Id)) -> Report {
    let mut world = World::new();
    let store = container(&mut world);
    world.global("app.sessions", "STORE", store);
    every_second(10, world, |world, _| {
        for _ in 0..100 {
            add(world, store);
        }
    })
}

pub(crate) fn session(world: &mut World) -> Id {
    let session = world.instance("app.models", "Session");
    let payload = world.bytes(400);
    world.set_attr(session, "payload", payload);
    session
}

#[test]
fn a_dict_of_sessions() {
    let report = growing(World::dict, |world, store| {
        let session = session(world);
        world.put_fresh(store, session);
    });
    let leak = the_leak(&report);
    assert_eq!(leak.kind, Kind::Container);
    assert_eq!(leak.title, "growing container app.sessions.STORE");
    assert_eq!(
        leak.summary,
        "app.sessions.STORE gains 100 Session objects a second and never loses one: 200 became \
         1000 in 8 s."
    );
    let held = leak.held_by.as_ref().unwrap();
    assert_eq!(held.root, "module app.sessions");
    assert!(
        held.path.starts_with("app.sessions.STORE['key-"),
        "{}",
        held.path
    );
    assert!(held.path.ends_with("'].payload"), "{}", held.path);
    assert_eq!(held.shape, "app.sessions.STORE[*].payload");
    let steps: Vec<(&str, bool)> = held
        .steps
        .iter()
        .map(|step| (step.type_name.as_str(), step.suspect))
        .collect();
    assert_eq!(
        steps,
        [
            ("module", false),
            ("dict", true),
            ("app.models.Session", false),
            ("bytes", false)
        ]
    );
    assert_eq!(leak.filled_with[0].type_name, "bytes");
    assert_eq!(leak.filled_with[0].objects, 800);
    assert_eq!(leak.advice.rule, "unbounded_dict");
    assert!(leak.advice.text.contains("WeakValueDictionary"));
    assert_eq!((leak.growth.intervals_grown, leak.growth.intervals), (8, 8));
    assert!(leak.growth.share > 0.95, "{}", leak.growth.share);
    assert_eq!(report.verdict.status, Status::Leak);
    assert_eq!(
        report.verdict.sentence,
        "growth is steady (8 of 8 intervals)"
    );
    assert_eq!(report.findings.len(), 1, "{}", told(&report));
}

#[test]
fn other_containers() {
    type Add = fn(&mut World, Id);
    type Make = fn(&mut World) -> Id;
    let deque: Make = |world| world.object("collections", "deque", 760);
    let cases: [(Make, Add, &str, &str); 4] = [
        (
            World::list,
            |world, store| {
                let item = session(world);
                world.append(store, item);
            },
            "unbounded_list",
            "app.sessions.STORE[",
        ),
        (
            World::set,
            |world, store| {
                let text = world.fresh("seen");
                let item = world.str(&text);
                world.add(store, item);
            },
            "unbounded_set",
            "app.sessions.STORE{*}",
        ),
        (
            deque,
            |world, store| {
                let item = session(world);
                world.append(store, item);
            },
            "unbounded_deque",
            "app.sessions.STORE[",
        ),
        (
            World::dict,
            |world, store| {
                // Counts of strings: the values are small ints that exist already.
                let one = world.module("sys", None);
                let key = world.fresh("path");
                let key = world.str(&key);
                world.refer(store, key, Ref::KeyObject);
                world.refer(store, one, Ref::Key(key));
            },
            "unbounded_dict",
            "app.sessions.STORE.keys()[*]",
        ),
    ];
    for (make, add, rule, path) in cases {
        let report = growing(make, add);
        let leak = the_leak(&report);
        assert_eq!(leak.title, "growing container app.sessions.STORE");
        assert_eq!(leak.advice.rule, rule);
        let held = leak.held_by.as_ref().unwrap();
        assert!(held.path.starts_with(path), "{}", held.path);
    }
}

#[test]
fn places_where_a_container_can_be() {
    type Place = fn(&mut World, Id);
    let cases: [(Place, &str, &str); 6] = [
        (
            |world, store| {
                let app = world.instance("app.core", "App");
                world.set_attr(app, "store", store);
                world.global("app.core", "APP", app);
            },
            "growing container app.core.APP.store",
            "unbounded_list",
        ),
        (
            |world, store| {
                let class = world.class("app.models", "Registry");
                world.set_attr(class, "items", store);
            },
            "growing container app.models.Registry.items",
            "class_attribute",
        ),
        (
            |world, store| {
                let handler = world.function("app.views.make.<locals>.handler");
                world.close_over(handler, "cache", store);
                world.global("app.views", "handler", handler);
            },
            "growing container closure variable 'cache' of app.views.handler()",
            "unbounded_list",
        ),
        (
            |world, store| {
                let outer = world.dict();
                let inner = world.dict();
                world.put(inner, "rows", store);
                world.put(outer, "tables", inner);
                world.global("app.db", "STATE", outer);
            },
            "growing container app.db.STATE['tables']['rows']",
            "unbounded_list",
        ),
        (
            |world, store| {
                let frame = world.frame("worker-1", "serve", "/srv/app/server.py", 10);
                world.local(frame, "seen", store);
            },
            "growing container thread 'worker-1' › serve() › seen",
            "unbounded_list",
        ),
        (
            |world, store| {
                let function = world.function("app.views.add");
                let defaults = world.tuple(&[store]);
                world.refer(function, defaults, Ref::Internal("__defaults__".into()));
                world.global("app.views", "add", function);
            },
            "growing container app.views.add.__defaults__[*]",
            "mutable_default_argument",
        ),
    ];
    for (place, title, rule) in cases {
        let mut world = World::new();
        let store = world.list();
        place(&mut world, store);
        let report = every_second(10, world, |world, _| {
            for _ in 0..50 {
                let item = session(world);
                world.append(store, item);
            }
        });
        let leak = the_leak(&report);
        assert_eq!(leak.title, title);
        assert_eq!(leak.advice.rule, rule, "{title}");
    }
}

#[test]
fn many_small_containers_name_their_owner() {
    let report = growing(World::dict, |world, store| {
        let list = world.list();
        for _ in 0..3 {
            let item = session(world);
            world.append(list, item);
        }
        world.put_fresh(store, list);
    });
    assert_eq!(
        the_leak(&report).title,
        "growing container app.sessions.STORE"
    );
}

#[test]
fn fixed_containers_that_each_grow_are_named_themselves() {
    let mut world = World::new();
    let users = world.dict();
    world.global("app.users", "USERS", users);
    let mut histories = Vec::new();
    for _ in 0..40 {
        let history = world.list();
        world.put_fresh(users, history);
        histories.push(history);
    }
    let report = every_second(10, world, |world, _| {
        for &history in &histories {
            for _ in 0..5 {
                let item = session(world);
                world.append(history, item);
            }
        }
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing container app.users.USERS[*]");
    assert!(
        leak.summary.contains("gains 200 Session objects a second"),
        "{}",
        leak.summary
    );
}

#[test]
fn few_new_owners_of_much_faster_growth() {
    let mut world = World::new();
    let users = world.dict();
    world.global("app.users", "USERS", users);
    let mut histories = Vec::new();
    let report = every_second(10, world, |world, now| {
        for _ in 0..if now == 1 { 100 } else { 1 } {
            let history = world.list();
            world.put_fresh(users, history);
            histories.push(history);
        }
        for &history in &histories {
            for _ in 0..20 {
                let item = session(world);
                world.append(history, item);
            }
        }
    });
    assert_eq!(
        the_leak(&report).title,
        "growing container app.users.USERS[*]"
    );
}

#[test]
fn a_linked_list_is_one_growing_thing() {
    let mut world = World::new();
    let head = world.instance("app.chain", "Node");
    world.global("app.chain", "HEAD", head);
    let mut tail = head;
    let report = every_second(10, world, |world, _| {
        for _ in 0..100 {
            let node = world.instance("app.chain", "Node");
            world.set_slot(tail, "next", node);
            world.set_slot(node, "previous", tail);
            tail = node;
        }
    });
    let leak = the_leak(&report);
    assert!(leak.title.contains("app.chain.HEAD"), "{}", leak.title);
    assert!(
        leak.summary.contains("100 Node objects a second"),
        "{}",
        leak.summary
    );
}

#[test]
fn a_buffer_that_becomes_longer() {
    let mut world = World::new();
    let buffer = world.object("builtins", "bytearray", 57);
    world.global("app.log", "BUFFER", buffer);
    let report = every_second(10, world, |world, _| {
        world.objects[buffer].base_size += 100_000;
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing bytearray app.log.BUFFER");
    assert_eq!(
        leak.summary,
        "app.log.BUFFER grows by 98 KiB a second and never shrinks."
    );
}

#[test]
fn names_made_in_a_module() {
    let mut world = World::new();
    world.class("app.plugins", "Plugin");
    let report = every_second(10, world, |world, now| {
        for index in 0..20 {
            let plugin = session(world);
            world.global("app.plugins", &format!("plugin_{now}_{index}"), plugin);
        }
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing container app.plugins");
}

#[test]
fn a_store_born_late_is_judged_from_its_birth() {
    let mut world = World::new();
    let app = world.instance("app.core", "App");
    world.global("app.core", "APP", app);
    let mut store = None;
    let report = every_second(10, world, |world, now| {
        if now < 4 {
            return;
        }
        let store = *store.get_or_insert_with(|| world.list());
        world.set_attr(app, "store", store);
        for _ in 0..50 {
            let item = session(world);
            world.append(store, item);
        }
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing container app.core.APP.store");
    assert_eq!(leak.growth.intervals, 6);
}

#[test]
fn two_holders_of_the_same_objects_are_one_leak() {
    let mut world = World::new();
    let by_id = world.dict();
    let all = world.list();
    world.global("app.registry", "ALL", all);
    world.global("app.registry", "BY_ID", by_id);
    let report = every_second(10, world, |world, _| {
        for _ in 0..50 {
            let item = session(world);
            world.append(all, item);
            world.put_fresh(by_id, item);
        }
    });
    let leak = the_leak(&report);
    assert!(
        leak.summary.contains("holds the same objects"),
        "{}",
        leak.summary
    );
    assert!(leak.growth.share > 0.95, "{}", leak.growth.share);
}

#[test]
fn two_leaks_are_ranked_by_bytes() {
    let mut world = World::new();
    let (small, large) = (world.list(), world.list());
    world.global("app.a", "SMALL", small);
    world.global("app.b", "LARGE", large);
    let report = every_second(10, world, |world, _| {
        for _ in 0..60 {
            let (a, b) = (world.bytes(100), world.bytes(5000));
            world.append(small, a);
            world.append(large, b);
        }
    });
    let titles: Vec<&str> = report.findings.iter().map(|f| f.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "growing container app.b.LARGE",
            "growing container app.a.SMALL"
        ]
    );
    assert_ne!(report.findings[0].id, report.findings[1].id);
}

#[test]
fn the_natural_owner_is_named() {
    // The store is also reached from a framework, over a class, over an importing module and over
    // another module's globals.
    let mut world = World::new();
    let store = world.dict();
    let framework = world.module(
        "flask",
        Some("/usr/lib/python3.12/site-packages/flask/__init__.py"),
    );
    world.set_attr(framework, "x", store);
    let main = world.module("__main__", Some("/srv/app.py"));
    world.set_attr(main, "imported", store);
    world.global("zoo.sessions", "STORE", store);
    let sessions = world.module("zoo.sessions", None);
    world.set_attr(main, "sessions", sessions);
    let report = every_second(10, world, |world, _| {
        for _ in 0..50 {
            let item = session(world);
            world.put_fresh(store, item);
        }
    });
    assert_eq!(
        the_leak(&report).title,
        "growing container zoo.sessions.STORE"
    );
}

#[test]
fn what_a_module_only_imported_is_not_its_own() {
    let mut world = World::new();
    let store = world.list();
    let class = world.class("zoo.models", "Registry");
    world.set_attr(class, "items", store);
    world.global("app", "Registry", class);
    let report = every_second(10, world, |world, _| {
        for _ in 0..50 {
            let item = session(world);
            world.append(store, item);
        }
    });
    assert_eq!(
        the_leak(&report).title,
        "growing container zoo.models.Registry.items"
    );
}

#[test]
fn the_main_module_goes_by_its_file() {
    let mut world = World::new();
    world.module("__main__", Some("/srv/app.py"));
    let store = world.dict();
    world.global("__main__", "STORE", store);
    let report = every_second(10, world, |world, _| {
        for _ in 0..50 {
            let item = session(world);
            world.put_fresh(store, item);
        }
    });
    let leak = the_leak(&report);
    assert_eq!(leak.title, "growing container app.STORE");
    assert_eq!(leak.held_by.as_ref().unwrap().root, "module __main__");
}

#[test]
fn the_line_that_made_it_is_named() {
    let mut world = World::new();
    let store = world.dict();
    world.global("app.sessions", "STORE", store);
    let mut run = Run::default();
    let login = run.stack(
        1,
        &[
            ("/usr/lib/python3.12/json/decoder.py", 353, "raw_decode"),
            ("/srv/app/login.py", 42, "login"),
            ("/srv/app/server.py", 88, "handle"),
        ],
    );
    for now in 1..=8 {
        for index in 0..100 {
            world.made_at = if index % 10 == 0 {
                login
            } else {
                Default::default()
            };
            let item = session(&mut world);
            world.made_at = Default::default();
            world.put_fresh(store, item);
        }
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    let leak = the_leak(&report);
    let made = &leak.allocated_at[0];
    assert_eq!(
        (made.frame.file.as_str(), made.frame.line),
        ("/srv/app/login.py", 42)
    );
    assert_eq!(made.stack.len(), 3);
    assert!((made.share - 1.0).abs() < 1e-9);
}

#[test]
fn what_a_program_drops_as_it_ends_is_not_what_it_drops() {
    let mut world = World::new();
    let frame = world.frame("MainThread", "main", "/srv/app.py", 7);
    let rows = world.list();
    world.local(frame, "rows", rows);
    world.module("__main__", Some("/srv/app.py"));
    let mut run = Run::default();
    for now in 1..=9 {
        for _ in 0..100 {
            let item = session(&mut world);
            world.append(rows, item);
        }
        if now == 9 {
            world.clear(frame);
        }
        run.read(&mut world, f64::from(now), 0);
        run.take(&mut world, f64::from(now));
    }
    let report = run.report();
    assert_eq!(
        the_leak(&report).title,
        "growing container thread 'MainThread' › main() › rows"
    );
    // Killed a while later, it had really let go.
    run.end = None;
    assert!(crate::world::leaks(&run.report()).is_empty());
}

#[test]
fn frames_that_come_and_go_take_nothing_over() {
    let mut world = World::new();
    let main = world.frame("MainThread", "main", "/srv/app.py", 7);
    let database = world.instance("app.db", "Database");
    let results = world.dict();
    world.set_attr(database, "results", results);
    world.local(main, "database", database);
    let report = every_second(9, world, |world, now| {
        for _ in 0..50 {
            let row = session(world);
            world.put_fresh(results, row);
        }
        let function = if now % 2 == 0 { "query" } else { "fill" };
        let frame = world.frame("MainThread", function, "/srv/app.py", 20);
        world.local(frame, "results", results);
        world.roots.retain(|(root, _)| {
            *root == frame
                || !matches!(
                    &world.objects[*root], object if object.synthetic && *root != main
                )
        });
    });
    assert_eq!(
        the_leak(&report).title,
        "growing container thread 'MainThread' › main() › database.results"
    );
}

#[test]
fn ids_stay_the_same_over_runs_and_hosts() {
    let run = |extra: u32| {
        let mut world = World::new();
        for index in 0..extra {
            let item = world.bytes(10);
            world.global("app.other", &format!("x{index}"), item);
        }
        let store = world.dict();
        world.global("app.sessions", "STORE", store);
        let report = every_second(9, world, |world, _| {
            for _ in 0..40 + extra {
                let item = session(world);
                world.put_fresh(store, item);
            }
        });
        the_leak(&report).id.clone()
    };
    assert_eq!(run(0), run(7));
}
