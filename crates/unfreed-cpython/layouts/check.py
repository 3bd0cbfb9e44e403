"""Check the table of the running Python against its own memory. Usage: check.py TABLES.RS"""
import atexit
import collections
import ctypes
import gc
import re
import struct
import sys
import threading
import weakref

minor = sys.version_info[1]
text = open(sys.argv[1], encoding="utf-8").read()
block = text.split(f"LAYOUT_3_{minor}: Layout = Layout {{")[1].split("};")[0]
table = dict(re.findall(r"(\w+): ([\w:-]+)", block))
ABSENT = None
failed = []
done = 0


class L:
    pass


for name, value in table.items():
    if value == "ABSENT":
        value = ABSENT
    elif re.fullmatch(r"-?\d+", value):
        value = int(value)
    elif value in ("true", "false"):
        value = value == "true"
    else:
        value = value.split("::")[1]
    setattr(L, name, value)


def read(address, form):
    return struct.unpack(form, ctypes.string_at(address, struct.calcsize(form)))[0]


def ptr(address, offset=0):
    return read(address + offset, "Q")


def i32(address, offset=0):
    return read(address + offset, "i")


def u8(address, offset=0):
    return read(address + offset, "B")


def check(what, got, wanted):
    global done
    done += 1
    if got != wanted:
        failed.append(f"{what}: got {got!r}, wanted {wanted!r}")


def is_(what, holder, offset, wanted):
    """The pointer at `offset` of `holder` (an object or an address) is `wanted`."""
    base = holder if type(holder) is int else id(holder)
    check(what, hex(ptr(base, offset)), hex(id(wanted)))


# Interpreter and thread
for name in ("PyInterpreterState_Get", "PyThreadState_Get"):
    getattr(ctypes.pythonapi, name).restype = ctypes.c_void_p
interp = ctypes.pythonapi.PyInterpreterState_Get()
ctypes.pythonapi.PyInterpreterState_GetDict.restype = ctypes.c_void_p
ctypes.pythonapi.PyInterpreterState_GetDict.argtypes = [ctypes.c_void_p]
thread = ctypes.pythonapi.PyThreadState_Get()
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
check("main interpreter", ptr(runtime, L.runtime_interpreters_main), interp)
check("interpreters", ptr(runtime, L.runtime_interpreters_head), interp)
check("interp_next", ptr(interp, L.interp_next), 0)
check("interp_id", read(interp + L.interp_id, "q"), 0)
check("threads", ptr(interp, L.interp_threads_head), thread)
check("ts_prev, ts_next", (ptr(thread, L.ts_prev), ptr(thread, L.ts_next)), (0, 0))
check("ts_interp", ptr(thread, L.ts_interp), interp)
check("ts_thread_id", ptr(thread, L.ts_thread_id), threading.get_ident())
if L.ts_native_thread_id is not ABSENT:
    check("native id", ptr(thread, L.ts_native_thread_id), threading.get_native_id())
is_("sysdict", interp, L.interp_sysdict, sys.__dict__)
is_("modules", interp, L.interp_modules, sys.modules)
is_("builtins", interp, L.interp_builtins, __builtins__.__dict__)
own_dict = ctypes.pythonapi.PyInterpreterState_GetDict(interp)
check("interp_dict", ptr(interp, L.interp_dict), own_dict)
is_("importlib", interp, L.interp_importlib, sys.modules["_frozen_importlib"])
is_("import_func", interp, L.interp_import_func, __import__)
is_("gc.garbage", interp, L.gc_garbage, gc.garbage)
is_("gc.callbacks", interp, L.gc_callbacks, gc.callbacks)


def typed(offset):
    """The object the interpreter state refers to at `offset`."""
    address = ptr(interp, offset)
    return ctypes.cast(address, ctypes.py_object).value if address else None


import codecs, os  # noqa: E401, E402


def fork_before(): pass
def fork_parent(): pass
def fork_child(): pass
def search(name): return None
def on_error(problem): raise problem
def at_exit(*args, **kwargs): pass


os.register_at_fork(before=fork_before, after_in_parent=fork_parent, after_in_child=fork_child)
codecs.register(search)
codecs.register_error("unfreed", on_error)
sys.addaudithook(lambda event, args: None)
atexit.register(at_exit, 1, key=2)
check("before_forkers", fork_before in typed(L.interp_before_forkers), True)
check("after_parent", fork_parent in typed(L.interp_after_forkers_parent), True)
check("after_child", fork_child in typed(L.interp_after_forkers_child), True)
check("codec path", search in typed(L.interp_codec_search_path), True)
check("codec cache", "utf-8" in typed(L.interp_codec_search_cache)
      or "utf_8" in typed(L.interp_codec_search_cache), True)
check("codec errors", typed(L.interp_codec_error_registry)["unfreed"], on_error)
check("audit hooks", len(typed(L.interp_audit_hooks)), 1)
if L.interp_interned is not ABSENT:
    word = sys.intern("unfreed_interned_word")
    check("interned", word in typed(L.interp_interned), True)
if L.interp_sysdict_copy is not ABSENT:
    check("sysdict_copy", type(typed(L.interp_sysdict_copy)), dict)
check("builtins_copy", type(typed(L.interp_builtins_copy)), dict)
if L.interp_lazy_modules is not ABSENT:
    check("lazy_modules", type(typed(L.interp_lazy_modules)) in (dict, set), True)
    is_("lazy_import_func", interp, L.interp_lazy_import_func, __lazy_import__)  # noqa: F821
    sys.set_lazy_imports_filter(search)
    is_("lazy_imports_filter", interp, L.interp_lazy_imports_filter, search)
    sys.set_lazy_imports_filter(None)

# atexit
if L.atexit_shape == "List":
    check("atexit", any(entry and entry[0] is at_exit for entry in typed(L.interp_atexit)), True)
elif L.atexit_shape == "Array":
    entries, count = ptr(interp, L.interp_atexit), i32(interp, L.interp_atexit_count)
    records = [ptr(entries, 8 * i) for i in range(count)]
    check("atexit", id(at_exit) in [ptr(r) for r in records if r], True)
else:
    is_("atexit module", interp, L.interp_atexit, atexit)
    state = ptr(id(atexit), L.module_state)
    records = [ptr(ptr(state), 8 * i) for i in range(i32(state, 8))]
    check("atexit", id(at_exit) in [ptr(r) for r in records if r], True)
atexit.unregister(at_exit)

# gc
check("gc_collecting", i32(interp, L.gc_collecting), 0)
check("gc_enabled", i32(interp, L.gc_enabled), 1)
gc.disable()
check("gc disabled", i32(interp, L.gc_enabled), 0)
gc.set_threshold(701, 12, 13)


class Plain:
    pass


planted = Plain()
heads = [interp + L.gc_generations + n * L.gc_generation_stride for n in range(3)]
check("thresholds", [i32(h, L.gc_generation_threshold) for h in heads][:2], [701, 12])
check("count", i32(heads[0], L.gc_generation_count) > 0, True)


def walk(head, until=None):
    """The objects of a gc list. Reading makes objects at the end of the youngest, hence `until`."""
    found = []
    at = ptr(head, L.gc_next) & ~L.gc_next_flags
    last = head
    while at != head:
        if ptr(at, L.gc_prev) & ~L.gc_prev_flags != last:
            failed.append(f"broken gc list at {at:x}")
            break
        found.append(at + L.gc_head_size)
        if found[-1] == until:
            return found
        last, at = at, ptr(at, L.gc_next) & ~L.gc_next_flags
    if ptr(head, L.gc_prev) & ~L.gc_prev_flags != last:
        failed.append("gc list not closed")
    return found


young = walk(heads[0], id(planted))
check("planted in generation 0", young[-1], id(planted))
for n in (1, 2):
    check("generation", len(walk(heads[n])), len(gc.get_objects(n)))
gc.collect()
check("moved to the last", id(planted) in walk(heads[2]), True)
check("permanent before", len(walk(interp + L.gc_permanent)), gc.get_freeze_count())
gc.freeze()
check("permanent", id(planted) in walk(interp + L.gc_permanent), True)
gc.unfreeze()
gc.collect(0), gc.collect(0), gc.collect(1)
wanted = [(s["collections"], s["collected"], s["uncollectable"]) for s in gc.get_stats()]
if L.gc_stats is not ABSENT:
    records = [interp + L.gc_stats + n * L.gc_stats_stride for n in range(3)]
else:
    rings = ptr(interp, L.gc_stats_pointer)
    index = [u8(rings, L.gc_stats_young_index)]
    starts = [rings + L.gc_stats_young]
    for n in range(2):
        index.append(u8(rings, L.gc_stats_old_index + n * L.gc_stats_old_stride))
        starts.append(rings + L.gc_stats_old + n * L.gc_stats_old_stride)
    records = [at + i * L.gc_stats_stride for at, i in zip(starts, index)]
got = [tuple(ptr(r, o) for o in (L.gc_stats_collections, L.gc_stats_collected,
                                 L.gc_stats_uncollectable)) for r in records]
check("gc stats", got, wanted)
gc.enable()

# Static types
if L.interp_static_types is not ABSENT:
    count = ptr(interp, L.interp_static_types_count)
    kept = {ptr(interp, L.interp_static_types + n * L.static_type_stride + L.static_type_type):
            interp + L.interp_static_types + n * L.static_type_stride for n in range(count)}
    check("int in static types", id(int) in kept, True)
    check("int dict", ctypes.cast(ptr(kept[id(int)], L.static_type_dict),
                                  ctypes.py_object).value["bit_length"], int.__dict__["bit_length"])
    index = ptr(id(int), L.tp_subclasses)
    check("int index", interp + L.interp_static_types + (index - 1) * L.static_type_stride,
          kept[id(int)])
    subclasses = ctypes.cast(ptr(kept[id(int)], L.static_type_subclasses), ctypes.py_object).value
    check("int subclasses", str(id(bool)) in map(str, subclasses), True)
    check("static flag", bool(int.__flags__ & L.tpflag_static_builtin), True)
    if L.interp_static_ext_types is not ABSENT:
        ext = [ptr(interp, L.interp_static_ext_types + n * L.static_type_stride
                   + L.static_type_type) for n in range(L.interp_static_ext_types_max)]
        import datetime
        datetime.date
        ext = [ptr(interp, L.interp_static_ext_types + n * L.static_type_stride
                   + L.static_type_type) for n in range(L.interp_static_ext_types_max)]
        check("static ext types", ptr(interp, L.interp_static_ext_types_count),
              sum(map(bool, ext)))
        check("date in them", id(datetime.date) in ext, True)

# Objects
objects = [object() for _ in range(5)]
items = ptr(id(objects), L.list_items)
check("list", [ptr(items, 8 * i) for i in range(5)], [id(o) for o in objects])
check("list size", ptr(id(objects), L.var_size), 5)
check("allocated", ptr(id(objects), L.list_allocated) >= 5, True)
pair = tuple(objects)
check("tuple", [ptr(id(pair), L.tuple_items + 8 * i) for i in range(5)],
      [id(o) for o in objects])
refcount = read(id(pair) + L.ob_refcnt, "I" if L.refcnt_is_32_bits else "q")
check("refcount", refcount, sys.getrefcount(pair) - 1)
is_("type", pair, L.ob_type, tuple)
low = read(id(None) + L.ob_refcnt, "i")
check("None immortal", low < 0, L.has_immortals)
if L.ob_flags is not ABSENT:
    check("None flags", read(id(None) + L.ob_flags, "H") & 5, 5)
    check("pair flags", read(id(pair) + L.ob_flags, "H"), 0)
for size in (3, 1000):
    bag = set(range(size))
    entries, mask = ptr(id(bag), L.set_table), ptr(id(bag), L.set_mask)
    keys = [ptr(entries, i * L.set_entry_size + L.set_entry_key) for i in range(mask + 1)]
    check("set", set(filter(None, keys)), {id(o) for o in bag})
    check("set used", (ptr(id(bag), L.set_used), ptr(id(bag), L.set_fill)), (size, size))
    check("small", entries == id(bag) + L.set_smalltable, size == 3)
wb = weakref.ref(bag)
is_("set weak", bag, L.set_weakreflist, wb)
check("set size", set.__basicsize__, L.set_sizeof)


class Text(str):
    pass


for s in ("ascii" + str(minor), "\xe9t\xe9", "\u20ac" * 9, "\U0001f600x", Text("abcd")):
    state = read(id(s) + L.uni_state, "I")
    field = lambda n: state >> getattr(L, f"uni_{n}_shift") & (1 << getattr(L, f"uni_{n}_bits")) - 1
    kind = 1 if max(s) < "\u0100" else 2 if max(s) < "\U00010000" else 4
    check("kind", field("kind"), kind)
    check("ascii", field("ascii"), int(s.isascii()))
    check("compact", field("compact"), int(type(s) is str))
    check("interned", field("interned"), 0)
    hash(s)
    check("hash", read(id(s) + L.uni_hash, "q"), hash(s))
    check("length", ptr(id(s), L.uni_length), len(s))
    if field("compact"):
        at = id(s) + (L.uni_ascii_sizeof if s.isascii() else L.uni_compact_sizeof)
    else:
        at = ptr(id(s), L.uni_data)
    coding = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[kind]
    check("characters", ctypes.string_at(at, len(s) * kind), s.encode(coding))
state = read(id(sys.intern("unfreed_word_two")) + L.uni_state, "I")
check("interned", bool(state >> L.uni_interned_shift & 3), True)
accent = "\xe9" * 7
ctypes.pythonapi.PyUnicode_AsUTF8.argtypes = [ctypes.py_object]
ctypes.pythonapi.PyUnicode_AsUTF8(accent)
check("utf8", ctypes.string_at(ptr(id(accent), L.uni_utf8), ptr(id(accent), L.uni_utf8_length)),
      accent.encode())
data = b"some bytes"
check("bytes", ctypes.string_at(id(data) + L.bytes_data, 10), data)
data = bytearray(b"0123456789" * 9)
del data[:3]
check("bytearray", ctypes.string_at(ptr(id(data), L.bytearray_start), 87), bytes(data))
check("bytearray alloc", ptr(id(data), L.bytearray_alloc) >= 87, True)
check("bytearray block", 0 <= ptr(id(data), L.bytearray_start)
      - ptr(id(data), L.bytearray_bytes) < 90, True)
if L.bytearray_bytes_object is not ABSENT:
    owner = ptr(id(data), L.bytearray_bytes_object)
    check("bytearray's bytes", (ptr(owner, L.ob_type), ptr(id(data), L.bytearray_bytes)),
          (id(bytes), owner + L.bytes_data))
for number in (12345678901234567890123, -12345678901234567890123, 77):
    word = read(id(number) + L.long_size_or_tag, "q")
    count = word >> 3 if L.long_has_tag else abs(word)
    value = sum(read(id(number) + L.long_digits + 4 * i, "I") << 30 * i for i in range(count))
    check("int", value, abs(number))


# Dicts
def entries_of(d):
    keys = ptr(id(d), L.dict_keys)
    values = ptr(id(d), L.dict_values)
    count = ptr(keys, L.dk_nentries)
    if L.dk_size is not ABSENT:
        size = ptr(keys, L.dk_size)
        at = size * (1 if size <= 0xff else 2 if size <= 0xffff else 4)
        general = True
    else:
        at = 1 << u8(keys, L.dk_log2_index_bytes)
        general = u8(keys, L.dk_kind) == L.dk_kind_general
    at += keys + L.dk_indices
    step = L.dk_entry_size if general else L.dk_unicode_entry_size
    key = L.dk_entry_key if general else L.dk_unicode_entry_key
    value = L.dk_entry_value if general else L.dk_unicode_entry_value
    found = {}
    for i in range(count):
        k = ptr(at + i * step, key)
        v = ptr(values + L.values_array + 8 * i) if values else ptr(at + i * step, value)
        if k and v:
            found[k] = v
    return found


class Shared:
    def __init__(self):
        self.a, self.b, self.c = objects[0], objects[1], objects[2]


split = Shared().__dict__
for d in ({"a": 1.5, "b": 2.5}, {1: 2.5, "x": 3.5}, {f"k{i}": float(i) for i in range(500)},
          {i: float(i) for i in range(70000)}, split):
    check("dict", entries_of(d), {id(k): id(v) for k, v in d.items()})
    check("used", ptr(id(d), L.dict_used), len(d))
check("dict size", dict.__basicsize__, L.dict_sizeof)
order = collections.OrderedDict((k, 1) for k in ("p", "q", "r"))
node, keys = ptr(id(order), L.od_first), []
while node:
    keys.append(ptr(node, L.odict_node_key))
    last, node = node, ptr(node, L.odict_node_next)
check("odict", keys, [id(k) for k in order])
check("odict last", ptr(id(order), L.od_last), last)
check("odict size", collections.OrderedDict.__basicsize__, L.odict_sizeof)
order["p"] = 2
list(reversed(order)), order.move_to_end("p"), order.move_to_end("p", last=False)
fast = ptr(id(order), L.od_fast_nodes)
size = ptr(id(order), L.od_fast_nodes_size)
nodes = {ptr(fast, 8 * i) for i in range(size)} - {0}
check("fast nodes", (size, {ptr(n, L.odict_node_key) for n in nodes}), (8, {id(k) for k in order}))
order.extra = 1
is_("odict dict", order, L.od_inst_dict, order.__dict__)
wo = weakref.ref(order)
is_("odict weak", order, L.od_weakreflist, wo)

# Managed dicts
held = Shared()
if L.managed_dict_rule == "TwoPointers":
    values = ptr(id(held) - L.managed_values_offset)
elif L.managed_dict_rule == "TaggedPointer":
    word = ptr(id(held) - L.managed_values_offset)
    check("tag", word & 1, 1)
    values = word + 1
elif L.managed_dict_rule == "InlineValues":
    values = id(held) + Shared.__basicsize__
    check("inline flag", bool(Shared.__flags__ & L.tpflag_inline_values), True)
    check("values", (u8(values, L.values_size), u8(values, L.values_embedded),
                     u8(values, L.values_valid), u8(values, L.values_capacity) >= 3),
          (3, 1, 1, True))
if L.managed_dict_rule != "None":
    check("managed flag", bool(Shared.__flags__ & L.tpflag_managed_dict), True)
    got = [ptr(values, L.values_array + 8 * i) for i in range(3)]
    check("values", got, [id(o) for o in objects[:3]])
    if L.values_has_prefix:
        check("prefix", (u8(values, -2), u8(values, -1) % 8), (3, 0))
    made = held.__dict__
    if minor == 12:
        made["z"] = 1
    is_("managed dict", id(held), -L.managed_dict_offset, made)
if L.managed_weakref_offset is not ABSENT:
    weak = weakref.ref(held)
    check("managed weak flag", bool(Shared.__flags__ & L.tpflag_managed_weakref), True)
    is_("managed weakref", id(held), -L.managed_weakref_offset, weak)


# Types
class Slotted(Shared):
    """doc"""
    __slots__ = ("one", "two")


for offset, name in ((L.tp_basicsize, "__basicsize__"), (L.tp_itemsize, "__itemsize__"),
                     (L.tp_flags, "__flags__"), (L.tp_dictoffset, "__dictoffset__"),
                     (L.tp_weaklistoffset, "__weakrefoffset__")):
    check(name, read(id(Shared) + offset, "q"), getattr(Shared, name))
is_("bases", Slotted, L.tp_bases, Slotted.__bases__)
is_("base", Slotted, L.tp_base, Shared)
is_("mro", Slotted, L.tp_mro, Slotted.__mro__)
check("tp_dict", ctypes.cast(ptr(id(Slotted), L.tp_dict), ctypes.py_object).value["__doc__"], "doc")
check("tp_name", ctypes.string_at(ptr(id(Slotted), L.tp_name)), b"Slotted")
check("tp_doc", ctypes.string_at(ptr(id(Slotted), L.tp_doc)), b"doc")
is_("ht_name", Slotted, L.ht_name, Slotted.__name__)
is_("ht_qualname", Slotted, L.ht_qualname, Slotted.__qualname__)
slots = ctypes.cast(ptr(id(Slotted), L.ht_slots), ctypes.py_object).value
check("ht_slots", slots, ("one", "two"))
check("subclasses", type(ctypes.cast(ptr(id(Shared), L.tp_subclasses), ctypes.py_object).value),
      dict)
check("heaptype size", type.__basicsize__, L.heaptype_sizeof)
check("cached keys", ptr(id(Shared), L.ht_cached_keys) != 0, True)
shared = Shared()
dictionary = shared.__dict__
check("shared keys", ptr(id(dictionary), L.dict_keys), ptr(id(Shared), L.ht_cached_keys))
import _struct  # noqa: E402
if minor >= 10:
    is_("ht_module", _struct.Struct, L.ht_module, _struct)


# Functions and code
def outer(x):
    def inner(a, b=objects[0], *, k=objects[1]) -> int:
        """inner doc"""
        y = x
        return lambda: (a, y)
    return inner


inner = outer(objects[3])
inner.attribute = 1
wi = weakref.ref(inner)
for name in ("globals", "name", "qualname", "code", "defaults", "kwdefaults", "closure", "doc",
             "dict", "module"):
    is_(name, inner, getattr(L, f"func_{name}"), getattr(inner, f"__{name}__"))
is_("func weak", inner, L.func_weakreflist, wi)
if L.func_builtins is not ABSENT:
    is_("func builtins", inner, L.func_builtins, inner.__builtins__)
if L.func_annotate is not ABSENT:
    is_("annotate", inner, L.func_annotate, inner.__annotate__)
if L.func_typeparams is not ABSENT:
    inner.__type_params__ = types = (1, 2)
    is_("type params", inner, L.func_typeparams, types)
inner.__annotations__ = notes = {"return": str}
is_("annotations", inner, L.func_annotations, notes)
is_("cell", inner.__closure__[0], L.cell_ref, objects[3])
code = inner.__code__
wc = weakref.ref(code)
for name in ("consts", "names", "filename", "name"):
    is_(name, code, getattr(L, f"co_{name}"), getattr(code, f"co_{name}"))
is_("code weak", code, L.co_weakreflist, wc)
for name in ("firstlineno", "stacksize", "nlocals", "argcount", "flags"):
    check(name, i32(id(code), getattr(L, f"co_{name}")), getattr(code, f"co_{name}"))
if L.co_nlocalsplus is not ABSENT:
    names = ctypes.cast(ptr(id(code), L.co_localsplusnames), ctypes.py_object).value
    check("localsplusnames", sorted(names), ["a", "b", "k", "x", "y"])
    kinds = ctypes.cast(ptr(id(code), L.co_localspluskinds), ctypes.py_object).value
    check("kinds", (type(kinds), len(kinds)), (bytes, 5))
    check("counts", [i32(id(code), o) for o in (L.co_nlocalsplus, L.co_ncellvars, L.co_nfreevars)],
          [5, 2, 1])
    is_("qualname", code, L.co_qualname, code.co_qualname)
    is_("linetable", code, L.co_linetable, code.co_linetable)
    is_("exceptions", code, L.co_exceptiontable, code.co_exceptiontable)
    count = ptr(id(code), L.var_size)
    raw = ctypes.string_at(id(code) + L.co_code_adaptive, count * L.codeunit_size)
    check("code bytes", raw, code._co_code_adaptive)
    check("first traceable", 0 < i32(id(code), L.co_firsttraceable) < count, True)
    cached = code.co_code
    if L.co_cached is not ABSENT:
        code.co_varnames
        kept = [ptr(ptr(id(code), L.co_cached), 8 * i) for i in range(L.co_cached_len)]
        check("cached", id(cached) in kept, True)
        check("framesize", i32(id(code), L.co_framesize) > 10, True)
    else:
        is_("cached code", code, L.co_cached_code, cached)
else:
    for name in ("varnames", "cellvars", "freevars", "code"):
        is_(name, code, getattr(L, f"co_{name}"), getattr(code, f"co_{name}"))
    check("linetable", type(ctypes.cast(ptr(id(code), L.co_linetable), ctypes.py_object).value),
          bytes)
    check("cell2arg", ptr(ptr(id(code), L.co_cell2arg)), 0)
bound = held.__init__
is_("method", bound, L.method_func, Shared.__init__)
is_("method self", bound, L.method_self, held)
append = objects.append
is_("builtin self", append, L.cfunction_self, objects)
check("builtin ml", ctypes.string_at(ptr(ptr(id(append), L.cfunction_ml))), b"append")
is_("module dict", gc, L.module_dict, gc.__dict__)
check("module name", ctypes.cast(ptr(id(gc), L.module_name), ctypes.py_object).value, "gc")
wm = weakref.ref(gc)
is_("module weak", gc, L.module_weaklist, wm)
if L.module_def is not ABSENT:
    definition = ptr(id(_struct), L.module_def)
    size = read(definition + L.moduledef_size, "q")
else:
    size = read(id(_struct) + L.module_state_size, "q")
    if u8(id(_struct), L.module_token_is_def):
        check("m_size", read(ptr(id(_struct), L.module_token) + L.moduledef_size, "q"), size)
check("module state", 0 < size < 1000 and ptr(id(_struct), L.module_state) != 0, True)


# Generators and frames
def word(address):
    """The object a slot refers to, by the rules of the module's doc."""
    bits = ptr(address)
    if L.if_tagged_refs:
        if bits == 0 or bits & 2:
            return None
        bits &= ~1
    return bits


def numbers(n):
    first = n
    second = [n]
    yield second
    yield first


gen = numbers(objects[4])
if L.gen_frame_state is not ABSENT:
    check("created", read(id(gen) + L.gen_frame_state, "b"), L.frame_created)
elif L.fo_state is not ABSENT:
    check("created", read(id(gen.gi_frame) + L.fo_state, "b"), L.frame_created)
second = next(gen)
wg = weakref.ref(gen)
is_("gen name", gen, L.gen_name, gen.__name__)
is_("gen qualname", gen, L.gen_qualname, gen.__qualname__)
is_("gen weak", gen, L.gen_weakreflist, wg)
check("gen size", type(gen).__basicsize__, L.gen_sizeof)
check("gen exc", ptr(id(gen), L.gen_exc_state + L.exc_value) in (0, id(None)), True)
if L.gen_code is not ABSENT:
    is_("gen code", gen, L.gen_code, numbers.__code__)
if L.gen_frame is not ABSENT:
    frame = gen.gi_frame
    is_("gen frame", gen, L.gen_frame, frame)
    if L.fo_state is not ABSENT:
        check("suspended", read(id(frame) + L.fo_state, "b"), L.frame_suspended)
    for name in ("code", "builtins", "globals"):
        is_(name, frame, getattr(L, f"fo_{name}"), getattr(frame, f"f_{name}"))
    check("locals", [ptr(id(frame), L.fo_localsplus + 8 * i) for i in range(3)],
          [id(objects[4]), id(objects[4]), id(second)])
    stack = ptr(id(frame), L.fo_valuestack)
    check("value stack", stack, id(frame) + L.fo_localsplus + 24)
    if L.fo_stack_is_pointer:
        check("depth", ptr(id(frame), L.fo_stacktop_or_depth), stack)
    else:
        check("depth", i32(id(frame), L.fo_stacktop_or_depth), 0)
    is_("frame's gen", frame, L.fo_gen, gen)
    check("lasti", i32(id(frame), L.fo_lasti) * (2 if minor == 10 else 1), frame.f_lasti)
    at, seen = ptr(thread, L.ts_frame), []
    while at:
        seen.append(at)
        at = ptr(at, L.fo_back)
    check("ts_frame", seen[-1], id(sys._getframe()))
    if L.gen_running is not ABSENT:
        check("running", u8(id(gen), L.gen_running), 0)
        check("executing", (u8(id(frame), L.fo_executing),
                            u8(id(sys._getframe()), L.fo_executing)), (0, 1))
else:
    check("suspended", read(id(gen) + L.gen_frame_state, "b"), L.frame_suspended)
    inside = id(gen) + L.gen_iframe

    def frame_is(inside, code, function, owner):
        check("frame code", word(inside + L.if_code), id(code))
        if function:
            check("frame func", word(inside + L.if_func), id(function))
        check("frame globals", ptr(inside, L.if_globals), id(globals()))
        check("frame builtins", ptr(inside, L.if_builtins), id(__builtins__.__dict__))
        check("owner", u8(inside, L.if_owner), owner)
        start = id(code) + L.co_code_adaptive
        check("instruction", -2 <= ptr(inside, L.if_instr) - start
              <= len(code.co_code), True)

    frame_is(inside, numbers.__code__, numbers, L.owner_generator)
    check("locals", [word(inside + L.if_localsplus + 8 * i) for i in range(3)],
          [id(objects[4]), id(objects[4]), id(second)])
    if L.if_stack_is_pointer:
        depth = (ptr(inside, L.if_stack) - inside - L.if_localsplus) // 8
    else:
        depth = i32(inside, L.if_stack)
    check("depth", 3 <= depth <= 5, True)
    frame = gen.gi_frame
    check("frame object", ptr(id(frame), L.fo_iframe), inside)
    check("back to it", ptr(inside, L.if_frame_obj), id(frame))

    entries = [n for n in (L.owner_cstack, L.owner_interpreter) if n != 255]
    now = ctypes.c_uint64.from_address

    def below():
        mine = sys._getframe()
        # no Python call until these are read, so the innermost frame is this one
        if L.ts_cframe is not ABSENT:
            at = now(now(thread + L.ts_cframe).value + L.cframe_current_frame).value
        else:
            at = now(thread + L.ts_frame).value
        check("innermost frame", at, ptr(id(mine), L.fo_iframe))
        frame_is(at, below.__code__, below, L.owner_thread)
        check("its object", ptr(at, L.if_frame_obj), id(mine))
        codes = []
        while at:
            if u8(at, L.if_owner) not in entries:
                codes.append(word(at + L.if_code))
            last, at = at, ptr(at, L.if_previous)
        check("frames", codes, [id(below.__code__), id(sys._getframe(1).f_code)])
        if L.ts_base_frame is not ABSENT:
            check("base frame", last, ptr(thread, L.ts_base_frame))
        return mine

    kept = below()
    check("kept frame", ptr(id(kept), L.fo_iframe), id(kept) + L.fo_frame_data)
    check("kept owner", u8(id(kept), L.fo_frame_data + L.if_owner), L.owner_frame_object)
    is_("f_back", kept, L.fo_back, sys._getframe())
    if L.fo_extra_locals is not ABSENT:
        kept.f_locals["unfreed_extra"] = 1
        extra = ctypes.cast(ptr(id(kept), L.fo_extra_locals), ctypes.py_object).value
        check("extra locals", extra, {"unfreed_extra": 1})
    if L.fo_overwritten_fast_locals is not ABSENT:
        frame.f_locals["first"] = 3
        over = ptr(id(frame), L.fo_overwritten_fast_locals)
        check("overwritten", over and ptr(over, L.ob_type), id(tuple))
tracer = sys._getframe()
tracer.f_trace = fork_child
is_("f_trace", tracer, L.fo_trace, fork_child)
del tracer.f_trace
list(gen)
if L.gen_frame_state is not ABSENT:
    check("cleared", read(id(gen) + L.gen_frame_state, "b"), L.frame_cleared)


async def coroutine():
    pass


sys.set_coroutine_origin_tracking_depth(1)
co = coroutine()
sys.set_coroutine_origin_tracking_depth(0)
is_("origin", co, L.gen_origin, co.cr_origin)
co.close()


async def agen():
    yield


def first(g): pass


def final(g): pass


sys.set_asyncgen_hooks(firstiter=first, finalizer=final)
is_("firstiter", thread, L.ts_async_gen_firstiter, first)
is_("finalizer", thread, L.ts_async_gen_finalizer, final)
ag = agen()
step = ag.__anext__()
sys.set_asyncgen_hooks(None, None)
check("running async", u8(id(ag), L.gen_running_async), 0)
try:
    step.send(None)
except StopIteration:
    pass

# Thread state
ctypes.pythonapi.PyThreadState_GetDict.restype = ctypes.c_void_p
check("ts_dict", ptr(thread, L.ts_dict), ctypes.pythonapi.PyThreadState_GetDict())
import contextvars  # noqa: E402


def in_context():
    is_("context", thread, L.ts_context, context)


context = contextvars.copy_context()
context.run(in_context)


def profile(frame, event, arg): pass


sys.setprofile(profile)
profiler = ptr(thread, L.ts_profile_object)
sys.setprofile(None)
check("profile object", profiler, id(profile))
try:
    try:
        raise KeyError(1)
    except KeyError as inner_error:
        raise ValueError("x", objects[0]) from inner_error
except ValueError as error:
    item = ptr(thread, L.ts_exc_info)
    check("exc item", item, thread + L.ts_exc_state)
    is_("handled", item, L.exc_value, error)
    if L.exc_type is not ABSENT:
        is_("handled type", item, L.exc_type, ValueError)
        is_("handled tb", item, L.exc_traceback_item, error.__traceback__)
    error.attribute = 1
    is_("exc args", error, L.exc_args, error.args)
    is_("exc dict", error, L.exc_dict, error.__dict__)
    is_("exc traceback", error, L.exc_traceback, error.__traceback__)
    is_("exc context", error, L.exc_context, error.__context__)
    is_("exc cause", error, L.exc_cause, error.__cause__)
    trace = error.__traceback__
    is_("tb frame", trace, L.tb_frame, trace.tb_frame)
    check("tb line", i32(id(trace), L.tb_lineno) in (-1, trace.tb_lineno), True)
    check("tb lasti", i32(id(trace), L.tb_lasti) in (trace.tb_lasti, trace.tb_lasti // 2), True)


def deeper():
    raise OSError


try:
    deeper()
except OSError as error:
    trace = error.__traceback__
    is_("tb next", trace, L.tb_next, trace.tb_next)
if L.ts_asyncio_running_loop is not ABSENT:
    import asyncio

    async def main():
        is_("loop", thread, L.ts_asyncio_running_loop, asyncio.get_running_loop())
        if L.ts_asyncio_running_task is not ABSENT:
            is_("task", thread, L.ts_asyncio_running_task, asyncio.current_task())
    asyncio.run(main())


# Descriptors and weak references
class Described:
    def get(self): "getter"
    def put(self, value): pass
    def drop(self): pass
    prop = property(get, put, drop, "the doc")
    static = staticmethod(get)
    klass = classmethod(get)


prop = Described.__dict__["prop"]
for name, wanted in (("get", prop.fget), ("set", prop.fset), ("del", prop.fdel)):
    is_(name, prop, getattr(L, f"prop_{name}"), wanted)
if L.prop_name is not ABSENT:
    check("prop name", ctypes.cast(ptr(id(prop), L.prop_name), ctypes.py_object).value, "prop")
for name in ("static", "klass"):
    wrapped = Described.__dict__[name]
    is_("callable", wrapped, L.sm_callable, Described.get)
    is_("wrapper dict", wrapped, L.sm_dict, wrapped.__dict__)
one = weakref.ref(held)
two = weakref.ref(held, fork_child)
is_("weak object", one, L.wr_object, held)
is_("weak callback", two, L.wr_callback, fork_child)
is_("weak next", one, L.wr_next, two)
is_("weak prev", two, L.wr_prev, one)

for line in failed:
    print(f"3.{minor}: {line}", file=sys.stderr)
print(f"{sys.version.split()[0]}: {done} checks, {len(failed)} failed", file=sys.stderr)
sys.exit(bool(failed))
