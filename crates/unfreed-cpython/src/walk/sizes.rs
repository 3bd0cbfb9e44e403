//! Shallow sizes: header, body, and buffers that belong to the object alone.

use super::Walker;
use super::containers::{ARRAY_DIMS, ARRAY_FLAGS, ARRAY_SHAPE, ARRAY_STRIDES};
use crate::layout::ABSENT;
use crate::types::{Extra, Shape, TypeTraits};

pub(super) const ARRAY_OWNS_DATA: i32 = 4;
const ARRAY_MAX_DIMS: i32 = 64;
/// Fields of an `array.array`.
const ARRAY_ALLOCATED: usize = 32;
const ARRAY_DESCRIPTION: usize = 40;
const ARRAY_ITEM_WIDTH: usize = 4;
/// Fields of `CDataObject` (`ctypes.h`, the same since 3.9): where the memory is, whether it is this object's to free,
/// its length, and where it lies when it is small.
const CDATA_POINTER: usize = 16;
const CDATA_OWNS: usize = 24;
const CDATA_SIZE: usize = 40;
const CDATA_VALUE: usize = 72;
/// `Py_TPFLAGS_LONG_SUBCLASS`.
const TPFLAGS_LONG: usize = 1 << 24;
/// A deque keeps 64 items to a block with two links.
const DEQUE_BLOCK: usize = 66 * 8;
/// No single object is larger: a length beyond it is something else in the same field.
const SIZE_LIMIT: usize = 1 << 40;

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

    /// Memory beside the body. An `array.array` keeps its items at the pointer after its length, and
    /// the width of one behind its description (`arrayobject` of `arraymodule.c`, the same since
    /// 3.9); an `OrderedDict` a link of 32 bytes an entry and a table of them as long as its keys'.
    fn extra_size(&self, object: usize, traits: &TypeTraits) -> usize {
        let (reader, layout) = (self.objects.reader, self.objects.layout);
        match traits.extra {
            Extra::Nothing => 0,
            Extra::ArrayItems => {
                let description = reader.word(object + ARRAY_DESCRIPTION);
                let width = reader.int(description + ARRAY_ITEM_WIDTH).clamp(0, 16);
                reader
                    .word(object + ARRAY_ALLOCATED)
                    .saturating_mul(width as usize)
                    .min(SIZE_LIMIT)
            }
            Extra::ForeignData => {
                let owns = reader.int(object + CDATA_OWNS) == 1;
                let is_inside = reader.word(object + CDATA_POINTER) == object + CDATA_VALUE;
                if owns && !is_inside {
                    reader.word(object + CDATA_SIZE).min(SIZE_LIMIT)
                } else {
                    0
                }
            }
            Extra::OrderedLinks => {
                let entries = reader.word(object + layout.dict_used).min(SIZE_LIMIT / 64);
                let keys = reader.word(object + layout.dict_keys);
                entries * 32 + self.objects.keys_slots(keys) * 8
            }
        }
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
        let code = match traits.shape {
            Shape::Generator => {
                let frame = object + layout.gen_iframe;
                crate::stack::untag(reader.word(frame + layout.if_code))
            }
            _ => None,
        };
        let slots = code
            .filter(|&code| self.objects.type_of(code) == self.objects.types.code)
            .map_or(0, |code| {
                reader.u32(code + layout.co_nlocalsplus) + reader.u32(code + layout.co_stacksize)
            });
        traits.basicsize + slots as usize * 8
    }

    /// Bytes of an array's data when they are its own. An array that owns its data is contiguous,
    /// so the largest of length times stride over its dimensions is all of it.
    fn array_data(&self, array: usize) -> usize {
        let reader = self.objects.reader;
        let dims = reader.int(array + ARRAY_DIMS);
        let owns = reader.int(array + ARRAY_FLAGS) & ARRAY_OWNS_DATA != 0;
        if !owns || !(0..=ARRAY_MAX_DIMS).contains(&dims) {
            return 0;
        }
        let (shape, strides) = (
            reader.word(array + ARRAY_SHAPE),
            reader.word(array + ARRAY_STRIDES),
        );
        let bytes = (0..dims as usize)
            .map(|d| {
                let length = reader.word(shape + d * 8);
                length.saturating_mul(reader.word(strides + d * 8).cast_signed().unsigned_abs())
            })
            .max()
            .unwrap_or(8);
        bytes.min(SIZE_LIMIT)
    }
}
