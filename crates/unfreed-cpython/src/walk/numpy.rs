//! Arrays of numpy: data, elements, and what their types keep. None of it is known to the collector, so it is read by hand.

use super::Walker;
use super::sizes::SIZE_LIMIT;
use unfreed_recording::snapshot::Label;

/// `PyArrayObject_fields`, the same in numpy 1 and 2.
const DATA: usize = 16;
const DIMS: usize = 24;
const SHAPE: usize = 32;
const STRIDES: usize = 40;
const BASE: usize = 48;
const DTYPE: usize = 56;
const FLAGS: usize = 64;
/// `NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS`, and `NPY_ARRAY_OWNDATA`.
const CONTIGUOUS: i32 = 3;
const OWNS_DATA: i32 = 4;
/// Most dimensions of an array (numpy 2: 64).
const MOST_DIMENSIONS: usize = 64;

/// `PyArray_Descr.type_num`, the same in numpy 1 and 2, and its values for objects, records and texts of any length.
const NUMBER: usize = 28;
const OBJECTS: i32 = 17;
const RECORDS: i32 = 20;
const TEXTS: i32 = 2056;
/// Most objects in one record.
const MOST_PLACES: usize = 1 << 16;

/// Where a description of records has what, by the size of its struct.
struct Records {
    item_size: usize,
    /// The type and the shape of an array inside a record.
    inner: usize,
    fields: usize,
    names: usize,
}

/// numpy 1.
const SIZE_OF_1: usize = 96;
const RECORDS_OF_1: Records = Records {
    item_size: 32,
    inner: 40,
    fields: 48,
    names: 56,
};
/// numpy 2.
const SIZE_OF_2: usize = 120;
const RECORDS_OF_2: Records = Records {
    item_size: 40,
    inner: 88,
    fields: 96,
    names: 104,
};

/// `StringDType` (numpy 2): what stands for a missing text; where the texts of its array lie, in that how much room
/// there is and how large it is itself.
const NOT_A_TEXT: usize = 88;
const ALLOCATOR: usize = 136;
const ARENA_ROOM: usize = 32;
const ALLOCATOR_SIZE: usize = 56;
const TEXT_DTYPE_SIZE: usize = 144;
/// One text in the array: 16 bytes. In the highest byte of the second word stand flags: these two say that it lies in a
/// block of its own, as long as the rest of the word says.
const TEXT: usize = 16;
const TEXT_OF_ITS_OWN: usize = 0x30 << 56;
const TEXT_LENGTH: usize = (1 << 56) - 1;

impl Walker<'_> {
    /// References of an array.
    pub(super) fn read_ndarray(&mut self, array: usize, type_: usize) {
        self.part(array, BASE, "base");
        self.part(array, DTYPE, "dtype");
        let known = self.known_type(type_);
        if known.traits.heap {
            self.edge(type_, Label::Class);
        }
        if let Some(dict) = self.objects.instance_dict(array, &known.traits) {
            self.edge(dict, Label::Namespace);
        }
        self.read_array_elements(array);
    }

    /// What a type of arrays keeps: the types of a record's fields, what stands for a missing text.
    pub(super) fn read_dtype(&mut self, dtype: usize) {
        if let Some(records) = self.records(dtype) {
            self.part(dtype, records.fields, "fields");
            self.part(dtype, records.names, "names");
        } else if self.is_text_dtype(dtype) {
            self.part(dtype, NOT_A_TEXT, "na_object");
        }
    }

    /// The objects of an array, by their place in memory. A view has none: the array that owns the data
    /// holds the references.
    fn read_array_elements(&mut self, array: usize) {
        let reader = self.objects.reader;
        let (dtype, data) = (reader.word(array + DTYPE), reader.word(array + DATA));
        let flags = reader.int(array + FLAGS);
        if dtype == 0 || data == 0 || flags & OWNS_DATA == 0 || flags & CONTIGUOUS == 0 {
            return;
        }
        let (width, places) = match reader.int(dtype + NUMBER) {
            OBJECTS => (8, vec![0]),
            RECORDS => (self.item_size(dtype), self.places_of_objects(dtype)),
            _ => return,
        };
        if places.is_empty() {
            return;
        }
        for index in 0..self.array_length(array).unwrap_or(0) {
            for place in &places {
                let element = reader.word(data + index as usize * width + place);
                self.edge(element, Label::Index(index));
            }
        }
    }

    /// Elements of an array; `None` when its shape makes no sense.
    fn array_length(&self, array: usize) -> Option<u32> {
        let reader = self.objects.reader;
        let dimensions = usize::try_from(reader.int(array + DIMS)).ok()?;
        if dimensions > MOST_DIMENSIONS {
            return None;
        }
        let shape = reader.word(array + SHAPE);
        (0..dimensions).try_fold(1_u32, |count, dimension| {
            let extent = u32::try_from(reader.word(shape + dimension * 8)).ok()?;
            count.checked_mul(extent)
        })
    }

    fn records(&self, dtype: usize) -> Option<Records> {
        let reader = self.objects.reader;
        if reader.int(dtype + NUMBER) != RECORDS {
            return None;
        }
        match self.size_of_struct(dtype) {
            SIZE_OF_1 => Some(RECORDS_OF_1),
            SIZE_OF_2 => Some(RECORDS_OF_2),
            _ => None,
        }
    }

    fn size_of_struct(&self, object: usize) -> usize {
        let type_ = self.objects.type_of(object);
        self.objects
            .reader
            .word(type_ + self.objects.layout.tp_basicsize)
    }

    /// Bytes of one element of a type.
    fn item_size(&self, dtype: usize) -> usize {
        let reader = self.objects.reader;
        match self.size_of_struct(dtype) {
            SIZE_OF_1 => reader.u32(dtype + RECORDS_OF_1.item_size) as usize,
            SIZE_OF_2 => reader.word(dtype + RECORDS_OF_2.item_size),
            _ => 0,
        }
    }

    /// Where in a record objects are, in bytes from its start, ascending.
    fn places_of_objects(&self, dtype: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut parts = vec![(dtype, 0)];
        let mut looked_at = 0;
        while let Some((part, place)) = parts.pop() {
            looked_at += 1;
            if looked_at > MOST_PLACES || found.len() >= MOST_PLACES {
                return Vec::new();
            }
            if self.objects.reader.int(part + NUMBER) == OBJECTS {
                found.push(place);
            } else if let Some(records) = self.records(part) {
                self.parts_of_record(part, place, &records, &mut parts);
            }
        }
        found.sort_unstable();
        // A field with a title stands in the dict twice.
        found.dedup();
        found
    }

    fn parts_of_record(
        &self,
        dtype: usize,
        place: usize,
        records: &Records,
        parts: &mut Vec<(usize, usize)>,
    ) {
        let (objects, reader) = (self.objects, self.objects.reader);
        let inner = reader.word(dtype + records.inner);
        if inner != 0 {
            let item = reader.word(inner);
            let width = self.item_size(item).max(1);
            let count = (self.item_size(dtype) / width).min(MOST_PLACES);
            parts.extend((0..count).map(|index| (item, place + index * width)));
            return;
        }
        let fields = reader.word(dtype + records.fields);
        if fields == 0 || objects.type_of(fields) != objects.types.dict {
            return;
        }
        objects.dict_entries(fields, |entry| {
            let field = entry.value;
            if objects.type_of(field) != objects.types.tuple || objects.tuple_len(field) < 2 {
                return;
            }
            let offset = objects.word_int(objects.tuple_item(field, 1));
            if let Some(offset) = offset.and_then(|offset| usize::try_from(offset).ok()) {
                parts.push((objects.tuple_item(field, 0), place.saturating_add(offset)));
            }
        });
    }

    /// Bytes of an array's shape and strides, and of its data when they are its own. An array that owns its data is contiguous,
    /// so the largest of length times stride over its dimensions is all of it.
    pub(super) fn array_data(&self, array: usize) -> usize {
        let reader = self.objects.reader;
        let dims = usize::try_from(reader.int(array + DIMS)).unwrap_or(usize::MAX);
        let owns = reader.int(array + FLAGS) & OWNS_DATA != 0;
        if dims > MOST_DIMENSIONS {
            return 0;
        }
        let extents = dims * 2 * 8;
        if !owns {
            return extents;
        }
        let (shape, strides) = (reader.word(array + SHAPE), reader.word(array + STRIDES));
        let bytes = (0..dims)
            .map(|d| {
                let length = reader.word(shape + d * 8);
                length.saturating_mul(reader.word(strides + d * 8).cast_signed().unsigned_abs())
            })
            .max()
            .unwrap_or(8);
        extents + bytes.min(SIZE_LIMIT) + self.texts_of_their_own(array)
    }

    /// Bytes of the texts that were put into an array later and did not fit where the first lay.
    fn texts_of_their_own(&self, array: usize) -> usize {
        let reader = self.objects.reader;
        let (dtype, data) = (reader.word(array + DTYPE), reader.word(array + DATA));
        if dtype == 0 || data == 0 || !self.is_text_dtype(dtype) {
            return 0;
        }
        let lengths = (0..self.array_length(array).unwrap_or(0)).map(|index| {
            let word = reader.word(data + index as usize * TEXT + 8);
            let is_apart = word & TEXT_OF_ITS_OWN == TEXT_OF_ITS_OWN;
            if is_apart { word & TEXT_LENGTH } else { 0 }
        });
        lengths.fold(0, usize::saturating_add).min(SIZE_LIMIT)
    }

    fn is_text_dtype(&self, dtype: usize) -> bool {
        self.objects.reader.int(dtype + NUMBER) == TEXTS
            && self.size_of_struct(dtype) == TEXT_DTYPE_SIZE
    }

    /// Bytes of the texts that a `StringDType` keeps for its array.
    pub(super) fn text_arena(&self, dtype: usize) -> usize {
        if !self.is_text_dtype(dtype) {
            return 0;
        }
        match self.objects.reader.word(dtype + ALLOCATOR) {
            0 => 0,
            allocator => self
                .objects
                .reader
                .word(allocator + ARENA_ROOM)
                .saturating_add(ALLOCATOR_SIZE),
        }
    }
}
