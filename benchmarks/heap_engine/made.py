"""The heaps that the benchmark looks at, each kept by a global of this module."""

from __future__ import annotations

import importlib
import os
import random

#: What `real` imports, where it is installed: the libraries of a web service with a data frame or two.
LIBRARIES = """asyncio concurrent.futures ctypes decimal difflib doctest email.mime.text http.server logging.config
multiprocessing pydoc sqlite3 ssl statistics tarfile unittest.mock urllib.request xml.dom.minidom zipfile numpy pandas
sqlalchemy.orm flask django.db.models django.forms django.contrib.auth.hashers""".split()
#: Objects that a Node comes to: itself, its number, its name, two containers, a float, and in a heap that
#: was shuffled also a `__dict__` and what takes its place.
OBJECTS_A_NODE = {"fresh": 6.9, "fragmented": 10.4}

KEPT: object = None


class Node:
    """One of many."""

    def __init__(self, number: int) -> None:
        self.number = number + 1000
        self.name = "name %d" % number
        self.parts = [number + 0.5, (number, self)]
        self.other: Node | None = None


def nodes(count: float) -> list[Node]:
    """So many, in order."""
    return [Node(number) for number in range(int(count))]


def fresh(objects: int) -> list[Node]:
    """Made in order, as a program that has just loaded its data."""
    return nodes(objects / OBJECTS_A_NODE["fresh"])


def fragmented(objects: int) -> list[Node]:
    """In random order, half of them freed and made anew, cross-linked: a service after a week."""
    random.seed(3)
    heap = nodes(objects / OBJECTS_A_NODE["fragmented"])
    random.shuffle(heap)
    for number in range(0, len(heap), 2):
        heap[number] = Node(number)
    for node in heap:
        node.other = random.choice(heap)
    return heap


def real(objects: int) -> list[object]:
    """Many libraries, and no objects beside: `objects` does not matter."""
    # A tool that asks every object for its class wakes Django's settings, and they must be there then.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django.conf.global_settings")
    kept: list[object] = []
    for name in LIBRARIES:
        try:
            kept.append(importlib.import_module(name))
        except ImportError:
            continue
    return kept


MAKERS = {"fresh": fresh, "fragmented": fragmented, "real": real}


def keep(heap: str, objects: int) -> None:
    """Makes a heap and keeps it."""
    global KEPT
    KEPT = MAKERS[heap](objects)
