# /// same
# ///
"""Threads that allocate from their first to their last moment, with destructors that run at their exit."""

import threading
import time

local = threading.local()
lock = threading.Lock()
ended = []


class Last:
    def __init__(self):
        self.data = [str(n) for n in range(50)]

    def __del__(self):
        words = [word * 3 for word in self.data]
        with lock:
            ended.append(len(words))


def work(number):
    local.last = Last()
    local.more = {n: "%d" % n for n in range(200)}


def main():
    stop = time.monotonic() + 3
    started = 0
    while time.monotonic() < stop:
        threads = [threading.Thread(target=work, args=(started + n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        started += len(threads)
        time.sleep(0.005)
    print(len(ended) == started, set(ended), threading.active_count())


main()
