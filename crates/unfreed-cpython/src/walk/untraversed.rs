//! References that a C type owns and its `tp_traverse` leaves out, because they cannot be part of a
//! cycle: names of descriptors, the links of a bounded `lru_cache`, what buffers in memory and picklers keep.

use super::Walker;
use super::beside::{
    MEMO_ALLOCATED, MEMO_ENTRY, PICKLER_MEMO, PICKLERS, UNPICKLER_MEMO, UNPICKLER_MEMO_SIZE,
    UNPICKLERS,
};
use crate::types::{Shape, TypeTraits, Untraversed};
use unfreed_recording::snapshot::Label;
use unfreed_sys::memory;

/// `PyDescrObject`, the same in every version: its type is visited, these are not.
const DESCRIPTOR_NAME: usize = 24;
const DESCRIPTOR_QUALNAME: usize = 32;
/// `lru_list_elem`, the same in every version: the wrapper begins with one that closes the ring.
const LINK_NEXT: usize = 24;
/// The `bytes` of an `io.BytesIO`.
const BYTES: usize = 16;
/// Whether an `io.StringIO` gathers, and what.
const GATHERS: usize = 48;
const GATHERING: i32 = 2;
const GATHERED: usize = 56;
/// The entries of a pickler's memo.
const MEMO_TABLE: usize = 24;
/// Most links of one cache that are followed.
const LINKS: usize = 1 << 28;

impl Walker<'_> {
    /// Adds what the object's traversal did not visit, with its labels.
    pub(super) fn add_untraversed(
        &mut self,
        object: usize,
        traits: &TypeTraits,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        match (traits.shape, traits.untraversed) {
            (Shape::LruCache, _) => self.add_links(object, targets, expected),
            (_, Untraversed::DescriptorNames) => {
                self.add_part(object, DESCRIPTOR_NAME, "__name__", targets, expected);
                self.add_part(
                    object,
                    DESCRIPTOR_QUALNAME,
                    "__qualname__",
                    targets,
                    expected,
                );
            }
            (_, Untraversed::Bytes) => {
                let bytes = self.objects.reader.word(object + BYTES);
                let bytes = self.of_type(bytes, self.objects.types.bytes);
                self.add_owned(&[bytes], "buffer", targets, expected);
            }
            (_, Untraversed::Gathered) => {
                let parts = self.gathered(object);
                self.add_owned(&parts, "buffer", targets, expected);
            }
            (_, Untraversed::Pickled) => {
                let (memo, unwritten) = self.pickled(object, traits);
                self.add_owned(&memo, "memo", targets, expected);
                self.add_owned(&[unwritten], "output", targets, expected);
            }
            (_, Untraversed::Unpickled) => {
                let memo = self.unpickled(object, traits);
                self.add_owned(&memo, "memo", targets, expected);
            }
            (_, Untraversed::Nothing) => {}
        }
    }

    /// Adds objects that some versions of a type visit and others do not.
    fn add_owned(
        &mut self,
        parts: &[usize],
        name: &'static str,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let label = self.internal(name);
        let mut parts = parts.iter().copied().filter(|&part| part != 0).peekable();
        let are_visited = parts.peek().is_some_and(|first| targets.contains(first));
        for part in parts {
            if !are_visited {
                targets.push(part);
            }
            expected.push((part, label));
        }
    }

    /// The object at an address that may be wrong, if it is of this very type; 0 else.
    fn of_type(&self, object: usize, type_: usize) -> usize {
        match memory::words::<2>(object) {
            Some([_, of]) if of == type_ => object,
            _ => 0,
        }
    }

    /// Up to 3.11 two lists, later a text; from 3.14 on behind a pointer. Only while it gathers.
    fn gathered(&self, object: usize) -> Vec<usize> {
        let (reader, types) = (self.objects.reader, self.objects.types);
        if reader.int(object + GATHERS) != GATHERING {
            return Vec::new();
        }
        let first = reader.word(object + GATHERED);
        let parts = match self.objects.minor {
            ..=11 => vec![first, reader.word(object + GATHERED + 8)],
            12 | 13 => vec![first],
            _ => memory::words::<1>(first).map_or(Vec::new(), |[text]| vec![text]),
        };
        let is_known = |&part: &usize| {
            self.of_type(part, types.list) != 0 || self.of_type(part, types.str) != 0
        };
        parts.into_iter().filter(is_known).collect()
    }

    fn pickled(&self, pickler: usize, traits: &TypeTraits) -> (Vec<usize>, usize) {
        let reader = self.objects.reader;
        let mut memo = Vec::new();
        let known = |(size, _): &&(usize, usize)| *size == traits.basicsize;
        let Some(&(_, unwritten)) = PICKLERS.iter().find(known) else {
            return (memo, 0);
        };
        let table = reader.word(pickler + PICKLER_MEMO);
        if table != 0 {
            let entries = reader.word(table + MEMO_TABLE);
            let count = reader.word(table + MEMO_ALLOCATED).min(LINKS);
            let key = |index: usize| reader.word(entries + index * MEMO_ENTRY);
            memo.extend((0..count).map(key).filter(|&key| key != 0));
        }
        let unwritten = reader.word(pickler + unwritten);
        (memo, self.of_type(unwritten, self.objects.types.bytes))
    }

    fn unpickled(&self, unpickler: usize, traits: &TypeTraits) -> Vec<usize> {
        let reader = self.objects.reader;
        let memo = reader.word(unpickler + UNPICKLER_MEMO);
        let is_known = UNPICKLERS.iter().any(|layout| layout.0 == traits.basicsize);
        if memo == 0 || !is_known {
            return Vec::new();
        }
        let count = reader.word(unpickler + UNPICKLER_MEMO_SIZE).min(LINKS);
        let item = |index: usize| reader.word(memo + index * 8);
        (0..count).map(item).filter(|&item| item != 0).collect()
    }

    fn add_part(
        &mut self,
        object: usize,
        offset: usize,
        name: &'static str,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let part = self.objects.reader.word(object + offset);
        if part != 0 {
            targets.push(part);
            let label = self.internal(name);
            expected.push((part, label));
        }
    }

    /// The ring of a bounded cache owns a reference to each link, as the cache's dict does. From 3.10 on the cache
    /// visits the class of each link in its stead; here it is the link that refers to its class.
    fn add_links(
        &mut self,
        cache: usize,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let label = self.internal("link");
        let visited = targets.len();
        let mut link = self.objects.reader.word(cache + LINK_NEXT);
        let mut class = 0;
        for _ in 0..LINKS {
            if link == cache || link == 0 {
                break;
            }
            targets.push(link);
            expected.push((link, label));
            class = self.objects.type_of(link);
            link = self.objects.reader.word(link + LINK_NEXT);
        }
        let mut for_links = targets.len() - visited;
        targets.retain(|&target| {
            let is_for_a_link = target == class && for_links > 0;
            for_links -= usize::from(is_for_a_link);
            !is_for_a_link
        });
    }
}
