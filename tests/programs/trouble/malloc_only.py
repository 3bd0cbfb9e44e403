# /// same
# environment = {"PYTHONMALLOC": "malloc"}
# ///
"""PYTHONMALLOC=malloc: there is no pymalloc."""

import time

kept = []
for number in range(150):
    kept.append({n: "%d" % n * 10 for n in range(200)})
    if number % 10 == 0:
        kept.clear()
    time.sleep(0.02)
print(len(kept))
