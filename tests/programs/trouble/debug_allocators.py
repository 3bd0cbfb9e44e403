# /// same
# environment = {"PYTHONMALLOC": "debug"}
# ///
"""PYTHONMALLOC=debug: the allocators check for themselves that no block is touched that should not be."""

import time

kept = []
for number in range(150):
    kept.append({n: "%d" % n * 10 for n in range(200)})
    if number % 10 == 0:
        kept.clear()
    time.sleep(0.02)
print(len(kept))
