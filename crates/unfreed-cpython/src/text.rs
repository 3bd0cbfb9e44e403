//! Content of `str` and small `int` objects, copied out without calling into Python: asking the
//! interpreter for UTF-8 would attach a cached copy to the string and so change the program's heap.

use crate::object::Objects;

/// Bits of the state word, the same from 3.9 to 3.15 on builds with a GIL.
const KIND_SHIFT: u32 = 2;
const KIND_MASK: u32 = 7;
const COMPACT: u32 = 1 << 5;
const ASCII: u32 = 1 << 6;
/// `PyFloatObject.ob_fval` and `PyBytesObject.ob_sval`, in every version.
const FLOAT_VALUE: usize = 16;
const BYTES_VALUE: usize = 32;

impl Objects<'_> {
    /// Appends at most `limit` bytes of the string's UTF-8 to `out`, ending in `…` when cut.
    /// Something that is no readable string appends nothing. Never grows `out` beyond
    /// `limit + 4` bytes more than it has, so that a hook can pass one with room.
    pub(crate) fn copy_text(&self, string: usize, limit: usize, out: &mut Vec<u8>) {
        let Some((data, len, kind)) = self.string_data(string) else {
            return;
        };
        if kind == 1 && self.is_ascii_compact(string).0 {
            let shown = len.min(limit);
            out.extend_from_slice(self.reader.bytes(data, shown));
            if shown < len {
                out.extend_from_slice("…".as_bytes());
            }
            return;
        }
        let end = out.len() + limit;
        for index in 0..len {
            let point = match kind {
                1 => u32::from(self.reader.byte(data + index)),
                2 => self.reader.u32(data + index * 2) & 0xffff,
                _ => self.reader.u32(data + index * 4),
            };
            let character = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
            if out.len() + character.len_utf8() > end {
                out.extend_from_slice("…".as_bytes());
                return;
            }
            let mut bytes = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
        }
    }

    /// The string's content as an owned text of at most `limit` bytes.
    pub(crate) fn text(&self, string: usize, limit: usize) -> String {
        let mut bytes = Vec::new();
        self.copy_text(string, limit, &mut bytes);
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether the string's content is exactly the ASCII text `expected`.
    pub(crate) fn text_is(&self, string: usize, expected: &str) -> bool {
        self.string_data(string).is_some_and(|(data, len, kind)| {
            kind == 1
                && len == expected.len()
                && self.reader.bytes(data, len) == expected.as_bytes()
        })
    }

    /// Address of the characters, their count and their width in bytes.
    fn string_data(&self, string: usize) -> Option<(usize, usize, u32)> {
        if !self.is_str(string) {
            return None;
        }
        let layout = self.layout;
        let state = self.reader.u32(string + layout.uni_state);
        let len = self.reader.word(string + layout.uni_length);
        let kind = (state >> KIND_SHIFT) & KIND_MASK;
        let data = match (state & COMPACT != 0, state & ASCII != 0) {
            (true, true) => string + layout.uni_ascii_sizeof,
            (true, false) => string + layout.uni_compact_sizeof,
            (false, _) => self.reader.word(string + layout.uni_data),
        };
        (data != 0 && matches!(kind, 1 | 2 | 4) && isize::try_from(len).is_ok())
            .then_some((data, len, kind))
    }

    /// What a `str` or `bytes` object says: the width of its characters, 0 for bytes, and all of them as they lie in memory.
    /// Python keeps equal strings in one width.
    pub(crate) fn raw_content(&self, object: usize) -> Option<(u32, &[u8])> {
        if self.type_of(object) == self.types.bytes {
            return Some((0, self.bytes_content(object, usize::MAX).0));
        }
        let (data, len, kind) = self.string_data(object)?;
        let length = len.checked_mul(kind as usize)?;
        Some((kind, self.reader.bytes(data, length)))
    }

    /// Bytes that the string's characters take beyond its header, its UTF-8 copy included.
    pub(crate) fn text_payload(&self, string: usize) -> usize {
        let Some((_, len, kind)) = self.string_data(string) else {
            return 0;
        };
        let state = self.reader.u32(string + self.layout.uni_state);
        let characters = (len + 1).saturating_mul(kind as usize);
        if state & ASCII != 0 {
            return characters;
        }
        let utf8 = self.reader.word(string + self.layout.uni_utf8);
        let cached = self.reader.word(string + self.layout.uni_utf8_length);
        characters
            + if utf8 == 0 {
                0
            } else {
                cached.saturating_add(1)
            }
    }

    /// Whether the string's characters are ASCII (its header is the short one).
    pub(crate) fn is_ascii_compact(&self, string: usize) -> (bool, bool) {
        let state = self.reader.u32(string + self.layout.uni_state);
        (state & ASCII != 0, state & COMPACT != 0)
    }

    /// The value of an `int` of up to four digits (below 2¹²⁰ in size).
    pub(crate) fn integer(&self, int: usize) -> Option<i128> {
        // 3.12 moved the sign to the low bits of a tag whose rest counts the digits.
        let negative = if self.minor >= 12 {
            self.reader.word(int + self.layout.var_size) & 3 == 2
        } else {
            self.var_size(int) < 0
        };
        let count = self.int_digits(int);
        if count > 4 {
            return None;
        }
        let digit = |i: usize| i128::from(self.reader.u32(int + self.layout.long_digits + i * 4));
        let value = (0..count)
            .rev()
            .fold(0, |value, i| (value << 30) | digit(i));
        Some(if negative { -value } else { value })
    }

    /// The value of a `float`.
    pub(crate) fn float(&self, float: usize) -> f64 {
        f64::from_bits(self.reader.word(float + FLOAT_VALUE) as u64)
    }

    /// The first bytes of a `bytes` object, and whether these are all.
    pub(crate) fn bytes_content(&self, bytes: usize, limit: usize) -> (&[u8], bool) {
        let len = usize::try_from(self.var_size(bytes)).unwrap_or(0);
        let shown = len.min(limit);
        (self.reader.bytes(bytes + BYTES_VALUE, shown), shown == len)
    }

    /// The value of a non-negative `int` of up to two digits (thread identifiers).
    pub(crate) fn word_int(&self, int: usize) -> Option<u64> {
        let count = self.int_digits(int);
        let digit = |i: usize| u64::from(self.reader.u32(int + self.layout.long_digits + i * 4));
        match count {
            0 => Some(0),
            1..=3 => Some(
                (0..count)
                    .rev()
                    .fold(0, |value, i| (value << 30) | digit(i)),
            ),
            _ => None,
        }
    }

    /// How many 30-bit digits an `int` has.
    pub(crate) fn int_digits(&self, int: usize) -> usize {
        if self.minor >= 12 {
            self.reader.word(int + self.layout.var_size) >> 3
        } else {
            self.var_size(int).unsigned_abs()
        }
    }
}
