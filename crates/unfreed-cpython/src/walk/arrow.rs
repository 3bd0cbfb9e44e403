//! Buffers of Apache Arrow behind the objects of pyarrow, and so behind those of pandas that are made of them. They are
//! objects of C++ that no traversal shows. Each is a node of its own to which all objects lead that share it, so that it
//! counts once and is retained by whoever holds it alone (decision 0012).
//!
//! What is followed is known by its run-time type information, never by its place alone, and is read through the
//! kernel: of another layout, or another compiler's, nothing is said. No code of pyarrow's runs.

use super::Walker;
use super::sizes::SIZE_LIMIT;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use std::collections::VecDeque;
use unfreed_recording::snapshot::{NodeIndex, SYNTHETIC};
use unfreed_sys::memory;

const WORD: usize = size_of::<usize>();
/// Behind the count and the type of an object of pyarrow's: bytes that are searched for what it stands for.
const BODY: std::ops::Range<usize> = 16..256;
/// Most C++ objects that are looked at for one object of Python: a table has one for each chunk of each column.
const MOST_PARTS: usize = 1 << 24;
/// Most elements of one `std::vector`.
const MOST_ELEMENTS: usize = 1 << 24;
/// Most slices of slices, and most classes above one another.
const LINKS: usize = 64;

/// `arrow::Buffer`, the same since Arrow 0.17: whether its memory is the processor's, where it is, its length, its
/// room. Behind them, at a place that differs, the buffer that it is a slice of.
const BUFFER_FLAGS: usize = 1;
const BUFFER_DATA: usize = 2;
const BUFFER_SIZE: usize = 3;
const BUFFER_CAPACITY: usize = 4;
const BUFFER_WORDS: usize = 11;

/// What a class of C++ is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A buffer, and whose its memory is.
    Buffer(Memory),
    /// `arrow::Array`: its second word leads to the data.
    Array,
    /// `arrow::Table`, whose columns are chunked arrays.
    Table,
    /// `arrow::RecordBatch`, whose columns are data of arrays.
    Batch,
    /// `arrow::DataType`, by which data of arrays are recognised.
    DataType,
    /// A scalar or a tensor: one of its words leads to a buffer or an array.
    Holder,
    /// Anything else.
    Other,
}

/// Whose the memory of a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// Its own: it frees it.
    Own,
    /// A Python object's, to which it holds a reference.
    OfPython,
    /// Another buffer's, a file's, or nobody's.
    Elsewhere,
}

/// A part that is still to be looked at.
#[derive(Clone, Copy)]
enum Part {
    Known(Class, usize),
    /// `arrow::ArrayData`, which has no type information of its own.
    Data(usize),
    /// `arrow::ChunkedArray`, which has none either.
    Chunked(usize),
}

/// A buffer that has a node.
#[derive(Clone, Copy)]
struct Buffer {
    bytes: usize,
    /// The Python object whose memory it is; 0 for none.
    object: usize,
}

/// What is known of Arrow's objects during a walk.
pub(super) struct Arrow {
    /// Classes by the address of their virtual table.
    classes: HashMap<usize, Class, FixedState>,
    /// Buffers whose nodes are not read yet, in the order of these.
    waiting: VecDeque<(NodeIndex, Buffer)>,
    /// The first node of those; `NodeIndex::MAX` when there is none.
    next: NodeIndex,
    type_: Option<u32>,
}

impl Arrow {
    pub(super) fn new() -> Self {
        Arrow {
            classes: HashMap::with_hasher(FixedState::with_seed(8)),
            waiting: VecDeque::new(),
            next: NodeIndex::MAX,
            type_: None,
        }
    }

    /// Whether this node stands for a buffer.
    #[inline]
    pub(super) fn is_next(&self, node: NodeIndex) -> bool {
        self.next == node
    }

    /// The class of what is at an address, if it is an object of C++ with type information.
    fn class_of(&mut self, address: usize) -> Class {
        let Some([table]) = words::<1>(address) else {
            return Class::Other;
        };
        if let Some(&class) = self.classes.get(&table) {
            return class;
        }
        let Some(names) = names_of(table) else {
            return Class::Other;
        };
        let class = class_named(&names);
        self.classes.insert(table, class);
        class
    }
}

/// What is known by the names of a class and of those that it is derived from, its own first.
fn class_named(names: &[String]) -> Class {
    let is_a = |name: &str| names.iter().any(|one| one == name);
    let own = names.first().map_or("", String::as_str);
    if is_a("N5arrow6BufferE") {
        let frees = ["StlStringBuffer", "StlVectorBuffer", "ImportedBuffer"];
        let is_own =
            is_a("N5arrow15ResizableBufferE") || frees.iter().any(|name| own.contains(name));
        return Class::Buffer(match () {
            () if is_own => Memory::Own,
            () if own.starts_with("N5arrow2py") => Memory::OfPython,
            () => Memory::Elsewhere,
        });
    }
    let classes = [
        ("N5arrow5ArrayE", Class::Array),
        ("N5arrow5TableE", Class::Table),
        ("N5arrow11RecordBatchE", Class::Batch),
        ("N5arrow8DataTypeE", Class::DataType),
        ("N5arrow6ScalarE", Class::Holder),
        ("N5arrow6TensorE", Class::Holder),
    ];
    let known = classes.into_iter().find(|(name, _)| is_a(name));
    known.map_or(Class::Other, |(_, class)| class)
}

/// Words at an address that may be wrong.
fn words<const N: usize>(address: usize) -> Option<[usize; N]> {
    let is_likely = address >= 4096 && address.is_multiple_of(WORD) && address >> 48 == 0;
    is_likely.then(|| memory::words(address)).flatten()
}

/// The names of a class and of its bases, from its virtual table: before that stand the distance to the start of the
/// whole object, here none, and the type information (Itanium C++ ABI).
fn names_of(table: usize) -> Option<Vec<String>> {
    let [distance, mut info] = words::<2>(table.checked_sub(2 * WORD)?)?;
    if distance != 0 {
        return None;
    }
    let mut names = Vec::new();
    while names.len() < LINKS {
        let [kind, name, base, first_of_many] = words::<4>(info)?;
        names.push(name_at(name)?);
        // The type information is of a class itself, which says where the base stands.
        let kind = words::<1>(kind.checked_sub(WORD)?)
            .and_then(|[kind]| words::<2>(kind))
            .and_then(|[_, name]| name_at(name));
        info = match kind.as_deref() {
            Some("N10__cxxabiv120__si_class_type_infoE") => base,
            Some("N10__cxxabiv121__vmi_class_type_infoE") => first_of_many,
            _ => break,
        };
    }
    Some(names)
}

/// The name of a class: letters, digits and underscores; with a star in front in an unnamed namespace.
fn name_at(address: usize) -> Option<String> {
    let name = memory::text(address)?;
    let name = name.trim_start_matches('*');
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    (!name.is_empty() && name.chars().all(is_part)).then(|| name.to_owned())
}

/// The first words of the elements of a `std::vector`, each of which is so many words long.
fn elements(vector: &[usize], width: usize) -> Vec<usize> {
    let &[first, last, room, ..] = vector else {
        return Vec::new();
    };
    let length = last.wrapping_sub(first);
    let is_sound = first <= last
        && last <= room
        && length.is_multiple_of(width * WORD)
        && length / WORD / width <= MOST_ELEMENTS;
    let mut found = Vec::new();
    if is_sound {
        let mut index = 0_usize;
        memory::read_range(first, length, |word| {
            if index.is_multiple_of(width) && word != 0 {
                found.push(word);
            }
            index += 1;
        });
    }
    found
}

/// Words of a `std::shared_ptr`.
const SHARED: usize = 2;

impl Walker<'_> {
    /// Adds the buffers that an object of pyarrow's stands for to what it refers to.
    pub(super) fn read_arrow(&mut self, object: usize, basicsize: usize) {
        let body = BODY.start..BODY.end.min(basicsize);
        let fields = body
            .step_by(WORD)
            .map(|offset| self.objects.reader.word(object + offset));
        let fields: Vec<usize> = fields.filter(|&word| word != 0).collect();
        let known = fields.iter().find_map(|&field| {
            let class = self.arrow.class_of(field);
            (class != Class::Other && class != Class::DataType).then_some(Part::Known(class, field))
        });
        let part = known.or_else(|| {
            let mut fields = fields.iter().copied();
            fields
                .find(|&field| self.is_chunked(field))
                .map(Part::Chunked)
        });
        let mut parts: Vec<Part> = part.into_iter().collect();
        let label = self.internal("buffer");
        let mut given = HashSet::with_hasher(FixedState::with_seed(9));
        let mut looked_at = 0;
        while let Some(part) = parts.pop() {
            looked_at += 1;
            if looked_at > MOST_PARTS {
                break;
            }
            if let Some(node) = self.read_part(part, &mut parts)
                && given.insert(node)
            {
                self.out.edge(node, label);
            }
        }
    }

    /// A chunked array has its type behind its arrays.
    fn is_chunked(&mut self, address: usize) -> bool {
        words::<4>(address).is_some_and(|words| self.arrow.class_of(words[3]) == Class::DataType)
    }

    /// Looks at one C++ object: gives the node of a buffer, or adds what it leads to.
    fn read_part(&mut self, part: Part, parts: &mut Vec<Part>) -> Option<NodeIndex> {
        match part {
            Part::Known(Class::Buffer(memory), at) => return self.buffer_node(memory, at),
            Part::Known(Class::Array, at) => {
                parts.extend(words::<2>(at).map(|words| Part::Data(words[1])));
            }
            // After the schema and the number of rows.
            Part::Known(Class::Table, at) => {
                let columns = words::<7>(at).map(|words| elements(&words[4..], SHARED));
                parts.extend(columns.into_iter().flatten().map(Part::Chunked));
            }
            Part::Known(Class::Batch, at) => {
                let columns = words::<7>(at).map(|words| elements(&words[4..], SHARED));
                parts.extend(columns.into_iter().flatten().map(Part::Data));
            }
            Part::Known(Class::Holder, at) => {
                self.add_known(words::<16>(at)?.into_iter().skip(1).collect(), parts);
            }
            Part::Known(Class::DataType | Class::Other, _) => {}
            Part::Chunked(at) if self.is_chunked(at) => {
                self.add_known(elements(&words::<3>(at)?, SHARED), parts);
            }
            Part::Data(at) => self.read_data(&words::<13>(at)?, parts),
            Part::Chunked(_) => {}
        }
        None
    }

    /// Adds those that are an array or a buffer.
    fn add_known(&mut self, addresses: Vec<usize>, parts: &mut Vec<Part>) {
        for address in addresses {
            let class = self.arrow.class_of(address);
            if matches!(class, Class::Array | Class::Buffer(_)) {
                parts.push(Part::Known(class, address));
            }
        }
    }

    /// `arrow::ArrayData`: type, length, number of nulls, offset; buffers, children, dictionary.
    fn read_data(&mut self, data: &[usize; 13], parts: &mut Vec<Part>) {
        let &[type_, _, length, _, offset, ref vectors @ .., dictionary, _] = data;
        let is_sound = length < SIZE_LIMIT && offset < SIZE_LIMIT;
        if !is_sound || self.arrow.class_of(type_) != Class::DataType {
            return;
        }
        self.add_known(elements(&vectors[..3], SHARED), parts);
        parts.extend(elements(&vectors[3..], SHARED).into_iter().map(Part::Data));
        if dictionary != 0 {
            parts.push(Part::Data(dictionary));
        }
    }

    /// The node of the buffer that owns the memory of this one, if that is anybody's of this process.
    fn buffer_node(&mut self, mut memory: Memory, mut at: usize) -> Option<NodeIndex> {
        for _ in 0..LINKS {
            let fields = words::<BUFFER_WORDS>(at)?;
            let data = fields[BUFFER_DATA];
            let room = fields[BUFFER_CAPACITY].max(fields[BUFFER_SIZE]);
            let is_on_processor = fields[BUFFER_FLAGS].to_ne_bytes()[1] == 1;
            match memory {
                Memory::Own if is_on_processor && data != 0 && (1..SIZE_LIMIT).contains(&room) => {
                    return Some(self.meet_buffer(at, data, room, 0));
                }
                Memory::OfPython => {
                    let object = self.python_object_of(at)?;
                    return Some(self.meet_buffer(at, data, 0, object));
                }
                _ => {}
            }
            let behind = fields[BUFFER_CAPACITY + 1..].iter();
            (memory, at) = behind
                .copied()
                .find_map(|word| match self.arrow.class_of(word) {
                    Class::Buffer(memory) => Some((memory, word)),
                    _ => None,
                })?;
        }
        None
    }

    fn meet_buffer(&mut self, at: usize, data: usize, bytes: usize, object: usize) -> NodeIndex {
        let next = self.addresses.len();
        let node = self.node(at);
        if node as usize == next {
            if self.arrow.waiting.is_empty() {
                self.arrow.next = node;
            }
            self.arrow
                .waiting
                .push_back((node, Buffer { bytes, object }));
            self.buffers.push((data, node));
        }
        node
    }

    /// The object to which a buffer of Python's memory holds its reference: the first behind the fields that all
    /// buffers have.
    fn python_object_of(&self, at: usize) -> Option<usize> {
        let mut behind = Vec::new();
        let fields = (BUFFER_CAPACITY + 1) * WORD;
        memory::read_range(at + fields, 16 * WORD, |word| behind.push(word));
        behind.into_iter().find(|&word| {
            let type_ = words::<2>(word).map(|[_, type_]| type_);
            let metatype = type_.and_then(words::<2>).map(|[_, metatype]| metatype);
            metatype == Some(self.objects.types.type_)
        })
    }

    /// Reads the node that stands for a buffer.
    pub(super) fn read_buffer(&mut self) {
        let Some((node, buffer)) = self.arrow.waiting.pop_front() else {
            return;
        };
        let next = self.arrow.waiting.front();
        self.arrow.next = next.map_or(NodeIndex::MAX, |&(node, _)| node);
        let type_ = self.buffer_type();
        self.reads_data(node);
        self.out.node(type_, buffer.bytes as u64, SYNTHETIC);
        let label = self.internal("base");
        self.edge(buffer.object, label);
    }

    fn buffer_type(&mut self) -> u32 {
        if let Some(type_) = self.arrow.type_ {
            return type_;
        }
        let type_ = self.made_up_type("arrow", "Buffer");
        self.arrow.type_ = Some(type_);
        type_
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(names: &[&str]) -> Class {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        class_named(&names)
    }

    #[test]
    fn classes_are_known_by_their_names() {
        let buffers = ["N5arrow13MutableBufferE", "N5arrow6BufferE"];
        let of = |own: &str, more: &[&str]| class(&[&[own], more, &buffers].concat());
        let pool = of("N5arrow10PoolBufferE", &["N5arrow15ResizableBufferE"]);
        assert_eq!(pool, Class::Buffer(Memory::Own));
        let imported = of("N5arrow12_GLOBAL__N_114ImportedBufferE", &[]);
        assert_eq!(imported, Class::Buffer(Memory::Own));
        let python = of("N5arrow2py8PyBufferE", &[]);
        assert_eq!(python, Class::Buffer(Memory::OfPython));
        assert_eq!(class(&buffers), Class::Buffer(Memory::Elsewhere));
        let strings = ["N5arrow11StringArrayE", "N5arrow5ArrayE"];
        assert_eq!(class(&strings), Class::Array);
        assert_eq!(class(&["N5arrow6SchemaE"]), Class::Other);
        assert_eq!(class(&[]), Class::Other);
    }

    #[test]
    fn what_is_no_object_of_cpp_has_no_class() {
        let mut arrow = Arrow::new();
        let zeros = [0_usize; 16];
        let itself = std::ptr::from_ref(&zeros) as usize;
        let pointers = [itself; 16];
        for address in [
            0,
            8,
            16,
            4096,
            itself,
            itself + 1,
            pointers.as_ptr() as usize,
            usize::MAX,
        ] {
            assert_eq!(arrow.class_of(address), Class::Other, "{address:#x}");
        }
    }

    #[test]
    fn a_vector_is_read_if_its_ends_make_sense() {
        let shared = [11_usize, 1, 22, 1, 0, 0, 33, 1];
        let first = shared.as_ptr() as usize;
        let end = first + size_of_val(&shared);
        assert_eq!(elements(&[first, end, end], SHARED), [11, 22, 33]);
        for vector in [
            [end, first, end],
            [first, end, first],
            [first, first + 24, end],
            [16, 1 << 40, 1 << 40],
            [0, 0, 0],
        ] {
            assert!(elements(&vector, SHARED).is_empty(), "{vector:?}");
        }
    }
}
