"""Functions that leak, for `unfreed check`, each in its own way; small losses count."""

import asyncio
import atexit
import contextlib
import ctypes
import functools
import gc
import itertools
import logging
import mmap
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import weakref

import blocks
import references

number = 0


def _next():
    global number
    number += 1
    return number


# Memory of Python objects.

history = []


def list_of_ints():
    # One int of 32 bytes a call, and its place in the list.
    history.append(_next() + 10**9)


by_name = {}


def dict_of_keys():
    by_name["key %d" % _next()] = None


class Service:
    def __init__(self):
        self.listeners = []
        self.handled = 0


service = Service()


def listeners():
    service.listeners.append(lambda: service.handled)


class Report:
    @functools.lru_cache(maxsize=None)
    def total(self):
        return 1


def cached_method():
    return Report().total()


errors = []


def error_path():
    # Only the calls that fail leave something behind.
    try:
        if _next() % 4 == 0:
            raise ValueError("every fourth call")
    except ValueError as error:
        errors.append(error)


rare = []


def once_in_fifty():
    if _next() % 50 == 0:
        rare.append(bytearray(100))


def cycles_without_collector():
    gc.disable()
    node = {"data": [0] * 20}
    node["self"] = node


def cycles_with_collector():
    node = {"data": [0] * 20}
    node["self"] = node


# What C code loses.

settings = Service()


def lost_argument():
    references.keep_argument(Service())


def lost_dict():
    references.leak_dict()


def lost_str():
    references.leak_str(_next())


def lost_malloc():
    blocks.lose_malloc()


def lost_without_gil():
    blocks.lose_without_gil()


def lost_realloc():
    blocks.lose_realloc()


def lost_strdup():
    blocks.lose_strdup()


def lost_mapping():
    blocks.lose_mapping()


libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]


def lost_through_ctypes():
    libc.malloc(2000)


def opened_through_ctypes():
    libc.eventfd(0, 0)


kept = []


def owned_by_capsules():
    kept.append(blocks.owned())


chain = blocks.new_chain()


def piled_up_by_one_object():
    blocks.hoard(chain)


# Resources.

opened = []


def descriptors():
    # One in ten calls.
    if _next() % 10 == 0:
        opened.append(os.open(os.devnull, os.O_RDONLY))


def files():
    opened.append(os.open(tempfile.gettempdir(), os.O_RDONLY))


def sockets():
    opened.append(socket.socket().detach())


def pipes():
    opened.extend(os.pipe())


def from_c_code():
    import blocks

    blocks.lose_descriptor()


stop = threading.Event()


def _waits_for_ever():
    stop.wait()


def threads():
    threading.Thread(target=_waits_for_ever, name="poller", daemon=True).start()


def threads_that_are_waited_for():
    # The program would not end before them.
    threading.Thread(target=_waits_for_ever, name="poller").start()


def zombies():
    process = subprocess.Popen(["true"])
    # As one does who forgets it: nobody will wait for it.
    process.returncode = 0


started = []


def children():
    process = subprocess.Popen(["sleep", "100"])
    process.returncode = 0
    started.append(process.pid)


def end_children():
    for pid in started:
        os.kill(pid, signal.SIGKILL)


loop = asyncio.new_event_loop()
waiting = set()


def tasks():
    async def start():
        waiting.add(loop.create_task(asyncio.Event().wait()))
        await asyncio.sleep(0)

    loop.run_until_complete(start())


def end_tasks():
    for task in waiting:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(asyncio.gather(*waiting))


left = []


def temporary_files():
    descriptor, path = tempfile.mkstemp(suffix=".page")
    os.close(descriptor)
    if _next() % 2:
        os.remove(path)
    else:
        left.append(path)


def temporary_folders():
    folder = tempfile.mkdtemp(prefix="pages-")
    left.append(folder)
    with open(os.path.join(folder, "one"), "w") as page:
        page.write("of two")
    with open(os.path.join(folder, "two"), "w") as page:
        page.write("of two")


def remove_what_is_left():
    for path in left:
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


mapped = []


def mappings_of_python():
    mapped.append(mmap.mmap(-1, 65536))


# Handlers that Python calls later.

subject = threading.Event()


def exit_functions():
    atexit.register(len, [_next()])


def finalizers():
    weakref.finalize(subject, len, [_next()])


def log_handlers():
    logging.getLogger("check_culprits").addHandler(logging.NullHandler())


places = {}
forgotten = []


def beside_a_cache_that_fills():
    places[random.randrange(3000)] = [1]
    if next(_calls) % 100 == 0:
        forgotten.append([1])


_calls = itertools.count()

# Their correct twins, with what those need.


def right():
    references.keep_argument_right(Service())
    references.leak_dict_right()
    references.leak_str_right(_next())
    references.borrowed_item_right([Service()])
    blocks.lose_malloc_right()
    blocks.lose_mapping_right()
    blocks.owned()


def broken():
    raise RuntimeError("does not work")


def sleeps():
    time.sleep(0.01)


def leaves():
    os._exit(0)


def leaves_with_three():
    os._exit(3)
