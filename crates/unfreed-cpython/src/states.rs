//! In what state an object of C code is, where no reference tells: a file or socket that is closed, a
//! task that is done, a generator that has finished, a lock that is held. Reads one field of the
//! object's struct. The structs are not in CPython's headers, so each offset stands for one size of
//! the struct and was measured on every version (`tests/test_inspectors.py` checks them on all); of a
//! struct of another size nothing is said.

use crate::layout::ABSENT;
use crate::object::Objects;
use crate::types::Shape;

/// How a field of an object is read, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    offset: usize,
    field: Field,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// A descriptor, −1 when closed: what it is when open and when closed.
    Descriptor(&'static str, &'static str),
    /// A pointer, null when closed.
    Pointer(&'static str, &'static str),
    /// A byte, not 0 when closed.
    Flag(&'static str, &'static str),
    /// A byte whose lowest bit means that the lock is held.
    Held,
    /// The thread that holds the lock, 0 when none does.
    Owner,
    /// `True` or `False`, to which attributes refer.
    Truth,
    /// `fut_state` of a future: 0, 1 or 2.
    Future([&'static str; 3]),
    /// A generator, coroutine or async generator.
    Generator,
}

/// The type, and for each size of its struct and range of minor versions where the field is.
type Row = (&'static str, Field, &'static [(u32, u32, usize, usize)]);

/// Minor versions from and to, size of the struct, offset of the field.
const FIELDS: [Row; 12] = [
    (
        "_io.FileIO",
        Field::Descriptor("open file", "closed file"),
        &[(9, 15, 48, 16)],
    ),
    (
        "_socket.socket",
        Field::Descriptor("open socket", "closed socket"),
        &[(9, 11, 48, 16), (12, 15, 56, 16)],
    ),
    (
        "select.epoll",
        Field::Descriptor("open epoll", "closed epoll"),
        &[(9, 15, 24, 16)],
    ),
    (
        "sqlite3.Connection",
        Field::Pointer("open sqlite3 connection", "closed sqlite3 connection"),
        &[
            (9, 10, 240, 16),
            (11, 11, 216, 16),
            (12, 14, 224, 16),
            (15, 15, 208, 16),
        ],
    ),
    (
        "sqlite3.Cursor",
        Field::Flag("open sqlite3 cursor", "closed sqlite3 cursor"),
        &[(9, 10, 112, 80), (11, 15, 104, 80)],
    ),
    (
        "mmap.mmap",
        Field::Pointer("open memory map", "closed memory map"),
        &[(9, 13, 80, 16), (14, 14, 88, 16), (15, 15, 80, 16)],
    ),
    (
        "_io.BytesIO",
        Field::Pointer("open buffer", "closed buffer"),
        &[(9, 15, 64, 16)],
    ),
    (
        "_io.StringIO",
        Field::Flag("open buffer", "closed buffer"),
        &[(9, 11, 120, 73), (12, 13, 168, 113), (14, 15, 120, 65)],
    ),
    (
        "_asyncio.Task",
        Field::Future(["pending task", "cancelled task", "done task"]),
        &[
            (9, 9, 184, 80),
            (10, 10, 192, 88),
            (11, 12, 176, 88),
            (13, 13, 144, 96),
            (14, 15, 168, 104),
        ],
    ),
    (
        "_asyncio.Future",
        Field::Future(["pending future", "cancelled future", "done future"]),
        &[
            (9, 9, 144, 80),
            (10, 10, 152, 88),
            (11, 12, 128, 88),
            (13, 13, 104, 96),
            (14, 15, 112, 104),
        ],
    ),
    (
        "_thread.lock",
        Field::Held,
        // From 3.14 on a `PyMutex`: its next bit only says that somebody waits.
        &[(9, 13, 40, 32), (14, 15, 24, 16)],
    ),
    (
        "_thread.RLock",
        Field::Owner,
        &[(9, 13, 48, 24), (14, 15, 40, 24)],
    ),
];

impl Objects<'_> {
    /// Which field tells the state of a type's instances; `None` where none is known.
    pub(crate) fn state_of_type(&self, type_: usize, shape: Shape) -> Option<State> {
        if shape == Shape::Generator {
            return Some(State {
                offset: self.layout.gen_frame,
                field: Field::Generator,
            });
        }
        if self.is_named(type_, "bool") {
            return Some(State {
                offset: 0,
                field: Field::Truth,
            });
        }
        let row_of = |base: usize| FIELDS.iter().find(|row| self.is_named(base, row.0));
        let known = |base| row_of(base).map(|(_, field, sizes)| (base, *field, sizes));
        let (base, field, sizes) = self.bases(type_).find_map(known)?;
        self.measured(base, field, sizes)
    }

    fn measured(
        &self,
        type_: usize,
        field: Field,
        sizes: &[(u32, u32, usize, usize)],
    ) -> Option<State> {
        let size = self.reader.word(type_ + self.layout.tp_basicsize);
        let fits = |&&(from, to, of, _): &&(u32, u32, usize, usize)| {
            (from..=to).contains(&self.minor) && of == size
        };
        let &(_, _, _, offset) = sizes.iter().find(fits)?;
        Some(State { offset, field })
    }

    /// The state of an object, in two or three words. `None` where the field makes no sense.
    pub(crate) fn state(&self, object: usize, state: State) -> Option<&'static str> {
        let (reader, at) = (self.reader, object.wrapping_add(state.offset));
        let either = |is_over: bool, open, closed| Some(if is_over { closed } else { open });
        match state.field {
            Field::Descriptor(open, closed) => either(reader.int(at) < 0, open, closed),
            Field::Pointer(open, closed) => either(reader.word(at) == 0, open, closed),
            Field::Flag(open, closed) => either(reader.byte(at) != 0, open, closed),
            Field::Held => either(reader.byte(at) & 1 == 0, "held lock", "free lock"),
            Field::Owner => either(reader.word(at) == 0, "held lock", "free lock"),
            Field::Truth => either(self.integer(object) == Some(0), "True", "False"),
            Field::Future(states) => states.get(reader.u32(at) as usize).copied(),
            Field::Generator => self.generator_state(object),
        }
    }

    fn generator_state(&self, generator: usize) -> Option<&'static str> {
        let layout = self.layout;
        if layout.gen_frame != ABSENT {
            // Up to 3.10 it gives its frame away when it ends.
            let is_over = self.reader.word(generator + layout.gen_frame) == 0;
            return Some(if is_over { "finished" } else { "unfinished" });
        }
        let state = self
            .reader
            .byte(generator + layout.gen_frame_state)
            .cast_signed();
        Some(match state {
            _ if state == layout.frame_created => "not started",
            _ if state == layout.frame_executing => "running",
            _ if state == layout.frame_cleared || state == layout.frame_completed => "finished",
            _ if state < layout.frame_executing => "suspended",
            _ => return None,
        })
    }
}
