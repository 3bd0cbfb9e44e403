# /// not-leak
# ///
"""A thread pool that reaches its size within the first seconds; results are taken and dropped."""

import concurrent.futures
import time


def work(number):
    time.sleep(0.02)
    return ["result %d" % (number + n) for n in range(50)]


def main():
    begin = time.monotonic()
    number = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=8, thread_name_prefix="pool") as pool:
        while time.monotonic() < begin + 9:
            at_once = min(8, 1 + int((time.monotonic() - begin) * 3))
            for result in pool.map(work, range(number, number + at_once)):
                assert len(result) == 50
            number += at_once
            time.sleep(0.01)


main()
