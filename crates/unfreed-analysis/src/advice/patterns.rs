//! The well-known ways to leak in Python, each recognised by its types and names.

use super::{Subject, advice};
use crate::caches::Bound;
use crate::findings::Advice;
use crate::heap::short_name;
use crate::paths::LRU_WRAPPER;
use crate::roots::Flavour;

pub(super) fn lru_cache_on_method(s: &Subject) -> Option<Advice> {
    s.cache?;
    let wrapper = s
        .path
        .iter()
        .position(|holder| holder.type_name == LRU_WRAPPER)?;
    let class = s.path.get(wrapper.checked_sub(1)?)?;
    let of_class = class.type_name == "type" || class.type_name.ends_with("Meta");
    if !of_class {
        return None;
    }
    let (class, method) = (&class.name, &s.path[wrapper].name);
    Some(advice(
        "lru_cache_on_method",
        format!(
            "The cache of {class}.{method} belongs to the class, and self is part of every key: it \
             keeps each {class} alive that ever called {method}. Cache on the instance instead \
             (functools.cached_property, or a cache made in __init__), or cache a plain function \
             of the values that matter."
        ),
        &format!(
            "class {class}:\n    def __init__(self, ...):\n        self.{method} = \
             functools.lru_cache(maxsize=1024)(self._{method})"
        ),
    ))
}

pub(super) fn unbounded_lru_cache(s: &Subject) -> Option<Advice> {
    let bound = s.cache?;
    if matches!(bound, Bound::Bounded(_)) {
        return None;
    }
    let wrapper = s
        .path
        .iter()
        .find(|holder| holder.type_name == LRU_WRAPPER)?;
    let function = &wrapper.name;
    Some(advice(
        "unbounded_lru_cache",
        format!(
            "{function} is cached without a bound and called with ever new arguments. Give the \
             cache a maxsize, or call {function}.cache_clear() when its results go out of date."
        ),
        &format!("@functools.lru_cache(maxsize=1024)\ndef {function}(...):"),
    ))
}

pub(super) fn queue_backlog(s: &Subject) -> Option<Advice> {
    if !s.backlog {
        return None;
    }
    let name = s.name.as_str();
    let text = format!(
        "{name} fills faster than its consumers drain it. Bound it, so that producers wait (or \
         drop), add consumers, or make them faster; check that they still run."
    );
    let queue = s
        .path
        .iter()
        .rev()
        .find(|holder| crate::paths::is_queue(&holder.type_name));
    let (class, variable) = match queue {
        Some(queue) if queue.type_name.starts_with("asyncio") => ("asyncio.Queue", &queue.name),
        Some(queue) => ("queue.Queue", &queue.name),
        None => {
            return Some(advice(
                "queue_backlog",
                text,
                "collections.deque(maxlen=10_000)",
            ));
        }
    };
    Some(advice(
        "queue_backlog",
        text,
        &format!("{variable} = {class}(maxsize=1000)"),
    ))
}

const TASKS: [&str; 3] = ["_asyncio.Task", "asyncio.tasks.Task", "asyncio.Task"];

pub(super) fn asyncio_tasks(s: &Subject) -> Option<Advice> {
    if !s.element_is(&TASKS) {
        return None;
    }
    let variable = s.variable();
    let what_to_do = if s.finished.is_some() {
        "Most of them are done: take a task out when that happens."
    } else {
        "Take a task out when it is done; if the tasks never end, find what they wait for and give \
         it a timeout (asyncio.timeout, asyncio.wait_for)."
    };
    let text = format!(
        "Tasks are put into {} and never taken out, so each keeps its coroutine, its locals and \
         its result. {what_to_do}",
        s.name
    );
    let snippet = format!(
        "task = asyncio.create_task(work())\n{variable}.add(task)\n\
         task.add_done_callback({variable}.discard)"
    );
    Some(advice("asyncio_task_kept", text, &snippet))
}

pub(super) fn waiting_coroutines(s: &Subject) -> Option<Advice> {
    let waits = s.gains(&TASKS) || s.element_is(&["coroutine"]);
    // What is done, or held by the frames of an exception, waits for nothing.
    if !waits || s.finished.is_some() || s.passes_type(&["traceback"]) {
        return None;
    }
    let text = format!(
        "Coroutines that wait pile up behind {}: each keeps its frame and locals. Find the await \
         that never ends and give it a timeout, and cancel what nobody waits for any more.",
        s.name
    );
    let snippet = "async with asyncio.timeout(30):\n    await reply";
    Some(advice("task_waits_for_ever", text, snippet))
}

pub(super) fn suspended_generators(s: &Subject) -> Option<Advice> {
    if !s.element_is(&["generator", "async_generator"]) {
        return None;
    }
    let text = format!(
        "{} gathers generators that were started and never finished. A suspended generator keeps \
         its frame: every local variable, every open connection or file of its with blocks. \
         Exhaust it or close it.",
        s.name
    );
    let snippet = "with contextlib.closing(rows()) as generator:\n    first = next(generator)";
    Some(advice("suspended_generator", text, snippet))
}

pub(super) fn context_copies(s: &Subject) -> Option<Advice> {
    let types = [
        "Context",
        "_contextvars.Context",
        "contextvars.Context",
        "hamt",
        "Token",
    ];
    if !s.element_is(&types) {
        return None;
    }
    let text = format!(
        "{} keeps copies of contexts. Each copy keeps every value that a context variable had \
         when it was made: requests, sessions, users. Do not store contexts beyond the call that \
         they are for, and reset variables with their token.",
        s.name
    );
    let snippet = "token = current_request.set(request)\ntry:\n    handle()\nfinally:\n    \
         current_request.reset(token)";
    Some(advice("context_copies", text, snippet))
}

pub(super) fn thread_local(s: &Subject) -> Option<Advice> {
    let local = s.passes_type(&[
        "_thread._local",
        "threading.local",
        "_threading_local.local",
    ]);
    if !local && s.flavour != Flavour::Thread {
        return None;
    }
    let text = format!(
        "Thread-local data lives as long as its thread, and {} lives long (a pool's or server's \
         thread): nothing ever empties it. Clear it at the end of each job, or pass the data as \
         an argument.",
        if s.root.is_empty() {
            "this thread"
        } else {
            s.root.as_str()
        }
    );
    let variable = s.variable();
    let snippet = format!("try:\n    job()\nfinally:\n    local.{variable}.clear()");
    Some(advice("thread_local", text, &snippet))
}

pub(super) fn logging_handlers(s: &Subject) -> Option<Advice> {
    let handler = s.element.starts_with("logging.") && s.element.ends_with("Handler");
    let list = s.passes_name("handlers") || s.passes_name("_handlerList");
    let inside =
        s.root.starts_with("logging") || s.passes_type(&["logging.Logger", "logging.RootLogger"]);
    if !(inside && (handler || list)) {
        return None;
    }
    let text = "A handler is added for each call and never removed: each also writes every line \
                once more. Add handlers once, at start-up, or remove and close the handler when \
                its job ends.";
    let snippet = "handler = logging.FileHandler(path)\nlogger.addHandler(handler)\ntry:\n    \
                   job()\nfinally:\n    logger.removeHandler(handler)\n    handler.close()";
    Some(advice("logging_handler", text.to_owned(), snippet))
}

pub(super) fn loggers(s: &Subject) -> Option<Advice> {
    if !(s.passes_name("loggerDict") && s.passes_type(&["logging.Manager"])) {
        return None;
    }
    let text = "logging keeps a logger, with its handlers and filters, for every name that it was asked for, and never \
                lets go of one. Ask for one name in each module, and put what differs (a connection, a job) into the \
                records.";
    let snippet = "logger = logging.getLogger(__name__)\nlog = logging.LoggerAdapter(logger, {\"connection\": number})";
    Some(advice("loggers", text.to_owned(), snippet))
}

pub(super) fn finalizers(s: &Subject) -> Option<Advice> {
    let registry = s.root == "weakref" && (s.passes_name("_registry") || s.passes_name("finalize"));
    if !registry {
        return None;
    }
    let text = "weakref.finalize is called again and again for objects that never die, or with a \
                callback that itself refers to the object (a bound method, a lambda over self): \
                then it never dies. Pass a plain function and plain values, and detach() the \
                finalizer when it is no longer needed.";
    let snippet = "self._finalizer = weakref.finalize(self, shutil.rmtree, self.path)";
    Some(advice("finalizer_keeps_object", text.to_owned(), snippet))
}

pub(super) fn exit_handlers(s: &Subject) -> Option<Advice> {
    if !s.root.contains("atexit") && !s.passes_name("_exithandlers") {
        return None;
    }
    let text = "atexit.register is called again and again: each callback and its arguments stay \
                until the program ends. Register once, or atexit.unregister the callback when its \
                object is closed.";
    let snippet = "atexit.register(self.close)\n...\natexit.unregister(self.close)";
    Some(advice("atexit_registration", text.to_owned(), snippet))
}

pub(super) fn exceptions_held(s: &Subject) -> Option<Advice> {
    let traceback = s.gains(&["traceback", "frame"]);
    let exception = s.element.ends_with("Error") || s.element.ends_with("Exception");
    if !traceback && !exception {
        return None;
    }
    let text = format!(
        "{} keeps exceptions, and an exception keeps its traceback: every frame that it passed \
         and all their local variables. Keep what you need of it as text, or drop the traceback.",
        s.name
    );
    let variable = s.variable();
    let snippet = if s.passes_type(&["traceback"]) {
        "kept = error.with_traceback(None)    # without its frames".to_owned()
    } else {
        format!(
            "{variable}.append(traceback.format_exc())        # text only\n\
             {variable}.append(error.with_traceback(None))    # or without its frames"
        )
    };
    Some(advice("traceback_held", text, &snippet))
}

const CALLABLES: [&str; 4] = [
    "method",
    "function",
    "functools.partial",
    "builtin_function_or_method",
];

pub(super) fn listeners(s: &Subject) -> Option<Advice> {
    let names = [
        "listener",
        "callback",
        "handler",
        "observer",
        "subscriber",
        "hook",
        "signal",
        "receiver",
    ];
    let variable = s.variable().to_lowercase();
    let named = names.iter().any(|name| variable.contains(name));
    let bound = s.element_is(&["method", "weakref.WeakMethod"]);
    let closure = s.element_is(&CALLABLES) && s.gains(&["cell"]);
    if !(bound || closure || (named && s.element_is(&CALLABLES))) {
        return None;
    }
    let (what, keeps) = if bound {
        ("bound methods", "the object it is bound to")
    } else {
        ("functions", "the variables that it closes over")
    };
    let text = format!(
        "{} gathers {what} that nobody removes; each keeps {keeps}. Unsubscribe when the \
         subscriber is closed, or hold bound methods by weakref.WeakMethod.",
        s.name
    );
    let variable = s.variable();
    let (keep, all) = match short_name(s.holder()) {
        "dict" | "OrderedDict" | "defaultdict" => ("[key] = %", ".values()"),
        "set" => (".add(%)", ""),
        _ => (".append(%)", ""),
    };
    let keep = keep.replace('%', "weakref.WeakMethod(self.on_event)");
    let snippet = format!(
        "{variable}{keep}\n...\nfor reference in list({variable}{all}):\n    callback = reference()\n    \
         if callback is not None:\n        callback(event)"
    );
    Some(advice("listener_kept", text, &snippet))
}

pub(super) fn fork_hooks(s: &Subject) -> Option<Advice> {
    if !s.name.contains("os.register_at_fork") {
        return None;
    }
    let text = "os.register_at_fork is called again and again, and there is no way to take a function out again: each, and \
                the object that it is bound to, stays until the program ends. Register one function, when the module is \
                imported, and let it look through a set of weak references.";
    let snippet = "ALIVE = weakref.WeakSet()\n\ndef _after_fork():\n    for one in ALIVE:\n        \
                   one.restart()\n\nos.register_at_fork(after_in_child=_after_fork)";
    Some(advice("fork_hooks", text.to_owned(), snippet))
}

/// What only follows other objects: it has a weak reference to each, and lets go of those that go.
pub(super) fn followers(s: &Subject) -> Option<Advice> {
    let of_classes = ["__subclasses__", "_abc_impl"];
    let follows_classes = of_classes.iter().any(|name| s.passes_name(name));
    let is_weak = s.element_is(&["weakref.ReferenceType", "ReferenceType", "weakref.KeyedRef"]);
    if !(is_weak && (follows_classes || s.variable() == "data")) {
        return None;
    }
    let whose = if follows_classes {
        "classes"
    } else {
        "objects"
    };
    let text = format!(
        "{} has a weak reference to each of the {whose} that are alive, and keeps none of them: it grows because they do not \
         go. Find out who keeps them.",
        s.name
    );
    let snippet = "print(unfreed.why_alive(one))";
    Some(advice("weak_followers", text, snippet))
}

pub(super) fn classes_in_a_loop(s: &Subject) -> Option<Advice> {
    let root = s.flavour == Flavour::Class && s.path.len() <= 1;
    let class = s.element_is(&["type", "abc.ABCMeta", "enum.EnumMeta", "enum.EnumType"]);
    if !root && !class {
        return None;
    }
    let text = "Classes are made again and again while the program runs (a class statement, \
                namedtuple, dataclass or type() inside a function). A class is big, lives in \
                reference cycles and in the caches of its bases. Make it once, at module level, \
                or cache it by its parameters.";
    let snippet = "@functools.lru_cache(maxsize=128)\ndef row_type(fields: tuple[str, ...]):\n    \
                   return collections.namedtuple(\"Row\", fields)";
    Some(advice("classes_in_a_loop", text.to_owned(), snippet))
}

pub(super) fn functions_in_a_loop(s: &Subject) -> Option<Advice> {
    if !s.element_is(&["function", "functools.partial"]) {
        return None;
    }
    let text = format!(
        "{} gathers functions made while the program runs (a lambda, a def or a partial inside a \
         function). Define the function once, or remove it when its job is done.",
        s.name
    );
    Some(advice("functions_in_a_loop", text, ""))
}

pub(super) fn default_argument(s: &Subject) -> Option<Advice> {
    let default = s.passes_name("__defaults__") || s.passes_name("__kwdefaults__");
    if !default {
        return None;
    }
    let text = format!(
        "{} is a default argument: it is made once, when the function is defined, and shared by \
         all calls. Make it anew in each call.",
        s.name
    );
    let snippet = "def add(item, items=None):\n    items = [] if items is None else items";
    Some(advice("mutable_default_argument", text, snippet))
}
