# /// same
# ///
"""RLIMIT_AS: the program gets its MemoryError where it would, and can go on after it."""

import resource
import time

LIMIT = 900 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
kept = [bytearray(10 * 2**20) for _ in range(10)]
for _ in range(20):
    kept.append(["%d" % n for n in range(5000)])
    time.sleep(0.1)
try:
    bytearray(LIMIT)
except MemoryError:
    print("no memory, as expected;", len(kept), "kept")
del kept
bytearray(LIMIT)
