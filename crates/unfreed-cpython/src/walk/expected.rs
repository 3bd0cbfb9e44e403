//! Objects that name their references themselves (`tp_traverse`), and the names that we know for
//! them: what is visited decides which references there are, what is expected only labels them.

use super::{KnownType, Walker};
use crate::layout::{ABSENT, ManagedDictRule};
use crate::object::Objects;
use crate::stack;
use crate::types::{Extra, Shape, TypeTraits};
use std::ffi::{c_int, c_void};
use unfreed_recording::snapshot::{Label, NodeIndex};

/// Most references taken from one module's state, from the version on in which `_asyncio` came to visit a cycle of freed
/// iterators for ever (3.12.1); returning non-zero ends it. On 3.9 `atexit` has all callbacks in its state.
const MODULE_LIMIT: usize = 20_000;
const MODULE_LIMIT_SINCE: u32 = 12;
/// Most references taken from any other object's `tp_traverse`.
const OBJECT_LIMIT: usize = 1 << 28;
/// With more nameless references than this an object is a container of its own kind.
const CONTAINER_FROM: usize = 8;
/// How far labelling looks ahead when visits and expectations come in another order.
const LOOK_AHEAD: usize = 64;

struct Visited<'a> {
    targets: &'a mut Vec<usize>,
    limit: usize,
}

extern "C" fn visit(target: usize, context: *mut c_void) -> c_int {
    // SAFETY: `traverse` below passes a Visited that outlives the call, and nobody else has it.
    let visited = unsafe { &mut *context.cast::<Visited<'_>>() };
    visited.targets.push(target);
    c_int::from(visited.targets.len() >= visited.limit)
}

/// Calls the type's `tp_traverse` and collects what it visits.
fn traverse(traits: &TypeTraits, object: usize, minor: u32, targets: &mut Vec<usize>) {
    if traits.traverse == 0 {
        return;
    }
    // SAFETY: a non-null tp_traverse is a traverseproc.
    let function: extern "C" fn(usize, crate::api::Visit, *mut c_void) -> c_int =
        unsafe { std::mem::transmute(traits.traverse) };
    let limit = if traits.shape == Shape::Module && minor >= MODULE_LIMIT_SINCE {
        MODULE_LIMIT
    } else {
        OBJECT_LIMIT
    };
    let mut visited = Visited { targets, limit };
    function(object, visit, (&raw mut visited).cast());
}

impl Walker<'_> {
    /// Reads an object through its type's own `tp_traverse`.
    pub(super) fn read_traversed(
        &mut self,
        node: NodeIndex,
        object: usize,
        type_: usize,
        known: &KnownType,
    ) {
        let mut targets = std::mem::take(&mut self.visited);
        let mut expected = std::mem::take(&mut self.expected);
        targets.clear();
        expected.clear();
        traverse(&known.traits, object, self.objects.minor, &mut targets);
        self.leave_to_dict(object, &known.traits, &mut targets);
        if let Some((block, _)) = self.objects.values_block(object, &known.traits) {
            self.buffers.push((block, node));
        }
        self.expect_parts(node, object, known.traits.shape, &mut expected);
        self.expect_attributes(object, type_, known, &mut expected);
        self.add_hidden_keys(object, known, &mut targets, &mut expected);
        if known.traits.heap {
            expected.push((type_, Label::Class));
        }
        // After the rest, as its targets are: labelling looks only so far ahead.
        self.add_untraversed(object, &known.traits, &mut targets, &mut expected);
        self.add_variables_elsewhere(object, known.traits.shape, &mut targets, &mut expected);
        self.label(&known.traits, &targets, &mut expected);
        self.guess_hidden(object, known, &targets);
        self.visited = targets;
        self.expected = expected;
    }

    /// Adds an edge for each visited target, labelled with the first expectation of it.
    fn label(&mut self, traits: &TypeTraits, targets: &[usize], expected: &mut [(usize, Label)]) {
        let mut cursor = 0;
        let nameless = targets.len().saturating_sub(expected.len());
        let mut position = 0;
        for &target in targets {
            self.ask_for_node(target);
        }
        for &target in targets {
            while cursor < expected.len() && expected[cursor].0 == 0 {
                cursor += 1;
            }
            let window = &mut expected[cursor..];
            let known = window
                .iter_mut()
                .take(LOOK_AHEAD)
                .find(|(object, _)| *object == target);
            let label = match known {
                Some(slot) => {
                    slot.0 = 0;
                    slot.1
                }
                // Its links refer to each key once more.
                None if traits.extra == Extra::OrderedLinks => Label::KeyObject,
                None if traits.shape == Shape::Deque => {
                    position += 1;
                    Label::Index(position - 1)
                }
                None if nameless > CONTAINER_FROM => Label::Element,
                None => Label::Unnamed,
            };
            self.edge(target, label);
        }
    }

    /// Parts that a builtin kind of object has.
    fn expect_parts(
        &mut self,
        node: NodeIndex,
        object: usize,
        shape: Shape,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let layout = self.objects.layout;
        let parts: &[(usize, &'static str)] = match shape {
            Shape::Function => {
                let code = self.objects.reader.word(object + layout.func_code);
                let closure = self.objects.reader.word(object + layout.func_closure);
                if closure != 0 {
                    let tuple = self.node(closure);
                    self.closures.push((tuple, code));
                }
                expected.push((
                    self.objects.reader.word(object + layout.func_dict),
                    Label::Namespace,
                ));
                &[
                    (layout.func_code, "__code__"),
                    (layout.func_closure, "__closure__"),
                    (layout.func_globals, "__globals__"),
                    (layout.func_builtins, "__builtins__"),
                    (layout.func_defaults, "__defaults__"),
                    (layout.func_kwdefaults, "__kwdefaults__"),
                    (layout.func_annotations, "__annotations__"),
                    (layout.func_module, "__module__"),
                    (layout.func_qualname, "__qualname__"),
                    (layout.func_name, "__name__"),
                    (layout.func_doc, "__doc__"),
                ]
            }
            Shape::Method => &[
                (layout.method_func, "__func__"),
                (layout.method_self, "__self__"),
            ],
            Shape::Builtin => &[
                (layout.cfunction_self, "__self__"),
                (layout.cfunction_module, "__module__"),
            ],
            Shape::Cell => &[(layout.cell_ref, "cell_contents")],
            Shape::Traceback => &[(layout.tb_next, "tb_next"), (layout.tb_frame, "tb_frame")],
            Shape::Exception => {
                expected.push((
                    self.objects.reader.word(object + layout.exc_dict),
                    Label::Namespace,
                ));
                &[
                    (layout.exc_args, "args"),
                    (layout.exc_traceback, "__traceback__"),
                    (layout.exc_context, "__context__"),
                    (layout.exc_cause, "__cause__"),
                ]
            }
            Shape::Module => {
                expected.push((
                    self.objects.reader.word(object + layout.module_dict),
                    Label::Namespace,
                ));
                &[]
            }
            Shape::Generator => return self.expect_generator(object, expected),
            Shape::Frame => return self.expect_frame_object(node, object, expected),
            _ => &[],
        };
        for &(offset, name) in parts {
            if offset != ABSENT {
                let part = self.objects.reader.word(object + offset);
                if part != 0 {
                    let label = self.internal(name);
                    expected.push((part, label));
                }
            }
        }
    }

    fn expect_generator(&mut self, generator: usize, expected: &mut Vec<(usize, Label)>) {
        let layout = self.objects.layout;
        let reader = self.objects.reader;
        for (offset, name) in [
            (layout.gen_name, "__name__"),
            (layout.gen_qualname, "__qualname__"),
        ] {
            let label = self.internal(name);
            expected.push((reader.word(generator + offset), label));
        }
        if stack::is_object_frames(&self.objects) {
            let frame = reader.word(generator + layout.gen_frame);
            let label = self.internal("gi_frame");
            expected.push((frame, label));
            return;
        }
        let state = reader
            .byte(generator + layout.gen_frame_state)
            .cast_signed();
        if state >= layout.frame_executing {
            return;
        }
        let frame = generator + layout.gen_iframe;
        self.expect_locals(frame, expected);
    }

    /// Local variables of a `_PyInterpreterFrame`, by name.
    pub(super) fn expect_locals(&mut self, frame: usize, expected: &mut Vec<(usize, Label)>) {
        let layout = self.objects.layout;
        let Some(raw) = stack::read_frame(&self.objects, frame) else {
            return;
        };
        let names = self.local_names(raw.code.address());
        for (index, &name) in names.iter().enumerate() {
            let slot = self
                .objects
                .reader
                .word(frame + layout.if_localsplus + index * 8);
            if let Some(object) = stack::untag(slot) {
                expected.push((object, Label::Local(name)));
            }
        }
        let code = self.internal("__code__");
        expected.push((raw.code.address(), code));
        if let Some(function) = stack::untag(self.objects.reader.word(frame + layout.if_func)) {
            let label = self.internal("function");
            expected.push((function, label));
        }
    }

    /// Values in the instance that its dict refers to as well, from 3.13 on: the first releases of
    /// 3.13 have the instance visit them, later ones (GH-130327) the dict. Here it is always the
    /// dict, as in `vars(object)`, so that each value has one owner.
    fn leave_to_dict(&self, object: usize, traits: &TypeTraits, targets: &mut Vec<usize>) {
        let Some(dict) = self.objects.instance_dict(object, traits) else {
            return;
        };
        if !self.objects.has_embedded_values(dict) {
            return;
        }
        let mut values = Vec::new();
        self.objects
            .dict_entries(dict, |entry| values.push(entry.value));
        if let Some(end) = targets.iter().position(|target| *target == dict) {
            let start = end.checked_sub(values.len());
            if let Some(visited) = start.map(|start| start..end)
                && targets[visited.clone()] == values[..]
            {
                targets.drain(visited);
            }
            return;
        }
        // Releases up to 3.13.2 visit the values and pass over the dict.
        let count = values.len().max(1);
        let run = targets
            .windows(count)
            .position(|run| run == values.as_slice());
        if let Some(start) = run {
            targets.splice(start..start + count, [dict]);
        } else if values.is_empty() {
            targets.push(dict);
        }
    }

    /// Attributes of an instance: its `__dict__`, inline values, slots and exported C fields.
    fn expect_attributes(
        &mut self,
        object: usize,
        type_: usize,
        known: &KnownType,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let traits = &known.traits;
        let dict = self.objects.instance_dict(object, traits);
        if let Some(dict) = dict {
            expected.push((dict, Label::Namespace));
        } else if let Some(values) = self.objects.inline_values(object, traits) {
            let keys = self
                .objects
                .reader
                .word(type_ + self.objects.layout.ht_cached_keys);
            if keys != 0 {
                let keys = self.objects.keys(keys);
                let mut names = known.shared_names.borrow_mut();
                for index in names.len()..keys.count {
                    names.push(self.text_of(self.objects.key_at(&keys, index)));
                }
                for (index, &name) in names.iter().enumerate().take(keys.count) {
                    let value = self.objects.reader.word(values + index * 8);
                    if value != 0 {
                        expected.push((value, Label::Attribute(name)));
                    }
                }
            }
        }
        for (&(offset, _), &name) in traits.members.iter().zip(known.member_names.iter()) {
            let value = self.objects.reader.word(object + offset);
            if value != 0 {
                expected.push((value, Label::Attribute(name)));
            }
        }
    }

    /// A dict's traversal passes over its `str` keys when it has no others; here they are added,
    /// and the values get their keys as labels. For subclasses of `dict`, in Python and in C.
    fn add_hidden_keys(
        &mut self,
        object: usize,
        known: &KnownType,
        targets: &mut Vec<usize>,
        expected: &mut Vec<(usize, Label)>,
    ) {
        let is_dict = known.traits.flags & crate::layout::TPFLAGS_DICT as usize != 0;
        if is_dict {
            let skips = self.objects.skips_str_keys(object);
            let mut entries = Vec::new();
            self.objects
                .dict_entries(object, |entry| entries.push(entry));
            for entry in entries {
                if entry.owns_key {
                    if skips {
                        targets.push(entry.key);
                    }
                    expected.push((entry.key, Label::KeyObject));
                }
                let key = self.node(entry.key);
                expected.push((entry.value, Label::Key(key)));
            }
        } else if known.traits.flags & crate::layout::TPFLAGS_LIST as usize != 0 {
            let layout = self.objects.layout;
            let items = self.objects.reader.word(object + layout.list_items);
            let count = usize::try_from(self.objects.var_size(object)).unwrap_or(0);
            for index in 0..if items == 0 { 0 } else { count } {
                let item = self.objects.reader.word(items + index * 8);
                expected.push((item, Label::Index(index as u32)));
            }
        } else if known.traits.flags & crate::layout::TPFLAGS_TUPLE as usize != 0 {
            for index in 0..self.objects.tuple_len(object) {
                let item = self.objects.tuple_item(object, index);
                expected.push((item, Label::Index(index as u32)));
            }
        }
    }
}

impl Objects<'_> {
    /// An instance's materialised `__dict__`, if it has one now. Never makes one.
    pub(crate) fn instance_dict(&self, object: usize, traits: &TypeTraits) -> Option<usize> {
        let layout = self.layout;
        if traits.flags & layout.tpflag_managed_dict as usize != 0 {
            let slot = self.reader.word(object - layout.managed_dict_offset);
            let tagged = layout.managed_dict_rule == ManagedDictRule::TaggedPointer;
            return (slot != 0 && !(tagged && slot & 1 == 1)).then_some(slot);
        }
        let offset = match traits.dictoffset {
            0 => return None,
            // From the end of a variable-sized object (a subclass of tuple or int before 3.12).
            negative if negative < 0 && self.minor <= 11 => {
                let items = self.var_size(object).unsigned_abs() * traits.itemsize;
                let end = (traits.basicsize + items).next_multiple_of(8);
                end.checked_add_signed(negative)?
            }
            negative if negative < 0 => return None,
            offset => offset.unsigned_abs(),
        };
        let dict = self.reader.word(object + offset);
        (dict != 0).then_some(dict)
    }

    /// Address of the values that an instance keeps without a dict.
    pub(crate) fn inline_values(&self, object: usize, traits: &TypeTraits) -> Option<usize> {
        let layout = self.layout;
        match layout.managed_dict_rule {
            _ if traits.flags & layout.tpflag_managed_dict as usize == 0 => None,
            ManagedDictRule::None => None,
            ManagedDictRule::TwoPointers => {
                let values = self.reader.word(object - layout.managed_values_offset);
                (values != 0).then_some(values + layout.values_array)
            }
            ManagedDictRule::TaggedPointer => {
                let slot = self.reader.word(object - layout.managed_values_offset);
                (slot & 1 == 1).then(|| slot + 1 + layout.values_array)
            }
            ManagedDictRule::InlineValues => {
                let inline = traits.flags & layout.tpflag_inline_values as usize != 0;
                let values = object + traits.basicsize;
                (inline && self.reader.byte(values + layout.values_valid) != 0)
                    .then_some(values + layout.values_array)
            }
        }
    }

    /// The block in which an instance of 3.11 or 3.12 keeps its values: address and bytes. Before it
    /// lies a prefix with the order of insertion, whose length is its last byte.
    pub(crate) fn values_block(
        &self,
        object: usize,
        traits: &TypeTraits,
    ) -> Option<(usize, usize)> {
        let rule = self.layout.managed_dict_rule;
        if !matches!(
            rule,
            ManagedDictRule::TwoPointers | ManagedDictRule::TaggedPointer
        ) {
            return None;
        }
        let values = self.inline_values(object, traits)? - self.layout.values_array;
        let keys = self
            .reader
            .word(self.type_of(object) + self.layout.ht_cached_keys);
        if keys == 0 {
            return None;
        }
        Some(self.values_size(values, keys))
    }

    /// Where the block of split values at `values` begins, and its bytes (3.11, 3.12). A type's first
    /// instances get more room than later ones: the prefix, one byte a value and two, rounded up to
    /// eight, tells how much this one got.
    pub(crate) fn values_size(&self, values: usize, keys: usize) -> (usize, usize) {
        let prefix = self.reader.byte(values - 1) as usize;
        let most = prefix.saturating_sub(2);
        let room = self.keys_capacity(keys).clamp(most.saturating_sub(7), most);
        (values - prefix, prefix + room * 8)
    }

    /// Whether `dict_traverse` leaves this dict's keys out: its table holds `str` keys only.
    pub(crate) fn skips_str_keys(&self, dict: usize) -> bool {
        let layout = self.layout;
        let keys = self.reader.word(dict + layout.dict_keys);
        if self.minor >= 11 {
            return keys != 0
                && self.reader.byte(keys + layout.dk_kind) as usize != layout.dk_kind_general;
        }
        // Before 3.11 the lookup function tells; only the general one visits keys. Any key that is
        // no str means that one.
        let mut only_str = true;
        self.dict_entries(dict, |entry| {
            only_str &= self.type_of(entry.key) == self.types.str
        });
        only_str
    }
}
