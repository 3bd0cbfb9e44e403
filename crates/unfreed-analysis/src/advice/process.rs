//! Advice about what is not a container: cycles, descriptors and threads, C memory, the allocator.

use super::advice;
use crate::extensions::{Extension, Suspected};
use crate::findings::Advice;
use crate::heap::short_name;
use crate::libraries::Keeper;

/// Why cycles wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The collector is disabled.
    Disabled,
    /// It is enabled and its thresholds are never reached.
    NeverRuns,
    /// Objects were frozen (`gc.freeze`).
    Frozen,
    /// It does not look into objects of this type, which hold others.
    Unseen(String),
    /// It runs, and has not come to them.
    Enabled,
}

/// Where a cycle can be broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A reference to hold weakly, as `Node.parent`.
    Attribute(String),
    /// A variable to delete: it holds an exception whose traceback holds the variable's frame.
    Variable(String),
    /// A method of this name, bound to the object that holds it: to hand over weakly.
    Callback(String),
    /// A function of this name that refers to itself, as a variable of the one that makes it.
    InnerFunction(String),
}

/// About cycles, and where to break them.
#[must_use]
pub fn cycle(waiting: &Waiting, cut: Option<&Cut>) -> Advice {
    let why = match waiting {
        Waiting::Unseen(type_name) => return unseen_cycle(short_name(type_name), cut),
        Waiting::Disabled => {
            "The garbage collector is disabled, and only it can free cycles. Call \
                              gc.enable(), or gc.collect() at quiet moments, or break the cycle."
        }
        Waiting::NeverRuns => {
            "The garbage collector is enabled but never runs, and only it can \
                               free cycles. Lower its thresholds (gc.set_threshold), call \
                               gc.collect() at quiet moments, or break the cycle."
        }
        Waiting::Frozen => {
            "gc.freeze() hides objects from the garbage collector for good, and \
                            only it can free cycles. Call it once, before the work starts, or \
                            gc.unfreeze() now and then."
        }
        Waiting::Enabled => {
            "The garbage collector frees these cycles, but late. Break the cycle \
                             and they go at once."
        }
    };
    let rule = match waiting {
        Waiting::Unseen(_) => UNSEEN,
        Waiting::Disabled => "collector_disabled",
        Waiting::NeverRuns => "collector_never_runs",
        Waiting::Frozen => "collector_frozen",
        Waiting::Enabled => "cycles_wait",
    };
    let attribute = match cut {
        Some(Cut::Variable(name)) => {
            let text = format!(
                "{why} The variable {name} holds an exception, whose traceback holds the function's frame and so \
                 {name}: delete it before the function ends."
            );
            let snippet = format!("try:\n    ...\nfinally:\n    del {name}");
            return advice(rule, text, &snippet);
        }
        Some(Cut::Callback(method)) => {
            return advice(
                rule,
                format!("{why} {}", weak_callback(method)),
                &callback_snippet(method),
            );
        }
        Some(Cut::InnerFunction(name)) => {
            let text = format!(
                "{why} The function {name} refers to itself through a variable of the function that makes it: move it out \
                 of there, or hand it what it calls."
            );
            let snippet =
                format!("def {name}(self, ...):  # a method, or a function of the module\n    ...");
            return advice(rule, text, &snippet);
        }
        Some(Cut::Attribute(name)) => name.rsplit_once('.'),
        None => None,
    };
    let Some((class, attribute)) = attribute else {
        let snippet = if *waiting == Waiting::Enabled {
            ""
        } else {
            "gc.enable()"
        };
        return advice(rule, why.to_owned(), snippet);
    };
    let text = format!("{why} To break it, hold {class}.{attribute} weakly.");
    let snippet = format!(
        "class {class}:\n    def __init__(self, {attribute}):\n        self._{attribute} = \
         weakref.ref({attribute})\n\n    @property\n    def {attribute}(self):\n        return \
         self._{attribute}()"
    );
    advice(rule, text, &snippet)
}

/// How a bound method is held without its object.
fn weak_callback(method: &str) -> String {
    format!(
        "The bound method {method} holds its object, which holds it in turn. Hand it over weakly, or hold a plain function."
    )
}

fn callback_snippet(method: &str) -> String {
    format!(
        "callback = weakref.WeakMethod(self.{method})\n...\nif (bound := callback()) is not None:\n    bound()"
    )
}

/// The rule about cycles that the collector cannot see.
const UNSEEN: &str = "cycles_unseen";

fn unseen_cycle(type_name: &str, cut: Option<&Cut>) -> Advice {
    let why = format!(
        "The garbage collector cannot look into {type_name}: its type says nothing of what it holds, so the collector \
         takes the cycle for used."
    );
    let repair = format!(
        "give {type_name} Py_TPFLAGS_HAVE_GC, tp_traverse and tp_clear (in PyO3 __traverse__ and __clear__)"
    );
    match cut {
        Some(Cut::Attribute(name)) => {
            let text = format!(
                "{why} Break the cycle: hold {name} weakly, or clear it when the work is done. If {type_name} is \
                 yours, {repair}."
            );
            let attribute = name.rsplit('.').next().unwrap_or(name);
            advice(UNSEEN, text, &format!("self.{attribute} = None"))
        }
        Some(Cut::Variable(name)) => {
            let text =
                format!("{why} Delete the variable {name} before the function ends, or {repair}.");
            advice(UNSEEN, text, &format!("del {name}"))
        }
        Some(Cut::Callback(method)) => {
            let text = format!(
                "{why} {} If {type_name} is yours, {repair}.",
                weak_callback(method)
            );
            advice(UNSEEN, text, &callback_snippet(method))
        }
        Some(Cut::InnerFunction(_)) | None => {
            let text = format!("{why} Break the cycle when the work is done, or {repair}.");
            let snippet = "static int\ntraverse(Object *self, visitproc visit, void *arg)\n{\n    \
                           Py_VISIT(self->held);\n    return 0;\n}";
            advice(UNSEEN, text, snippet)
        }
    }
}

/// The rule about files that are left on disk.
pub const LEFT_FILE: &str = "left_file";

/// About a resource, by its rule; `example` is what one is called.
#[must_use]
pub fn resource(rule: &str, example: Option<&str>) -> Advice {
    let which = example
        .map(|name| format!(" Start with {name}."))
        .unwrap_or_default();
    let (text, snippet) = match rule {
        "unclosed_socket" => (
            "Sockets are opened and not closed. Use one client or session for all requests, close \
             responses, and put connections into with blocks; look at what keeps the connection \
             objects alive.",
            "with requests.Session() as session:\n    with session.get(url, timeout=10) as reply:\n        ...",
        ),
        "unclosed_file" => (
            "Files are opened and not closed. Open them in with blocks; run with \
             python -X dev to see where unclosed ones were made.",
            "with open(path) as file:\n    ...",
        ),
        "unclosed_pipe" => (
            "Pipes are opened and not closed: most come from subprocess.Popen. Use \
             subprocess.run, or Popen in a with block, and communicate().",
            "with subprocess.Popen(command, stdout=subprocess.PIPE) as process:\n    output, _ = \
             process.communicate()",
        ),
        "unjoined_thread" => (
            "Threads are started and never end: each keeps its stack, its locals and its \
             thread-local data. Use a pool of fixed size, and give workers a way to stop.",
            "with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:\n    \
             pool.submit(job)",
        ),
        "running_child" => (
            "Child processes are started and never end. Tell each to end, and wait for it: terminate() \
             and wait() on a Popen, shutdown() on an executor, or close() and join() on a pool.",
            "with concurrent.futures.ProcessPoolExecutor() as pool:\n    pool.submit(job)",
        ),
        LEFT_FILE => (
            "Files are made and never removed. Make those that are temporary in a with block, which removes \
             them, or remove them in a finally block, so that errors do not leave them behind.",
            "with tempfile.TemporaryDirectory() as folder:\n    ...",
        ),
        "unreaped_child" => (
            "Child processes end and nobody waits for them. Call wait() or communicate() on each \
             Popen, or join() on each Process.",
            "process.wait(timeout=60)",
        ),
        _ if example.is_some_and(|name| name.starts_with("anon_inode:inotify")) => (
            "What watches files for changes is made and not closed. Stop each watcher and wait for its threads, or \
             share one.",
            "observer.stop()\nobserver.join()",
        ),
        _ => (
            "Descriptors are opened and not closed (event loops, selectors, epoll objects, \
             memory maps). Close what makes them: loop.close(), selector.close(), or with blocks.",
            "with selectors.DefaultSelector() as selector:\n    ...",
        ),
    };
    advice(rule, format!("{text}{which}"), snippet)
}

/// About reference counts that C code gets wrong: `missing_decref` or `missing_incref`, or `missing_class_decref`
/// where they are of a class.
#[must_use]
pub fn refcount(rule: &str, element: &str, likely: &Suspected) -> Advice {
    let whose = match likely.extensions.as_slice() {
        named if named.is_empty() || likely.only_loaded => {
            "the C code that handles them".to_owned()
        }
        [one] => one.module.clone(),
        some => {
            let names: Vec<&str> = some.iter().take(3).map(|one| one.module.as_str()).collect();
            format!("one of {}", names.join(", "))
        }
    };
    let (text, snippet) = match rule {
        "missing_incref" => (
            format!(
                "Look in {whose} for a borrowed {element} that is returned, stored or released as if \
                 it were owned (PyList_GetItem, PyDict_GetItem, PyTuple_GetItem lend), and take a \
                 reference with Py_INCREF. If it is not yours, upgrade it or report it."
            ),
            "PyObject *item = PyList_GetItem(list, 0);  /* borrowed */\nPy_XINCREF(item);\n\
             return item;",
        ),
        "missing_class_decref" => (
            format!(
                "Each instance of a heap type owns a reference to its class. Look in {whose} for a tp_dealloc that frees \
                 the instance and not that reference, or for a tp_new that takes one more than PyType_GenericAlloc does. \
                 If it is not yours, upgrade it or report it. No memory is lost as long as the class stays."
            ),
            "PyTypeObject *type = Py_TYPE(self);\ntype->tp_free(self);\nPy_DECREF(type);",
        ),
        _ => (
            format!(
                "Look in {whose} for any {element} that is made, or whose count is raised, without a \
                 Py_DECREF on every way out, errors included. If it is not yours, upgrade it or \
                 report it; C code may also keep them on purpose, in a table of its own: bound that."
            ),
            "PyObject *item = PySequence_GetItem(list, 0);  /* owned */\n...\nPy_DECREF(item);",
        ),
    };
    advice(rule, text, snippet)
}

/// About memory that no Python object accounts for.
#[must_use]
pub fn native(is_followed: bool) -> Advice {
    let text = if is_followed {
        "C code allocates and does not free. Look at the extension modules on the lines that the program repeats: \
         upgrade them, close what they hand out (images, cursors, models), and halve the work until one call alone \
         makes it grow."
    } else {
        "C code allocates and does not free. Run again with unfreed run --native: that follows what C code allocates, \
         and names the library, the function and the line of Python. What C code hands out (images, cursors, models) \
         may have to be closed."
    };
    advice("native_growth", text.to_owned(), "")
}

/// About memory that a function of a library allocates and loses.
#[must_use]
pub fn lost_in_library(keeper: &Keeper, entry: Option<&Keeper>, place: &str) -> Advice {
    let start = match entry {
        Some(entry) => format!("Look in {entry} for what {place} makes it get from {keeper}"),
        None => format!("Look in {keeper} for what {place} makes it allocate"),
    };
    let text = format!(
        "{start}: a free, a delete or a Py_DECREF is missing on some way out, errors included. If it is not yours, \
         upgrade it or report it; close what it hands out, if there is something to close."
    );
    advice("lost_in_library", text, "")
}

/// About memory that the allocator holds.
#[must_use]
pub fn retention(by_malloc: bool) -> Advice {
    let text = if by_malloc {
        "This memory is free and no leak: malloc keeps it for later. If it has to go back to the \
         system, set MALLOC_ARENA_MAX=2, call malloc_trim after a peak (unfreed.trim() measures what it gives back), or use jemalloc."
    } else {
        "This memory is free and no leak: Python's allocator keeps arenas of which some block is \
         still in use. Avoid the peak (work in smaller batches, or in a child process that ends)."
    };
    let snippet = if by_malloc {
        "import ctypes\nctypes.CDLL(\"libc.so.6\").malloc_trim(0)"
    } else {
        "with concurrent.futures.ProcessPoolExecutor(max_tasks_per_child=1) as pool:\n    ..."
    };
    advice("allocator_retention", text.to_owned(), snippet)
}

/// About blocks that survive and nobody is known to hold.
#[must_use]
pub fn site(place: &str, likely: &[Extension]) -> Advice {
    if let Some(first) = likely.first() {
        let text = format!(
            "Look at what {} does for {place}: memory that it allocates there is never freed, and \
             no Python object holds it (a missing Py_DECREF or free on some way out).",
            first.module
        );
        return advice("surviving_blocks", text, "");
    }
    let text = format!(
        "Look at what {place} allocates and who receives it: it is kept by something that the \
         snapshots do not show (C code, a buffer, many holders at once)."
    );
    advice("surviving_blocks", text, "")
}

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn what_watches_files_is_not_told_as_a_selector() {
        let of = |name: &str| resource("unclosed_descriptor", Some(name)).snippet;
        assert!(of("anon_inode:inotify (+3)").contains("observer.stop()"));
        assert!(of("anon_inode:[eventpoll] (+3)").contains("selectors"));
    }
}
