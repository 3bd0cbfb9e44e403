//! Shallow sizes: header, body, and buffers that belong to the object alone.

use super::Walker;
use crate::layout::ABSENT;
use crate::types::{Shape, TypeTraits};

/// `Py_TPFLAGS_LONG_SUBCLASS`.
const TPFLAGS_LONG: usize = 1 << 24;
/// A deque keeps 64 items to a block with two links.
const DEQUE_BLOCK: usize = 66 * 8;
/// No single object is larger: a length beyond it is something else in the same field.
pub(super) const SIZE_LIMIT: usize = 1 << 40;

/// Bytes of values with room for so many, inside an instance or beside it (3.13 and later): a head,
/// the values, and the order of insertion in a byte each (`_PyInlineValuesSize`).
pub(crate) fn inline_values_size(room: usize) -> usize {
    room.next_multiple_of(8) + (room + 1) * 8
}

impl Walker<'_> {
    pub(super) fn size_of(&self, object: usize, traits: &TypeTraits) -> u64 {
        let objects = &self.objects;
        let layout = objects.layout;
        let word = |offset: usize| objects.reader.word(object + offset);
        let type_ = objects.type_of(object);
        let types = objects.types;
        let body = match traits.shape {
            Shape::List => traits.basicsize + word(layout.list_allocated) * 8,
            Shape::Tuple => traits.basicsize + objects.tuple_len(object) * 8,
            Shape::Dict => traits.basicsize + objects.dict_payload(object),
            Shape::Set => {
                let slots = word(layout.set_mask) + 1;
                let own = word(layout.set_table) != object + layout.set_smalltable;
                traits.basicsize
                    + if own {
                        slots * layout.set_entry_size
                    } else {
                        0
                    }
            }
            Shape::Deque => {
                let items = objects.var_size(object).unsigned_abs();
                traits.basicsize + (items / 64 + 1) * DEQUE_BLOCK
            }
            Shape::Type => self.type_size(object, traits),
            Shape::Code => self.plain_size(object, traits).next_multiple_of(8),
            Shape::NdArray => traits.basicsize + self.array_data(object),
            Shape::Generator | Shape::Frame => self.frame_size(object, traits),
            Shape::Leaf if type_ == types.int || type_ == types.bool_ => {
                layout.long_digits + objects.int_digits(object).clamp(1, 1 << 30) * 4
            }
            Shape::Leaf | Shape::Generic if traits.flags & TPFLAGS_LONG != 0 => {
                traits.basicsize + objects.int_digits(object).clamp(1, 1 << 30) * 4
            }
            Shape::Leaf | Shape::Generic if objects.is_str(object) => {
                self.text_size(object, traits)
            }
            // From 3.15 on the buffer is a `bytes` object, with a size of its own.
            Shape::Leaf if type_ == types.bytearray => {
                let is_object = layout.bytearray_bytes_object != ABSENT;
                traits.basicsize
                    + if is_object {
                        0
                    } else {
                        word(layout.bytearray_alloc)
                    }
            }
            _ if traits.flags & crate::layout::TPFLAGS_DICT as usize != 0 => {
                traits.basicsize + objects.dict_payload(object)
            }
            _ if traits.flags & crate::layout::TPFLAGS_LIST as usize != 0 => {
                traits.basicsize + word(layout.list_allocated) * 8
            }
            _ => self.plain_size(object, traits),
        };
        let values = objects
            .values_block(object, traits)
            .map_or(0, |(_, size)| size);
        // Static types lie in a library's data, without the collector's links before them.
        let prefix = match traits.shape {
            Shape::Type if !self.is_heap_type(object) => 0,
            _ => traits.prefix,
        };
        let own = (body + prefix + values + self.extra_size(object, traits)).min(SIZE_LIMIT);
        own as u64
    }

    fn plain_size(&self, object: usize, traits: &TypeTraits) -> usize {
        let mut size = traits.basicsize;
        if traits.itemsize != 0 {
            let items = self.objects.var_size(object).unsigned_abs();
            let bytes = items.saturating_mul(traits.itemsize);
            size += if bytes < SIZE_LIMIT { bytes } else { 0 };
        }
        let layout = self.objects.layout;
        if layout.tpflag_inline_values != 0
            && traits.flags & layout.tpflag_inline_values as usize != 0
        {
            let values = object + traits.basicsize;
            let room = self.objects.reader.byte(values + layout.values_capacity);
            size += inline_values_size(room as usize);
        }
        size
    }

    fn text_size(&self, string: usize, traits: &TypeTraits) -> usize {
        let layout = self.objects.layout;
        let header = match self.objects.is_ascii_compact(string) {
            (true, true) => layout.uni_ascii_sizeof,
            (false, true) => layout.uni_compact_sizeof,
            _ => traits.basicsize,
        };
        header + self.objects.text_payload(string)
    }

    fn is_heap_type(&self, type_: usize) -> bool {
        self.objects.type_flags(type_) as u64 & crate::layout::TPFLAGS_HEAPTYPE != 0
    }

    fn type_size(&self, type_: usize, traits: &TypeTraits) -> usize {
        let layout = self.objects.layout;
        if !self.is_heap_type(type_) {
            return layout.type_sizeof;
        }
        let members = self.objects.var_size(type_).unsigned_abs() * traits.itemsize;
        let keys = self.objects.reader.word(type_ + layout.ht_cached_keys);
        let keys = if keys == 0 {
            0
        } else {
            self.objects.keys_size(keys)
        };
        traits.basicsize + members.min(SIZE_LIMIT) + keys
    }

    /// A generator or frame object carries the variables and the stack of its code.
    fn frame_size(&self, object: usize, traits: &TypeTraits) -> usize {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        if self.objects.minor <= 10 {
            return self.plain_size(object, traits);
        }
        // A frame object has room for them even while they are elsewhere.
        let frame = match traits.shape {
            Shape::Generator => object + layout.gen_iframe,
            _ => reader.word(object + layout.fo_iframe),
        };
        let code = if frame == 0 {
            None
        } else {
            crate::stack::untag(reader.word(frame + layout.if_code))
        };
        let slots = code
            .filter(|&code| self.objects.type_of(code) == self.objects.types.code)
            .map_or(0, |code| {
                reader.u32(code + layout.co_nlocalsplus) + reader.u32(code + layout.co_stacksize)
            });
        traits.basicsize + slots as usize * 8
    }
}
