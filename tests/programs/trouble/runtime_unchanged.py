# /// same
# ///
"""Prints what a program can see of its interpreter, before, during and after looks at the heap."""

import gc
import json
import os
import signal
import sys
import threading
import time


def settings():
    return {
        "argv": [os.path.basename(word) for word in sys.argv],
        "flags": repr(sys.flags),
        "path": sys.path,
        "executable": sys.executable,
        "warnings": sys.warnoptions,
        "x options": {name: value for name, value in sys._xoptions.items()},
        "environment": sorted(name for name in os.environ if not name.startswith("UNFREED")),
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), len(gc.callbacks), len(gc.garbage)],
        "hooks": [sys.gettrace(), sys.getprofile(), str(threading._trace_hook), str(threading._profile_hook)],
        "exceptions": [sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__],
        "threads": [thread.name for thread in threading.enumerate()],
        "frames": len(sys._current_frames()),
        "switch interval": sys.getswitchinterval(),
        "recursion limit": sys.getrecursionlimit(),
        "signals": {number.name: str(signal.getsignal(number)) for number in signal.Signals},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "main": sorted(sys.modules["__main__"].__dict__),
        "spec": repr(__spec__),
        "affinity": len(os.sched_getaffinity(0)),
        "nice": os.nice(0),
    }


def main():
    first = settings()
    time.sleep(4)
    [str(n) * 100 for n in range(20_000)]
    assert settings() == first, (first, settings())
    print(json.dumps(first, indent=1))


main()
