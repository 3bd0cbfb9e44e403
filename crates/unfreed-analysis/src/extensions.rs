//! C extensions of a program: which one a type comes from, and which ones the code of a file uses.
//! A snapshot has no native stacks, so the second is a likelihood: the functions of the file name
//! the module, or something from it.

use crate::findings::Frame;
use crate::heap::Heap;
use crate::ownership::{Owner, Ownership};
use crate::seeded::Set;
use unfreed_recording::snapshot::{Label, NodeIndex, RootKind};

/// How many attributes of a Python module are followed: `msgspec.json.decode`.
const DEPTH: usize = 3;
/// Most extensions that are named.
const NAMED: usize = 3;

/// A C extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its module: `multidict._multidict`.
    pub module: String,
    /// Its library.
    pub file: String,
}

impl Extension {
    /// As sentences name it: `references (references.cpython-312-x86_64-linux-gnu.so)`.
    #[must_use]
    pub fn named(&self) -> String {
        let base = self.file.rsplit('/').next().unwrap_or(&self.file);
        format!("{} ({base})", self.module)
    }
}

/// Extensions that may be at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspected {
    /// Which, most likely first.
    pub extensions: Vec<Extension>,
    /// Nothing speaks for them but that they are loaded.
    pub only_loaded: bool,
}

impl From<Vec<Extension>> for Suspected {
    fn from(extensions: Vec<Extension>) -> Self {
        Self {
            extensions,
            only_loaded: false,
        }
    }
}

/// The extensions of a snapshot, with what is needed to see who uses them.
pub struct Extensions<'h, 'a> {
    heap: &'h Heap<'a>,
    ownership: &'h Ownership,
}

impl<'h, 'a> Extensions<'h, 'a> {
    /// Of one snapshot.
    #[must_use]
    pub fn new(heap: &'h Heap<'a>, ownership: &'h Ownership) -> Self {
        Self { heap, ownership }
    }

    /// All that are neither Python's own nor unfreed's, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Extension> {
        let mut all: Vec<Extension> = self
            .modules()
            .filter_map(|(_, name, file)| self.extension(name, file))
            .collect();
        all.sort_by(|a, b| a.module.cmp(&b.module));
        all
    }

    /// All, where nothing is known of who it is.
    #[must_use]
    pub fn loaded(&self) -> Suspected {
        Suspected {
            extensions: self.all(),
            only_loaded: true,
        }
    }

    /// The extension that a type, by its full name, comes from.
    #[must_use]
    pub fn of_type(&self, type_name: &str) -> Option<Extension> {
        let (module, _) = type_name.rsplit_once('.')?;
        self.of_module(module)
    }

    /// The extension whose code is the innermost of the first of some stacks that has any.
    #[must_use]
    pub fn in_stacks<'s>(
        &self,
        mut stacks: impl Iterator<Item = &'s [Frame]>,
    ) -> Option<Extension> {
        let all = self.all();
        stacks.find_map(|stack| {
            let mut natives = stack.iter().take_while(|frame| !frame.library.is_empty());
            natives.find_map(|frame| all.iter().find(|one| one.file == frame.library).cloned())
        })
    }

    fn of_module(&self, module: &str) -> Option<Extension> {
        let (_, name, file) = self.modules().find(|(_, name, _)| *name == module)?;
        self.extension(name, file)
    }

    fn modules(&self) -> impl Iterator<Item = (NodeIndex, &'a str, &'a str)> + '_ {
        self.heap.snapshot.roots.iter().filter_map(|root| {
            let RootKind::Module { name, file } = root.kind else {
                return None;
            };
            let file = file.map_or("", |file| self.heap.text(file));
            Some((root.node, self.heap.text(name), file))
        })
    }

    fn extension(&self, module: &str, file: &str) -> Option<Extension> {
        let foreign = matches!(
            self.ownership.of_module(module, Some(file)),
            Owner::Own | Owner::ThirdParty
        );
        (file.ends_with(".so") && foreign).then(|| Extension {
            module: module.to_owned(),
            file: file.to_owned(),
        })
    }

    /// Those that functions of a source file name, or name something from; at most three.
    #[must_use]
    pub fn used_by(&self, file: &str) -> Vec<Extension> {
        let mut found: Vec<Extension> = Vec::new();
        for (module, _, _) in self.modules().filter(|(_, _, of)| *of == file) {
            let Some(namespace) = self
                .heap
                .labelled(module, |label| label == Label::Namespace)
            else {
                continue;
            };
            let names = self.names_in_functions(namespace);
            let modules = self.reached_by_names(namespace, &names);
            for extension in modules.iter().filter_map(|name| self.of_module(name)) {
                if !found.contains(&extension) {
                    found.push(extension);
                }
            }
        }
        found.sort_by(|a, b| a.module.cmp(&b.module));
        found.truncate(NAMED);
        found
    }

    /// The global and attribute names in the code of a module's functions, as nodes: a name is one
    /// interned string everywhere.
    fn names_in_functions(&self, namespace: NodeIndex) -> Set<NodeIndex> {
        let heap = self.heap;
        let mut codes: Vec<NodeIndex> = (0..heap.graph.node_count() as NodeIndex)
            .filter(|&node| heap.globals_of(node) == Some(namespace))
            .filter_map(|function| self.internal(function, "__code__"))
            .collect();
        // The module's own code runs as a frame that refers to the namespace.
        codes.extend(self.running_codes(namespace));
        let mut names = Set::default();
        for code in codes {
            if let Some(tuple) = self.internal(code, "co_names") {
                names.extend(heap.graph.targets_of(tuple).iter().copied());
            }
        }
        names
    }

    fn running_codes(&self, namespace: NodeIndex) -> Vec<NodeIndex> {
        let roots = self.heap.snapshot.roots.iter();
        roots
            .filter(|root| matches!(root.kind, RootKind::Frame { .. }))
            .filter(|root| self.heap.graph.targets_of(root.node).contains(&namespace))
            .filter_map(|root| self.internal(root.node, "__code__"))
            .collect()
    }

    fn internal(&self, node: NodeIndex, name: &str) -> Option<NodeIndex> {
        self.heap.labelled(
            node,
            |label| matches!(label, Label::Internal(text) if self.heap.text(text) == name),
        )
    }

    /// Names of the modules that the named values of a namespace are from, Python modules followed
    /// by their named attributes in turn.
    fn reached_by_names(&self, namespace: NodeIndex, names: &Set<NodeIndex>) -> Vec<String> {
        let mut modules = Vec::new();
        let mut spaces = vec![namespace];
        for _ in 0..DEPTH {
            let mut deeper = Vec::new();
            for space in spaces {
                for edge in self.heap.graph.edges(space) {
                    let named = matches!(self.heap.label(edge.index), Label::Key(key) if names.contains(&key));
                    if named {
                        self.note_origin(edge.target, &mut modules, &mut deeper);
                    }
                }
            }
            spaces = deeper;
        }
        modules
    }

    fn note_origin(
        &self,
        value: NodeIndex,
        modules: &mut Vec<String>,
        deeper: &mut Vec<NodeIndex>,
    ) {
        let heap = self.heap;
        if heap.is_module(value) {
            let root = self.modules().find(|(node, _, _)| *node == value);
            modules.extend(root.map(|(_, name, _)| name.to_owned()));
            deeper.extend(heap.labelled(value, |label| label == Label::Namespace));
        } else if heap.is_class(value) {
            modules.extend(heap.class_info(value).map(|info| info.module.clone()));
        } else if let Some(info) = heap.type_of(value) {
            modules.push(info.module.clone());
            // A C function knows its module, as an object or by name.
            for part in ["__self__", "__module__"] {
                let Some(part) = self.internal(value, part) else {
                    continue;
                };
                let root = self.modules().find(|(node, _, _)| *node == part);
                modules.extend(root.map(|(_, name, _)| name.to_owned()));
                modules.extend(heap.node_text(part).map(str::to_owned));
            }
        }
    }
}
