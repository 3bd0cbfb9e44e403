"""A parent with a forked child; each leaks into a list of its own name and prints its process id."""

import os
import sys
import time


def leak(name, into):
    print("%s=%d" % (name, os.getpid()), flush=True)
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        into.append({"name": name, "text": name[0] * 2500})
        time.sleep(0.01)


OF_CHILD = []
OF_PARENT = []

pid = os.fork()
if pid == 0:
    leak("child", OF_CHILD)
    sys.exit(0)
leak("parent", OF_PARENT)
os.waitpid(pid, 0)
