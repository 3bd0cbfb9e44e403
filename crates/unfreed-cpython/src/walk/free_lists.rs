//! Whose blocks go to a free list instead of the allocator: the next object of the type takes one without an
//! allocation, so what is known of the block's stack is of an object before.
//!
//! The lists are those of `Include/internal/pycore_freelist_state.h` (3.14), `pycore_freelist.h` (3.13) and the
//! `numfree` fields of the types before. Only exact types have them.

use unfreed_recording::snapshot::TypeInfo;

/// Types that have had a free list in every version from 3.9 on, beside `dict` and `tuple`.
const ALWAYS: [&str; 6] = [
    "float",
    "list",
    "slice",
    "async_generator_asend",
    "async_generator_wrapped_value",
    "Context",
];
/// Those of them that are no builtins.
const OUTSIDE_BUILTINS: [&str; 1] = ["Context"];
/// Objects of running functions, while they were objects.
const UNTIL_3_10: [&str; 1] = ["frame"];
/// Types that got one later.
const SINCE_3_14: [&str; 8] = [
    "int",
    "range",
    "range_iterator",
    "list_iterator",
    "tuple_iterator",
    "builtin_function_or_method",
    "builtin_method",
    "method",
];
/// Bytes of the longest tuple that has one: the collector's links, a head, twenty items.
const TUPLE: u64 = 16 + 24 + 20 * 8;
/// Bytes of a dict with the smallest table, which has a free list of its own: both objects and their heads.
const SMALL_DICT: u64 = 16 + 64 + 168;

/// What of an object lies in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The object itself.
    Body,
    /// Memory that it owns.
    Buffer,
}

/// Which blocks of a type's objects go to a free list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandsOn {
    /// None.
    Nothing,
    /// Those of the objects.
    Bodies,
    /// Those of short tuples.
    ShortBodies,
    /// Those of dicts, and of tables of the smallest size.
    BodiesAndSmallTables,
}

impl HandsOn {
    pub(super) fn of(info: &TypeInfo, minor: u32) -> Self {
        let name = info.name.as_str();
        if info.heap || !(info.module == "builtins" || OUTSIDE_BUILTINS.contains(&name)) {
            return HandsOn::Nothing;
        }
        let bodies = ALWAYS.contains(&name)
            || (minor <= 10 && UNTIL_3_10.contains(&name))
            || (minor >= 14 && SINCE_3_14.contains(&name));
        match name {
            "tuple" => HandsOn::ShortBodies,
            "dict" => HandsOn::BodiesAndSmallTables,
            _ if bodies => HandsOn::Bodies,
            _ => HandsOn::Nothing,
        }
    }

    /// Whether a block of an object of `size` bytes in all may have been handed on.
    pub(super) fn may_have(self, part: Part, size: u64) -> bool {
        match (self, part) {
            (HandsOn::Nothing, _) => false,
            (HandsOn::BodiesAndSmallTables, Part::Buffer) => size <= SMALL_DICT,
            (_, Part::Buffer) => false,
            (HandsOn::ShortBodies, Part::Body) => size <= TUPLE,
            (HandsOn::Bodies | HandsOn::BodiesAndSmallTables, Part::Body) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_of_types_with_free_lists_are_handed_on() {
        let of = |module: &str, name: &str, heap: bool| TypeInfo {
            module: module.to_owned(),
            name: name.to_owned(),
            heap,
            node: None,
        };
        let cases = [
            (of("builtins", "float", false), 24, Part::Body, 9, true),
            (of("builtins", "tuple", false), 64, Part::Body, 12, true),
            (of("builtins", "tuple", false), 4096, Part::Body, 12, false),
            (of("builtins", "list", false), 120, Part::Body, 12, true),
            (of("builtins", "list", false), 120, Part::Buffer, 12, false),
            (of("builtins", "dict", false), 232, Part::Buffer, 12, true),
            (of("builtins", "dict", false), 9000, Part::Buffer, 12, false),
            (of("builtins", "dict", false), 9000, Part::Body, 12, true),
            (of("builtins", "str", false), 60, Part::Body, 15, false),
            (of("builtins", "int", false), 28, Part::Body, 13, false),
            (of("builtins", "int", false), 28, Part::Body, 14, true),
            (of("builtins", "frame", false), 400, Part::Body, 10, true),
            (of("builtins", "frame", false), 400, Part::Body, 11, false),
            (of("app", "float", true), 24, Part::Body, 12, false),
        ];
        for (info, size, part, minor, expected) in cases {
            let found = HandsOn::of(&info, minor).may_have(part, size);
            assert_eq!(found, expected, "{} {size} {part:?} {minor}", info.name);
        }
    }
}
