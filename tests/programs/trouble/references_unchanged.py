# /// same
# ///
"""Counts of references and the list of referrers, again and again while the heap is looked at."""

import gc
import sys
import time


class Owned:
    pass


shared = Owned()
holders = [[shared] for _ in range(50)]
named = {"key %d" % n: shared for n in range(50)}


def look():
    referrers = [type(one).__name__ for one in gc.get_referrers(shared)]
    return sys.getrefcount(shared), sorted(referrers), sys.getrefcount(Owned), sys.getrefcount(named)


first = look()
for _ in range(200):
    assert look() == first, (first, look())
    time.sleep(0.02)
print(first)
