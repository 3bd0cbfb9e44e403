# /// same
# ///
"""tracemalloc started, asked and stopped, twice, by the program itself."""

import time
import tracemalloc


def allocate():
    return [bytes(1000) for _ in range(500)]


for nframe in (1, 10):
    tracemalloc.start(nframe)
    before = tracemalloc.take_snapshot()
    kept = allocate()
    time.sleep(1.5)
    after = tracemalloc.take_snapshot()
    top = max(after.compare_to(before, "lineno"), key=lambda statistic: statistic.size_diff)
    print(top.traceback[0].lineno, top.size_diff > 500_000, top.count_diff in range(495, 506))
    print(tracemalloc.get_object_traceback(kept[3])[-1].lineno, tracemalloc.get_traceback_limit())
    tracemalloc.stop()
    del kept, before, after, top
kept = allocate()
time.sleep(0.5)
print(len(kept), tracemalloc.is_tracing())
