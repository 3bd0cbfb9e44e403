//! Objects and references; frees by counting references as CPython does, so that cycles stay.

use std::collections::BTreeMap;
use unfreed_recording::ids::{EpochId, RunTime, StackId};
use unfreed_recording::snapshot::*;

/// An object.
pub type Id = usize;

/// What a reference is called, by name.
#[derive(Clone, Debug)]
pub enum Ref {
    Attr(String),
    Key(Id),
    KeyObject,
    Index,
    Element,
    Cell(String),
    Local(String),
    Class,
    Namespace,
    Internal(String),
    Unnamed,
}

#[derive(Clone, Debug)]
pub struct Object {
    pub type_name: (String, String),
    pub base_size: u64,
    pub slot_size: u64,
    pub edges: Vec<(Id, Ref)>,
    pub text: Option<String>,
    /// In what state its fields in C are: `closed file`.
    pub state: Option<&'static str>,
    pub outside: u32,
    /// References given back though the objects that hold them are there.
    pub given_back: u32,
    pub synthetic: bool,
    pub immortal: bool,
    pub sample: Option<(StackId, EpochId)>,
    pub reused: bool,
    pub dead: bool,
}

#[derive(Clone, Debug)]
pub enum RootOf {
    Module {
        name: String,
        file: Option<String>,
    },
    Frame {
        thread: String,
        function: String,
        file: String,
        line: u32,
    },
    Thread {
        thread: String,
        what: String,
    },
    Interpreter {
        what: String,
    },
    Class,
}

/// A process's heap.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub objects: Vec<Object>,
    pub roots: Vec<(Id, RootOf)>,
    pub epoch: u32,
    pub made_at: StackId,
    /// Whether a free list gives the blocks of what is made.
    pub reuses: bool,
    modules: BTreeMap<String, (Id, Id)>,
    classes: BTreeMap<(String, String), Id>,
    counter: u64,
}

impl World {
    pub fn new() -> Self {
        let mut world = World::default();
        world.module("builtins", None);
        world.module("sys", None);
        world
    }

    pub fn object(&mut self, module: &str, name: &str, size: u64) -> Id {
        let type_name = (module.to_owned(), name.to_owned());
        let class = self.classes.get(&type_name).copied();
        self.objects.push(Object {
            type_name,
            base_size: size,
            slot_size: 0,
            edges: class.map(|class| (class, Ref::Class)).into_iter().collect(),
            text: None,
            state: None,
            outside: 0,
            given_back: 0,
            synthetic: false,
            immortal: false,
            sample: (self.made_at != StackId(0)).then_some((self.made_at, EpochId(self.epoch))),
            reused: self.reuses,
            dead: false,
        });
        self.objects.len() - 1
    }

    fn sized(&mut self, name: &str, base: u64, slot: u64) -> Id {
        let id = self.object("builtins", name, base);
        self.objects[id].slot_size = slot;
        id
    }

    pub fn dict(&mut self) -> Id {
        self.sized("dict", 64, 52)
    }

    pub fn list(&mut self) -> Id {
        self.sized("list", 56, 8)
    }

    pub fn set(&mut self) -> Id {
        self.sized("set", 216, 32)
    }

    pub fn tuple(&mut self, items: &[Id]) -> Id {
        let id = self.sized("tuple", 40, 8);
        for &item in items {
            self.refer(id, item, Ref::Index);
        }
        id
    }

    pub fn bytes(&mut self, length: u64) -> Id {
        self.object("builtins", "bytes", 33 + length)
    }

    pub fn str(&mut self, text: &str) -> Id {
        let id = self.object("builtins", "str", 49 + text.len() as u64);
        self.objects[id].text = Some(text.to_owned());
        id
    }

    /// A str that no other is equal to, as data is.
    pub fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!(
            "{prefix}-{:08x}",
            self.counter.wrapping_mul(2_654_435_761) as u32
        )
    }

    pub fn refer(&mut self, from: Id, to: Id, how: Ref) {
        self.objects[from].edges.push((to, how));
    }

    pub fn put(&mut self, dict: Id, key: &str, value: Id) {
        let existing = self.objects[dict].edges.iter().position(
            |(_, how)| matches!(how, Ref::Key(k) if self.objects[*k].text.as_deref() == Some(key)),
        );
        if let Some(at) = existing {
            self.objects[dict].edges[at].0 = value;
            return;
        }
        let key = self.str(key);
        self.refer(dict, key, Ref::KeyObject);
        self.refer(dict, value, Ref::Key(key));
    }

    pub fn put_fresh(&mut self, dict: Id, value: Id) {
        let key = self.fresh("key");
        let key = self.str(&key);
        self.refer(dict, key, Ref::KeyObject);
        self.refer(dict, value, Ref::Key(key));
    }

    pub fn append(&mut self, list: Id, item: Id) {
        self.refer(list, item, Ref::Index);
    }

    pub fn add(&mut self, set: Id, item: Id) {
        self.refer(set, item, Ref::Element);
    }

    /// Takes out the oldest entries until so many references remain.
    pub fn keep_newest(&mut self, container: Id, entries: usize) {
        let dict = self.objects[container].type_name.1.contains("ict");
        let edges = &mut self.objects[container].edges;
        let wanted = if dict { entries * 2 } else { entries };
        let surplus = edges.len().saturating_sub(wanted);
        edges.drain(..surplus);
    }

    pub fn clear(&mut self, container: Id) {
        self.keep_newest(container, 0);
    }

    pub fn len_of(&self, container: Id) -> usize {
        self.objects[container].edges.len()
    }

    /// Sets an attribute in the object's `__dict__`, which it makes if need be.
    pub fn set_attr(&mut self, object: Id, name: &str, value: Id) {
        let namespace = self.objects[object]
            .edges
            .iter()
            .find(|(_, how)| matches!(how, Ref::Namespace))
            .map(|(id, _)| *id);
        let namespace = namespace.unwrap_or_else(|| {
            let dict = self.dict();
            self.refer(object, dict, Ref::Namespace);
            dict
        });
        self.put(namespace, name, value);
    }

    /// Sets an attribute kept in line (slots, inline values).
    pub fn set_slot(&mut self, object: Id, name: &str, value: Id) {
        self.refer(object, value, Ref::Attr(name.to_owned()));
    }

    pub fn module(&mut self, name: &str, file: Option<&str>) -> Id {
        if let Some((module, _)) = self.modules.get(name) {
            return *module;
        }
        let module = self.object("builtins", "module", 72);
        let namespace = self.dict();
        self.objects[module].text = Some(name.to_owned());
        self.refer(module, namespace, Ref::Namespace);
        self.modules.insert(name.to_owned(), (module, namespace));
        let file = file.map(str::to_owned);
        self.roots.push((
            module,
            RootOf::Module {
                name: name.to_owned(),
                file,
            },
        ));
        module
    }

    /// Sets a module-level name; the module is the person's own unless it exists already.
    pub fn global(&mut self, module: &str, name: &str, value: Id) {
        let file = format!("/srv/{}.py", module.replace('.', "/"));
        let module = self.module(module, Some(&file));
        self.set_attr(module, name, value);
    }

    /// A class defined in a module.
    pub fn class(&mut self, module: &str, name: &str) -> Id {
        let key = (module.to_owned(), name.to_owned());
        if let Some(class) = self.classes.get(&key) {
            return *class;
        }
        let class = self.object("builtins", "type", 1064);
        let namespace = self.dict();
        self.refer(class, namespace, Ref::Namespace);
        self.classes.insert(key, class);
        self.global(module, name, class);
        class
    }

    /// An instance of a class of the person's, defined if need be.
    pub fn instance(&mut self, module: &str, name: &str) -> Id {
        self.class(module, name);
        self.object(module, name, 48)
    }

    pub fn function(&mut self, qualified: &str) -> Id {
        let id = self.object("builtins", "function", 136);
        self.objects[id].text = Some(qualified.to_owned());
        id
    }

    /// Gives a function a closure variable.
    pub fn close_over(&mut self, function: Id, variable: &str, value: Id) {
        let closure = self.sized("tuple", 40, 8);
        let cell = self.object("builtins", "cell", 40);
        self.refer(function, closure, Ref::Internal("__closure__".into()));
        self.refer(closure, cell, Ref::Cell(variable.to_owned()));
        self.refer(cell, value, Ref::Internal("cell_contents".into()));
    }

    pub fn method(&mut self, object: Id, function: Id) -> Id {
        let id = self.object("builtins", "method", 64);
        self.refer(id, function, Ref::Internal("__func__".into()));
        self.refer(id, object, Ref::Internal("__self__".into()));
        id
    }

    pub fn frame(&mut self, thread: &str, function: &str, file: &str, line: u32) -> Id {
        let id = self.object("builtins", "frame", 0);
        self.objects[id].synthetic = true;
        self.roots.push((
            id,
            RootOf::Frame {
                thread: thread.into(),
                function: function.into(),
                file: file.into(),
                line,
            },
        ));
        id
    }

    pub fn local(&mut self, frame: Id, name: &str, value: Id) {
        self.refer(frame, value, Ref::Local(name.to_owned()));
    }

    pub fn thread_state(&mut self, thread: &str, what: &str, object: Id) {
        let root = RootOf::Thread {
            thread: thread.into(),
            what: what.into(),
        };
        self.roots.push((object, root));
    }

    pub fn interpreter(&mut self, what: &str, object: Id) {
        self.roots
            .push((object, RootOf::Interpreter { what: what.into() }));
    }

    fn counts(&self) -> Vec<u32> {
        let mut counts: Vec<u32> = self.objects.iter().map(|object| object.outside).collect();
        for object in self.objects.iter().filter(|object| !object.dead) {
            for (target, _) in &object.edges {
                counts[*target] += 1;
            }
        }
        for (root, _) in &self.roots {
            counts[*root] += 1;
        }
        for class in self.classes.values() {
            counts[*class] += 1;
        }
        counts
    }

    /// Frees what nothing refers to, as reference counting does.
    pub fn free(&mut self) {
        let mut counts = self.counts();
        let mut loose: Vec<Id> = (0..self.objects.len())
            .filter(|&id| counts[id] == 0 && !self.objects[id].dead && !self.objects[id].immortal)
            .collect();
        while let Some(id) = loose.pop() {
            self.objects[id].dead = true;
            for (target, _) in std::mem::take(&mut self.objects[id].edges) {
                counts[target] -= 1;
                if counts[target] == 0 && !self.objects[target].immortal {
                    loose.push(target);
                }
            }
        }
    }

    /// Bytes of all live objects.
    pub fn bytes_alive(&self) -> u64 {
        self.objects
            .iter()
            .filter(|object| !object.dead)
            .map(size)
            .sum()
    }

    /// Of these, the bytes that pymalloc does not serve.
    pub fn large_bytes_alive(&self) -> u64 {
        let live = self.objects.iter().filter(|object| !object.dead);
        live.map(size).filter(|&size| size > 512).sum()
    }

    pub fn snapshot(&mut self, seconds: f64) -> Snapshot {
        self.free();
        let counts = self.counts();
        let mut texts = TextTable::default();
        let mut node_of = vec![u32::MAX; self.objects.len()];
        let live: Vec<Id> = (0..self.objects.len())
            .filter(|&id| !self.objects[id].dead)
            .collect();
        for (node, &id) in live.iter().enumerate() {
            node_of[id] = node as u32;
        }
        let mut snapshot = Snapshot {
            epoch: EpochId(self.epoch),
            at: RunTime((seconds * 1e9) as u64),
            pause_ns: 1_000_000,
            edge_starts: vec![0],
            tracked: live.len() as u64,
            ..Snapshot::default()
        };
        let mut types: BTreeMap<(String, String), u32> = BTreeMap::new();
        for &id in &live {
            let object = &self.objects[id];
            let known = types.len() as u32;
            let index = *types.entry(object.type_name.clone()).or_insert(known);
            if index == known {
                let class = self.classes.get(&object.type_name);
                snapshot.types.push(TypeInfo {
                    module: object.type_name.0.clone(),
                    name: object.type_name.1.clone(),
                    heap: class.is_some(),
                    node: class.map(|&class| node_of[class]),
                });
            }
            snapshot.node_types.push(index);
            snapshot.node_sizes.push(size(object));
            snapshot.node_refcounts.push(match object {
                Object {
                    synthetic: true, ..
                } => SYNTHETIC,
                Object { immortal: true, .. } => IMMORTAL,
                _ => counts[id] - object.given_back,
            });
            let mut index = 0;
            for (target, how) in &object.edges {
                snapshot.edge_targets.push(node_of[*target]);
                snapshot
                    .edge_labels
                    .push(label(how, &mut texts, &node_of, &mut index));
            }
            snapshot
                .edge_starts
                .push(snapshot.edge_targets.len() as u32);
            if let Some(text) = &object.text {
                snapshot.node_texts.push((node_of[id], texts.id(text)));
            }
            if let Some(state) = object.state {
                snapshot.node_states.push((node_of[id], texts.id(state)));
            }
            if let Some((stack, born)) = object.sample {
                let bytes = size(object);
                snapshot.samples.push(SampledNode {
                    node: node_of[id],
                    stack,
                    born,
                    bytes,
                    reused: object.reused,
                });
            }
        }
        for (id, root) in &self.roots {
            let kind = root_kind(root, &mut texts);
            snapshot.roots.push(Root {
                node: node_of[*id],
                kind,
            });
        }
        snapshot.texts = texts.texts;
        snapshot
    }
}

fn size(object: &Object) -> u64 {
    object.base_size + object.slot_size * object.edges.len() as u64
}

#[derive(Default)]
struct TextTable {
    ids: BTreeMap<String, u32>,
    texts: Vec<String>,
}

impl TextTable {
    fn id(&mut self, text: &str) -> u32 {
        let next = self.texts.len() as u32;
        let id = *self.ids.entry(text.to_owned()).or_insert(next);
        if id == next {
            self.texts.push(text.to_owned());
        }
        id
    }
}

fn label(how: &Ref, texts: &mut TextTable, node_of: &[u32], index: &mut u32) -> Label {
    match how {
        Ref::Attr(name) => Label::Attribute(texts.id(name)),
        Ref::Key(key) => Label::Key(node_of[*key]),
        Ref::KeyObject => Label::KeyObject,
        Ref::Index => {
            *index += 1;
            Label::Index(*index - 1)
        }
        Ref::Element => Label::Element,
        Ref::Cell(name) => Label::Cell(texts.id(name)),
        Ref::Local(name) => Label::Local(texts.id(name)),
        Ref::Class => Label::Class,
        Ref::Namespace => Label::Namespace,
        Ref::Internal(name) => Label::Internal(texts.id(name)),
        Ref::Unnamed => Label::Unnamed,
    }
}

fn root_kind(root: &RootOf, texts: &mut TextTable) -> RootKind {
    match root {
        RootOf::Module { name, file } => RootKind::Module {
            name: texts.id(name),
            file: file.as_ref().map(|file| texts.id(file)),
        },
        RootOf::Frame {
            thread,
            function,
            file,
            line,
        } => RootKind::Frame {
            thread: texts.id(thread),
            function: texts.id(function),
            file: texts.id(file),
            line: *line,
            depth: 0,
        },
        RootOf::Thread { thread, what } => RootKind::Thread {
            thread: texts.id(thread),
            what: texts.id(what),
        },
        RootOf::Interpreter { what } => RootKind::Interpreter {
            what: texts.id(what),
        },
        RootOf::Class => RootKind::Type,
    }
}
