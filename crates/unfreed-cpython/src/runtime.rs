//! The interpreter that we are in: its entry points and its layout, verified before anything is
//! read. Whatever we do not know is refused here with one sentence, never guessed.

use crate::api::Api;
use crate::gil::Gil;
use crate::layout::{Layout, layout_for};
use crate::reader::Reader;
use std::ffi::CStr;
use std::ops::Range;
use std::sync::OnceLock;
use unfreed_sys::memory::OwnMemory;

/// Why unfreed cannot work in this interpreter; displays as one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(String);

/// A verified interpreter.
pub struct Runtime {
    api: Api,
    layout: &'static Layout,
    interpreter: usize,
    version: (u32, u32),
    /// Where the interpreter's own variables are.
    variables: Option<Range<usize>>,
    /// Where the interpreter's own code is.
    own: Option<Range<usize>>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Functions that run Python code, by their names in one version or another.
const RUNS_CODE: [&CStr; 5] = [
    c"_PyEval_EvalFrameDefault",
    c"_PyEval_Vector",
    c"_PyFunction_Vectorcall",
    c"_PyEval_EvalCodeWithName",
    c"PyEval_EvalCode",
];

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

impl Runtime {
    /// Looks at the interpreter of this process, once; later calls return the same.
    ///
    /// # Errors
    /// When the version or the layout is not one that we know. The GIL must be held.
    pub fn detect() -> Result<&'static Runtime, Unsupported> {
        if let Some(runtime) = RUNTIME.get() {
            return Ok(runtime);
        }
        let runtime = detect().map_err(Unsupported)?;
        Ok(RUNTIME.get_or_init(|| runtime))
    }

    /// This interpreter, as whoever unwinds native stacks needs to know it.
    #[must_use]
    pub fn for_unwinding(&self) -> unfreed_sys::unwind::Interpreter {
        unfreed_sys::unwind::Interpreter {
            address: self.api.functions.object_malloc as *const () as usize,
            runs_code: &RUNS_CODE,
        }
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Address of the main interpreter's state.
    pub(crate) fn interpreter(&self) -> usize {
        self.interpreter
    }

    /// The part of the memory that has the interpreter's variables of C.
    pub(crate) fn variables(&self) -> Option<&Range<usize>> {
        self.variables.as_ref()
    }

    /// Whether code is of an extension module, and not of the interpreter.
    pub(crate) fn is_of_extension(&self, code: usize) -> bool {
        self.own.as_ref().is_some_and(|own| !own.contains(&code))
    }

    /// Minor version: 12 for 3.12.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.version.0
    }

    /// The right to read memory that holding the GIL gives.
    pub(crate) fn reader(&self, _gil: &Gil) -> Reader {
        // SAFETY: the GIL is held, the layout was verified in `detect`; addresses are the callers'
        // part of the promise.
        unsafe { Reader::new() }
    }

    /// Empties the interpreter's cache of attributes, which keeps names alive that nothing else does: as
    /// many as it has room for, some thousands. It fills again as it is used.
    pub fn clear_attribute_cache(&self, _gil: &Gil) {
        (self.api.functions.clear_type_cache)();
    }

    /// Blocks of Python's allocator in use, a count.
    #[must_use]
    pub fn allocated_blocks(&self, _gil: &Gil) -> Option<u64> {
        self.api
            .allocated_blocks
            .and_then(|count| u64::try_from(count()).ok())
    }

    /// About how many there are, where builds do not tell (3.12 and later): by the arenas that were mapped since the hooks
    /// were installed, as if all were full. 0 where nothing is known.
    #[must_use]
    pub fn about_allocated_blocks(&self, gil: &Gil) -> u64 {
        /// A small object with its share of what is not in use.
        const BLOCK: u64 = 48;
        let exact = self.allocated_blocks(gil);
        exact.unwrap_or_else(|| crate::hooks::arena_bytes() / BLOCK)
    }
}

fn detect() -> Result<Runtime, String> {
    let api = Api::find().map_err(|name| {
        format!("this interpreter does not export {name}; unfreed supports CPython 3.9 to 3.15")
    })?;
    let text = version_text(&api);
    let version = parse_version(&text)
        .ok_or_else(|| format!("cannot read the interpreter's version from '{text}'"))?;
    if text.contains("free-threading") {
        return Err(format!(
            "free-threaded builds are not supported yet (this is {text})"
        ));
    }
    let layout = layout_for(version.0, version.1).ok_or_else(|| {
        format!(
            "CPython 3.{}.{} is not supported; CPython 3.9 to 3.15 is",
            version.0, version.1
        )
    })?;
    let interpreter = (api.functions.main_interpreter)();
    let own = unfreed_sys::loaded::object_around(api.types.type_);
    let runtime = Runtime {
        variables: own
            .as_ref()
            .and_then(|own| own.variables_around(api.types.type_)),
        own: own.map(|own| own.range),
        api,
        layout,
        interpreter,
        version,
    };
    runtime.verify().map_err(|what| {
        format!(
            "the memory layout of this CPython 3.{}.{} is not the known one ({what}); \
             a custom build?",
            version.0, version.1
        )
    })?;
    Ok(runtime)
}

fn version_text(api: &Api) -> String {
    let text = (api.functions.version)();
    if text.is_null() {
        return String::new();
    }
    // SAFETY: Py_GetVersion returns a static NUL-terminated string.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    (parts.next()? == "3").then_some(())?;
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl Runtime {
    /// Compares what the table says with what is in memory, through reads that cannot crash.
    fn verify(&self) -> Result<(), &'static str> {
        let memory = OwnMemory::open().map_err(|_| "/proc/self/mem cannot be read")?;
        let word = |address: usize| memory.word(address).unwrap_or(0);
        let (layout, types) = (self.layout, &self.api.types);
        let is = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        is(
            word(types.type_ + layout.ob_type) == types.type_,
            "object header",
        )?;
        is(
            word(types.dict + layout.tp_basicsize) == layout.dict_sizeof,
            "dict",
        )?;
        is(
            word(types.code + layout.ob_type) == types.type_,
            "type header",
        )?;
        let modules = (self.api.functions.module_dict)();
        is(word(modules + layout.ob_type) == types.dict, "sys.modules")?;
        is(
            word(word(types.dict + layout.tp_name))
                .to_ne_bytes()
                .starts_with(b"dict\0"),
            "type name",
        )?;
        for generation in 0..3 {
            let head = self.interpreter + layout.gc_generations + generation * GENERATION_SIZE;
            is(self.is_list_head(&word, head), "gc generations")?;
        }
        is(
            self.is_list_head(&word, self.interpreter + layout.gc_permanent),
            "gc permanent list",
        )
    }

    fn is_list_head(&self, word: &impl Fn(usize) -> usize, head: usize) -> bool {
        let next = word(head + self.layout.gc_next) & GC_POINTER;
        let prev = word(head + self.layout.gc_prev) & GC_POINTER;
        next != 0
            && prev != 0
            && word(next + self.layout.gc_prev) & GC_POINTER == head
            && word(prev + self.layout.gc_next) & GC_POINTER == head
    }
}

/// `sizeof(struct gc_generation)`: a list head, a threshold and a count, in every version.
pub(crate) const GENERATION_SIZE: usize = 24;
/// The links of a collector's list carry flags in their low bits.
pub(crate) const GC_POINTER: usize = !7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_banner() {
        assert_eq!(
            parse_version("3.12.1 (main, Jan  1 2024) [GCC 12]"),
            Some((12, 1))
        );
        assert_eq!(parse_version("3.15.0rc2 (main)"), Some((15, 0)));
        assert_eq!(parse_version("2.7.18"), None);
        assert_eq!(parse_version(""), None);
    }
}
