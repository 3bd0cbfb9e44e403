//! The functions and objects of the running interpreter, looked up by name at start. A missing one
//! means an interpreter that we do not know, and is reported by name.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::num::NonZeroUsize;
use unfreed_sys::symbols;

/// `PyMemAllocatorEx` of `pymem.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct MemAllocator {
    pub ctx: *mut c_void,
    pub malloc: extern "C" fn(*mut c_void, usize) -> *mut c_void,
    pub calloc: extern "C" fn(*mut c_void, usize, usize) -> *mut c_void,
    pub realloc: extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void,
    pub free: extern "C" fn(*mut c_void, *mut c_void),
}

/// `PyObjectArenaAllocator` of `objimpl.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ArenaAllocator {
    pub ctx: *mut c_void,
    pub alloc: extern "C" fn(*mut c_void, usize) -> *mut c_void,
    pub free: extern "C" fn(*mut c_void, *mut c_void, usize),
}

pub(crate) type Visit = extern "C" fn(usize, *mut c_void) -> c_int;

macro_rules! functions {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $($name:literal)|+;)*) => {
        /// Entry points of the interpreter.
        #[derive(Clone, Copy)]
        pub(crate) struct Functions { $($(#[$doc])* pub $field: $type,)* }

        impl Functions {
            fn find() -> Result<Self, &'static str> {
                Ok(Functions { $($field: {
                    let names: &[&CStr] = &[$($name),+];
                    let address = names.iter().find_map(|name| symbols::find(name));
                    let missing = names[0].to_str().unwrap_or("a function");
                    let address: NonZeroUsize = address.ok_or(missing)?;
                    // SAFETY: the symbol is the function of this name in CPython 3.9 to 3.15,
                    // whose signature is the field's type in each of them.
                    unsafe { std::mem::transmute::<usize, $type>(address.get()) }
                },)* })
            }
        }
    };
}

functions! {
    gil_ensure: extern "C" fn() -> c_int = c"PyGILState_Ensure";
    gil_release: extern "C" fn(c_int) = c"PyGILState_Release";
    gil_this_thread: extern "C" fn() -> usize = c"PyGILState_GetThisThreadState";
    thread_state: extern "C" fn() -> usize
        = c"PyThreadState_GetUnchecked" | c"_PyThreadState_UncheckedGet";
    save_thread: extern "C" fn() -> usize = c"PyEval_SaveThread";
    restore_thread: extern "C" fn(usize) = c"PyEval_RestoreThread";
    list_append: extern "C" fn(usize, usize) -> c_int = c"PyList_Append";
    is_initialized: extern "C" fn() -> c_int = c"Py_IsInitialized";
    is_finalizing: extern "C" fn() -> c_int = c"Py_IsFinalizing" | c"_Py_IsFinalizing";
    version: extern "C" fn() -> *const c_char = c"Py_GetVersion";
    main_interpreter: extern "C" fn() -> usize = c"PyInterpreterState_Main";
    interpreter_threads: extern "C" fn(usize) -> usize = c"PyInterpreterState_ThreadHead";
    interpreter_of: extern "C" fn(usize) -> usize = c"PyThreadState_GetInterpreter";
    next_thread: extern "C" fn(usize) -> usize = c"PyThreadState_Next";
    module_dict: extern "C" fn() -> usize = c"PyImport_GetModuleDict";
    line_of: extern "C" fn(usize, c_int) -> c_int = c"PyCode_Addr2Line";
    get_allocator: extern "C" fn(c_int, *mut MemAllocator) = c"PyMem_GetAllocator";
    set_allocator: extern "C" fn(c_int, *const MemAllocator) = c"PyMem_SetAllocator";
    get_arena_allocator: extern "C" fn(*mut ArenaAllocator) = c"PyObject_GetArenaAllocator";
    set_arena_allocator: extern "C" fn(*const ArenaAllocator) = c"PyObject_SetArenaAllocator";
    object_malloc: extern "C" fn(usize) -> *mut c_void = c"PyObject_Malloc";
    object_free: extern "C" fn(*mut c_void) = c"PyObject_Free";
    clear_type_cache: extern "C" fn() -> c_uint = c"PyType_ClearCache";
    add_pending_call: extern "C" fn(extern "C" fn(*mut c_void) -> c_int, *mut c_void) -> c_int
        = c"Py_AddPendingCall";
}

macro_rules! objects {
    ($($field:ident = $name:literal;)*) => {
        /// Addresses of the interpreter's own type objects.
        #[derive(Clone, Copy)]
        pub(crate) struct Types { $(pub $field: usize,)* }

        impl Types {
            fn find() -> Result<Self, &'static str> {
                Ok(Types { $($field: symbols::find($name)
                    .ok_or($name.to_str().unwrap_or("a type"))?.get(),)* })
            }
        }
    };
}

objects! {
    type_ = c"PyType_Type";
    dict = c"PyDict_Type";
    list = c"PyList_Type";
    tuple = c"PyTuple_Type";
    set = c"PySet_Type";
    frozenset = c"PyFrozenSet_Type";
    str = c"PyUnicode_Type";
    int = c"PyLong_Type";
    bool_ = c"PyBool_Type";
    float = c"PyFloat_Type";
    bytes = c"PyBytes_Type";
    bytearray = c"PyByteArray_Type";
    code = c"PyCode_Type";
    frame = c"PyFrame_Type";
    function = c"PyFunction_Type";
    method = c"PyMethod_Type";
    builtin = c"PyCFunction_Type";
    cell = c"PyCell_Type";
    module = c"PyModule_Type";
    generator = c"PyGen_Type";
    coroutine = c"PyCoro_Type";
    async_generator = c"PyAsyncGen_Type";
    traceback = c"PyTraceBack_Type";
}

/// Everything that is looked up.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    pub functions: Functions,
    pub types: Types,
    /// `_Py_GetGlobalAllocatedBlocks` or `_Py_GetAllocatedBlocks`: blocks in use; not in every build.
    pub allocated_blocks: Option<extern "C" fn() -> isize>,
}

impl Api {
    /// Looks everything up; the error is the first name that is missing.
    pub(crate) fn find() -> Result<Self, &'static str> {
        let blocks = symbols::find(c"_Py_GetGlobalAllocatedBlocks")
            .or_else(|| symbols::find(c"_Py_GetAllocatedBlocks"));
        Ok(Api {
            functions: Functions::find()?,
            types: Types::find()?,
            // SAFETY: both functions take nothing and return Py_ssize_t.
            allocated_blocks: blocks.map(|address| unsafe { std::mem::transmute(address.get()) }),
        })
    }
}
