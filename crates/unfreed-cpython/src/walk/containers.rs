//! Builtin containers, code and types: read by hand, because their traversal hides
//! references, or is slower than reading them.

use super::{KnownType, Walker};
use crate::dict::Entry;
use crate::layout::ABSENT;
use unfreed_recording::snapshot::{IMMORTAL, Label, NodeIndex};

impl Walker<'_> {
    pub(super) fn read_list(&mut self, node: NodeIndex, list: usize) {
        let layout = self.objects.layout;
        let items = self.objects.reader.word(list + layout.list_items);
        if items == 0 {
            return;
        }
        self.buffers.push((items, node));
        let count = usize::try_from(self.objects.var_size(list)).unwrap_or(0);
        self.read_items(items, count);
    }

    pub(super) fn read_tuple(&mut self, tuple: usize) {
        let items = tuple + self.objects.layout.tuple_items;
        self.read_items(items, self.objects.tuple_len(tuple));
    }

    fn read_items(&mut self, items: usize, count: usize) {
        for index in 0..count {
            self.ask_for_item(items, index, count);
            let item = self.objects.reader.word(items + index * 8);
            self.edge(item, Label::Index(index as u32));
        }
    }

    pub(super) fn read_dict(&mut self, node: NodeIndex, dict: usize) {
        let keys = self
            .objects
            .reader
            .word(dict + self.objects.layout.dict_keys);
        self.buffers.push((keys, node));
        let Some(table) = self.objects.dict_table(dict) else {
            return;
        };
        for index in 0..table.keys.count {
            self.ask_for_entry(&table, index);
            if let Some(entry) = self.objects.entry_at(&table, index) {
                self.read_entry(dict, entry);
            }
        }
    }

    fn read_entry(&mut self, dict: usize, entry: Entry) {
        // What can die is not counted by the table of interned strings, and so not held by it.
        if dict == self.interned && self.objects.refcount(entry.key) != IMMORTAL {
            return;
        }
        let key = self.node(entry.key);
        if entry.owns_key {
            self.out.edge(key, Label::KeyObject);
        }
        self.edge(entry.value, Label::Key(key));
    }

    pub(super) fn read_set(&mut self, node: NodeIndex, set: usize) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let table = reader.word(set + layout.set_table);
        self.buffers.push((table, node));
        if reader.word(set + layout.set_used) == 0 {
            return;
        }
        let slots = reader.word(set + layout.set_mask) + 1;
        let mut left = reader.word(set + layout.set_used);
        for slot in 0..slots {
            let key = reader.word(table + slot * layout.set_entry_size + layout.set_entry_key);
            // A deleted entry keeps a marker object with hash -1, which is no element.
            let hash = reader.word(table + slot * layout.set_entry_size + 8);
            if key != 0 && hash != usize::MAX {
                self.edge(key, Label::Element);
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
    }

    /// Objects whose type the collector does not know of: references that we know by hand.
    pub(super) fn read_leaf(
        &mut self,
        node: NodeIndex,
        object: usize,
        type_: usize,
        known: &KnownType,
    ) {
        if type_ == self.objects.types.bytearray {
            self.read_bytearray(node, object);
        }

        if known.traits.heap {
            self.edge(type_, Label::Class);
        }
        for (&(offset, _), &name) in known.traits.members.iter().zip(known.member_names.iter()) {
            let value = self.objects.reader.word(object + offset);
            // An int or str subclass has members only in bases that are no heap types.
            if value != 0 && known.traits.heap {
                self.edge(value, Label::Attribute(name));
            }
        }
        self.guess_hidden(object, known, &[]);
    }

    /// A bytearray's buffer is a block of its own, from 3.15 on a `bytes` object.
    fn read_bytearray(&mut self, node: NodeIndex, object: usize) {
        let layout = self.objects.layout;
        if layout.bytearray_bytes != ABSENT {
            self.buffers.push((
                self.objects.reader.word(object + layout.bytearray_bytes),
                node,
            ));
        }
        self.part(object, layout.bytearray_bytes_object, "buffer");
    }

    /// Code objects are unknown to the collector: constants and names are read by hand.
    pub(super) fn read_code(&mut self, _node: NodeIndex, code: usize) {
        let layout = self.objects.layout;
        let parts: [(usize, &'static str); 12] = [
            (layout.co_consts, "co_consts"),
            (layout.co_names, "co_names"),
            (layout.co_localsplusnames, "co_localsplusnames"),
            (layout.co_localspluskinds, "co_localspluskinds"),
            (layout.co_varnames, "co_varnames"),
            (layout.co_freevars, "co_freevars"),
            (layout.co_cellvars, "co_cellvars"),
            (layout.co_filename, "co_filename"),
            (layout.co_name, "co_name"),
            (layout.co_qualname, "co_qualname"),
            (layout.co_linetable, "co_linetable"),
            (layout.co_exceptiontable, "co_exceptiontable"),
        ];
        for (offset, name) in parts {
            self.part(code, offset, name);
        }
        self.part(code, layout.co_code, "co_code");
    }

    pub(super) fn part(&mut self, object: usize, offset: usize, name: &'static str) {
        if offset != ABSENT {
            let part = self.objects.reader.word(object + offset);
            if part != 0 {
                let label = self.internal(name);
                self.edge(part, label);
            }
        }
    }

    /// Types: the traversal aborts on static ones and hides names, so all are read by hand.
    pub(super) fn read_type(&mut self, type_: usize, known: &KnownType) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        let dict = reader.word(type_ + layout.tp_dict);
        self.edge(dict, Label::Namespace);
        for (offset, name) in [
            (layout.tp_bases, "__bases__"),
            (layout.tp_mro, "__mro__"),
            (layout.tp_cache, "tp_cache"),
        ] {
            self.part(type_, offset, name);
        }
        let flags = self.objects.type_flags(type_) as u64;
        // What a static builtin type has there from 3.12 on is an index.
        if flags & crate::layout::TPFLAGS_STATIC_BUILTIN == 0 {
            self.part(type_, layout.tp_subclasses, "__subclasses__");
        }
        // A static type borrows its base from `__bases__`.
        if flags & crate::layout::TPFLAGS_HEAPTYPE == 0 {
            return;
        }
        self.part(type_, layout.tp_base, "__base__");
        self.part(type_, layout.ht_name, "__name__");
        self.part(type_, layout.ht_qualname, "__qualname__");
        self.part(type_, layout.ht_slots, "__slots__");
        self.part(type_, layout.ht_module, "module");
        self.read_shared_keys(type_);
        self.read_metaclass_members(type_, known);
    }

    /// The names that instances share; the type's keys object holds each once.
    fn read_shared_keys(&mut self, type_: usize) {
        let cached = self
            .objects
            .reader
            .word(type_ + self.objects.layout.ht_cached_keys);
        if cached == 0 {
            return;
        }
        let keys = self.objects.keys(cached);
        for index in 0..keys.count {
            let key = self.objects.key_at(&keys, index);
            self.edge(key, Label::KeyObject);
        }
    }

    fn read_metaclass_members(&mut self, type_: usize, known: &KnownType) {
        let metaclass = self.objects.type_of(type_);
        if known.traits.heap {
            self.edge(metaclass, Label::Class);
        }
    }
}
