//! Dicts as they lie in memory: key tables, split tables, and the values that instances keep inline.

use crate::object::Objects;

/// The entry table of a dict's keys object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    entries: usize,
    stride: usize,
    key: usize,
    value: usize,
    /// Entries used so far, dummies included.
    pub count: usize,
}

/// Where a dict keeps what it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Its keys, and where they are its own the values beside them.
    pub keys: Keys,
    /// The values of a split table; 0 for none.
    values: usize,
}

/// An entry that is in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub key: usize,
    pub value: usize,
    /// Whether the dict itself holds the key; a split table's keys belong to the type.
    pub owns_key: bool,
}

impl Objects<'_> {
    pub(crate) fn keys(&self, keys: usize) -> Keys {
        let (layout, reader) = (self.layout, self.reader);
        let count = reader.word(keys + layout.dk_nentries);
        if self.minor <= 10 {
            let size = reader.word(keys + layout.dk_size);
            let entries = keys + layout.dk_indices + size * index_width(size);
            return Keys {
                entries,
                stride: 24,
                key: 8,
                value: 16,
                count,
            };
        }
        let indices = 1usize << reader.byte(keys + layout.dk_log2_index_bytes);
        let entries = keys + layout.dk_indices + indices;
        if reader.byte(keys + layout.dk_kind) == 0 {
            Keys {
                entries,
                stride: 24,
                key: 8,
                value: 16,
                count,
            }
        } else {
            Keys {
                entries,
                stride: 16,
                key: 0,
                value: 8,
                count,
            }
        }
    }

    pub(crate) fn key_at(&self, keys: &Keys, index: usize) -> usize {
        self.reader
            .word(keys.entries + index * keys.stride + keys.key)
    }

    /// Calls `each` for the entries of a dict, in order of insertion.
    pub(crate) fn dict_entries(&self, dict: usize, mut each: impl FnMut(Entry)) {
        if let Some(table) = self.dict_table(dict) {
            (0..table.keys.count)
                .filter_map(|index| self.entry_at(&table, index))
                .for_each(&mut each);
        }
    }

    /// Where a dict's entries lie; `None` for one that is half made.
    pub(crate) fn dict_table(&self, dict: usize) -> Option<Table> {
        let layout = self.layout;
        let keys = self.reader.word(dict + layout.dict_keys);
        (keys != 0).then(|| Table {
            keys: self.keys(keys),
            values: self.reader.word(dict + layout.dict_values),
        })
    }

    /// The entry at a place below `table.keys.count`; `None` where one was deleted.
    #[inline]
    pub(crate) fn entry_at(&self, table: &Table, index: usize) -> Option<Entry> {
        let (keys, values) = (&table.keys, table.values);
        let key = self.key_at(keys, index);
        let value = if values == 0 {
            self.reader
                .word(keys.entries + index * keys.stride + keys.value)
        } else {
            self.reader
                .word(values + self.layout.values_array + index * 8)
        };
        (key != 0 && value != 0).then_some(Entry {
            key,
            value,
            owns_key: values == 0,
        })
    }

    /// Whether a dict's values lie inside its instance, which then reports them itself (3.13+).
    pub(crate) fn has_embedded_values(&self, dict: usize) -> bool {
        let layout = self.layout;
        let values = self.reader.word(dict + layout.dict_values);
        self.minor >= 13 && values != 0 && self.reader.byte(values + layout.values_embedded) != 0
    }

    /// The value of a key that is the ASCII text `name`; for small namespaces, it looks at each.
    pub(crate) fn dict_get(&self, dict: usize, name: &str) -> Option<usize> {
        let table = self.dict_table(dict)?;
        (0..table.keys.count)
            .filter_map(|index| self.entry_at(&table, index))
            .find(|entry| self.text_is(entry.key, name))
            .map(|entry| entry.value)
    }

    /// Bytes of a keys object.
    pub(crate) fn keys_size(&self, keys: usize) -> usize {
        let layout = self.layout;
        if self.minor <= 10 {
            let size = self.reader.word(keys + layout.dk_size);
            return layout.dk_indices + size * index_width(size) + usable(size) * 24;
        }
        let size = 1usize << self.reader.byte(keys + layout.dk_log2_size);
        let indices = 1usize << self.reader.byte(keys + layout.dk_log2_index_bytes);
        let stride = if self.reader.byte(keys + layout.dk_kind) == 0 {
            24
        } else {
            16
        };
        layout.dk_indices + indices + usable(size) * stride
    }

    /// How many entries a keys object has room for: those used and those still usable.
    pub(crate) fn keys_capacity(&self, keys: usize) -> usize {
        self.keys(keys).count + self.reader.word(keys + self.layout.dk_usable).min(1 << 32)
    }

    /// Bytes of a dict's tables: its own keys object, or its share of a split table's values.
    pub(crate) fn dict_payload(&self, dict: usize) -> usize {
        let layout = self.layout;
        let keys = self.reader.word(dict + layout.dict_keys);
        if keys == 0 {
            return 0;
        }
        let values = self.reader.word(dict + layout.dict_values);
        let own_keys = self.reader.word(keys + layout.dk_refcnt) == 1;
        let mut size = if own_keys { self.keys_size(keys) } else { 0 };
        if values != 0 && !self.has_embedded_values(dict) {
            size += match self.minor {
                11 | 12 => self.values_size(values - self.layout.values_array, keys).1,
                13.. => crate::walk::inline_values_size(self.keys_capacity(keys)),
                _ => self.keys_capacity(keys) * 8,
            };
        }
        size
    }
}

/// Width of an index of a table with `size` slots (3.9, 3.10).
fn index_width(size: usize) -> usize {
    match size {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// `USABLE_FRACTION` of `dictobject.c`.
fn usable(size: usize) -> usize {
    (size << 1) / 3
}
