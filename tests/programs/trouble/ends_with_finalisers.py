# /// same
# ///
"""What is printed while the interpreter ends: atexit, module globals, thread-locals, in the order of old."""

import atexit
import sys
import threading
import weakref


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        data = [self.name * n for n in range(100)]
        sys.__stdout__.write("del %s %d\n" % (self.name, len(data))) if sys and sys.__stdout__ else None


local = threading.local()


def in_thread():
    local.loud = Loud("thread local")


first = Loud("first global")
second = Loud("second global")
cycle = [Loud("in a cycle")]
cycle.append(cycle)
weakref.finalize(first, print, "finalize of the first global")
atexit.register(print, "atexit")
thread = threading.Thread(target=in_thread)
thread.start()
thread.join()
print("end of the script")
