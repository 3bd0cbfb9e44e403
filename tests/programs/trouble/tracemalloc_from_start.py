# /// same
# environment = {"PYTHONTRACEMALLOC": "5"}
# ///
"""tracemalloc on from the interpreter's start, and stopped in the middle."""

import time
import tracemalloc

kept = [bytes(1000) for _ in range(500)]
time.sleep(2)
print(tracemalloc.is_tracing(), tracemalloc.get_object_traceback(kept[0])[-1].lineno)
tracemalloc.stop()
kept = [bytes(1000) for _ in range(500)]
time.sleep(1)
print(len(kept), tracemalloc.is_tracing())
