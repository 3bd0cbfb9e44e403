"""Objects that one root of the interpreter holds and nothing else, each of a class of its own; takes a snapshot."""

import asyncio
import atexit
import builtins
import codecs
import contextvars
import csv
import functools
import os
import signal
import sys
import threading
import types
import warnings
import weakref

import unfreed

# What the path to the only instance of each class has to say, as a regular expression.
EXPECTED = {}


def held_by(name, path):
    """The only instance of a new class that can be called and does nothing."""
    EXPECTED[name] = path
    kind = type(name, (), {"__call__": lambda self, *_, **__: None, "__slots__": ("__weakref__",)})
    return kind()


def through(name, path):
    """A function that holds it by its closure."""
    held = held_by(name, path + r"\.__closure__\['held'\]$")
    return lambda *_, **__: held and None


def interpreter():
    codecs.register(through("HeldByCodecSearch", r"codecs\[\d+\]"))
    codecs.register_error("unfreed.test", through("HeldByCodecErrors", r"codecs\['unfreed.test'\]"))
    atexit.register(held_by("HeldByAtexit", r"atexit( → |.*\[\d+\])"))
    atexit.register(print, held_by("HeldByAtexitArgument", r"atexit( → |.*\[\d+\])"))
    sys.addaudithook(through("HeldByAuditHook", r"sys.addaudithook\[0\]"))
    sys.set_asyncgen_hooks(
        firstiter=through("HeldByFirstIteration", r"async generator hook"),
        finalizer=through("HeldByFinalizer", r"(async generator hook|KEPT\.agen → function)"),
    )
    os.register_at_fork(after_in_child=through("HeldByFork", r"os.register_at_fork\[\d+\]"))
    builtins.kept_there = held_by("HeldByBuiltins", r"builtins\.kept_there")
    sys.last_value = ValueError(held_by("HeldByLastValue", r"sys\.last_value"))
    sys.excepthook = through("HeldByHook", r"(sys\.excepthook|_excepthook.*)")
    warnings.filters.insert(0, ("ignore", None, Warning, None, held_by("HeldByFilter", r"warnings\.filters\[0\]\[4\]")))
    signal.signal(signal.SIGUSR1, held_by("HeldBySignal", "^interpreter › signal handler$"))
    threading.settrace(through("HeldByThreadTrace", r"threading\._trace_hook"))
    threading.setprofile(through("HeldByThreadProfile", r"threading\._profile_hook"))
    csv.register_dialect("unfreed", lineterminator=type("HeldByModuleState", (str,), {})("\n"))
    # Up to 3.9 a dialect tells nobody what it refers to: it is found by the pointer.
    EXPECTED["HeldByModuleState"] = r"^_csv\._dialects\['unfreed'\]" + ("" if sys.version_info >= (3, 10) else " › C field$")


def containers():
    @functools.lru_cache(maxsize=4)
    def bounded(argument):
        return held_by("HeldByCacheValue", r"KEPT\.bounded")

    @functools.lru_cache(maxsize=None)
    def boundless(argument):
        return held_by("HeldByBoundlessValue", r"KEPT\.boundless")

    KEPT.bounded, KEPT.boundless = bounded, boundless
    bounded(held_by("HeldByCacheKey", r"KEPT\.bounded"))
    boundless(held_by("HeldByBoundlessKey", r"KEPT\.boundless"))
    KEPT.closure = through("HeldByCell", r"KEPT\.closure")
    KEPT.target = through("Target", r"KEPT\.target")
    KEPT.reference = weakref.ref(KEPT.target, through("HeldByCallback", r"KEPT\.reference\.__callback__"))
    KEPT.generator = generator(held_by("HeldByGenerator", r"KEPT\.generator(\.gi_frame)? › argument$"))
    next(KEPT.generator)
    KEPT.coroutine = outer(held_by("HeldByCoroutine", r"KEPT\.coroutine.* → coroutine.* → coroutine.* › argument$"))
    KEPT.coroutine.send(None)
    KEPT.agen = asynchronous(held_by("HeldByAsyncGenerator", r"KEPT\.agen(\.gi_frame)? › argument$"))
    KEPT.step = KEPT.agen.asend(None)
    loop = KEPT.loop = asyncio.new_event_loop()
    KEPT.task = loop.create_task(outer(held_by("HeldByTask", r"KEPT\.task → coroutine.* → coroutine.* → coroutine.* › argument$")))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.call_later(1000, print, held_by("HeldByTimer", r"KEPT\.loop\._scheduled\[0\]\._args\[0\]"))
    KEPT.variable = contextvars.ContextVar("unfreed.variable")
    KEPT.variable.set(held_by("HeldByContext", "^thread 'MainThread' › context "))


KEPT = types.SimpleNamespace()


def generator(argument):
    yield argument


class Suspends:
    def __await__(self):
        yield


async def inner(argument):
    await Suspends()
    return argument


async def middle(take):
    await inner(take())


async def outer(argument):
    held = [argument]
    del argument
    # The innermost of the chain holds it alone.
    await middle(held.pop)


async def asynchronous(argument):
    yield argument


def thread():
    ready, may_end = threading.Event(), threading.Event()
    threading.Thread(target=work, args=(ready, may_end), name="worker", daemon=True).start()
    ready.wait(60)
    return may_end


LOCAL = threading.local()


def work(ready, may_end):
    LOCAL.attribute = held_by("HeldByThreadLocal", r"LOCAL.*\['attribute'\]$")
    variable = held_by("HeldByVariable", r"variable")
    contextvars.ContextVar("unfreed.of.thread").set(held_by("HeldByContextOfThread", r"^(thread 'worker' › context|threading\._active\[\d+\]\._context) "))
    sys.settrace(through("HeldByTrace", r"trace function"))
    sys.setprofile(through("HeldByProfile", r"profile function"))
    try:
        raise ValueError(held_by("HeldByHandled", r"exception being handled|error"))
    except ValueError:
        ready.set()
        may_end.wait(60)
    del variable


if __name__ == "__main__":
    interpreter()
    containers()
    may_end = thread()
    try:
        raise KeyError(held_by("HeldByHandledHere", "exception being handled"))
    except KeyError:
        unfreed.snapshot(sys.argv[1])
    print(__import__("json").dumps(EXPECTED))
    sys.stdout.flush()
    os._exit(0)
