//! Code objects: the names and lines that a stack shows.

use crate::api::Api;
use crate::gil::Gil;
use crate::object::Objects;
use crate::runtime::Runtime;

/// A code object that is alive for as long as the GIL is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeRef(pub(crate) usize);

/// What identifies a code object beyond its address, which is reused after it dies: the addresses
/// of its parts and its first line. Compared before an interned entry is used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeIdentity {
    file: usize,
    name: usize,
    lines: usize,
    first_line: u32,
}

impl CodeRef {
    /// The object's address.
    #[must_use]
    pub fn address(self) -> usize {
        self.0
    }

    /// What tells it from a later object at the same address.
    #[must_use]
    pub fn identity(self, runtime: &Runtime, gil: &Gil) -> CodeIdentity {
        let (layout, reader) = (runtime.layout(), runtime.reader(gil));
        CodeIdentity {
            file: reader.word(self.0 + layout.co_filename),
            name: reader.word(self.0 + name_offset(runtime)),
            lines: reader.word(self.0 + layout.co_linetable),
            first_line: reader.u32(self.0 + layout.co_firstlineno),
        }
    }

    /// Appends `co_filename` to `out`, at most `limit` bytes.
    pub fn copy_file(self, runtime: &Runtime, gil: &Gil, limit: usize, out: &mut Vec<u8>) {
        let objects = runtime.objects(gil);
        let file = objects.reader.word(self.0 + objects.layout.co_filename);
        objects.copy_text(file, limit, out);
    }

    /// Appends `co_qualname`, or `co_name` before 3.11, to `out`, at most `limit` bytes.
    pub fn copy_function(self, runtime: &Runtime, gil: &Gil, limit: usize, out: &mut Vec<u8>) {
        let objects = runtime.objects(gil);
        let name = objects.reader.word(self.0 + name_offset(runtime));
        objects.copy_text(name, limit, out);
    }

    /// `co_firstlineno`.
    #[must_use]
    pub fn first_line(self, runtime: &Runtime, gil: &Gil) -> u32 {
        runtime
            .reader(gil)
            .u32(self.0 + runtime.layout().co_firstlineno)
    }

    /// The line of the instruction at `offset` bytes; 0 when it has none.
    #[must_use]
    pub fn line(self, runtime: &Runtime, _gil: &Gil, offset: i32) -> u32 {
        line_of(runtime.api(), self.0, offset)
    }
}

/// Decodes the line with the interpreter's own function, which only reads the code object.
pub(crate) fn line_of(api: &Api, code: usize, offset: i32) -> u32 {
    u32::try_from((api.functions.line_of)(code, offset)).unwrap_or(0)
}

fn name_offset(runtime: &Runtime) -> usize {
    let layout = runtime.layout();
    if layout.co_qualname == crate::layout::ABSENT {
        layout.co_name
    } else {
        layout.co_qualname
    }
}

impl Runtime {
    /// Readers of objects, while the GIL is held.
    pub(crate) fn objects(&self, gil: &Gil) -> Objects<'_> {
        Objects {
            reader: self.reader(gil),
            layout: self.layout(),
            types: &self.api().types,
            minor: self.minor(),
        }
    }
}
