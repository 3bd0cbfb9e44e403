//! Texts of a snapshot: names of attributes and variables, contents of dict keys, names of nodes.

use super::columns::Kept;
use super::{Names, Walker};
use crate::types::Shape;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use std::rc::Rc;
use unfreed_recording::snapshot::{Label, NodeIndex, TextIndex};

/// Longest text kept, in bytes, the cut mark excluded.
pub(crate) const TEXT_LIMIT: usize = 120;
/// How many keys of an ordinary dict get their text, from the front and from the back.
const KEYS_IN_FRONT: usize = 32;
const KEYS_AT_BACK: usize = 4;

/// Bytes of a `bytes` key that are kept.
const BYTES: usize = 24;
/// Items of a tuple that is a key, so many of which get their text.
const ITEMS: usize = 4;

/// The table of texts, each once.
pub(crate) struct Texts {
    texts: Vec<String>,
    by_text: HashTable<TextIndex>,
    hasher: FixedState,
    by_string: HashMap<usize, TextIndex, FixedState>,
    /// Texts that are part of this program, by the address of theirs.
    fixed: HashMap<usize, TextIndex, FixedState>,
    /// Room for a text that is being read.
    scratch: Vec<u8>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        let seed = || FixedState::with_seed(5);
        Texts {
            texts: Vec::new(),
            by_text: HashTable::new(),
            hasher: seed(),
            by_string: HashMap::with_hasher(seed()),
            fixed: HashMap::with_hasher(seed()),
            scratch: Vec::with_capacity(TEXT_LIMIT + 4),
        }
    }

    /// Makes room for so many, so that the table is not moved again and again.
    pub(super) fn reserve(&mut self, texts: usize) {
        let Texts {
            texts: all, hasher, ..
        } = self;
        all.reserve(texts);
        let again = |&index: &TextIndex| hasher.hash_one(all[index as usize].as_str());
        self.by_text.reserve(texts, again);
    }

    pub(crate) fn text(&mut self, text: &str) -> TextIndex {
        let (texts, hasher) = (&mut self.texts, &self.hasher);
        let same = |&index: &TextIndex| texts[index as usize] == text;
        let hash = hasher.hash_one(text);
        if let Some(&index) = self.by_text.find(hash, same) {
            return index;
        }
        let index = texts.len() as TextIndex;
        texts.push(text.to_owned());
        let again = |&index: &TextIndex| hasher.hash_one(texts[index as usize].as_str());
        self.by_text.insert_unique(hash, index, again);
        index
    }

    /// The text that `read` appends.
    fn read(&mut self, read: impl FnOnce(&mut Vec<u8>)) -> TextIndex {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        read(&mut scratch);
        let index = self.text(std::str::from_utf8(&scratch).unwrap_or_default());
        self.scratch = scratch;
        index
    }

    pub(super) fn fixed(&mut self, text: &'static str) -> TextIndex {
        let address = text.as_ptr() as usize;
        if let Some(&index) = self.fixed.get(&address) {
            return index;
        }
        let index = self.text(text);
        self.fixed.insert(address, index);
        index
    }

    /// Whether this names a part by which a function holds something of its own.
    fn holds(&self, name: TextIndex) -> bool {
        matches!(
            self.texts.get(name as usize).map(String::as_str),
            Some("__closure__" | "__defaults__" | "__kwdefaults__")
        )
    }

    pub(crate) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

/// Whether instances of a shape have a name of their own.
pub(super) fn is_named(shape: Shape) -> bool {
    matches!(shape, Shape::Function | Shape::Generator | Shape::Module)
}

/// Values from this size on keep the name of the attribute that holds them, whatever their type.
const LARGE: u64 = 4096;

/// What a dict is the namespace of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    None,
    OfInstance,
    OfModuleOrType,
}

impl Walker<'_> {
    /// Text of a `str` object, by its address.
    pub(super) fn text_of(&mut self, string: usize) -> TextIndex {
        if let Some(&index) = self.texts.by_string.get(&string) {
            return index;
        }
        let index = self.text_met_once(string);
        self.texts.by_string.insert(string, index);
        index
    }

    /// The same for a string that is asked for once: nothing is remembered by its address.
    fn text_met_once(&mut self, string: usize) -> TextIndex {
        let objects = self.objects;
        self.texts
            .read(|text| objects.copy_text(string, TEXT_LIMIT, text))
    }

    pub(super) fn internal(&mut self, name: &'static str) -> Label {
        Label::Internal(self.texts.fixed(name))
    }

    /// Names the cells of functions' closures, now that their tuples have been read.
    pub(super) fn name_closure_cells(&mut self) {
        let closures = std::mem::take(&mut self.closures);
        if self.out.kept < Kept::All {
            return;
        }
        for (tuple, code) in closures {
            let names = self.free_variables(code);
            let edges = self.out.edges_of(tuple);
            for (edge, name) in edges.zip(names) {
                if matches!(self.out.labels[edge], Label::Index(_)) {
                    self.out.labels[edge] = Label::Cell(name);
                }
            }
        }
    }

    fn free_variables(&mut self, code: usize) -> Vec<TextIndex> {
        let names: Rc<[TextIndex]> = self.local_names(code);
        let layout = self.objects.layout;
        if self.objects.minor <= 10 {
            let free = self.objects.reader.word(code + layout.co_freevars);
            let count = self.objects.tuple_len(free);
            return names[names.len().saturating_sub(count)..].to_vec();
        }
        let count = self.objects.reader.u32(code + layout.co_nfreevars) as usize;
        names[names.len().saturating_sub(count)..].to_vec()
    }

    /// Texts for nodes: keys of dicts (all of namespaces, some of others), and the names of
    /// functions, modules, code and generators. Sorted by node.
    pub(super) fn node_texts(&mut self) -> Vec<(NodeIndex, TextIndex)> {
        let wanted = self.wanted_values();
        let mut texts: Vec<(NodeIndex, TextIndex)> = Vec::new();
        for node in 0..self.out.types.len() as NodeIndex {
            self.ask_for_value(&wanted, node as usize);
            let text = if wanted[node as usize] {
                self.value_text(self.addresses[node as usize])
            } else {
                None
            };
            let is_named = || self.named[self.out.types[node as usize] as usize];
            let text = match text {
                None if is_named() && self.can_hold(node) => self.node_name(node),
                text => text,
            };
            texts.extend(text.map(|text| (node, text)));
        }
        texts
    }

    /// Which nodes have content that is worth a text.
    fn wanted_values(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.out.types.len()];
        if self.names == Names::All {
            for label in &self.out.labels {
                if let Label::Key(key) = *label {
                    wanted[key as usize] = true;
                    self.want_items(key, &mut wanted);
                }
            }
            self.want_cell_values(&mut wanted);
            return wanted;
        }
        let namespaces = self.namespaces();
        for (node, namespace) in namespaces.iter().enumerate() {
            let edges = self.out.edges_of(node as NodeIndex);
            let (first, last) = (edges.start, edges.len().saturating_sub(2 * KEYS_AT_BACK));
            for edge in edges {
                let Label::Key(key) = self.out.labels[edge] else {
                    continue;
                };
                let position = edge - first;
                let wants = match namespace {
                    Namespace::None => position < 2 * KEYS_IN_FRONT || position >= last,
                    Namespace::OfInstance => true,
                    Namespace::OfModuleOrType => self.can_hold(self.out.targets[edge]),
                };
                wanted[key as usize] |= wants;
            }
        }
        self.want_cell_values(&mut wanted);
        wanted
    }

    /// The items of a tuple that is a key.
    fn want_items(&self, key: NodeIndex, wanted: &mut [bool]) {
        let type_ = self.out.types[key as usize] as usize;
        if self.type_objects[type_] == self.objects.types.tuple {
            for &item in self.out.targets[self.out.edges_of(key)].iter().take(ITEMS) {
                wanted[item as usize] = true;
            }
        }
    }

    /// What each node is the namespace of.
    fn namespaces(&self) -> Vec<Namespace> {
        let mut namespaces = vec![Namespace::None; self.out.types.len()];
        for node in 0..self.out.types.len() {
            let type_ = self.out.types[node] as usize;
            for edge in self.out.edges_of(node as NodeIndex) {
                if self.out.labels[edge] == Label::Namespace {
                    namespaces[self.out.targets[edge] as usize] = if self.owns_definitions[type_] {
                        Namespace::OfModuleOrType
                    } else {
                        Namespace::OfInstance
                    };
                }
            }
        }
        namespaces
    }

    /// Whether something may grow behind an attribute of a module or class: most of those are plain
    /// functions and constants, a hundred thousand names that no report would ever show.
    fn can_hold(&self, value: NodeIndex) -> bool {
        let edges = self.out.edges_of(value);
        let type_ = self.out.types[value as usize] as usize;
        if self.names == Names::All || self.out.sizes[value as usize] >= LARGE {
            return true;
        }
        if self.type_objects[type_] != self.objects.types.function {
            return !edges.is_empty() && !self.is_descriptor[type_];
        }
        // A function holds something of its own through these only.
        edges.into_iter().any(|edge| match self.out.labels[edge] {
            Label::Namespace => true,
            Label::Internal(name) => self.texts.holds(name),
            _ => false,
        })
    }

    /// Contents of cells: small values there (a cache's bound, a flag) explain a closure.
    fn want_cell_values(&self, wanted: &mut [bool]) {
        let Some(cell) = self.types.get(&self.objects.types.cell) else {
            return;
        };
        for (node, &type_) in self.out.types.iter().enumerate() {
            if type_ == cell.index {
                for &value in &self.out.targets[self.out.edges_of(node as NodeIndex)] {
                    wanted[value as usize] = true;
                }
            }
        }
    }

    /// Content of a `str`; other plain values as Python writes them.
    fn value_text(&mut self, object: usize) -> Option<TextIndex> {
        if self.stand_ins.contains_key(&object) {
            return None;
        }
        if self.objects.is_str(object) {
            return Some(self.text_met_once(object));
        }
        let (types, type_) = (self.objects.types, self.objects.type_of(object));
        let text = if type_ == types.int {
            self.objects.integer(object)?.to_string()
        } else if type_ == types.bool_ {
            let text = if self.objects.integer(object)? == 0 {
                "False"
            } else {
                "True"
            };
            return Some(self.texts.fixed(text));
        } else if type_ == types.float {
            let value = self.objects.float(object);
            value.is_finite().then(|| format!("{value:?}"))?
        } else if type_ == types.bytes {
            let (content, is_all) = self.objects.bytes_content(object, BYTES);
            format!(
                "b'{}{}'",
                content.escape_ascii(),
                if is_all { "" } else { "…" }
            )
        } else {
            return None;
        };
        Some(self.texts.text(&text))
    }

    fn node_name(&mut self, node: NodeIndex) -> Option<TextIndex> {
        let object = self.addresses[node as usize];
        if self.stand_ins.contains_key(&object) {
            return None;
        }
        let type_ = self.objects.type_of(object);
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let shape = self.known_type(type_).traits.shape;
        match shape {
            Shape::Function => {
                let objects = self.objects;
                let name = reader.word(object + layout.func_qualname);
                let module = reader.word(object + layout.func_module);
                Some(self.texts.read(|text| {
                    objects.copy_text(module, TEXT_LIMIT, text);
                    if !text.is_empty() {
                        text.push(b'.');
                    }
                    objects.copy_text(name, TEXT_LIMIT, text);
                }))
            }
            Shape::Generator => {
                let name = reader.word(object + layout.gen_qualname);
                Some(self.text_of(name))
            }
            Shape::Module => {
                let dict = reader.word(object + layout.module_dict);
                let name = if dict == 0 {
                    None
                } else {
                    self.objects.dict_get(dict, "__name__")
                };
                name.map(|name| self.text_of(name))
            }
            _ => None,
        }
    }
}
