//! References that a C type owns and its `tp_traverse` leaves out, because they cannot be part of a
//! cycle: names of descriptors, the links of a bounded `lru_cache`.

use super::Walker;
use crate::types::{Shape, TypeTraits, Untraversed};
use unfreed_recording::snapshot::Label;

/// `PyDescrObject`, the same in every version: its type is visited, these are not.
const DESCRIPTOR_NAME: usize = 24;
const DESCRIPTOR_QUALNAME: usize = 32;
/// `lru_list_elem`, the same in every version: the wrapper begins with one that closes the ring.
const LINK_NEXT: usize = 24;
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
            (_, Untraversed::Nothing) => {}
        }
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
