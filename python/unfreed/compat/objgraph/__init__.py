"""The functions of objgraph 3.7, over unfreed's own API: `from unfreed.compat import objgraph`.

What differs on purpose, and why, stands in docs/compat.md.
"""

from unfreed.compat.objgraph.chains import find_backref_chain, find_ref_chain, is_proper_module
from unfreed.compat.objgraph.counting import (
    at,
    at_addrs,
    by_type,
    count,
    get_leaking_objects,
    get_new_ids,
    growth,
    most_common_types,
    show_growth,
    show_most_common_types,
    typestats,
)

# Private in objgraph as well, but programs that write labels or graphs of their own call them.
from unfreed.compat.objgraph.dot import _edge_label as _edge_label
from unfreed.compat.objgraph.dot import _gradient as _gradient
from unfreed.compat.objgraph.dot import _obj_attrs as _obj_attrs
from unfreed.compat.objgraph.dot import _obj_label as _obj_label
from unfreed.compat.objgraph.dot import _obj_node_id as _obj_node_id
from unfreed.compat.objgraph.dot import _quote as _quote
from unfreed.compat.objgraph.labels import _long_typename as _long_typename
from unfreed.compat.objgraph.labels import _safe_repr as _safe_repr
from unfreed.compat.objgraph.labels import _short_repr as _short_repr
from unfreed.compat.objgraph.labels import _short_typename as _short_typename
from unfreed.compat.objgraph.pictures import show_backrefs, show_chain, show_refs

__all__ = [
    "at",
    "at_addrs",
    "by_type",
    "count",
    "find_backref_chain",
    "find_ref_chain",
    "get_leaking_objects",
    "get_new_ids",
    "growth",
    "is_proper_module",
    "most_common_types",
    "show_backrefs",
    "show_chain",
    "show_growth",
    "show_most_common_types",
    "show_refs",
    "typestats",
]
