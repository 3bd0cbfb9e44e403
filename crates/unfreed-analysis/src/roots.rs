//! Where the walk starts, in which order, and what each start is called.
//!
//! The order decides who owns what: an object belongs to the best class of roots that reaches it,
//! so a session store is `app.sessions.STORE` and not an entry of some framework's registry. Within
//! the person's modules `__main__` comes last, because what it shares with another module it nearly
//! always imported from there.

use crate::heap::{Heap, full_name};
use crate::ownership::{Owner, Ownership};
use crate::seeded::{Map, Set};
use unfreed_recording::snapshot::{NodeIndex, Root, RootKind};

/// Classes of roots and references, best first. Each class of modules has an odd one behind it: the
/// class of a reference that enters such a module's values from elsewhere.
pub mod class {
    /// Modules of the person's own code.
    pub const OWN_MODULE: u8 = 0;
    /// Modules of packages.
    pub const PACKAGE_MODULE: u8 = 2;
    /// Running frames of the person's own code.
    pub const OWN_FRAME: u8 = 4;
    /// Python's own modules.
    pub const STDLIB_MODULE: u8 = 6;
    /// Other running frames.
    pub const OTHER_FRAME: u8 = 8;
    /// What thread states hold.
    pub const THREAD: u8 = 10;
    /// What the interpreter holds.
    pub const INTERPRETER: u8 = 12;
    /// Classes that no module leads to.
    pub const CLASS: u8 = 14;
    /// References that nobody thinks of as owning: to the class, to what a module only imported.
    pub const WEAK_OWNER: u8 = 16;
    /// unfreed's own.
    pub const UNFREED: u8 = 18;
    /// Objects that only references outside the snapshot hold.
    pub const NATIVE: u8 = 20;
}

/// What a root is, for wording and for rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// A module.
    Module,
    /// A running frame.
    Frame,
    /// A thread's state.
    Thread,
    /// The interpreter's state.
    Interpreter,
    /// A class of its own.
    Class,
    /// References outside the snapshot.
    Native,
    /// unfreed's own: not to be judged.
    Unfreed,
}

/// The name of a root, one for all roots of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootName {
    /// What tells its shape from others, equal over snapshots.
    pub key: String,
    /// What paths begin with: `app.sessions`, `thread 'worker-1' › serve()`.
    pub prefix: String,
    /// In words: `module app.sessions`, `thread 'worker-1', serve() at app.py:10`.
    pub described: String,
    /// What it is.
    pub flavour: Flavour,
    /// Whose code it is.
    pub owner: Owner,
}

/// One root, ready to walk from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The object.
    pub node: NodeIndex,
    /// Its class, see [`class`].
    pub class: u8,
    /// Its name.
    pub name: RootName,
}

/// The starts of a snapshot, best class first, and the class of the module that each module-level
/// value belongs to.
#[derive(Debug, Default)]
pub struct Starts {
    /// In the order in which to add them.
    pub starts: Vec<Start>,
    /// Module-level values: class of the module that they are at home in.
    pub homes: Map<NodeIndex, u8>,
    /// References from a module to what it only imported: (namespace, object).
    pub imports: Set<(NodeIndex, NodeIndex)>,
}

/// Names and orders the roots of a snapshot.
#[must_use]
pub fn starts(heap: &Heap<'_>, ownership: &Ownership) -> Starts {
    let mut modules: Vec<(Start, String)> = Vec::new();
    let mut others = Vec::new();
    let taken: Set<&str> = heap
        .snapshot
        .roots
        .iter()
        .filter_map(|r| module_name(heap, r))
        .collect();
    let nodes = heap.graph.node_count();
    for root in heap
        .snapshot
        .roots
        .iter()
        .filter(|root| (root.node as usize) < nodes)
    {
        match module_name(heap, root) {
            Some(name) => {
                modules.push((module_start(heap, ownership, root, &taken), name.to_owned()));
            }
            None => others.push(other_start(heap, ownership, root)),
        }
    }
    modules.sort_by_key(|(start, name)| (start.class, name == "__main__"));
    let mut found = Starts::default();
    for (start, name) in &modules {
        find_homes(heap, start, name, &mut found);
    }
    others.sort_by_key(|start| start.class);
    found.starts = modules
        .into_iter()
        .map(|(start, _)| start)
        .chain(others)
        .collect();
    found.starts.sort_by_key(|start| start.class);
    found
}

fn module_name<'a>(heap: &Heap<'a>, root: &Root) -> Option<&'a str> {
    match root.kind {
        RootKind::Module { name, .. } => Some(heap.text(name)),
        _ => None,
    }
}

fn module_start(heap: &Heap<'_>, ownership: &Ownership, root: &Root, taken: &Set<&str>) -> Start {
    let (name, file) = match root.kind {
        RootKind::Module { name, file } => (heap.text(name), file.map(|file| heap.text(file))),
        _ => ("", None),
    };
    let owner = ownership.of_module(name, file);
    let class = match owner {
        Owner::Own => class::OWN_MODULE,
        Owner::ThirdParty => class::PACKAGE_MODULE,
        Owner::Stdlib => class::STDLIB_MODULE,
        Owner::Unfreed => class::UNFREED,
    };
    let prefix = if name == "__main__" {
        main_name(file, taken)
    } else {
        name.to_owned()
    };
    let flavour = if owner == Owner::Unfreed {
        Flavour::Unfreed
    } else {
        Flavour::Module
    };
    let name = RootName {
        key: format!("module {name}"),
        described: format!("module {name}"),
        prefix,
        flavour,
        owner,
    };
    Start {
        node: root.node,
        class,
        name,
    }
}

/// What people call the main module: by its file. `app` for `app.py`, `pkg.__main__` for `-m pkg`;
/// `__main__` when there is no file or another module has the name.
fn main_name(file: Option<&str>, taken: &Set<&str>) -> String {
    let mut parts = file.unwrap_or("").rsplit(['/', '\\']);
    let stem = parts.next().unwrap_or("").trim_end_matches(".py");
    let name = match (stem, parts.next()) {
        ("__main__", Some(folder)) if !folder.is_empty() => format!("{folder}.__main__"),
        _ => stem.to_owned(),
    };
    let speakable = !name.is_empty() && !name.starts_with('<') && !taken.contains(name.as_str());
    if speakable {
        name
    } else {
        "__main__".to_owned()
    }
}

fn other_start(heap: &Heap<'_>, ownership: &Ownership, root: &Root) -> Start {
    let unfreed_thread = |thread: u32| heap.text(thread).starts_with("unfreed");
    let (class, name) = match root.kind {
        RootKind::Frame {
            thread,
            function,
            file,
            line,
            ..
        } => {
            let owner = if unfreed_thread(thread) {
                Owner::Unfreed
            } else {
                ownership.of_file(heap.text(file))
            };
            let name = frame_name(
                heap.text(thread),
                heap.text(function),
                heap.text(file),
                line,
            );
            let class = if owner == Owner::Own {
                class::OWN_FRAME
            } else {
                class::OTHER_FRAME
            };
            (class, RootName { owner, ..name })
        }
        RootKind::Thread { thread, what } => {
            let owner = if unfreed_thread(thread) {
                Owner::Unfreed
            } else {
                Owner::Stdlib
            };
            (
                class::THREAD,
                RootName {
                    owner,
                    ..thread_name(heap.text(thread), heap.text(what))
                },
            )
        }
        RootKind::Interpreter { what } => (class::INTERPRETER, interpreter_name(heap.text(what))),
        RootKind::Type | RootKind::Module { .. } => (class::CLASS, class_name(heap, root.node)),
    };
    if name.owner == Owner::Unfreed {
        let name = RootName {
            flavour: Flavour::Unfreed,
            ..name
        };
        return Start {
            node: root.node,
            class: class::UNFREED,
            name,
        };
    }
    Start {
        node: root.node,
        class,
        name,
    }
}

fn frame_name(thread: &str, function: &str, file: &str, line: u32) -> RootName {
    let masked = mask_digits(thread);
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    RootName {
        key: format!("frame {masked} {function} {base}"),
        prefix: format!("thread '{thread}' › {}", called(function)),
        described: format!("thread '{thread}', {} at {base}:{line}", called(function)),
        flavour: Flavour::Frame,
        owner: Owner::Stdlib,
    }
}

/// A function's name as a call: `serve()`; module bodies stay as they are.
#[must_use]
pub fn called(function: &str) -> String {
    if function.starts_with('<') {
        function.to_owned()
    } else {
        format!("{function}()")
    }
}

fn thread_name(thread: &str, what: &str) -> RootName {
    RootName {
        key: format!("thread {} {what}", mask_digits(thread)),
        prefix: format!("thread '{thread}' › {what}"),
        described: format!("thread '{thread}', its {what}"),
        flavour: Flavour::Thread,
        owner: Owner::Stdlib,
    }
}

fn interpreter_name(what: &str) -> RootName {
    RootName {
        key: format!("interpreter {what}"),
        prefix: format!("interpreter › {what}"),
        described: format!("the interpreter's {what}"),
        flavour: Flavour::Interpreter,
        owner: Owner::Stdlib,
    }
}

fn class_name(heap: &Heap<'_>, node: NodeIndex) -> RootName {
    let info = heap.class_info(node);
    let name = info
        .map(full_name)
        .or_else(|| heap.node_text(node).map(str::to_owned));
    let name = name.unwrap_or_else(|| heap.type_name(node));
    let builtin = info.is_none_or(|info| !info.heap);
    RootName {
        key: format!("class {}", mask_digits(&name)),
        described: format!("class {name}"),
        prefix: name,
        flavour: Flavour::Class,
        owner: if builtin { Owner::Stdlib } else { Owner::Own },
    }
}

/// The name of what only references outside the snapshot hold.
#[must_use]
pub fn native_name(type_name: &str) -> RootName {
    RootName {
        key: format!("native {type_name}"),
        prefix: format!("C code › {type_name}"),
        described: "C code: no Python object refers to it".to_owned(),
        flavour: Flavour::Native,
        owner: Owner::ThirdParty,
    }
}

/// Runs of digits as `#`: threads of one pool share a shape.
#[must_use]
pub fn mask_digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for letter in text.chars() {
        if !letter.is_ascii_digit() {
            masked.push(letter);
        } else if !masked.ends_with('#') {
            masked.push('#');
        }
    }
    masked
}

/// Enters a module's values: at home here unless a better module has them or they say themselves
/// (classes do) that they are from elsewhere.
fn find_homes(heap: &Heap<'_>, start: &Start, name: &str, found: &mut Starts) {
    let namespaces: Vec<NodeIndex> = heap
        .graph
        .targets_of(start.node)
        .iter()
        .copied()
        .filter(|&target| heap.is_module_namespace(target))
        .collect();
    for namespace in namespaces {
        for edge in heap.graph.edges(namespace) {
            if heap.is_from_elsewhere(edge.target, name) {
                found.imports.insert((namespace, edge.target));
            } else {
                found.homes.entry(edge.target).or_insert(start.class);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_module_is_called_by_its_file() {
        let taken: Set<&str> = ["__main__", "flask"].into_iter().collect();
        let cases = [
            (Some("/srv/app.py"), "app"),
            (Some("app.py"), "app"),
            (Some("/srv/flask.py"), "__main__"),
            (Some("/srv/pkg/__main__.py"), "pkg.__main__"),
            (None, "__main__"),
            (Some("<string>"), "__main__"),
        ];
        for (file, name) in cases {
            assert_eq!(main_name(file, &taken), name);
        }
    }

    #[test]
    fn numbers_in_thread_names_are_masked() {
        assert_eq!(mask_digits("Thread-12 (work)"), "Thread-# (work)");
        assert_eq!(mask_digits("MainThread"), "MainThread");
    }
}
