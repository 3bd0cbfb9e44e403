# /// same
# ///
"""sys.settrace sees the program's own events and no others; allocations go on inside the trace function."""

import collections
import sys
import threading
import time

seen = collections.Counter()
here = __file__


def trace(frame, event, argument):
    if frame.f_code.co_filename != here and "unfreed" not in frame.f_code.co_filename:
        return None
    seen[frame.f_code.co_name, event] += 1
    [str(n) for n in range(20)]
    return trace


def work(number):
    total = 0
    for n in range(5):
        total += len([str(n + number)] * 3)
    return total


def main():
    for number in range(300):
        work(number)
        time.sleep(0.01)


threading.settrace(trace)
sys.settrace(trace)
main()
thread = threading.Thread(target=work, args=(1,))
thread.start()
thread.join()
sys.settrace(None)
for key, count in sorted(seen.items()):
    print(key, count)
