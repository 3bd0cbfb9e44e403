/* Prints the CPython struct layout of the headers it is compiled with, as a Rust `Layout` const.
   Run by generate.sh for every version; nothing else uses it. GIL builds, 64-bit, release.
   Structs that a version keeps in a .c file are mirrored here, and check.py tests the mirrors. */
#define Py_BUILD_CORE 1
#include "Python.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "frameobject.h"
#include "structmember.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_object.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"

#define FROM(minor) (PY_VERSION_HEX >= (0x03000000 | ((minor) << 16)))

#if FROM(10)
#include "internal/pycore_moduleobject.h"
#else
#include "longintrepr.h"
typedef struct {
    PyObject_HEAD
    PyObject *md_dict;
    struct PyModuleDef *md_def;
    void *md_state;
    PyObject *md_weaklist;
    PyObject *md_name;
} PyModuleObject;
#endif
#if FROM(11)
#include "internal/pycore_code.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#else
#include "longintrepr.h"
/* Objects/dict-common.h */
struct _dictkeysobject {
    Py_ssize_t dk_refcnt;
    Py_ssize_t dk_size;
    void *dk_lookup;
    Py_ssize_t dk_usable;
    Py_ssize_t dk_nentries;
    char dk_indices[];
};
typedef struct {
    Py_hash_t me_hash;
    PyObject *me_key;
    PyObject *me_value;
} PyDictKeyEntry;
#endif
#if FROM(14)
#include "internal/pycore_genobject.h"
#include "internal/pycore_interp_structs.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_stackref.h"
#include "internal/pycore_tstate.h"
#elif FROM(13)
#include "internal/pycore_tstate.h"
#endif

#ifdef Py_GIL_DISABLED
#error "these tables are for GIL builds"
#endif

/* Objects/odictobject.c */
typedef struct {
    PyObject *key;
    Py_hash_t hash;
    void *next;
    void *prev;
} OdictNode;
typedef struct {
    PyDictObject od_dict;
    OdictNode *od_first;
    OdictNode *od_last;
    OdictNode **od_fast_nodes;
    Py_ssize_t od_fast_nodes_size;
    void *od_resize_sentinel;
    size_t od_state;
    PyObject *od_inst_dict;
    PyObject *od_weakreflist;
} Odict;
/* Objects/descrobject.c, Objects/funcobject.c, Modules/_collectionsmodule.c */
typedef struct {
    PyObject_HEAD
    PyObject *prop_get, *prop_set, *prop_del, *prop_doc;
#if FROM(13)
    PyObject *prop_name;
#endif
    int getter_doc;
} Property;
typedef struct {
    PyObject_HEAD
    PyObject *callable;
    PyObject *dict;
} MethodWrapper;

#define NONE SIZE_MAX
static void put(const char *name, size_t value) {
    if (value == NONE) printf("    %s: ABSENT,\n", name);
    else printf("    %s: %zu,\n", name, value);
}
#define V(name, value) put(#name, (size_t)(value))
#define O(name, type, member) put(#name, offsetof(type, member))
#define A(name) put(#name, NONE)
#define B(name, value) printf("    " #name ": %s,\n", (value) ? "true" : "false")
#define N(name, value) printf("    " #name ": %d,\n", (int)(value))
#define NO_STATE (-128)
#define NO_OWNER 255

/* The lowest bit and the number of bits of a bit field within the word at `state`. */
static void bits(const char *name, PyASCIIObject *with) {
    uint32_t word;
    memcpy(&word, &with->state, sizeof(word));
    printf("    uni_%s_shift: %d,\n    uni_%s_bits: %d,\n", name, __builtin_ctz(word), name,
           __builtin_popcount(word));
}
#define BITS(field) do { \
        PyASCIIObject text; memset(&text, 0, sizeof(text)); \
        text.state.field = (unsigned)-1; bits(#field, &text); } while (0)

_Static_assert(sizeof(void *) == 8, "64-bit only");
_Static_assert(Py_TPFLAGS_HEAPTYPE == 1UL << 9, "");
_Static_assert(Py_TPFLAGS_READY == 1UL << 12, "");
_Static_assert(Py_TPFLAGS_HAVE_GC == 1UL << 14, "");
_Static_assert(Py_TPFLAGS_LONG_SUBCLASS == 1UL << 24, "");
_Static_assert(Py_TPFLAGS_LIST_SUBCLASS == 1UL << 25, "");
_Static_assert(Py_TPFLAGS_TUPLE_SUBCLASS == 1UL << 26, "");
_Static_assert(Py_TPFLAGS_BYTES_SUBCLASS == 1UL << 27, "");
_Static_assert(Py_TPFLAGS_UNICODE_SUBCLASS == 1UL << 28, "");
_Static_assert(Py_TPFLAGS_DICT_SUBCLASS == 1UL << 29, "");
_Static_assert(Py_TPFLAGS_BASE_EXC_SUBCLASS == 1UL << 30, "");
_Static_assert(Py_TPFLAGS_TYPE_SUBCLASS == 1UL << 31, "");
_Static_assert(PyLong_SHIFT == 30 && sizeof(digit) == 4, "");
_Static_assert(NUM_GENERATIONS == 3, "");
_Static_assert(_PyGC_PREV_SHIFT == 2, "");
#if FROM(14)
_Static_assert(Py_TAG_BITS == 3 && Py_INT_TAG == 3 && Py_TAG_REFCNT == 1, "");
_Static_assert(PyStackRef_NULL_BITS == 1 && sizeof(_PyStackRef) == 8, "");
#endif

typedef PyInterpreterState I;

static void interpreter(void) {
    O(runtime_interpreters_head, _PyRuntimeState, interpreters.head);
    O(runtime_interpreters_main, _PyRuntimeState, interpreters.main);
    O(interp_next, I, next);
    O(interp_id, I, id);
#if FROM(11)
    O(interp_threads_head, I, threads.head);
#else
    O(interp_threads_head, I, tstate_head);
#endif
    O(interp_gc, I, gc);
    O(gc_generations, I, gc.generations);
    V(gc_generation_stride, sizeof(struct gc_generation));
    O(gc_generation_threshold, struct gc_generation, threshold);
    O(gc_generation_count, struct gc_generation, count);
    O(gc_permanent, I, gc.permanent_generation);
    O(gc_collecting, I, gc.collecting);
    O(gc_enabled, I, gc.enabled);
#if FROM(15)
    A(gc_stats);
    O(gc_stats_pointer, I, gc.generation_stats);
    O(gc_stats_young, struct gc_stats, young.items);
    O(gc_stats_young_index, struct gc_stats, young.index);
    V(gc_stats_young_len, GC_YOUNG_STATS_SIZE);
    O(gc_stats_old, struct gc_stats, old[0].items);
    O(gc_stats_old_index, struct gc_stats, old[0].index);
    V(gc_stats_old_stride, sizeof(struct gc_old_stats_buffer));
    V(gc_stats_old_len, GC_OLD_STATS_SIZE);
#else
    O(gc_stats, I, gc.generation_stats);
    A(gc_stats_pointer); A(gc_stats_young); A(gc_stats_young_index); A(gc_stats_young_len);
    A(gc_stats_old); A(gc_stats_old_index); A(gc_stats_old_stride); A(gc_stats_old_len);
#endif
    V(gc_stats_stride, sizeof(struct gc_generation_stats));
    O(gc_stats_collections, struct gc_generation_stats, collections);
    O(gc_stats_collected, struct gc_generation_stats, collected);
    O(gc_stats_uncollectable, struct gc_generation_stats, uncollectable);
    O(gc_garbage, I, gc.garbage);
    O(gc_callbacks, I, gc.callbacks);
#if FROM(12)
    O(interp_modules, I, imports.modules);
    O(interp_modules_by_index, I, imports.modules_by_index);
    O(interp_importlib, I, imports.importlib);
    O(interp_import_func, I, imports.import_func);
    O(interp_sysdict_copy, I, sysdict_copy);
    O(interp_interned, I, cached_objects.interned_strings);
#else
    O(interp_modules, I, modules);
    O(interp_modules_by_index, I, modules_by_index);
    O(interp_importlib, I, importlib);
    O(interp_import_func, I, import_func);
    A(interp_sysdict_copy);
    A(interp_interned);
#endif
#if FROM(15)
    O(interp_lazy_import_func, I, imports.lazy_import_func);
    O(interp_lazy_imports_filter, I, imports.lazy_imports_filter);
    O(interp_lazy_modules, I, imports.lazy_modules);
    O(interp_lazy_pending_submodules, I, imports.lazy_pending_submodules);
#else
    A(interp_lazy_import_func); A(interp_lazy_imports_filter);
    A(interp_lazy_modules); A(interp_lazy_pending_submodules);
#endif
    O(interp_sysdict, I, sysdict);
    O(interp_builtins, I, builtins);
    O(interp_builtins_copy, I, builtins_copy);
    O(interp_dict, I, dict);
#if FROM(13)
    O(interp_codec_search_path, I, codecs.search_path);
    O(interp_codec_search_cache, I, codecs.search_cache);
    O(interp_codec_error_registry, I, codecs.error_registry);
#else
    O(interp_codec_search_path, I, codec_search_path);
    O(interp_codec_search_cache, I, codec_search_cache);
    O(interp_codec_error_registry, I, codec_error_registry);
#endif
    O(interp_before_forkers, I, before_forkers);
    O(interp_after_forkers_parent, I, after_forkers_parent);
    O(interp_after_forkers_child, I, after_forkers_child);
#if FROM(14)
    O(interp_atexit, I, atexit.callbacks);
    A(interp_atexit_count);
    printf("    atexit_shape: AtexitShape::List,\n");
#elif FROM(10)
    O(interp_atexit, I, atexit.callbacks);
    O(interp_atexit_count, I, atexit.ncallbacks);
    printf("    atexit_shape: AtexitShape::Array,\n");
#else
    O(interp_atexit, I, pyexitmodule);
    A(interp_atexit_count);
    printf("    atexit_shape: AtexitShape::ModuleState,\n");
#endif
    O(interp_audit_hooks, I, audit_hooks);
#if FROM(13)
    O(interp_static_types, I, types.builtins.initialized);
    O(interp_static_types_count, I, types.builtins.num_initialized);
    O(interp_static_ext_types, I, types.for_extensions.initialized);
    O(interp_static_ext_types_count, I, types.for_extensions.num_initialized);
    V(interp_static_ext_types_max, _Py_MAX_MANAGED_STATIC_EXT_TYPES);
#define STATIC_TYPE managed_static_type_state
#elif FROM(12)
    O(interp_static_types, I, types.builtins);
    O(interp_static_types_count, I, types.num_builtins_initialized);
    A(interp_static_ext_types); A(interp_static_ext_types_count); A(interp_static_ext_types_max);
#define STATIC_TYPE static_builtin_state
#else
    A(interp_static_types); A(interp_static_types_count);
    A(interp_static_ext_types); A(interp_static_ext_types_count); A(interp_static_ext_types_max);
#endif
#ifdef STATIC_TYPE
    V(static_type_stride, sizeof(STATIC_TYPE));
    O(static_type_type, STATIC_TYPE, type);
    O(static_type_dict, STATIC_TYPE, tp_dict);
    O(static_type_subclasses, STATIC_TYPE, tp_subclasses);
    O(static_type_weaklist, STATIC_TYPE, tp_weaklist);
#else
    A(static_type_stride); A(static_type_type); A(static_type_dict);
    A(static_type_subclasses); A(static_type_weaklist);
#endif
    V(interp_sizeof, sizeof(I));
}

static void thread(void) {
    O(ts_prev, PyThreadState, prev);
    O(ts_next, PyThreadState, next);
    O(ts_interp, PyThreadState, interp);
    O(ts_thread_id, PyThreadState, thread_id);
#if FROM(11)
    O(ts_native_thread_id, PyThreadState, native_thread_id);
#else
    A(ts_native_thread_id);
#endif
#if FROM(13)
    O(ts_frame, PyThreadState, current_frame);
    A(ts_cframe); A(cframe_current_frame);
#elif FROM(11)
    A(ts_frame);
    O(ts_cframe, PyThreadState, cframe);
    O(cframe_current_frame, _PyCFrame, current_frame);
#else
    O(ts_frame, PyThreadState, frame);
    A(ts_cframe); A(cframe_current_frame);
#endif
#if FROM(15)
    O(ts_base_frame, PyThreadState, base_frame);
#else
    A(ts_base_frame);
#endif
    O(ts_dict, PyThreadState, dict);
    O(ts_context, PyThreadState, context);
    O(ts_async_gen_firstiter, PyThreadState, async_gen_firstiter);
    O(ts_async_gen_finalizer, PyThreadState, async_gen_finalizer);
    O(ts_exc_info, PyThreadState, exc_info);
    O(ts_exc_state, PyThreadState, exc_state);
    O(ts_async_exc, PyThreadState, async_exc);
#if FROM(12)
    A(ts_curexc_type); A(ts_curexc_value); A(ts_curexc_traceback);
    O(ts_current_exception, PyThreadState, current_exception);
#else
    O(ts_curexc_type, PyThreadState, curexc_type);
    O(ts_curexc_value, PyThreadState, curexc_value);
    O(ts_curexc_traceback, PyThreadState, curexc_traceback);
    A(ts_current_exception);
#endif
    O(ts_profile_object, PyThreadState, c_profileobj);
    O(ts_trace_object, PyThreadState, c_traceobj);
#if FROM(13)
    O(ts_threading_local_key, PyThreadState, threading_local_key);
    O(ts_threading_local_sentinel, PyThreadState, threading_local_sentinel);
    O(ts_asyncio_running_loop, _PyThreadStateImpl, asyncio_running_loop);
#else
    A(ts_threading_local_key); A(ts_threading_local_sentinel); A(ts_asyncio_running_loop);
#endif
#if FROM(14)
    O(ts_asyncio_running_task, _PyThreadStateImpl, asyncio_running_task);
#else
    A(ts_asyncio_running_task);
#endif
    V(ts_sizeof, sizeof(PyThreadState));
#if FROM(13)
    V(ts_impl_sizeof, sizeof(_PyThreadStateImpl));
#else
    V(ts_impl_sizeof, sizeof(PyThreadState));
#endif
#if FROM(11)
    A(exc_type); A(exc_traceback_item);
#else
    O(exc_type, _PyErr_StackItem, exc_type);
    O(exc_traceback_item, _PyErr_StackItem, exc_traceback);
#endif
    O(exc_value, _PyErr_StackItem, exc_value);
    O(exc_previous_item, _PyErr_StackItem, previous_item);
}

static void frame(void) {
    O(fo_back, PyFrameObject, f_back);
    O(fo_trace, PyFrameObject, f_trace);
#if FROM(11)
    A(fo_code); A(fo_builtins); A(fo_globals); A(fo_locals); A(fo_valuestack);
    A(fo_stacktop_or_depth); B(fo_stack_is_pointer, 0); A(fo_lasti); A(fo_localsplus);
    A(fo_state); A(fo_executing); A(fo_gen);
    O(fo_iframe, PyFrameObject, f_frame);
    O(fo_frame_data, PyFrameObject, _f_frame_data);
#else
    O(fo_code, PyFrameObject, f_code);
    O(fo_builtins, PyFrameObject, f_builtins);
    O(fo_globals, PyFrameObject, f_globals);
    O(fo_locals, PyFrameObject, f_locals);
    O(fo_valuestack, PyFrameObject, f_valuestack);
#if FROM(10)
    O(fo_stacktop_or_depth, PyFrameObject, f_stackdepth);
    B(fo_stack_is_pointer, 0);
    O(fo_state, PyFrameObject, f_state);
    A(fo_executing);
#else
    O(fo_stacktop_or_depth, PyFrameObject, f_stacktop);
    B(fo_stack_is_pointer, 1);
    A(fo_state);
    O(fo_executing, PyFrameObject, f_executing);
#endif
    O(fo_lasti, PyFrameObject, f_lasti);
    O(fo_localsplus, PyFrameObject, f_localsplus);
    O(fo_gen, PyFrameObject, f_gen);
    A(fo_iframe); A(fo_frame_data);
#endif
#if FROM(13)
    O(fo_extra_locals, PyFrameObject, f_extra_locals);
    O(fo_locals_cache, PyFrameObject, f_locals_cache);
#else
    A(fo_extra_locals); A(fo_locals_cache);
#endif
#if FROM(14)
    O(fo_overwritten_fast_locals, PyFrameObject, f_overwritten_fast_locals);
#else
    A(fo_overwritten_fast_locals);
#endif
#if FROM(11)
#if FROM(13)
    O(if_code, _PyInterpreterFrame, f_executable);
    O(if_instr, _PyInterpreterFrame, instr_ptr);
#else
    O(if_code, _PyInterpreterFrame, f_code);
    O(if_instr, _PyInterpreterFrame, prev_instr);
#endif
#if FROM(12)
    O(if_func, _PyInterpreterFrame, f_funcobj);
    O(if_return_offset, _PyInterpreterFrame, return_offset);
#else
    O(if_func, _PyInterpreterFrame, f_func);
    A(if_return_offset);
#endif
    O(if_previous, _PyInterpreterFrame, previous);
    O(if_globals, _PyInterpreterFrame, f_globals);
    O(if_builtins, _PyInterpreterFrame, f_builtins);
    O(if_locals, _PyInterpreterFrame, f_locals);
    O(if_frame_obj, _PyInterpreterFrame, frame_obj);
#if FROM(14)
    O(if_stack, _PyInterpreterFrame, stackpointer);
#else
    O(if_stack, _PyInterpreterFrame, stacktop);
#endif
    B(if_stack_is_pointer, FROM(14));
    O(if_owner, _PyInterpreterFrame, owner);
    O(if_localsplus, _PyInterpreterFrame, localsplus);
    B(if_tagged_refs, FROM(14));
    N(owner_thread, FRAME_OWNED_BY_THREAD);
    N(owner_generator, FRAME_OWNED_BY_GENERATOR);
    N(owner_frame_object, FRAME_OWNED_BY_FRAME_OBJECT);
#else
    A(if_code); A(if_instr); A(if_func); A(if_return_offset); A(if_previous); A(if_globals);
    A(if_builtins); A(if_locals); A(if_frame_obj); A(if_stack); B(if_stack_is_pointer, 0);
    A(if_owner); A(if_localsplus); B(if_tagged_refs, 0);
    N(owner_thread, NO_OWNER); N(owner_generator, NO_OWNER); N(owner_frame_object, NO_OWNER);
#endif
#if FROM(14)
    N(owner_interpreter, FRAME_OWNED_BY_INTERPRETER);
#else
    N(owner_interpreter, NO_OWNER);
#endif
#if FROM(12) && !FROM(15)
    N(owner_cstack, FRAME_OWNED_BY_CSTACK);
#else
    N(owner_cstack, NO_OWNER);
#endif
}

static void code(void) {
#if FROM(11)
    O(co_nlocalsplus, PyCodeObject, co_nlocalsplus);
    O(co_ncellvars, PyCodeObject, co_ncellvars);
    O(co_nfreevars, PyCodeObject, co_nfreevars);
    O(co_firsttraceable, PyCodeObject, _co_firsttraceable);
    O(co_localsplusnames, PyCodeObject, co_localsplusnames);
    O(co_localspluskinds, PyCodeObject, co_localspluskinds);
    O(co_qualname, PyCodeObject, co_qualname);
    O(co_exceptiontable, PyCodeObject, co_exceptiontable);
    O(co_code_adaptive, PyCodeObject, co_code_adaptive);
    A(co_varnames); A(co_cellvars); A(co_freevars); A(co_cell2arg); A(co_code);
    A(co_zombieframe);
#else
    A(co_nlocalsplus); A(co_ncellvars); A(co_nfreevars); A(co_firsttraceable);
    A(co_localsplusnames); A(co_localspluskinds); A(co_qualname); A(co_exceptiontable);
    A(co_code_adaptive);
    O(co_varnames, PyCodeObject, co_varnames);
    O(co_cellvars, PyCodeObject, co_cellvars);
    O(co_freevars, PyCodeObject, co_freevars);
    O(co_cell2arg, PyCodeObject, co_cell2arg);
    O(co_code, PyCodeObject, co_code);
    O(co_zombieframe, PyCodeObject, co_zombieframe);
#endif
    O(co_argcount, PyCodeObject, co_argcount);
    O(co_flags, PyCodeObject, co_flags);
    O(co_nlocals, PyCodeObject, co_nlocals);
    O(co_stacksize, PyCodeObject, co_stacksize);
#if FROM(12)
    O(co_framesize, PyCodeObject, co_framesize);
    O(co_cached, PyCodeObject, _co_cached);
    V(co_cached_len, sizeof(_PyCoCached) / sizeof(PyObject *));
#else
    A(co_framesize); A(co_cached); A(co_cached_len);
#endif
#if FROM(11) && !FROM(12)
    O(co_cached_code, PyCodeObject, _co_code);
#else
    A(co_cached_code);
#endif
    O(co_consts, PyCodeObject, co_consts);
    O(co_names, PyCodeObject, co_names);
    O(co_filename, PyCodeObject, co_filename);
    O(co_name, PyCodeObject, co_name);
    O(co_firstlineno, PyCodeObject, co_firstlineno);
#if FROM(10)
    O(co_linetable, PyCodeObject, co_linetable);
#else
    O(co_linetable, PyCodeObject, co_lnotab);
#endif
    O(co_extra, PyCodeObject, co_extra);
    O(co_weakreflist, PyCodeObject, co_weakreflist);
    V(co_sizeof, sizeof(PyCodeObject));
    V(codeunit_size, sizeof(_Py_CODEUNIT));
}

static void dict(void) {
    O(dict_used, PyDictObject, ma_used);
    O(dict_keys, PyDictObject, ma_keys);
    O(dict_values, PyDictObject, ma_values);
    V(dict_sizeof, sizeof(PyDictObject));
    O(dk_refcnt, struct _dictkeysobject, dk_refcnt);
    O(dk_usable, struct _dictkeysobject, dk_usable);
    O(dk_nentries, struct _dictkeysobject, dk_nentries);
    O(dk_indices, struct _dictkeysobject, dk_indices);
    V(dk_entry_size, sizeof(PyDictKeyEntry));
    O(dk_entry_key, PyDictKeyEntry, me_key);
    O(dk_entry_value, PyDictKeyEntry, me_value);
#if FROM(11)
    A(dk_size);
    O(dk_log2_size, struct _dictkeysobject, dk_log2_size);
    O(dk_log2_index_bytes, struct _dictkeysobject, dk_log2_index_bytes);
    O(dk_kind, struct _dictkeysobject, dk_kind);
    V(dk_kind_general, DICT_KEYS_GENERAL);
    V(dk_kind_unicode, DICT_KEYS_UNICODE);
    V(dk_kind_split, DICT_KEYS_SPLIT);
    V(dk_unicode_entry_size, sizeof(PyDictUnicodeEntry));
    O(dk_unicode_entry_key, PyDictUnicodeEntry, me_key);
    O(dk_unicode_entry_value, PyDictUnicodeEntry, me_value);
    O(values_array, struct _dictvalues, values);
#else
    O(dk_size, struct _dictkeysobject, dk_size);
    A(dk_log2_size); A(dk_log2_index_bytes); A(dk_kind); A(dk_kind_general); A(dk_kind_unicode);
    A(dk_kind_split); A(dk_unicode_entry_size); A(dk_unicode_entry_key);
    A(dk_unicode_entry_value);
    V(values_array, 0);
#endif
    B(values_has_prefix, FROM(11) && !FROM(13));
#if FROM(13)
    O(values_capacity, struct _dictvalues, capacity);
    O(values_size, struct _dictvalues, size);
    O(values_embedded, struct _dictvalues, embedded);
    O(values_valid, struct _dictvalues, valid);
    V(managed_dict_offset, -MANAGED_DICT_OFFSET);
    A(managed_values_offset);
    V(managed_weakref_offset, -MANAGED_WEAKREF_OFFSET);
    printf("    managed_dict_rule: ManagedDictRule::InlineValues,\n");
#else
    A(values_capacity); A(values_size); A(values_embedded); A(values_valid);
#if FROM(12)
    V(managed_dict_offset, 3 * sizeof(PyObject *));
    V(managed_values_offset, 3 * sizeof(PyObject *));
    V(managed_weakref_offset, -MANAGED_WEAKREF_OFFSET);
    printf("    managed_dict_rule: ManagedDictRule::TaggedPointer,\n");
#elif FROM(11)
    V(managed_dict_offset, -MANAGED_DICT_OFFSET);
    V(managed_values_offset, 4 * sizeof(PyObject *));
    A(managed_weakref_offset);
    printf("    managed_dict_rule: ManagedDictRule::TwoPointers,\n");
#else
    A(managed_dict_offset); A(managed_values_offset); A(managed_weakref_offset);
    printf("    managed_dict_rule: ManagedDictRule::None,\n");
#endif
#endif
    O(od_fast_nodes, Odict, od_fast_nodes);
    O(od_fast_nodes_size, Odict, od_fast_nodes_size);
    O(od_first, Odict, od_first);
    O(od_last, Odict, od_last);
    O(od_inst_dict, Odict, od_inst_dict);
    O(od_weakreflist, Odict, od_weakreflist);
    V(odict_sizeof, sizeof(Odict));
    V(odict_node_size, sizeof(OdictNode));
    O(odict_node_key, OdictNode, key);
    O(odict_node_next, OdictNode, next);
}

static void type(void) {
    O(tp_flags, PyTypeObject, tp_flags);
    O(tp_basicsize, PyTypeObject, tp_basicsize);
    O(tp_itemsize, PyTypeObject, tp_itemsize);
    O(tp_name, PyTypeObject, tp_name);
    O(tp_doc, PyTypeObject, tp_doc);
    O(tp_dict, PyTypeObject, tp_dict);
    O(tp_bases, PyTypeObject, tp_bases);
    O(tp_mro, PyTypeObject, tp_mro);
    O(tp_base, PyTypeObject, tp_base);
    O(tp_cache, PyTypeObject, tp_cache);
    O(tp_subclasses, PyTypeObject, tp_subclasses);
    O(tp_weaklist, PyTypeObject, tp_weaklist);
    O(tp_members, PyTypeObject, tp_members);
    O(tp_getset, PyTypeObject, tp_getset);
    O(tp_dictoffset, PyTypeObject, tp_dictoffset);
    O(tp_weaklistoffset, PyTypeObject, tp_weaklistoffset);
    O(tp_traverse, PyTypeObject, tp_traverse);
    O(tp_clear, PyTypeObject, tp_clear);
    O(tp_is_gc, PyTypeObject, tp_is_gc);
    O(tp_dealloc, PyTypeObject, tp_dealloc);
    O(tp_finalize, PyTypeObject, tp_finalize);
    V(type_sizeof, sizeof(PyTypeObject));
    V(heaptype_sizeof, sizeof(PyHeapTypeObject));
    O(ht_name, PyHeapTypeObject, ht_name);
    O(ht_qualname, PyHeapTypeObject, ht_qualname);
    O(ht_slots, PyHeapTypeObject, ht_slots);
    O(ht_module, PyHeapTypeObject, ht_module);
    O(ht_cached_keys, PyHeapTypeObject, ht_cached_keys);
#if FROM(12)
    O(ht_getitem_cache, PyHeapTypeObject, _spec_cache.getitem);
    V(tpflag_managed_weakref, Py_TPFLAGS_MANAGED_WEAKREF);
    V(tpflag_static_builtin, _Py_TPFLAGS_STATIC_BUILTIN);
#else
#if FROM(11)
    O(ht_getitem_cache, PyHeapTypeObject, _spec_cache.getitem);
#else
    A(ht_getitem_cache);
#endif
    V(tpflag_managed_weakref, 0);
    V(tpflag_static_builtin, 0);
#endif
#if FROM(13)
    V(tpflag_inline_values, Py_TPFLAGS_INLINE_VALUES);
    O(ht_init_cache, PyHeapTypeObject, _spec_cache.init);
#else
    V(tpflag_inline_values, 0);
    A(ht_init_cache);
#endif
#if FROM(11)
    V(tpflag_managed_dict, Py_TPFLAGS_MANAGED_DICT);
#else
    V(tpflag_managed_dict, 0);
#endif
}

static void objects(void) {
    O(ob_refcnt, PyObject, ob_refcnt);
#if FROM(14)
    O(ob_flags, PyObject, ob_flags);
#else
    A(ob_flags);
#endif
    O(ob_type, PyObject, ob_type);
    O(var_size, PyVarObject, ob_size);
    V(object_sizeof, sizeof(PyObject));
    V(var_sizeof, sizeof(PyVarObject));
    B(has_immortals, FROM(12));
    B(refcnt_is_32_bits, FROM(14));

    V(gc_head_size, sizeof(PyGC_Head));
    O(gc_next, PyGC_Head, _gc_next);
    O(gc_prev, PyGC_Head, _gc_prev);
    V(gc_next_flags, 3);
    V(gc_prev_flags, ~_PyGC_PREV_MASK);

    O(list_items, PyListObject, ob_item);
    O(list_allocated, PyListObject, allocated);
    O(tuple_items, PyTupleObject, ob_item);
    O(set_fill, PySetObject, fill);
    O(set_used, PySetObject, used);
    O(set_mask, PySetObject, mask);
    O(set_table, PySetObject, table);
    O(set_smalltable, PySetObject, smalltable);
    O(set_weakreflist, PySetObject, weakreflist);
    V(set_entry_size, sizeof(setentry));
    O(set_entry_key, setentry, key);
    V(set_sizeof, sizeof(PySetObject));

    O(uni_length, PyASCIIObject, length);
    O(uni_hash, PyASCIIObject, hash);
    O(uni_state, PyASCIIObject, state);
    BITS(interned); BITS(kind); BITS(compact); BITS(ascii);
    V(uni_ascii_sizeof, sizeof(PyASCIIObject));
    V(uni_compact_sizeof, sizeof(PyCompactUnicodeObject));
    O(uni_utf8, PyCompactUnicodeObject, utf8);
    O(uni_utf8_length, PyCompactUnicodeObject, utf8_length);
#if FROM(12)
    A(uni_wstr); A(uni_wstr_length);
#else
    O(uni_wstr, PyASCIIObject, wstr);
    O(uni_wstr_length, PyCompactUnicodeObject, wstr_length);
#endif
    O(uni_data, PyUnicodeObject, data);
    O(bytes_data, PyBytesObject, ob_sval);
    O(bytearray_alloc, PyByteArrayObject, ob_alloc);
    O(bytearray_start, PyByteArrayObject, ob_start);
    O(bytearray_bytes, PyByteArrayObject, ob_bytes);
#if FROM(15)
    O(bytearray_bytes_object, PyByteArrayObject, ob_bytes_object);
#else
    A(bytearray_bytes_object);
#endif
#if FROM(12)
    O(long_size_or_tag, PyLongObject, long_value.lv_tag);
    O(long_digits, PyLongObject, long_value.ob_digit);
#else
    O(long_size_or_tag, PyVarObject, ob_size);
    O(long_digits, PyLongObject, ob_digit);
#endif
    B(long_has_tag, FROM(12));

#if FROM(10)
    O(func_builtins, PyFunctionObject, func_builtins);
#else
    A(func_builtins);
#endif
    O(func_globals, PyFunctionObject, func_globals);
    O(func_name, PyFunctionObject, func_name);
    O(func_qualname, PyFunctionObject, func_qualname);
    O(func_code, PyFunctionObject, func_code);
    O(func_defaults, PyFunctionObject, func_defaults);
    O(func_kwdefaults, PyFunctionObject, func_kwdefaults);
    O(func_closure, PyFunctionObject, func_closure);
    O(func_doc, PyFunctionObject, func_doc);
    O(func_dict, PyFunctionObject, func_dict);
    O(func_weakreflist, PyFunctionObject, func_weakreflist);
    O(func_module, PyFunctionObject, func_module);
    O(func_annotations, PyFunctionObject, func_annotations);
#if FROM(14)
    O(func_annotate, PyFunctionObject, func_annotate);
#else
    A(func_annotate);
#endif
#if FROM(12)
    O(func_typeparams, PyFunctionObject, func_typeparams);
#else
    A(func_typeparams);
#endif
    O(cell_ref, PyCellObject, ob_ref);
    O(method_func, PyMethodObject, im_func);
    O(method_self, PyMethodObject, im_self);
    O(cfunction_ml, PyCFunctionObject, m_ml);
    O(cfunction_self, PyCFunctionObject, m_self);
    O(cfunction_module, PyCFunctionObject, m_module);
    O(cmethod_class, PyCMethodObject, mm_class);
    O(module_dict, PyModuleObject, md_dict);
#if FROM(15)
    A(module_def);
    O(module_token, PyModuleObject, md_token);
    O(module_token_is_def, PyModuleObject, md_token_is_def);
    O(module_state_size, PyModuleObject, md_state_size);
#else
    O(module_def, PyModuleObject, md_def);
    A(module_token); A(module_token_is_def); A(module_state_size);
#endif
    O(module_state, PyModuleObject, md_state);
    O(module_weaklist, PyModuleObject, md_weaklist);
    O(module_name, PyModuleObject, md_name);
    O(moduledef_size, PyModuleDef, m_size);

#if FROM(11)
    A(gen_frame);
    O(gen_iframe, PyGenObject, gi_iframe);
    O(gen_frame_state, PyGenObject, gi_frame_state);
    O(gen_running_async, PyAsyncGenObject, ag_running_async);
    V(gen_sizeof, offsetof(PyGenObject, gi_iframe) + offsetof(_PyInterpreterFrame, localsplus));
#else
    O(gen_frame, PyGenObject, gi_frame);
    A(gen_iframe); A(gen_frame_state);
    O(gen_running_async, PyAsyncGenObject, ag_running_async);
    V(gen_sizeof, sizeof(PyGenObject));
#endif
#if FROM(12)
    A(gen_code);
#else
    O(gen_code, PyGenObject, gi_code);
#endif
#if FROM(10)
    A(gen_running);
#else
    O(gen_running, PyGenObject, gi_running);
#endif
    O(gen_name, PyGenObject, gi_name);
    O(gen_qualname, PyGenObject, gi_qualname);
    O(gen_exc_state, PyGenObject, gi_exc_state);
#if FROM(11)
    O(gen_origin, PyCoroObject, cr_origin_or_finalizer);
#else
    O(gen_origin, PyCoroObject, cr_origin);
#endif
    O(gen_weakreflist, PyGenObject, gi_weakreflist);
#if FROM(10)
    N(frame_created, FRAME_CREATED);
    N(frame_suspended, FRAME_SUSPENDED);
    N(frame_executing, FRAME_EXECUTING);
    N(frame_cleared, FRAME_CLEARED);
#else
    N(frame_created, NO_STATE); N(frame_suspended, NO_STATE);
    N(frame_executing, NO_STATE); N(frame_cleared, NO_STATE);
#endif
#if FROM(13)
    N(frame_suspended_yield_from, FRAME_SUSPENDED_YIELD_FROM);
#else
    N(frame_suspended_yield_from, NO_STATE);
#endif
#if FROM(15)
    N(frame_suspended_yield_from_locked, FRAME_SUSPENDED_YIELD_FROM_LOCKED);
    N(frame_completed, NO_STATE);
#else
    N(frame_suspended_yield_from_locked, NO_STATE);
#if FROM(11)
    N(frame_completed, FRAME_COMPLETED);
#elif FROM(10)
    N(frame_completed, FRAME_RETURNED);
#else
    N(frame_completed, NO_STATE);
#endif
#endif

    O(tb_next, PyTracebackObject, tb_next);
    O(tb_frame, PyTracebackObject, tb_frame);
    O(tb_lasti, PyTracebackObject, tb_lasti);
    O(tb_lineno, PyTracebackObject, tb_lineno);
    O(exc_dict, PyBaseExceptionObject, dict);
    O(exc_args, PyBaseExceptionObject, args);
#if FROM(11)
    O(exc_notes, PyBaseExceptionObject, notes);
#else
    A(exc_notes);
#endif
    O(exc_traceback, PyBaseExceptionObject, traceback);
    O(exc_context, PyBaseExceptionObject, context);
    O(exc_cause, PyBaseExceptionObject, cause);
    O(prop_get, Property, prop_get);
    O(prop_set, Property, prop_set);
    O(prop_del, Property, prop_del);
    O(prop_doc, Property, prop_doc);
#if FROM(13)
    O(prop_name, Property, prop_name);
#else
    A(prop_name);
#endif
    O(sm_callable, MethodWrapper, callable);
    O(sm_dict, MethodWrapper, dict);
    O(wr_object, PyWeakReference, wr_object);
    O(wr_callback, PyWeakReference, wr_callback);
    O(wr_prev, PyWeakReference, wr_prev);
    O(wr_next, PyWeakReference, wr_next);
}

int main(void) {
    printf("/// CPython 3.%d, from the headers of %s.\n", PY_MINOR_VERSION, PY_VERSION);
    printf("pub(crate) const LAYOUT_3_%d: Layout = Layout {\n", PY_MINOR_VERSION);
    V(minor, PY_MINOR_VERSION);
    interpreter();
    thread();
    frame();
    code();
    dict();
    type();
    objects();
    printf("};\n");
    return 0;
}
