//! What a type says about its instances: their shape in memory, their size, their named fields.

use crate::layout::{
    ABSENT, TPFLAGS_BASE_EXC, TPFLAGS_DICT, TPFLAGS_HAVE_GC, TPFLAGS_HEAPTYPE, TPFLAGS_TYPE,
};
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
    /// Buffers of Arrow, which several may share.
    ArrowBuffers,
    /// Buffers that only their package knows.
    SharedBuffers,
    /// The texts that a type of numpy's arrays keeps for them.
    Dtype,
    /// The buffer of a buffered file.
    FileBuffer,
    /// The letters of an `io.StringIO`.
    Letters,
    /// What a pickler or an unpickler remembers.
    PicklerMemo,
    UnpicklerMemo,
    /// The description of a `struct.Struct`'s fields.
    StructFields,
    /// The digits of a `Decimal` that do not fit into it.
    Digits,
    /// The indices of iterators that combine.
    Combinations,
    Permutations,
    Products,
    /// The children of an `Element`.
    Children,
    /// The ring of a `SimpleQueue`.
    Ring,
}

/// What instances of a type own and its traversal leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untraversed {
    /// Nothing that is known here.
    Nothing,
    /// The names of a descriptor of a C type.
    DescriptorNames,
    /// The bytes of an `io.BytesIO`.
    Bytes,
    /// What an `io.StringIO` gathers before it is one text.
    Gathered,
    /// What a pickler remembers, and what it has not written yet.
    Pickled,
    /// What an unpickler remembers.
    Unpickled,
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
    /// Where instances have the list of weak references to them, which they do not own.
    pub weaklist: usize,
    /// Object-valued members: offset and name (address of a C string).
    pub members: Box<[(usize, usize)]>,
}

/// Types whose instances have something beside their body.
const EXTRAS: [(&str, Extra); 27] = [
    ("array.array", Extra::ArrayItems),
    ("collections.OrderedDict", Extra::OrderedLinks),
    ("_ctypes._CData", Extra::ForeignData),
    ("_io.BufferedReader", Extra::FileBuffer),
    ("_io.BufferedWriter", Extra::FileBuffer),
    ("_io.BufferedRandom", Extra::FileBuffer),
    ("_io.StringIO", Extra::Letters),
    ("_pickle.Pickler", Extra::PicklerMemo),
    ("_pickle.Unpickler", Extra::UnpicklerMemo),
    ("_struct.Struct", Extra::StructFields),
    ("decimal.Decimal", Extra::Digits),
    ("itertools.combinations", Extra::Combinations),
    (
        "itertools.combinations_with_replacement",
        Extra::Combinations,
    ),
    ("itertools.permutations", Extra::Permutations),
    ("itertools.product", Extra::Products),
    ("xml.etree.ElementTree.Element", Extra::Children),
    ("_queue.SimpleQueue", Extra::Ring),
    ("pyarrow.lib.Array", Extra::ArrowBuffers),
    ("pyarrow.lib.Buffer", Extra::ArrowBuffers),
    ("pyarrow.lib.ChunkedArray", Extra::ArrowBuffers),
    ("pyarrow.lib.RecordBatch", Extra::ArrowBuffers),
    ("pyarrow.lib.Table", Extra::ArrowBuffers),
    ("pyarrow.lib.Scalar", Extra::ArrowBuffers),
    ("pyarrow.lib.Tensor", Extra::ArrowBuffers),
    ("numpy.dtype", Extra::Dtype),
    ("builtins.PySeries", Extra::SharedBuffers),
    ("builtins.PyDataFrame", Extra::SharedBuffers),
];

/// More classes above one another are none of CPython's.
const MOST_BASES: usize = 100;
/// `PyMemberDef` of `structmember.h`, the same in every version.
const MEMBER_SIZE: usize = 40;
const MEMBER_TYPE: usize = 8;
const MEMBER_OFFSET: usize = 16;
const T_OBJECT: i32 = 6;
const T_OBJECT_EX: i32 = 16;

impl Objects<'_> {
    pub(crate) fn traits_of(&self, type_: usize) -> TypeTraits {
        let (layout, reader) = (self.layout, self.reader);
        let mut flags = self.type_flags(type_);
        let shape = self.shape_of(type_, flags);
        if self.is_frozen_dict(type_) {
            flags |= TPFLAGS_DICT as usize;
        }
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
            weaklist: reader.word(type_ + layout.tp_weaklistoffset),
            members: self.members_of(type_),
        }
    }

    /// A type and those that it is derived from in C's sense, its own first.
    pub(crate) fn bases(&self, type_: usize) -> impl Iterator<Item = usize> + '_ {
        let is_there = |&type_: &usize| type_ != 0;
        let above = move |&type_: &usize| {
            Some(self.reader.word(type_ + self.layout.tp_base)).filter(is_there)
        };
        std::iter::successors(Some(type_).filter(is_there), above).take(MOST_BASES)
    }

    /// What a table has for a type, by the name of the nearest base that is in it.
    fn by_base<T: Copy>(&self, type_: usize, table: &[(&str, T)]) -> Option<T> {
        self.bases(type_).find_map(|base| {
            let found = table.iter().find(|(name, _)| self.is_named(base, name));
            found.map(|&(_, value)| value)
        })
    }

    /// Whether it is `frozendict` (3.15 and later) or derived from it: a dict to the last field, but for its flags.
    fn is_frozen_dict(&self, type_: usize) -> bool {
        if self.minor < 15 {
            return false;
        }
        let in_c = self
            .bases(type_)
            .find(|&base| self.type_flags(base) & HEAPTYPE == 0);
        in_c.is_some_and(|base| self.is_named(base, "frozendict"))
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
            return Untraversed::DescriptorNames;
        }
        let owners = [
            ("_io.BytesIO", Untraversed::Bytes),
            ("_io.StringIO", Untraversed::Gathered),
            ("_pickle.Pickler", Untraversed::Pickled),
            ("_pickle.Unpickler", Untraversed::Unpickled),
        ];
        self.by_base(type_, &owners).unwrap_or(Untraversed::Nothing)
    }

    fn extra_of(&self, type_: usize) -> Extra {
        self.by_base(type_, &EXTRAS).unwrap_or(Extra::Nothing)
    }

    fn shape_of(&self, type_: usize, flags: usize) -> Shape {
        let types = self.types;
        if flags & TYPE_SUBCLASS != 0 {
            return Shape::Type;
        }
        if let Some(shape) = self.exact_shape(type_) {
            return shape;
        }
        if self
            .bases(type_)
            .any(|base| self.is_named(base, "numpy.ndarray"))
        {
            return Shape::NdArray;
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
        if self.type_flags(type_) & HEAPTYPE == 0 && self.is_frozen_dict(type_) {
            return Some(Shape::Dict);
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
        for base in self.bases(type_) {
            self.own_members(base, &mut members);
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
