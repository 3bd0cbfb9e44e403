//! The known ways to leak: each is recognised and gets its own advice.

use crate::world::heap::Ref;
use crate::world::{Id, World, every_second, of_kind, the_leak};
use unfreed_analysis::findings::{Kind, Severity};

type Setting = fn(&mut World) -> Id;
type Adding = fn(&mut World, Id);

fn row(world: &mut World) -> Id {
    let row = world.instance("app.models", "Row");
    let payload = world.bytes(900);
    world.set_attr(row, "payload", payload);
    row
}

fn cached(world: &mut World, maxsize: &str) -> (Id, Id) {
    let wrapper = world.object("functools", "_lru_cache_wrapper", 150);
    let cache = world.dict();
    world.refer(wrapper, cache, Ref::Unnamed);
    let parameters = world.function("functools.lru_cache.<locals>.<lambda>");
    let bound = world.object("builtins", maxsize, 16);
    world.close_over(parameters, "maxsize", bound);
    world.set_attr(wrapper, "cache_parameters", parameters);
    (wrapper, cache)
}

/// Puts an entry whose key is a tuple over `self`.
fn call_method(world: &mut World, cache: Id) {
    let (owner, result) = (row(world), world.bytes(50));
    let key = world.tuple(&[owner]);
    world.refer(cache, key, Ref::KeyObject);
    world.refer(cache, result, Ref::Key(key));
}

const CASES: [(&str, &str, Setting, Adding); 23] = [
    (
        "python_own",
        "growing container _warnings.filters",
        |world| {
            let filters = world.list();
            let module = world.module("_warnings", None);
            world.set_attr(module, "filters", filters);
            filters
        },
        |world, filters| {
            let row = row(world);
            world.append(filters, row);
        },
    ),
    (
        "lru_cache_on_method",
        "unbounded functools cache of app.models.Row.area()",
        |world| {
            let (wrapper, cache) = cached(world, "NoneType");
            let class = world.class("app.models", "Row");
            world.set_attr(class, "area", wrapper);
            cache
        },
        call_method,
    ),
    (
        "unbounded_lru_cache",
        "unbounded functools cache of app.views.render()",
        |world| {
            let (wrapper, cache) = cached(world, "NoneType");
            world.global("app.views", "render", wrapper);
            cache
        },
        |world, cache| {
            let page = world.bytes(800);
            world.put_fresh(cache, page);
        },
    ),
    (
        "asyncio_task_kept",
        "growing container app.server.TASKS",
        |world| {
            let tasks = world.set();
            world.global("app.server", "TASKS", tasks);
            tasks
        },
        |world, tasks| {
            let task = world.object("_asyncio", "Task", 300);
            let coroutine = world.object("builtins", "coroutine", 400);
            world.refer(task, coroutine, Ref::Attr("_coro".into()));
            world.add(tasks, task);
        },
    ),
    (
        "task_waits_for_ever",
        "growing container app.server.WAITING",
        |world| {
            let list = world.list();
            world.global("app.server", "WAITING", list);
            list
        },
        |world, list| {
            let future = world.object("_asyncio", "Future", 300);
            let task = world.object("_asyncio", "Task", 300);
            world.refer(future, task, Ref::Attr("_callbacks".into()));
            world.append(list, future);
        },
    ),
    (
        "suspended_generator",
        "growing container app.db.CURSORS",
        |world| {
            let list = world.list();
            world.global("app.db", "CURSORS", list);
            list
        },
        |world, list| {
            let generator = world.object("builtins", "generator", 300);
            let connection = row(world);
            world.refer(generator, connection, Ref::Local("connection".into()));
            world.append(list, generator);
        },
    ),
    (
        "context_copies",
        "growing container app.server.CONTEXTS",
        |world| {
            let list = world.list();
            world.global("app.server", "CONTEXTS", list);
            list
        },
        |world, list| {
            let context = world.object("_contextvars", "Context", 300);
            let request = row(world);
            world.refer(context, request, Ref::Unnamed);
            world.append(list, context);
        },
    ),
    (
        "thread_local",
        "growing container thread 'worker-1' › thread-local dict[*].seen",
        |world| {
            let state = world.dict();
            world.thread_state("worker-1", "thread-local dict", state);
            let local = world.dict();
            let key = world.object("builtins", "str", 60);
            world.refer(state, key, Ref::KeyObject);
            let holder = world.object("_thread", "_localdummy", 40);
            world.refer(state, holder, Ref::Key(key));
            world.refer(holder, local, Ref::Namespace);
            let seen = world.list();
            world.put(local, "seen", seen);
            seen
        },
        |world, seen| {
            let item = row(world);
            world.append(seen, item);
        },
    ),
    (
        "logging_handler",
        "growing container logging.root.handlers",
        |world| {
            let logging = world.module("logging", Some("/usr/lib/python3.12/logging/__init__.py"));
            let root = world.object("logging", "RootLogger", 48);
            let handlers = world.list();
            world.set_attr(root, "handlers", handlers);
            world.set_attr(logging, "root", root);
            // A logger of the person's own leads to it too.
            let logger = world.object("logging", "Logger", 48);
            world.set_attr(logger, "parent", root);
            world.global("app.server", "log", logger);
            handlers
        },
        |world, handlers| {
            let handler = world.object("logging", "FileHandler", 900);
            world.append(handlers, handler);
        },
    ),
    (
        "loggers",
        "growing container app.server.log.manager.loggerDict",
        |world| {
            let manager = world.object("logging", "Manager", 48);
            let known = world.dict();
            world.set_attr(manager, "loggerDict", known);
            let logger = world.object("logging", "Logger", 48);
            world.set_attr(logger, "manager", manager);
            world.global("app.server", "log", logger);
            known
        },
        |world, known| {
            let logger = world.object("logging", "Logger", 900);
            world.put_fresh(known, logger);
        },
    ),
    (
        "finalizer_keeps_object",
        "growing container weakref.finalize._registry",
        |world| {
            let weakref = world.module("weakref", Some("/usr/lib/python3.12/weakref.py"));
            let finalize = world.object("builtins", "type", 1064);
            let registry = world.dict();
            world.set_attr(finalize, "_registry", registry);
            world.set_attr(weakref, "finalize", finalize);
            registry
        },
        |world, registry| {
            let info = row(world);
            world.put_fresh(registry, info);
        },
    ),
    (
        "atexit_registration",
        "growing container interpreter › atexit",
        |world| {
            let callbacks = world.list();
            world.interpreter("atexit", callbacks);
            callbacks
        },
        |world, callbacks| {
            let item = row(world);
            let method = world.function("app.models.Row.close");
            let bound = world.method(item, method);
            let call = world.tuple(&[bound]);
            world.append(callbacks, call);
        },
    ),
    (
        "fork_hooks",
        "growing container interpreter › os.register_at_fork",
        |world| {
            let hooks = world.list();
            world.interpreter("os.register_at_fork", hooks);
            hooks
        },
        |world, hooks| {
            let item = row(world);
            let method = world.function("app.models.Row.restart");
            let bound = world.method(item, method);
            world.append(hooks, bound);
        },
    ),
    (
        "traceback_held",
        "growing container app.jobs.ERRORS",
        |world| {
            let list = world.list();
            world.global("app.jobs", "ERRORS", list);
            list
        },
        |world, list| {
            let error = world.object("builtins", "ValueError", 80);
            let traceback = world.object("builtins", "traceback", 64);
            let frame = world.object("builtins", "frame", 400);
            world.refer(error, traceback, Ref::Internal("__traceback__".into()));
            world.refer(traceback, frame, Ref::Internal("tb_frame".into()));
            world.append(list, error);
        },
    ),
    (
        "listener_kept",
        "growing container app.bus.LISTENERS",
        |world| {
            let list = world.list();
            world.global("app.bus", "LISTENERS", list);
            list
        },
        |world, list| {
            let view = row(world);
            let function = world.function("app.models.Row.on_event");
            let bound = world.method(view, function);
            world.append(list, bound);
        },
    ),
    (
        "listener_kept",
        "growing container app.bus.CLOSURES",
        |world| {
            let list = world.list();
            world.global("app.bus", "CLOSURES", list);
            list
        },
        |world, list| {
            let view = row(world);
            let closure = world.function("app.bus.subscribe.<locals>.on_event");
            world.close_over(closure, "view", view);
            world.append(list, closure);
        },
    ),
    (
        "functions_in_a_loop",
        "growing container app.rules.RULES",
        |world| {
            let list = world.list();
            world.global("app.rules", "RULES", list);
            list
        },
        |world, list| {
            let rule = world.function("app.rules.make.<locals>.<lambda>");
            world.append(list, rule);
        },
    ),
    (
        "classes_in_a_loop",
        "growing container app.rules.TYPES",
        |world| {
            let list = world.list();
            world.global("app.rules", "TYPES", list);
            list
        },
        |world, list| {
            let class = world.object("builtins", "type", 1064);
            let namespace = world.dict();
            world.refer(class, namespace, Ref::Namespace);
            world.append(list, class);
        },
    ),
    (
        "class_attribute",
        "growing container app.models.Row.ALL",
        |world| {
            let list = world.list();
            let class = world.class("app.models", "Row");
            world.set_attr(class, "ALL", list);
            list
        },
        |world, list| {
            let item = row(world);
            world.append(list, item);
        },
    ),
    (
        "unbounded_dict",
        "growing container app.store.BY_KEY",
        |world| {
            let dict = world.dict();
            world.global("app.store", "BY_KEY", dict);
            dict
        },
        |world, dict| {
            let value = world.bytes(700);
            world.put_fresh(dict, value);
        },
    ),
    (
        "unbounded_set",
        "growing container app.store.SEEN",
        |world| {
            let set = world.set();
            world.global("app.store", "SEEN", set);
            set
        },
        |world, set| {
            let text = world.fresh("url");
            let text = world.str(&text);
            world.add(set, text);
        },
    ),
    (
        "unbounded_deque",
        "growing container app.store.RECENT",
        |world| {
            let deque = world.object("collections", "deque", 760);
            world.global("app.store", "RECENT", deque);
            deque
        },
        |world, deque| {
            let item = row(world);
            world.append(deque, item);
        },
    ),
    (
        "unbounded_list",
        "growing container app.store.ROWS",
        |world| {
            let list = world.list();
            world.global("app.store", "ROWS", list);
            list
        },
        |world, list| {
            let item = row(world);
            world.append(list, item);
        },
    ),
];

#[test]
fn each_known_way_has_its_own_advice() {
    for (rule, title, setting, adding) in CASES {
        let mut world = World::new();
        let store = setting(&mut world);
        let report = every_second(9, world, |world, _| {
            for _ in 0..60 {
                adding(world, store);
            }
        });
        let leak = the_leak(&report);
        assert_eq!(
            (leak.advice.rule.as_str(), leak.title.as_str()),
            (rule, title)
        );
        assert!(leak.advice.text.len() > 40, "{rule}");
    }
}

#[test]
fn what_only_follows_is_no_leak_of_its_own() {
    let mut world = World::new();
    let alive = world.instance("_weakrefset", "WeakSet");
    let data = world.set();
    world.set_attr(alive, "data", data);
    world.global("app.bus", "ALIVE", alive);
    let report = every_second(9, world, |world, _| {
        for _ in 0..60 {
            let reference = world.object("weakref", "ReferenceType", 80);
            world.add(data, reference);
        }
    });
    let found = of_kind(&report, Kind::Container);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].advice.rule, "weak_followers");
    assert!(found[0].advice.text.contains("keeps none of them"));
}
