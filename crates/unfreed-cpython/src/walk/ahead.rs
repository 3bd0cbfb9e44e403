//! Memory that is asked for before its turn: a real heap is far larger than the caches, and a walk that waits for
//! each object stands still for most of its time. Hints only, nothing is read that is not read later.

use super::Walker;
use crate::dict::Table;

/// How many nodes before its turn an object's memory is asked for: about the time of a cache miss.
const OBJECTS: usize = 8;
/// How many before its turn the tables that it points to are, when the object itself has come.
const TABLES: usize = 5;
/// How many before its turn the numbers of what these hold are, when the tables have come.
const HELD: usize = 2;
/// How many references before its turn the number of a target is.
const TARGETS: usize = 8;
/// What the processor fetches at once, in bytes.
const LINE: usize = 64;

impl Walker<'_> {
    /// Asks for what the nodes after this one will need.
    #[inline]
    pub(super) fn ask_for_later(&self, node: usize) {
        let reader = self.objects.reader;
        if let Some(&object) = self.addresses.get(node + OBJECTS) {
            reader.prefetch(object);
            reader.prefetch(object + LINE);
        }
        if let Some(&object) = self.addresses.get(node + TABLES) {
            let (types, layout) = (self.objects.types, self.objects.layout);
            let type_ = self.objects.type_of(object);
            if type_ == types.dict {
                reader.prefetch(reader.word(object + layout.dict_keys));
            } else if type_ == types.list {
                reader.prefetch(reader.word(object + layout.list_items));
            }
        }
        if let Some(&object) = self.addresses.get(node + HELD) {
            self.ask_for_held(object);
        }
    }

    /// Asks for the numbers of the first objects that a builtin container holds.
    #[inline]
    fn ask_for_held(&self, object: usize) {
        let (types, layout, reader) =
            (self.objects.types, self.objects.layout, self.objects.reader);
        let type_ = self.objects.type_of(object);
        let items = if type_ == types.tuple {
            object + layout.tuple_items
        } else if type_ == types.list {
            reader.word(object + layout.list_items)
        } else if type_ == types.dict {
            if let Some(table) = self.objects.dict_table(object) {
                for index in 0..table.keys.count.min(TARGETS) {
                    if let Some(entry) = self.objects.entry_at(&table, index) {
                        self.ask_for_node(entry.key);
                        self.ask_for_node(entry.value);
                    }
                }
            }
            return;
        } else {
            return;
        };
        if items != 0 {
            for index in 0..self.objects.tuple_len(object).min(TARGETS) {
                self.ask_for_node(reader.word(items + index * 8));
            }
        }
    }

    /// Asks for the number of an object that an edge will lead to.
    #[inline]
    pub(super) fn ask_for_node(&self, object: usize) {
        if let Some(place) = self.map.place(object) {
            self.objects.reader.prefetch(place);
        }
    }

    /// The same for the item some places after this one, of `count` words at `items`.
    #[inline]
    pub(super) fn ask_for_item(&self, items: usize, index: usize, count: usize) {
        if index + TARGETS < count {
            let item = self.objects.reader.word(items + (index + TARGETS) * 8);
            self.ask_for_node(item);
        }
    }

    /// The same for an entry of a dict.
    #[inline]
    pub(super) fn ask_for_entry(&self, table: &Table, index: usize) {
        if index + TARGETS < table.keys.count
            && let Some(entry) = self.objects.entry_at(table, index + TARGETS)
        {
            self.ask_for_node(entry.key);
            self.ask_for_node(entry.value);
        }
    }

    /// Asks for a value that will be read for its text.
    #[inline]
    pub(super) fn ask_for_value(&self, wanted: &[bool], node: usize) {
        if wanted.get(node + OBJECTS) == Some(&true) {
            self.objects.reader.prefetch(self.addresses[node + OBJECTS]);
        }
    }
}
