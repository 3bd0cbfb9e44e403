//! What a type says about its instances: their shape in memory, their size, their named fields.

use crate::layout::{ABSENT, TPFLAGS_BASE_EXC, TPFLAGS_HAVE_GC, TPFLAGS_HEAPTYPE, TPFLAGS_TYPE};
use crate::object::Objects;
use crate::states::State;

const HAVE_GC: usize = TPFLAGS_HAVE_GC as usize;
const HEAPTYPE: usize = TPFLAGS_HEAPTYPE as usize;
const TYPE_SUBCLASS: usize = TPFLAGS_TYPE as usize;
const BASE_EXC_SUBCLASS: usize = TPFLAGS_BASE_EXC as usize;

/// How instances are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No references of its own.
    Leaf,
    List,
    Tuple,
    Dict,
    Set,
    Type,
    Code,
    Function,
    Method,
    Builtin,
    Cell,
    Module,
    Generator,
    Frame,
    Traceback,
    Exception,
    Deque,
    LruCache,
    NdArray,
    /// Anything else that the collector knows: its own `tp_traverse` names the references.
    Generic,
}

/// Memory that instances of some C types have beside their body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    /// None that is read here.
    Nothing,
    /// The items of an `array.array`.
    ArrayItems,
    /// The links of an `OrderedDict` written in C.
    OrderedLinks,
    /// The memory of a ctypes instance that does not fit into it.
    ForeignData,
}

/// What instances of a type own and its traversal leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untraversed {
    /// Nothing that is known here.
    Nothing,
    /// The names of a descriptor of a C type.
    DescriptorNames,
}

/// A type, as far as reading its instances needs it.
#[derive(Clone, Debug)]
pub(crate) struct TypeTraits {
    pub shape: Shape,
    pub basicsize: usize,
    pub itemsize: usize,
    pub flags: usize,
    pub traverse: usize,
    pub dictoffset: isize,
    /// Bytes before the object: collector's links, managed dict and weak references.
    pub prefix: usize,
    /// Whether it is a heap type, to which instances hold a reference.
    pub heap: bool,
    /// What instances have beside their body.
    pub extra: Extra,
    /// What instances own beside what they say.
    pub untraversed: Untraversed,
    /// Which field tells whether an instance is closed, done or finished.
    pub state: Option<State>,
    /// Object-valued members: offset and name (address of a C string).
    pub members: Box<[(usize, usize)]>,
}

/// `PyMemberDef` of `structmember.h`, the same in every version.
const MEMBER_SIZE: usize = 40;
const MEMBER_TYPE: usize = 8;
const MEMBER_OFFSET: usize = 16;
const T_OBJECT: i32 = 6;
const T_OBJECT_EX: i32 = 16;

impl Objects<'_> {
    pub(crate) fn traits_of(&self, type_: usize) -> TypeTraits {
        let (layout, reader) = (self.layout, self.reader);
        let flags = self.type_flags(type_);
        let shape = self.shape_of(type_, flags);
        TypeTraits {
            shape,
            basicsize: reader.word(type_ + layout.tp_basicsize),
            itemsize: reader.word(type_ + layout.tp_itemsize),
            flags,
            traverse: reader.word(type_ + layout.tp_traverse),
            dictoffset: reader.word(type_ + layout.tp_dictoffset).cast_signed(),
            prefix: self.prefix_of(flags),
            heap: flags & HEAPTYPE != 0,
            extra: self.extra_of(type_),
            untraversed: self.untraversed_of(type_),
            state: self.state_of_type(type_, shape),
            members: self.members_of(type_),
        }
    }

    fn prefix_of(&self, flags: usize) -> usize {
        let mut prefix = if flags & HAVE_GC != 0 {
            self.layout.gc_head_size
        } else {
            0
        };
        let managed =
            (self.layout.tpflag_managed_dict | self.layout.tpflag_managed_weakref) as usize;
        if flags & managed != 0 {
            prefix += 16;
        }
        prefix
    }

    fn untraversed_of(&self, type_: usize) -> Untraversed {
        let descriptors = [
            "getset_descriptor",
            "member_descriptor",
            "wrapper_descriptor",
            "method_descriptor",
            "classmethod_descriptor",
        ];
        if descriptors.iter().any(|name| self.is_named(type_, name)) {
            Untraversed::DescriptorNames
        } else {
            Untraversed::Nothing
        }
    }

    fn extra_of(&self, type_: usize) -> Extra {
        let mut base = type_;
        for _ in 0..100 {
            if base == 0 {
                break;
            }
            if self.is_named(base, "array.array") {
                return Extra::ArrayItems;
            }
            if self.is_named(base, "collections.OrderedDict") {
                return Extra::OrderedLinks;
            }
            if self.is_named(base, "_ctypes._CData") {
                return Extra::ForeignData;
            }
            base = self.reader.word(base + self.layout.tp_base);
        }
        Extra::Nothing
    }

    fn shape_of(&self, type_: usize, flags: usize) -> Shape {
        let types = self.types;
        if flags & TYPE_SUBCLASS != 0 {
            return Shape::Type;
        }
        if let Some(shape) = self.exact_shape(type_) {
            return shape;
        }
        let mut base = type_;
        for _ in 0..100 {
            if base == 0 {
                break;
            }
            if self.is_named(base, "numpy.ndarray") {
                return Shape::NdArray;
            }
            base = self.reader.word(base + self.layout.tp_base);
        }
        if flags & BASE_EXC_SUBCLASS != 0 {
            return Shape::Exception;
        }
        if type_ == types.float || flags & HAVE_GC == 0 {
            return Shape::Leaf;
        }
        Shape::Generic
    }

    fn exact_shape(&self, type_: usize) -> Option<Shape> {
        let t = self.types;
        let table = [
            (t.list, Shape::List),
            (t.tuple, Shape::Tuple),
            (t.dict, Shape::Dict),
            (t.set, Shape::Set),
            (t.frozenset, Shape::Set),
            (t.code, Shape::Code),
            (t.function, Shape::Function),
            (t.method, Shape::Method),
            (t.builtin, Shape::Builtin),
            (t.cell, Shape::Cell),
            (t.module, Shape::Module),
            (t.generator, Shape::Generator),
            (t.coroutine, Shape::Generator),
            (t.async_generator, Shape::Generator),
            (t.frame, Shape::Frame),
            (t.traceback, Shape::Traceback),
        ];
        if let Some(&(_, shape)) = table.iter().find(|(known, _)| *known == type_) {
            return Some(shape);
        }
        if self.is_named(type_, "collections.deque") {
            return Some(Shape::Deque);
        }
        self.is_named(type_, "functools._lru_cache_wrapper")
            .then_some(Shape::LruCache)
    }

    pub(crate) fn is_named(&self, type_: usize, name: &str) -> bool {
        let address = self.reader.word(type_ + self.layout.tp_name);
        address != 0 && self.reader.c_string(address, name.len() + 1) == name.as_bytes()
    }

    /// Object-valued members of a type and its bases: slots, and fields that C types export.
    fn members_of(&self, type_: usize) -> Box<[(usize, usize)]> {
        let mut members: Vec<(usize, usize)> = Vec::new();
        let mut current = type_;
        for _ in 0..100 {
            if current == 0 {
                break;
            }
            self.own_members(current, &mut members);
            current = self.reader.word(current + self.layout.tp_base);
        }
        members.into_boxed_slice()
    }

    fn own_members(&self, type_: usize, members: &mut Vec<(usize, usize)>) {
        let reader = self.reader;
        let table = reader.word(type_ + self.layout.tp_members);
        if table == 0 {
            return;
        }
        for index in 0..1000 {
            let member = table + index * MEMBER_SIZE;
            let name = reader.word(member);
            if name == 0 {
                break;
            }
            let offset = reader.word(member + MEMBER_OFFSET);
            let is_object = matches!(reader.int(member + MEMBER_TYPE), T_OBJECT | T_OBJECT_EX);
            let basicsize = reader.word(type_ + self.layout.tp_basicsize);
            if is_object && offset >= 16 && offset < basicsize {
                members.push((offset, name));
            }
        }
    }

    /// Module and qualified name of a type.
    pub(crate) fn type_name(&self, type_: usize) -> (String, String) {
        let (layout, reader) = (self.layout, self.reader);
        let raw = reader.word(type_ + layout.tp_name);
        let full = String::from_utf8_lossy(reader.c_string(raw, 200)).into_owned();
        if self.type_flags(type_) & HEAPTYPE == 0 {
            return match full.rsplit_once('.') {
                Some((module, name)) => (module.to_owned(), name.to_owned()),
                None => ("builtins".to_owned(), full),
            };
        }
        let qualified = if layout.ht_qualname == ABSENT {
            String::new()
        } else {
            self.text(reader.word(type_ + layout.ht_qualname), 200)
        };
        let name = if qualified.is_empty() {
            full
        } else {
            qualified
        };
        let dict = reader.word(type_ + layout.tp_dict);
        let module = if dict == 0 {
            None
        } else {
            self.dict_get(dict, "__module__")
        };
        let module = module
            .map(|module| self.text(module, 200))
            .unwrap_or_default();
        (
            if module.is_empty() {
                "builtins".to_owned()
            } else {
                module
            },
            name,
        )
    }
}
