//! Memory that objects of C code have beside their body: buffers, tables of a memo, digits, indices. The structs are not in
//! CPython's headers; their fields have stood where they are since 3.9 where nothing else is said, and
//! `tests/test_heap.py` compares each with what `sys.getsizeof` says on every version. A pointer is followed if the struct has the
//! size that is known, or through the kernel.

use super::Walker;
use super::sizes::SIZE_LIMIT;
use crate::types::{Extra, TypeTraits};
use unfreed_sys::memory;

const WORD: usize = size_of::<usize>();

/// Fields of an `array.array`.
const ARRAY_ALLOCATED: usize = 32;
const ARRAY_DESCRIPTION: usize = 40;
const ARRAY_ITEM_WIDTH: usize = 4;
/// Fields of `CDataObject` (`ctypes.h`): where the memory is, whether it is this object's to free, its length.
const CDATA_POINTER: usize = 16;
const CDATA_OWNS: usize = 24;
const CDATA_SIZE: usize = 40;
/// Fields of a buffered file: its buffer, and how long that is.
const BUFFERED_BUFFER: usize = 56;
const BUFFERED_SIZE: usize = 120;
/// Fields of an `io.StringIO` that knows its text in whole: letters of four bytes, and room for how many.
const STRING_LETTERS: usize = 16;
const STRING_ROOM: usize = 40;
/// The memo of a pickler: a head with the number of entries, of 16 bytes each.
pub(super) const PICKLER_MEMO: usize = 16;
/// By the size of its struct, where what it has not written yet is.
pub(super) const PICKLERS: [(usize, usize); 2] = [(152, 64), (144, 56)];
const MEMO_HEAD: usize = 32;
pub(super) const MEMO_ALLOCATED: usize = 16;
pub(super) const MEMO_ENTRY: usize = 16;
/// Of an unpickler: the memo and how long it is.
pub(super) const UNPICKLER_MEMO: usize = 24;
pub(super) const UNPICKLER_MEMO_SIZE: usize = 32;
/// By the size of its struct: the line that it reads, encoding, errors; the marks and how many there is room for.
pub(super) const UNPICKLERS: [(usize, [usize; 3], (usize, usize)); 4] = [
    (272, [152, 224, 232], (240, 256)),
    // 3.13, 3.14, 3.15
    (264, [144, 216, 224], (232, 248)),
    (296, [152, 240, 248], (256, 272)),
    (304, [160, 248, 256], (264, 280)),
];
/// Longest line or name of an unpickler's.
const LONGEST_TEXT: usize = 1 << 16;
/// The fields of a `struct.Struct`: 32 bytes each; one without a format ends them.
const STRUCT_FIELDS: usize = 32;
const STRUCT_FIELD: usize = 32;
const MOST_FIELDS: usize = 1 << 20;
/// `mpd_t` in a `Decimal`: flags, of which these say that its digits are not its own or inside it; words of digits.
const DECIMAL_FLAGS: usize = 24;
const DECIMAL_ELSEWHERE: u8 = 32 | 64 | 128;
const DECIMAL_ALLOCATED: usize = 56;
/// Iterators of `itertools`: the pool or tuple of pools, the indices, how many are chosen.
const COMBINED_POOL: usize = 16;
const COMBINED_INDICES: usize = 24;
const COMBINATIONS_CHOSEN: usize = 40;
const PERMUTATIONS_CHOSEN: usize = 48;
/// What an `Element` has besides its texts, and in it the children: how many there is room for, and where they lie when
/// they are few.
const ELEMENT_SIZE: usize = 56;
const ELEMENT_EXTRA: usize = 40;
const EXTRA_SIZE: usize = 64;
const EXTRA_ALLOCATED: usize = 16;
const EXTRA_CHILDREN: usize = 24;
const EXTRA_FEW: usize = 32;
/// The ring of a `SimpleQueue` (3.13 and later), in an object of this size.
const QUEUE_SIZE: usize = 72;
const QUEUE_ITEMS: usize = 40;
const QUEUE_ROOM: usize = 48;

impl Walker<'_> {
    /// Bytes beside the body.
    pub(super) fn extra_size(&self, object: usize, traits: &TypeTraits) -> usize {
        let reader = self.objects.reader;
        let word = |offset: usize| reader.word(object + offset);
        let words = |count: usize| count.saturating_mul(WORD);
        let size = match traits.extra {
            // Buffers of Arrow and polars are nodes of their own.
            Extra::Nothing | Extra::ArrowBuffers | Extra::SharedBuffers => 0,
            Extra::ArrayItems => {
                let description = word(ARRAY_DESCRIPTION);
                let width = reader.int(description + ARRAY_ITEM_WIDTH).clamp(0, 16);
                word(ARRAY_ALLOCATED).saturating_mul(width as usize)
            }
            Extra::ForeignData => {
                let owns = reader.int(object + CDATA_OWNS) == 1;
                let inside = object..object + traits.basicsize;
                if owns && !inside.contains(&word(CDATA_POINTER)) {
                    word(CDATA_SIZE)
                } else {
                    0
                }
            }
            Extra::Dtype => self.text_arena(object),
            Extra::OrderedLinks => self.ordered_links(object),
            Extra::FileBuffer if word(BUFFERED_BUFFER) != 0 => word(BUFFERED_SIZE),
            Extra::Letters if word(STRING_LETTERS) != 0 => word(STRING_ROOM).saturating_mul(4),
            Extra::PicklerMemo
                if PICKLERS.iter().any(|&(size, _)| size == traits.basicsize)
                    && word(PICKLER_MEMO) != 0 =>
            {
                let entries = reader.word(word(PICKLER_MEMO) + MEMO_ALLOCATED);
                entries.saturating_mul(MEMO_ENTRY).saturating_add(MEMO_HEAD)
            }
            Extra::UnpicklerMemo => self.unpickler_parts(object, traits),
            Extra::StructFields if word(STRUCT_FIELDS) != 0 => {
                let fields = word(STRUCT_FIELDS);
                let field = |index: usize| memory::words::<1>(fields + index * STRUCT_FIELD);
                let is_end = |&index: &usize| field(index).is_none_or(|[format]| format == 0);
                let count = (0..MOST_FIELDS).find(is_end).unwrap_or(0);
                (count + 1) * STRUCT_FIELD
            }
            Extra::Digits if reader.byte(object + DECIMAL_FLAGS) & DECIMAL_ELSEWHERE == 0 => {
                words(word(DECIMAL_ALLOCATED))
            }
            Extra::Combinations if word(COMBINED_INDICES) != 0 => words(word(COMBINATIONS_CHOSEN)),
            Extra::Permutations if word(COMBINED_INDICES) != 0 => {
                let of = self.objects.tuple_len(word(COMBINED_POOL));
                words(of.saturating_add(word(PERMUTATIONS_CHOSEN)))
            }
            Extra::Products if word(COMBINED_INDICES) != 0 => {
                words(self.objects.tuple_len(word(COMBINED_POOL)))
            }
            Extra::Children if traits.basicsize == ELEMENT_SIZE && word(ELEMENT_EXTRA) != 0 => {
                let extra = word(ELEMENT_EXTRA);
                let is_inside = reader.word(extra + EXTRA_CHILDREN) == extra + EXTRA_FEW;
                let room = if is_inside {
                    0
                } else {
                    reader.word(extra + EXTRA_ALLOCATED)
                };
                words(room).saturating_add(EXTRA_SIZE)
            }
            Extra::Ring if self.objects.minor >= 13 && traits.basicsize == QUEUE_SIZE => {
                let is_there = word(QUEUE_ITEMS) != 0;
                if is_there { words(word(QUEUE_ROOM)) } else { 0 }
            }
            _ => 0,
        };
        // What is larger is something else in the same field.
        if size < SIZE_LIMIT { size } else { 0 }
    }

    /// An `OrderedDict` has a link of 32 bytes an entry, and a table of them as long as its keys'. After the fields of a
    /// dict it has the first and the last link, the table and how long it is.
    fn ordered_links(&self, object: usize) -> usize {
        let reader = self.objects.reader;
        let (layout, types) = (self.objects.layout, self.objects.types);
        let entries = reader.word(object + layout.dict_used).min(SIZE_LIMIT / 64);
        let fields = object + reader.word(types.dict + layout.tp_basicsize) + 2 * WORD;
        let slots = if reader.word(fields) == 0 {
            0
        } else {
            reader.word(fields + WORD).min(SIZE_LIMIT / 64)
        };
        entries * 32 + slots * WORD
    }

    fn unpickler_parts(&self, object: usize, traits: &TypeTraits) -> usize {
        let reader = self.objects.reader;
        let known = |layout: &&(usize, [usize; 3], (usize, usize))| layout.0 == traits.basicsize;
        let Some(&(_, texts, marks)) = UNPICKLERS.iter().find(known) else {
            return 0;
        };
        let tables = [(UNPICKLER_MEMO, UNPICKLER_MEMO_SIZE), marks];
        let tables = tables.into_iter().map(|(table, room)| {
            let is_there = reader.word(object + table) != 0;
            let room = reader.word(object + room);
            if is_there {
                room.saturating_mul(WORD)
            } else {
                0
            }
        });
        let texts = texts
            .into_iter()
            .map(|text| match reader.word(object + text) {
                0 => 0,
                text => reader.c_string(text, LONGEST_TEXT).len() + 1,
            });
        tables.chain(texts).fold(0, usize::saturating_add)
    }
}
