//! Where the walk starts, in which order, and what each start is called.
//!
//! The order decides who owns what: an object belongs to the best class of roots that reaches it,
//! so a session store is `app.sessions.STORE` and not an entry of some framework's registry. Within
//! the person's modules `__main__` comes last, because what it shares with another module it nearly
//! always imported from there.

use crate::heap::{Heap, full_name};
use crate::ownership::{Owner, Ownership};
use crate::seeded::{Map, Set};
use crate::standing::{Standing, coroutine_frame, coroutine_globals, coroutine_name};
use unfreed_recording::snapshot::{NodeIndex, Root, RootKind};

/// Classes of roots and references, best first. Each class of modules has an odd one behind it: the
/// class of a reference that enters such a module's values from elsewhere.
pub mod class {
    /// Modules of the person's own code.
    pub const OWN_MODULE: u8 = 0;
    /// Modules of packages.
    pub const PACKAGE_MODULE: u8 = 2;
    /// Running frames of the person's own code that stand still, the outermost first: one class for
    /// each of so many, because what an outer frame keeps outlives what an inner one borrows.
    pub const OWN_FRAME: u8 = 4;
    /// Frames of a thread that have classes of their own.
    pub const FRAMES: u8 = 40;
    /// Suspended coroutines of the person's own code that stand still.
    pub const COROUTINE: u8 = OWN_FRAME + FRAMES;
    /// Python's own modules.
    pub const STDLIB_MODULE: u8 = COROUTINE + 2;
    /// Other running frames that stand still.
    pub const OTHER_FRAME: u8 = STDLIB_MODULE + 2;
    /// What thread states hold.
    pub const THREAD: u8 = OTHER_FRAME + FRAMES;
    /// What the interpreter holds.
    pub const INTERPRETER: u8 = THREAD + 2;
    /// Classes that no module leads to.
    pub const CLASS: u8 = INTERPRETER + 2;
    /// Frames that come and go.
    pub const PASSING_FRAME: u8 = CLASS + 2;
    /// References that nobody thinks of as owning: to the class, to what a module only imported.
    pub const WEAK_OWNER: u8 = PASSING_FRAME + 2;
    /// unfreed's own.
    pub const UNFREED: u8 = WEAK_OWNER + 2;
    /// Objects that only references outside the snapshot hold.
    pub const NATIVE: u8 = UNFREED + 2;
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

impl Start {
    /// A start; whatever its class, unfreed's own come after all others.
    fn new(node: NodeIndex, class: u8, name: RootName) -> Self {
        if name.owner == Owner::Unfreed {
            let name = RootName {
                flavour: Flavour::Unfreed,
                ..name
            };
            return Self {
                node,
                class: class::UNFREED,
                name,
            };
        }
        Self { node, class, name }
    }
}

/// Names and orders the roots of a snapshot.
#[must_use]
pub fn starts(heap: &Heap<'_>, ownership: &Ownership, standing: &Standing) -> Starts {
    let mut modules: Vec<(Start, String)> = Vec::new();
    let mut others = Vec::new();
    let taken: Set<&str> = known_roots(heap)
        .filter_map(|root| module_name(heap, root))
        .collect();
    for root in known_roots(heap) {
        if let Some(name) = module_name(heap, root) {
            modules.push((module_start(heap, ownership, root, &taken), name.to_owned()));
        } else if !matches!(root.kind, RootKind::Frame { .. }) {
            others.push(other_start(heap, root));
        }
    }
    modules.sort_by_key(|(start, name)| (start.class, MAIN.iter().position(|main| main == name)));
    let mut found = Starts::default();
    for (start, name) in &modules {
        find_homes(heap, start, name, &mut found);
    }
    found.starts = modules.into_iter().map(|(start, _)| start).collect();
    let coroutines = coroutine_starts(heap, standing, &found.starts);
    found.starts.extend(frame_starts(heap, ownership, standing));
    found.starts.extend(coroutines);
    found.starts.extend(others);
    found.starts.sort_by_key(|start| start.class);
    found
}

fn known_roots<'h>(heap: &'h Heap<'_>) -> impl Iterator<Item = &'h Root> {
    let nodes = heap.graph.node_count();
    heap.snapshot
        .roots
        .iter()
        .filter(move |root| (root.node as usize) < nodes)
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
    let prefix = if MAIN.contains(&name) {
        // The interpreter takes the file away from the module when the script is over.
        main_name(file.or(ownership.script()), taken)
    } else {
        name.to_owned()
    };
    let name = RootName {
        key: format!("module {name}"),
        described: format!("module {name}"),
        prefix,
        flavour: Flavour::Module,
        owner,
    };
    Start::new(root.node, class, name)
}

/// Names of the program's own module. With multiprocessing it has two, and in a child that was spawned
/// `__main__` is another.
const MAIN: [&str; 2] = ["__main__", "__mp_main__"];

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

fn other_start(heap: &Heap<'_>, root: &Root) -> Start {
    let (class, name) = match root.kind {
        RootKind::Thread { thread, what } => (
            class::THREAD,
            thread_name(heap.text(thread), heap.text(what)),
        ),
        RootKind::Interpreter { what } => (class::INTERPRETER, interpreter_name(heap.text(what))),
        _ => (class::CLASS, class_name(heap, root.node)),
    };
    Start::new(root.node, class, name)
}

/// Running frames. Their classes follow from where in its thread a frame stands.
fn frame_starts(heap: &Heap<'_>, ownership: &Ownership, standing: &Standing) -> Vec<Start> {
    let mut frames: Vec<(u32, u32, Start)> = Vec::new();
    for root in known_roots(heap) {
        let RootKind::Frame {
            thread,
            function,
            file,
            line,
            depth,
        } = root.kind
        else {
            continue;
        };
        let (name, file) = (heap.text(function), heap.text(file));
        let own_thread = !heap.text(thread).starts_with("unfreed");
        let owner = if own_thread {
            ownership.of_file(file)
        } else {
            Owner::Unfreed
        };
        let start = if owner == Owner::Own && standing.has_coroutine(name) {
            // The one coroutine of its name, caught while it runs: the same root as asleep.
            Start::new(root.node, class::COROUTINE, coroutine_root(name, file))
        } else {
            let key = frame_key(heap.text(thread), name, file);
            let stands = standing.has_frame(&key);
            let class = if stands {
                class::OWN_FRAME
            } else {
                class::PASSING_FRAME
            };
            let place = described_frame(heap.text(thread), name, file, line);
            Start::new(
                root.node,
                class,
                RootName {
                    owner,
                    key,
                    ..place
                },
            )
        };
        frames.push((thread, depth, start));
    }
    // Outermost first.
    frames.sort_by_key(|&(thread, depth, _)| (thread, std::cmp::Reverse(depth)));
    let mut ranks: Map<(u32, bool), u8> = Map::default();
    for (thread, _, start) in &mut frames {
        if start.class != class::OWN_FRAME {
            continue;
        }
        let own = start.name.owner == Owner::Own;
        let rank = ranks.entry((*thread, own)).or_default();
        start.class = *rank
            + if own {
                class::OWN_FRAME
            } else {
                class::OTHER_FRAME
            };
        *rank = (*rank + 1).min(class::FRAMES - 1);
    }
    frames.into_iter().map(|(_, _, start)| start).collect()
}

/// The coroutines that stand still, where their code is of a module of the person's.
fn coroutine_starts(heap: &Heap<'_>, standing: &Standing, modules: &[Start]) -> Vec<Start> {
    let mut own: Map<NodeIndex, &RootName> = Map::default();
    for start in modules
        .iter()
        .filter(|start| start.name.owner == Owner::Own)
    {
        for &namespace in heap.graph.targets_of(start.node) {
            if heap.is_module_namespace(namespace) {
                own.insert(namespace, &start.name);
            }
        }
    }
    let nodes = 0..heap.graph.node_count() as NodeIndex;
    nodes
        .filter_map(|node| {
            let name = coroutine_name(heap, node).filter(|name| standing.has_coroutine(name))?;
            let module = own.get(&coroutine_globals(heap, node)?)?;
            Some(Start::new(
                coroutine_frame(heap, node).unwrap_or(node),
                class::COROUTINE,
                coroutine_root(name, &module.prefix),
            ))
        })
        .collect()
}

fn coroutine_root(name: &str, place: &str) -> RootName {
    RootName {
        key: format!("coroutine {}", mask_digits(name)),
        prefix: format!("coroutine {}", called(name)),
        described: format!("coroutine {} of {place}", called(name)),
        flavour: Flavour::Frame,
        owner: Owner::Own,
    }
}

/// What tells the shape of a frame from others: equal over snapshots and over threads of one pool.
#[must_use]
pub fn frame_key(thread: &str, function: &str, file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    format!("frame {} {function} {base}", mask_digits(thread))
}

fn described_frame(thread: &str, function: &str, file: &str, line: u32) -> RootName {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    RootName {
        key: String::new(),
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
        owner: if thread.starts_with("unfreed") {
            Owner::Unfreed
        } else {
            Owner::Stdlib
        },
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
            if heap.is_from_elsewhere(edge.target, name, namespace) {
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
