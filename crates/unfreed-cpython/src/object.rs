//! What every object has: a type, a reference count, a size.

use crate::api::Types;
use crate::layout::Layout;
use crate::reader::Reader;
use unfreed_recording::snapshot::IMMORTAL;

/// Reads objects of one verified interpreter.
#[derive(Clone, Copy)]
pub(crate) struct Objects<'a> {
    pub reader: Reader,
    pub layout: &'static Layout,
    pub types: &'a Types,
    pub minor: u32,
}

/// On 3.11 the objects frozen into the binary carry a count near 10⁹ instead of an immortal mark.
const FROZEN_COUNT: usize = 100_000_000;

impl Objects<'_> {
    pub(crate) fn type_of(&self, object: usize) -> usize {
        self.reader.word(object + self.layout.ob_type)
    }

    /// The reference count, or [`IMMORTAL`].
    pub(crate) fn refcount(&self, object: usize) -> u32 {
        if self.layout.has_immortals {
            let count = self.reader.u32(object + self.layout.ob_refcnt);
            return if count.cast_signed() < 0 {
                IMMORTAL
            } else {
                count
            };
        }
        let count = self.reader.word(object + self.layout.ob_refcnt);
        if count > FROZEN_COUNT {
            IMMORTAL
        } else {
            count as u32
        }
    }

    /// `ob_size` as it stands; some types keep other things than a length there.
    pub(crate) fn var_size(&self, object: usize) -> isize {
        self.reader
            .word(object + self.layout.var_size)
            .cast_signed()
    }

    pub(crate) fn type_flags(&self, type_: usize) -> usize {
        self.reader.word(type_ + self.layout.tp_flags)
    }

    /// Whether `object` is an instance of `type_` or of a class derived from it.
    pub(crate) fn is_a(&self, object: usize, type_: usize) -> bool {
        self.bases(self.type_of(object)).any(|base| base == type_)
    }

    /// Whether an object of a type with collector links is in one of the collector's lists.
    pub(crate) fn is_tracked(&self, object: usize) -> bool {
        let links = object - self.layout.gc_head_size;
        self.reader.word(links + self.layout.gc_next) != 0
    }

    pub(crate) fn is_str(&self, object: usize) -> bool {
        object != 0 && {
            let type_ = self.type_of(object);
            type_ == self.types.str || self.is_a(object, self.types.str)
        }
    }

    pub(crate) fn tuple_len(&self, tuple: usize) -> usize {
        usize::try_from(self.var_size(tuple)).unwrap_or(0)
    }

    pub(crate) fn tuple_item(&self, tuple: usize, index: usize) -> usize {
        self.reader
            .word(tuple + self.layout.tuple_items + index * 8)
    }
}
