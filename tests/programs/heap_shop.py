"""A shop of known parts: takes a snapshot, then deletes three of them and tells how many bytes each freed."""

import gc
import json
import sys
import tracemalloc

import unfreed

try:
    import flask
except ImportError:
    flask = None
# Where it is installed pandas imports it: the shop is to consist of the same everywhere.
sys.modules["pyarrow"] = None
try:
    import pandas
except ImportError:
    pandas = None


class Session:
    def __init__(self, number):
        self.number = 10**6 + number
        self.name = "visitor %d" % number
        self.basket = ["article %d of %d" % (position, number) for position in range(number % 7)]


class Node:
    def __init__(self, above):
        self.above = above
        self.payload = bytes(300)


def tree(depth):
    """Nodes that know their parent: cycles."""
    top = Node(None)
    level = [top]
    for _ in range(depth):
        level = [Node(node) for node in level for _ in range(2)]
        for node in level:
            node.above.__dict__.setdefault("below", []).append(node)
    return top


class Shop:
    pass


SHOP = Shop()


def freed_by(name):
    """Bytes that go with an attribute of the shop."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    delattr(SHOP, name)
    gc.collect()
    return before - tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    gc.collect()
    tracemalloc.start()
    SHOP.sessions = {"key %d" % number: Session(number) for number in range(3000)}
    SHOP.tree = tree(9)
    SHOP.shared = [SHOP.sessions["key 5"], ["own %d" % number for number in range(4000)]]
    if flask is not None:
        SHOP.flask = flask.Flask("shop")
    if pandas is not None:
        SHOP.frame = pandas.DataFrame({"a": range(50_000), "b": [0.5] * 50_000})
    gc.collect()
    unfreed.snapshot(sys.argv[1])
    told = {"id of key 5": id(SHOP.sessions["key 5"])}
    told.update((name, freed_by(name)) for name in ("shared", "tree", "sessions"))
    print(json.dumps(told))
