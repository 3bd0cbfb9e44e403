# /// worker
# kept_in = {"worker": 2, "parent": 1}
# processes = 3
# variants = ["fork", "spawn", "forkserver"]
# ///
"""Two workers of multiprocessing, with the start method that is given as argument."""

import multiprocessing
import sys
import time

KEPT = []


def keep():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT worker


def work():
    keep()  # CALLS worker
    time.sleep(1)


def main():
    multiprocessing.set_start_method(sys.argv[1])
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT parent
    workers = [multiprocessing.Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    time.sleep(0.5)


if __name__ == "__main__":
    main()
