//! Where CPython keeps things: the struct layout of each minor version.
//!
//! The tables are measured from each version's own headers by `layouts/generate.sh`, for release
//! GIL builds on 64-bit Linux. They say nothing of free-threaded or debug builds.
//! A table is a claim about a running process. Before trusting one, check that each of the three
//! heads at `gc_generations` has `next->prev == head`, with no collection in progress.

mod tables;

/// The offset of a field this version does not have.
pub(crate) const ABSENT: usize = usize::MAX;
/// The owner number of a frame owner this version does not have.
pub const ABSENT_OWNER: u8 = u8::MAX;
/// The frame state this version does not have.
pub const ABSENT_STATE: i8 = i8::MIN;

/// Type flag of 3.12 and later: one of the interpreter's own static types, whose `tp_dict` and `tp_subclasses` each
/// interpreter keeps elsewhere. No earlier version uses the bit.
pub const TPFLAGS_STATIC_BUILTIN: u64 = 1 << 1;
/// Type flag: made at run time, so laid out as a `PyHeapTypeObject`.
pub const TPFLAGS_HEAPTYPE: u64 = 1 << 9;
/// Type flag: `PyType_Ready` has finished.
pub const TPFLAGS_READY: u64 = 1 << 12;
/// Type flag: instances have a gc head (unless `tp_is_gc` says otherwise for one of them).
pub const TPFLAGS_HAVE_GC: u64 = 1 << 14;
/// Type flag: `int` or a subclass.
pub const TPFLAGS_LONG: u64 = 1 << 24;
/// Type flag: `list` or a subclass.
pub const TPFLAGS_LIST: u64 = 1 << 25;
/// Type flag: `tuple` or a subclass.
pub const TPFLAGS_TUPLE: u64 = 1 << 26;
/// Type flag: `bytes` or a subclass.
pub const TPFLAGS_BYTES: u64 = 1 << 27;
/// Type flag: `str` or a subclass.
pub const TPFLAGS_UNICODE: u64 = 1 << 28;
/// Type flag: `dict` or a subclass.
pub const TPFLAGS_DICT: u64 = 1 << 29;
/// Type flag: `BaseException` or a subclass.
pub const TPFLAGS_BASE_EXC: u64 = 1 << 30;
/// Type flag: `type` or a subclass.
pub const TPFLAGS_TYPE: u64 = 1 << 31;

/// Bytes in one digit of an `int`.
pub const LONG_DIGIT_SIZE: usize = 4;

/// The tag bits of a `_PyStackRef` (where `if_tagged_refs`).
///
/// The same in 3.14 and 3.15, GIL builds:
/// - bits 00: a pointer that owns one reference;
/// - bits 01: a pointer after clearing bit 0 that owns none: a borrowed local (`LOAD_FAST_BORROW`,
///   so an edge, but not one the refcount knows of) or an immortal object;
/// - the whole word equal to [`STACKREF_NULL`]: nothing. Note that 0 is not the null;
/// - bits 11: an `int` held in the word, no object; its value is the word `>> 2`, signed.
///   Seen: the saved instruction of a `with` block's handler (both versions), and the index of a
///   `for` over a list (3.15, which pushes the list itself and no iterator);
/// - bits 10: unused in 3.14; in 3.15 the whole word 2 marks an error, and no other is valid.
///
/// So skip a word which is 0 or has bit 1 set, else clear bit 0, and skip it if nothing is left.
pub const STACKREF_TAG_MASK: u64 = 3;
/// The tag of an `int` held in a `_PyStackRef` itself.
pub const STACKREF_INT_TAG: u64 = 3;
/// The tag of a `_PyStackRef` that owns no reference.
pub const STACKREF_BORROWED_TAG: u64 = 1;
/// The `_PyStackRef` that refers to nothing.
pub const STACKREF_NULL: u64 = 1;

/// What `interp_atexit` is the offset of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtexitShape {
    /// 3.9: a borrowed pointer to the `atexit` module (null before its import). Its `md_state` is
    /// `{ records, int count, int capacity }`, with records as in `Array`.
    ModuleState,
    /// 3.10 to 3.13: a C array of `interp_atexit_count` (an `int`) pointers, each null or to a
    /// record of three references `{ func, args, kwargs }`, where `kwargs` may be null.
    Array,
    /// 3.14 on: a reference to a list of `(func, args, kwargs)` tuples. The slot of an
    /// unregistered callback holds `None`.
    List,
}

/// How an instance whose type has `tpflag_managed_dict` holds its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedDictRule {
    /// 3.9 and 3.10: there are none; `tp_dictoffset` alone says where the dict is.
    None,
    /// 3.11: a values pointer and a dict pointer side by side; at most one is not null. The number
    /// of values is that of the type's `ht_cached_keys`.
    TwoPointers,
    /// 3.12: one word. Bit 0 set: the values are at the word plus one. Bit 0 clear: a dict or null.
    TaggedPointer,
    /// 3.13 on: a dict pointer, null until the dict is asked for. Where the type also has
    /// `tpflag_inline_values`, a `PyDictValues` lies in the object itself, `tp_basicsize` bytes
    /// after its start; it holds the attributes while its `valid` byte is 1. A dict made for such
    /// an object shares those values (`ma_values` points into the object, `embedded` is 1), so
    /// take the values once. Types with a `tp_itemsize` (of `int`, `tuple` …) have no inline
    /// values, only the dict; nor in 3.13 have those with a `tp_basicsize` above 16.
    InlineValues,
}

/// The struct layout of one CPython minor version. Sizes and offsets are in bytes; a field this
/// version lacks is `ABSENT` (`usize::MAX`). A field is an owned reference or null unless it says
/// otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Layout {
    /// The minor version.
    pub minor: u32,

    // _PyRuntimeState and PyInterpreterState
    /// From `_PyRuntime`: the first interpreter.
    pub runtime_interpreters_head: usize,
    /// From `_PyRuntime`: the main interpreter.
    pub runtime_interpreters_main: usize,
    /// The next interpreter.
    pub interp_next: usize,
    /// The interpreter's number, an `i64`.
    pub interp_id: usize,
    /// The first thread state; go on by `ts_next`.
    pub interp_threads_head: usize,
    /// The collector's state. Every `gc_*` offset below counts from the interpreter state too,
    /// unless it says otherwise.
    pub interp_gc: usize,
    /// The first of three generation records. In 3.14.0 to 3.14.4 the three are young and the two
    /// spaces of old (`old[0]`, `old[1]`), elsewhere generations 0, 1 and 2.
    pub gc_generations: usize,
    /// From one generation record to the next. A record begins with its list head.
    pub gc_generation_stride: usize,
    /// Within a generation record: the threshold, an `int`.
    pub gc_generation_threshold: usize,
    /// Within a generation record: the count, an `int`.
    pub gc_generation_count: usize,
    /// The record of the permanent generation: what `gc.freeze` moved there, and in 3.12 also
    /// immortal objects that a collection met.
    pub gc_permanent: usize,
    /// An `int`, not 0 while a collection runs; the lists are then partly on the C stack.
    pub gc_collecting: usize,
    /// An `int`, 0 after `gc.disable()`.
    pub gc_enabled: usize,
    /// Three statistics records, one per generation. Absent from 3.15 on (`gc_stats_pointer`).
    pub gc_stats: usize,
    /// 3.15: a pointer to a C block of rings of records: one of `gc_stats_young_len` for the young
    /// generation, two of `gc_stats_old_len` for the old ones. A ring's index byte names its
    /// newest record, whose counters are totals as in `gc.get_stats()`.
    pub gc_stats_pointer: usize,
    /// In the block: the records of the young ring.
    pub gc_stats_young: usize,
    /// In the block: the index of the young ring, an `i8`.
    pub gc_stats_young_index: usize,
    /// The number of records in the young ring.
    pub gc_stats_young_len: usize,
    /// In the block: the records of the first old ring.
    pub gc_stats_old: usize,
    /// In the block: the index of the first old ring, an `i8`.
    pub gc_stats_old_index: usize,
    /// In the block: from one old ring to the next.
    pub gc_stats_old_stride: usize,
    /// The number of records in an old ring.
    pub gc_stats_old_len: usize,
    /// From one statistics record to the next.
    pub gc_stats_stride: usize,
    /// Within a statistics record: the number of collections.
    pub gc_stats_collections: usize,
    /// Within a statistics record: the number of objects collected.
    pub gc_stats_collected: usize,
    /// Within a statistics record: the number of objects found but not collectable.
    pub gc_stats_uncollectable: usize,
    /// The list `gc.garbage`.
    pub gc_garbage: usize,
    /// The list `gc.callbacks`.
    pub gc_callbacks: usize,
    /// `sys.modules`.
    pub interp_modules: usize,
    /// The list of modules by definition index.
    pub interp_modules_by_index: usize,
    /// `importlib._bootstrap`.
    pub interp_importlib: usize,
    /// `builtins.__import__` as it was at the start.
    pub interp_import_func: usize,
    /// A copy of the dict of `sys`.
    pub interp_sysdict_copy: usize,
    /// The dict of interned strings. Its references to mortal ones are not counted in them.
    /// Before 3.12 it is a C static.
    pub interp_interned: usize,
    /// 3.15 lazy imports: `builtins.__lazy_import__` as it was at the start.
    pub interp_lazy_import_func: usize,
    /// 3.15 lazy imports: the filter.
    pub interp_lazy_imports_filter: usize,
    /// 3.15 lazy imports: the modules.
    pub interp_lazy_modules: usize,
    /// 3.15 lazy imports: submodules still to be imported.
    pub interp_lazy_pending_submodules: usize,
    /// The dict of `sys`.
    pub interp_sysdict: usize,
    /// The dict of `builtins`.
    pub interp_builtins: usize,
    /// A copy of the dict of `builtins`.
    pub interp_builtins_copy: usize,
    /// `PyInterpreterState_GetDict`.
    pub interp_dict: usize,
    /// The list of codec search functions.
    pub interp_codec_search_path: usize,
    /// The dict of codecs found.
    pub interp_codec_search_cache: usize,
    /// The dict of codec error handlers.
    pub interp_codec_error_registry: usize,
    /// `os.register_at_fork(before=…)`: a list.
    pub interp_before_forkers: usize,
    /// `os.register_at_fork(after_in_parent=…)`: a list.
    pub interp_after_forkers_parent: usize,
    /// `os.register_at_fork(after_in_child=…)`: a list.
    pub interp_after_forkers_child: usize,
    /// The `atexit` callbacks; see `atexit_shape`.
    pub interp_atexit: usize,
    /// The number of `atexit` callbacks, an `int`.
    pub interp_atexit_count: usize,
    /// What `interp_atexit` points to.
    pub atexit_shape: AtexitShape,
    /// `sys.addaudithook`: a list.
    pub interp_audit_hooks: usize,
    /// 3.12 on: an array with what a static builtin type (`tpflag_static_builtin`) keeps per
    /// interpreter, its own fields being null. From 3.12 on `tp_subclasses` of such a type is no
    /// pointer but its index here, plus one.
    pub interp_static_types: usize,
    /// The number of static builtin types, a `usize`.
    pub interp_static_types_count: usize,
    /// 3.13 on: the same for the static types of stdlib extension modules. An unused entry has a
    /// null `static_type_type`.
    pub interp_static_ext_types: usize,
    /// The number of static extension types, a `usize`.
    pub interp_static_ext_types_count: usize,
    /// The entries in `interp_static_ext_types`.
    pub interp_static_ext_types_max: usize,
    /// From one static type's entry to the next.
    pub static_type_stride: usize,
    /// Within an entry: the type, borrowed.
    pub static_type_type: usize,
    /// Within an entry: `tp_dict`.
    pub static_type_dict: usize,
    /// Within an entry: `tp_subclasses`.
    pub static_type_subclasses: usize,
    /// Within an entry: the head of the type's weak references, borrowed.
    pub static_type_weaklist: usize,
    /// `sizeof(PyInterpreterState)`.
    pub interp_sizeof: usize,

    // PyThreadState
    /// The previous thread state.
    pub ts_prev: usize,
    /// The next thread state.
    pub ts_next: usize,
    /// The interpreter.
    pub ts_interp: usize,
    /// The `pthread_t`, as `threading.get_ident()`.
    pub ts_thread_id: usize,
    /// The kernel's thread id. 3.11 on.
    pub ts_native_thread_id: usize,
    /// The innermost frame: a borrowed `PyFrameObject` in 3.9 and 3.10, a `_PyInterpreterFrame`
    /// from 3.13 on. Between them go by `ts_cframe`.
    pub ts_frame: usize,
    /// 3.11 and 3.12: the `_PyCFrame`.
    pub ts_cframe: usize,
    /// Within the `_PyCFrame`: the innermost `_PyInterpreterFrame`.
    pub cframe_current_frame: usize,
    /// 3.15: the `_PyInterpreterFrame` below all others, a part of the thread state, which holds
    /// no Python code.
    pub ts_base_frame: usize,
    /// `PyThreadState_GetDict`.
    pub ts_dict: usize,
    /// The current `contextvars` context.
    pub ts_context: usize,
    /// `sys.set_asyncgen_hooks(firstiter=…)`.
    pub ts_async_gen_firstiter: usize,
    /// `sys.set_asyncgen_hooks(finalizer=…)`.
    pub ts_async_gen_finalizer: usize,
    /// A pointer to the innermost `_PyErr_StackItem`: in a running generator, or `ts_exc_state`.
    pub ts_exc_info: usize,
    /// The outermost `_PyErr_StackItem`, a part of the thread state.
    pub ts_exc_state: usize,
    /// The exception set from another thread.
    pub ts_async_exc: usize,
    /// The type of the exception being raised. Before 3.12.
    pub ts_curexc_type: usize,
    /// The exception being raised. Before 3.12.
    pub ts_curexc_value: usize,
    /// The traceback of the exception being raised. Before 3.12.
    pub ts_curexc_traceback: usize,
    /// The exception being raised. 3.12 on.
    pub ts_current_exception: usize,
    /// The object of `sys.setprofile`.
    pub ts_profile_object: usize,
    /// The object of `sys.settrace`.
    pub ts_trace_object: usize,
    /// The key of `threading.local` values. 3.13 on.
    pub ts_threading_local_key: usize,
    /// What ends `threading.local` values. 3.13 on.
    pub ts_threading_local_sentinel: usize,
    /// The running asyncio loop. 3.13 on; in `_PyThreadStateImpl`, beyond `ts_sizeof`.
    pub ts_asyncio_running_loop: usize,
    /// The running asyncio task. 3.14 on; in `_PyThreadStateImpl`, beyond `ts_sizeof`.
    pub ts_asyncio_running_task: usize,
    /// `sizeof(PyThreadState)`.
    pub ts_sizeof: usize,
    /// `sizeof(_PyThreadStateImpl)`, of which the thread state is the start (3.13 on).
    pub ts_impl_sizeof: usize,
    /// Within a `_PyErr_StackItem`: the type. Before 3.11.
    pub exc_type: usize,
    /// Within a `_PyErr_StackItem`: the traceback. Before 3.11.
    pub exc_traceback_item: usize,
    /// Within a `_PyErr_StackItem`: the exception being handled (or `None`).
    pub exc_value: usize,
    /// Within a `_PyErr_StackItem`: the next outer item.
    pub exc_previous_item: usize,

    // PyFrameObject
    /// The calling frame. In 3.11 and later only set once the frame has finished.
    pub fo_back: usize,
    /// The trace function.
    pub fo_trace: usize,
    /// The code.
    pub fo_code: usize,
    /// The builtins.
    pub fo_builtins: usize,
    /// The globals.
    pub fo_globals: usize,
    /// The locals dict, if any.
    pub fo_locals: usize,
    /// A pointer to the first slot of the value stack, just after the fast locals, the cells and
    /// the free variables.
    pub fo_valuestack: usize,
    /// 3.9: a pointer past the last used slot of the value stack, null while the frame runs (then
    /// nothing tells how deep it is). 3.10: its depth, an `int`, -1 while the frame runs.
    pub fo_stacktop_or_depth: usize,
    /// Whether `fo_stacktop_or_depth` is a pointer.
    pub fo_stack_is_pointer: bool,
    /// The last instruction, an `int`: a byte offset in 3.9, a count of code units in 3.10.
    pub fo_lasti: usize,
    /// The fast locals, cells and free variables, in the object itself: `co_nlocals`, then the
    /// lengths of `co_cellvars` and `co_freevars`.
    pub fo_localsplus: usize,
    /// 3.10: the state, an `i8`; see `frame_created` and the rest.
    pub fo_state: usize,
    /// 3.9: a `char`, 1 while the frame runs.
    pub fo_executing: usize,
    /// The generator, borrowed.
    pub fo_gen: usize,
    /// 3.11 on: a pointer to the `_PyInterpreterFrame`. Its owner says whose it is: only for
    /// `owner_frame_object` does the frame object hold what is in it.
    pub fo_iframe: usize,
    /// 3.11 on: where the `_PyInterpreterFrame` lies once the frame object owns it.
    pub fo_frame_data: usize,
    /// 3.13 on: the dict of locals set through `f_locals` that are no fast locals.
    pub fo_extra_locals: usize,
    /// 3.13 on: a cache for `PyEval_GetLocals`.
    pub fo_locals_cache: usize,
    /// 3.14 on: a tuple of the fast locals that `f_locals` has overwritten.
    pub fo_overwritten_fast_locals: usize,

    // _PyInterpreterFrame
    /// The code. From 3.13 on any object (`f_executable`), for the entry frames `None`; from 3.14
    /// on a stack reference.
    pub if_code: usize,
    /// A pointer to the instruction: the last one run in 3.11 and 3.12, from 3.13 on the one
    /// that runs, or for a suspended or calling frame the one to come back to
    /// (see `if_return_offset`).
    pub if_instr: usize,
    /// The function: owned. From 3.12 on any object, `None` in entry frames; from 3.14 on a stack
    /// reference.
    pub if_func: usize,
    /// A `u16` that a call adds to `if_instr`, in code units. 3.12 on.
    pub if_return_offset: usize,
    /// The calling frame.
    pub if_previous: usize,
    /// The globals, borrowed from the function.
    pub if_globals: usize,
    /// The builtins, borrowed from the function.
    pub if_builtins: usize,
    /// The locals dict, if any. Owned.
    pub if_locals: usize,
    /// The frame object, if any. Owned, but from a frame which that object owns, borrowed.
    pub if_frame_obj: usize,
    /// How far `if_localsplus` is used. Before 3.14 an `int` counting from its start, so the
    /// locals included, -1 while the frame runs; from 3.14 on a pointer past the last used slot,
    /// null while the frame runs. In a running frame only `co_nlocalsplus` slots are known.
    pub if_stack: usize,
    /// Whether `if_stack` is a pointer.
    pub if_stack_is_pointer: bool,
    /// The owner, a `u8`; see `owner_thread` and the rest.
    pub if_owner: usize,
    /// `co_nlocalsplus` locals, then the value stack.
    pub if_localsplus: usize,
    /// Whether `if_code`, `if_func` and the slots of `if_localsplus` are stack references
    /// (`_PyStackRef`) and not plain pointers: see [`STACKREF_TAG_MASK`]. 3.14 on.
    pub if_tagged_refs: bool,
    /// Owner: the thread's stack of frames.
    pub owner_thread: u8,
    /// Owner: a generator or coroutine, in which the frame lies.
    pub owner_generator: u8,
    /// Owner: a frame object, in which the frame lies.
    pub owner_frame_object: u8,
    /// Owner: the interpreter loop (3.14 on). An entry frame: skip it.
    pub owner_interpreter: u8,
    /// Owner: the C stack (3.12 to 3.14). In 3.12 and 3.13 an entry frame: skip it, and read
    /// neither its locals nor its function.
    pub owner_cstack: u8,

    // PyCodeObject
    /// The number of locals, cells and free variables together, an `int`.
    pub co_nlocalsplus: usize,
    /// The number of cells, those that are also arguments included, an `int`.
    pub co_ncellvars: usize,
    /// The number of free variables, an `int`.
    pub co_nfreevars: usize,
    /// The index of the first traceable instruction, an `int`. A frame before it is incomplete.
    pub co_firsttraceable: usize,
    /// The tuple of the names of locals, cells and free variables.
    pub co_localsplusnames: usize,
    /// A `bytes` with the kind of each of them.
    pub co_localspluskinds: usize,
    /// The qualified name. 3.11 on.
    pub co_qualname: usize,
    /// The exception table, a `bytes`.
    pub co_exceptiontable: usize,
    /// The instructions, in the object itself: `ob_size` code units. 3.11 on.
    pub co_code_adaptive: usize,
    /// The tuple of the names of locals. Before 3.11.
    pub co_varnames: usize,
    /// The tuple of the names of cells. Before 3.11.
    pub co_cellvars: usize,
    /// The tuple of the names of free variables. Before 3.11.
    pub co_freevars: usize,
    /// A C block with the argument of each cell (a `isize` per cell), or null. Before 3.11.
    pub co_cell2arg: usize,
    /// The instructions, a `bytes`. Before 3.11.
    pub co_code: usize,
    /// A frame object kept for the next call, with a refcount of 0 and nothing in it. Before 3.11.
    pub co_zombieframe: usize,
    /// The number of arguments, an `int`.
    pub co_argcount: usize,
    /// The flags, an `int`.
    pub co_flags: usize,
    /// The number of locals, an `int`.
    pub co_nlocals: usize,
    /// The depth of the value stack, an `int`.
    pub co_stacksize: usize,
    /// The words of a whole frame, an `int`. 3.12 on.
    pub co_framesize: usize,
    /// 3.12 on: null, or a C block of `co_cached_len` references (`co_code`, `co_varnames` …).
    pub co_cached: usize,
    /// The number of references at `co_cached`.
    pub co_cached_len: usize,
    /// 3.11: the `bytes` of `co_code`, once asked for.
    pub co_cached_code: usize,
    /// The tuple of constants.
    pub co_consts: usize,
    /// The tuple of names.
    pub co_names: usize,
    /// The file name.
    pub co_filename: usize,
    /// The name.
    pub co_name: usize,
    /// The first line, an `int`.
    pub co_firstlineno: usize,
    /// The line table, a `bytes` (`co_lnotab` in 3.9). Its format differs between 3.9, 3.10 and
    /// 3.11 on.
    pub co_linetable: usize,
    /// A C block of what `_PyCode_SetExtra` set, or null.
    pub co_extra: usize,
    /// The head of the weak references, borrowed.
    pub co_weakreflist: usize,
    /// `sizeof(PyCodeObject)`. From 3.11 on a code object takes
    /// `co_code_adaptive + ob_size * codeunit_size` bytes, which may be less than one expects.
    pub co_sizeof: usize,
    /// Bytes in a code unit.
    pub codeunit_size: usize,

    // Dicts
    /// The number of items.
    pub dict_used: usize,
    /// The keys, a C block that several dicts and a type may share (`dk_refcnt`).
    pub dict_keys: usize,
    /// Null, or the values of a split dict, indexed as the entries of the keys are.
    pub dict_values: usize,
    /// `sizeof(PyDictObject)`.
    pub dict_sizeof: usize,
    /// Within the keys: the number of users, an `isize`. The keys of an empty dict are a C static
    /// which never dies; their count means nothing (`u32::MAX` in 3.12 and 3.13, then negative).
    pub dk_refcnt: usize,
    /// Within the keys: how many more entries fit. A keys block has room for
    /// `(size << 1) / 3` entries in all.
    pub dk_usable: usize,
    /// Within the keys: the number of entries in use, deleted ones (null value) included.
    pub dk_nentries: usize,
    /// Within the keys: the indices, after which come the entries.
    ///
    /// Before 3.11 the indices take `dk_size` times 1 byte if `dk_size <= 0xff`, 2 if
    /// `<= 0xffff`, 4 if `<= 0xffff_ffff`, else 8. From 3.11 on they take
    /// `1 << dk_log2_index_bytes` bytes.
    pub dk_indices: usize,
    /// The size of an entry `{ hash, key, value }`: any before 3.11, later of a general table.
    pub dk_entry_size: usize,
    /// Within such an entry: the key.
    pub dk_entry_key: usize,
    /// Within such an entry: the value; null in a split or deleted one.
    pub dk_entry_value: usize,
    /// Within the keys: the number of slots. Before 3.11.
    pub dk_size: usize,
    /// Within the keys: the logarithm of the number of slots, a `u8`. 3.11 on.
    pub dk_log2_size: usize,
    /// Within the keys: the logarithm of the bytes of the indices, a `u8`. 3.11 on.
    pub dk_log2_index_bytes: usize,
    /// Within the keys: the kind, a `u8`. 3.11 on.
    pub dk_kind: usize,
    /// Kind: any keys, entries of `dk_entry_size`.
    pub dk_kind_general: usize,
    /// Kind: `str` keys only, entries of `dk_unicode_entry_size`.
    pub dk_kind_unicode: usize,
    /// Kind: the same, shared by the instances of a type.
    pub dk_kind_split: usize,
    /// The size of an entry `{ key, value }`.
    pub dk_unicode_entry_size: usize,
    /// Within such an entry: the key.
    pub dk_unicode_entry_key: usize,
    /// Within such an entry: the value; null in a split or deleted one.
    pub dk_unicode_entry_value: usize,
    /// Within the values: the first one.
    pub values_array: usize,
    /// 3.11 and 3.12: whether the C block begins before the values: the byte before them (`[-1]`)
    /// is the distance to the start of the block, the one before that (`[-2]`) the number in use.
    pub values_has_prefix: bool,
    /// 3.13 on, within the values: how many there is room for, a `u8`. After them come as many
    /// bytes with the order of insertion.
    pub values_capacity: usize,
    /// 3.13 on, within the values: how many are in use, a `u8`.
    pub values_size: usize,
    /// 3.13 on, within the values: 1 if they lie in an instance, a `u8`, so are no block.
    pub values_embedded: usize,
    /// 3.13 on, within the values: 1 while they hold the attributes, a `u8`.
    pub values_valid: usize,
    /// How many bytes before the object its dict pointer is; see `managed_dict_rule`.
    pub managed_dict_offset: usize,
    /// How many bytes before the object its values pointer is (3.11: a word of its own; 3.12: the
    /// word at `managed_dict_offset`).
    pub managed_values_offset: usize,
    /// How many bytes before the object the head of its weak references is, borrowed, if its type
    /// has `tpflag_managed_weakref`. 3.12 on.
    pub managed_weakref_offset: usize,
    /// How to read them.
    pub managed_dict_rule: ManagedDictRule,
    /// `OrderedDict`: a C block of `od_fast_nodes_size` pointers to nodes, or null.
    pub od_fast_nodes: usize,
    /// `OrderedDict`: the length of `od_fast_nodes`.
    pub od_fast_nodes_size: usize,
    /// `OrderedDict`: the first node, a C block.
    pub od_first: usize,
    /// `OrderedDict`: the last node.
    pub od_last: usize,
    /// `OrderedDict`: the instance's `__dict__`.
    pub od_inst_dict: usize,
    /// `OrderedDict`: the head of the weak references, borrowed.
    pub od_weakreflist: usize,
    /// `OrderedDict`: the size of the object.
    pub odict_sizeof: usize,
    /// `OrderedDict`: the size of a node.
    pub odict_node_size: usize,
    /// Within a node: the key. Owned, a second reference beside the dict's own.
    pub odict_node_key: usize,
    /// Within a node: the next one.
    pub odict_node_next: usize,

    // PyTypeObject
    /// The flags, a `u64`.
    pub tp_flags: usize,
    /// The size of an instance.
    pub tp_basicsize: usize,
    /// The size of one item of an instance.
    pub tp_itemsize: usize,
    /// The name, a C string.
    pub tp_name: usize,
    /// The doc, a C string; of a heap type a block of its own.
    pub tp_doc: usize,
    /// The dict. Null in static builtin types from 3.12 on: see `interp_static_types`.
    pub tp_dict: usize,
    /// The tuple of bases.
    pub tp_bases: usize,
    /// The tuple of the method resolution order.
    pub tp_mro: usize,
    /// The base.
    pub tp_base: usize,
    /// A cache no longer used.
    pub tp_cache: usize,
    /// The dict of weak references to the subclasses; no pointer in static builtin types from
    /// 3.12 on.
    pub tp_subclasses: usize,
    /// The head of the weak references, borrowed.
    pub tp_weaklist: usize,
    /// The members, a C array.
    pub tp_members: usize,
    /// The properties, a C array.
    pub tp_getset: usize,
    /// Where an instance has its dict: 0 nowhere. Before 3.12 a negative one counts from its end,
    /// rounded up to 8 bytes, and in 3.11 so leads to the managed dict; from 3.12 on a managed
    /// dict has -1.
    pub tp_dictoffset: usize,
    /// Where an instance has the head of its weak references.
    pub tp_weaklistoffset: usize,
    /// `tp_traverse`, a function.
    pub tp_traverse: usize,
    /// `tp_clear`, a function.
    pub tp_clear: usize,
    /// `tp_is_gc`, a function or null.
    pub tp_is_gc: usize,
    /// `tp_dealloc`, a function.
    pub tp_dealloc: usize,
    /// `tp_finalize`, a function.
    pub tp_finalize: usize,
    /// `sizeof(PyTypeObject)`.
    pub type_sizeof: usize,
    /// `sizeof(PyHeapTypeObject)`.
    pub heaptype_sizeof: usize,
    /// The name.
    pub ht_name: usize,
    /// The qualified name.
    pub ht_qualname: usize,
    /// The tuple of slots.
    pub ht_slots: usize,
    /// The module the type was defined with.
    pub ht_module: usize,
    /// The keys that instances share, a C block of which this is one user.
    pub ht_cached_keys: usize,
    /// A `__getitem__` cached by the specialiser, borrowed. 3.11 on.
    pub ht_getitem_cache: usize,
    /// An `__init__` cached by the specialiser, borrowed. 3.13 on.
    pub ht_init_cache: usize,
    /// The flag of types with managed weak references, or 0.
    pub tpflag_managed_weakref: u64,
    /// The flag of static builtin types, or 0.
    pub tpflag_static_builtin: u64,
    /// The flag of types with inline values, or 0.
    pub tpflag_inline_values: u64,
    /// The flag of types with a managed dict, or 0. Either managed flag means 16 more bytes before
    /// the gc head (`Py_TPFLAGS_PREHEADER`); in 3.11 this one alone does.
    pub tpflag_managed_dict: u64,

    // Every object
    /// The reference count: an `isize` before 3.14, then a `u32` (see `refcnt_is_32_bits`).
    ///
    /// From 3.12 on an object is immortal if its low 32 bits are negative as an `i32`. In 3.12 and
    /// 3.13 the count may leave the exact `u32::MAX`, since old extensions change it.
    pub ob_refcnt: usize,
    /// 3.14 on: a `u16` of flags. 1: made immortal (an object whose count merely grew past 2^31 is
    /// immortal without it); 4: statically allocated. The `u16` before it catches overflow.
    pub ob_flags: usize,
    /// The type. Owned by an instance of a heap type; borrowed from a static type.
    pub ob_type: usize,
    /// The number of items of a variable-size object.
    pub var_size: usize,
    /// `sizeof(PyObject)`.
    pub object_sizeof: usize,
    /// `sizeof(PyVarObject)`.
    pub var_sizeof: usize,
    /// Whether there are immortal objects. In 3.11 there are only statics with a count near
    /// 999999999, which still changes.
    pub has_immortals: bool,
    /// Whether the count is a `u32`, with flags in the rest of its word. 3.14 on.
    pub refcnt_is_32_bits: bool,
    /// The size of the gc head before a gc object.
    pub gc_head_size: usize,
    /// Within the gc head: the next one; 0 if the object is not tracked.
    pub gc_next: usize,
    /// Within the gc head: the previous one.
    pub gc_prev: usize,
    /// The bits of `gc_next` that are no part of the pointer. Zero between collections, but in
    /// 3.14.0 to 3.14.4, where bit 0 tells the space of the old generation.
    pub gc_next_flags: usize,
    /// The bits of `gc_prev` that are no part of the pointer: 1 finalised, 2 collecting. (During a
    /// collection the rest is a count.)
    pub gc_prev_flags: usize,

    // Containers
    /// A pointer to the items.
    pub list_items: usize,
    /// How many items there is room for.
    pub list_allocated: usize,
    /// The items, in the object itself.
    pub tuple_items: usize,
    /// The entries in use, deleted ones (the C static `_dummy` as key) included.
    pub set_fill: usize,
    /// The number of items.
    pub set_used: usize,
    /// The number of entries less one.
    pub set_mask: usize,
    /// A pointer to the entries, which is to `set_smalltable` or a block.
    pub set_table: usize,
    /// The entries of a small set, in the object itself.
    pub set_smalltable: usize,
    /// The head of the weak references, borrowed.
    pub set_weakreflist: usize,
    /// The size of an entry.
    pub set_entry_size: usize,
    /// Within an entry: the key or null.
    pub set_entry_key: usize,
    /// `sizeof(PySetObject)`.
    pub set_sizeof: usize,

    // Strings and numbers
    /// The number of characters.
    pub uni_length: usize,
    /// The hash.
    pub uni_hash: usize,
    /// The state, a `u32` of bit fields.
    pub uni_state: usize,
    /// The lowest bit of `interned`: 0 not, 1 mortal (the table's two references are not counted),
    /// 2 immortal, from 3.12 on 3 immortal and static. (A byte of its own only without the GIL.)
    pub uni_interned_shift: u32,
    /// The width of `interned`.
    pub uni_interned_bits: u32,
    /// The lowest bit of `kind`: bytes per character, 1, 2 or 4 (0 before 3.12: not ready).
    pub uni_kind_shift: u32,
    /// The width of `kind`.
    pub uni_kind_bits: u32,
    /// The bit `compact`: the characters are in the object itself.
    pub uni_compact_shift: u32,
    /// The width of `compact`.
    pub uni_compact_bits: u32,
    /// The bit `ascii`: with `compact` the characters begin at `uni_ascii_sizeof`, else at
    /// `uni_compact_sizeof`.
    pub uni_ascii_shift: u32,
    /// The width of `ascii`.
    pub uni_ascii_bits: u32,
    /// `sizeof(PyASCIIObject)`.
    pub uni_ascii_sizeof: usize,
    /// `sizeof(PyCompactUnicodeObject)`.
    pub uni_compact_sizeof: usize,
    /// The UTF-8 form, a block of its own unless it is the characters, or null. Not in compact
    /// ASCII strings.
    pub uni_utf8: usize,
    /// The bytes of the UTF-8 form.
    pub uni_utf8_length: usize,
    /// The `wchar_t` form, a block of its own unless it is the characters, or null. Before 3.12.
    pub uni_wstr: usize,
    /// The characters of the `wchar_t` form. Before 3.12.
    pub uni_wstr_length: usize,
    /// A pointer to the characters of a string which is not compact, a block of its own.
    pub uni_data: usize,
    /// The bytes of a `bytes`, in the object itself.
    pub bytes_data: usize,
    /// `bytearray`: the bytes allocated.
    pub bytearray_alloc: usize,
    /// `bytearray`: a pointer to its first byte.
    pub bytearray_start: usize,
    /// `bytearray`: a pointer to the block. In 3.15 into `bytearray_bytes_object`.
    pub bytearray_bytes: usize,
    /// `bytearray`: the `bytes` that holds the data. 3.15 on.
    pub bytearray_bytes_object: usize,
    /// The size word of an `int`. Before 3.12 `ob_size`, whose absolute value is the number of
    /// digits; from 3.12 on `lv_tag`, which is the number of digits `<< 3` (a zero has none, but
    /// the object has room for one).
    pub long_size_or_tag: usize,
    /// The digits of an `int`, `LONG_DIGIT_SIZE` bytes each.
    pub long_digits: usize,
    /// Whether `long_size_or_tag` is a tag.
    pub long_has_tag: bool,

    // Functions, methods, modules
    /// Function: the builtins. 3.10 on.
    pub func_builtins: usize,
    /// Function: the globals.
    pub func_globals: usize,
    /// Function: the name.
    pub func_name: usize,
    /// Function: the qualified name.
    pub func_qualname: usize,
    /// Function: the code.
    pub func_code: usize,
    /// Function: the tuple of defaults.
    pub func_defaults: usize,
    /// Function: the dict of keyword-only defaults.
    pub func_kwdefaults: usize,
    /// Function: the tuple of cells.
    pub func_closure: usize,
    /// Function: the doc.
    pub func_doc: usize,
    /// Function: `__dict__`.
    pub func_dict: usize,
    /// Function: the head of the weak references, borrowed.
    pub func_weakreflist: usize,
    /// Function: the module's name.
    pub func_module: usize,
    /// Function: the annotations, a dict or (3.10 on) a tuple.
    pub func_annotations: usize,
    /// Function: `__annotate__`. 3.14 on.
    pub func_annotate: usize,
    /// Function: the type parameters. 3.12 on.
    pub func_typeparams: usize,
    /// Cell: its content.
    pub cell_ref: usize,
    /// Method: the function.
    pub method_func: usize,
    /// Method: the object.
    pub method_self: usize,
    /// Builtin function: the `PyMethodDef`, C data.
    pub cfunction_ml: usize,
    /// Builtin function: the object.
    pub cfunction_self: usize,
    /// Builtin function: the module or its name.
    pub cfunction_module: usize,
    /// Builtin method: the defining class, only with `METH_METHOD`.
    pub cmethod_class: usize,
    /// Module: its dict.
    pub module_dict: usize,
    /// Module: the `PyModuleDef`, borrowed. Before 3.15.
    pub module_def: usize,
    /// Module: its token; the `PyModuleDef` if `module_token_is_def`. 3.15 on.
    pub module_token: usize,
    /// Module: whether the token is a `PyModuleDef`, a `bool`. 3.15 on.
    pub module_token_is_def: usize,
    /// Module: the bytes of its state. 3.15 on; before, see `moduledef_size`.
    pub module_state_size: usize,
    /// Module: its state, a C block or null.
    pub module_state: usize,
    /// Module: the head of the weak references, borrowed.
    pub module_weaklist: usize,
    /// Module: its name.
    pub module_name: usize,
    /// `PyModuleDef`: the bytes of the state (`m_size`).
    pub moduledef_size: usize,

    // Generators, coroutines, async generators
    /// The frame object, or null when finished. Before 3.11.
    pub gen_frame: usize,
    /// The `_PyInterpreterFrame`, in the object itself. 3.11 on.
    pub gen_iframe: usize,
    /// The state, an `i8`. 3.11 on. In 3.10 see `fo_state`.
    pub gen_frame_state: usize,
    /// Async generators: a byte, 1 while an `asend` or the like runs. In the same place in others,
    /// but there unused (3.11 on) or another object's memory (before).
    pub gen_running_async: usize,
    /// The size of a generator without its locals and stack: `tp_basicsize`.
    pub gen_sizeof: usize,
    /// The code. Before 3.12; later it is that of the frame.
    pub gen_code: usize,
    /// A `char`, 1 while it runs. 3.9 only; else see the state.
    pub gen_running: usize,
    /// The name.
    pub gen_name: usize,
    /// The qualified name.
    pub gen_qualname: usize,
    /// A `_PyErr_StackItem`.
    pub gen_exc_state: usize,
    /// Coroutines: the tuple of origins or null. Async generators: the finalizer or null. Before
    /// 3.11 a plain generator ends before it.
    pub gen_origin: usize,
    /// The head of the weak references, borrowed.
    pub gen_weakreflist: usize,
    /// State: not started.
    pub frame_created: i8,
    /// State: suspended.
    pub frame_suspended: i8,
    /// State: running.
    pub frame_executing: i8,
    /// State: finished, with nothing left in the frame.
    pub frame_cleared: i8,
    /// State: suspended in `yield from` or `await`. 3.13 on.
    pub frame_suspended_yield_from: i8,
    /// State: the same, while another thread reads what it awaits. 3.15.
    pub frame_suspended_yield_from_locked: i8,
    /// State: finished, but not yet cleared. 3.10 (returned; 2 is unwinding, 3 raised) to 3.14.
    pub frame_completed: i8,

    // Tracebacks, exceptions, descriptors, weak references
    /// Traceback: the next, inner one.
    pub tb_next: usize,
    /// Traceback: the frame.
    pub tb_frame: usize,
    /// Traceback: the instruction, an `int`.
    pub tb_lasti: usize,
    /// Traceback: the line, an `int`; -1 from 3.11 on until asked for.
    pub tb_lineno: usize,
    /// Exception: `__dict__`.
    pub exc_dict: usize,
    /// Exception: the arguments.
    pub exc_args: usize,
    /// Exception: the notes. 3.11 on (though kept in the dict).
    pub exc_notes: usize,
    /// Exception: the traceback.
    pub exc_traceback: usize,
    /// Exception: the context.
    pub exc_context: usize,
    /// Exception: the cause.
    pub exc_cause: usize,
    /// Property: the getter.
    pub prop_get: usize,
    /// Property: the setter.
    pub prop_set: usize,
    /// Property: the deleter.
    pub prop_del: usize,
    /// Property: the doc.
    pub prop_doc: usize,
    /// Property: the name. 3.13 on.
    pub prop_name: usize,
    /// Static method or class method: the callable.
    pub sm_callable: usize,
    /// Static method or class method: `__dict__`.
    pub sm_dict: usize,
    /// Weak reference: the object, borrowed; `None` when gone.
    pub wr_object: usize,
    /// Weak reference: the callback.
    pub wr_callback: usize,
    /// Weak reference: the previous one to the same object, borrowed.
    pub wr_prev: usize,
    /// Weak reference: the next one to the same object, borrowed.
    pub wr_next: usize,
}

/// The layout of CPython 3.`minor`.`micro`, if there is a table.
///
/// One table serves every micro release of a minor version so far, with two differences in 3.14:
/// 3.14.0 to 3.14.4 have another collector (see `gc_generations` and `gc_next_flags`), and the
/// fields of the interpreter state behind `interp_atexit` (`interp_audit_hooks`, `interp_interned`
/// and the static types) were measured in 3.14.8 and may lie elsewhere before 3.14.4.
pub fn layout_for(minor: u32, micro: u32) -> Option<&'static Layout> {
    match (minor, micro) {
        (9, _) => Some(&tables::LAYOUT_3_9),
        (10, _) => Some(&tables::LAYOUT_3_10),
        (11, _) => Some(&tables::LAYOUT_3_11),
        (12, _) => Some(&tables::LAYOUT_3_12),
        (13, _) => Some(&tables::LAYOUT_3_13),
        (14, _) => Some(&tables::LAYOUT_3_14),
        (15, _) => Some(&tables::LAYOUT_3_15),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_minor_has_its_table() {
        for minor in 9..=15 {
            let found = layout_for(minor, 0).map(|layout| layout.minor);
            assert_eq!(found, Some(minor));
        }
        assert!(layout_for(8, 18).is_none());
        assert!(layout_for(16, 0).is_none());
    }

    #[test]
    fn a_frame_is_found_in_exactly_one_way() {
        for minor in 9..=15 {
            let layout = layout_for(minor, 0).expect("a table");
            assert!(
                (layout.ts_frame == ABSENT) != (layout.ts_cframe == ABSENT),
                "3.{minor}"
            );
            assert!(
                (layout.gen_frame == ABSENT) != (layout.gen_iframe == ABSENT),
                "3.{minor}"
            );
            assert!((layout.gc_stats == ABSENT) != (layout.gc_stats_pointer == ABSENT));
            assert_eq!(layout.if_tagged_refs, minor >= 14, "3.{minor}");
        }
    }
}
