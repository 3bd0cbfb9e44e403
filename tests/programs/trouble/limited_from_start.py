# /// same
# ///
"""A process that execs itself under a limit of address space small for what a tracer may want to reserve."""

import os
import resource
import sys
import time

if "limited" not in sys.argv:
    limit = 600 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.execv(sys.executable, [sys.executable, __file__, "limited"])
kept = [["%d" % n] for n in range(20_000)]
time.sleep(2)
print("ran under a limit of", resource.getrlimit(resource.RLIMIT_AS)[0] >> 20, "MiB with", len(kept))
