# /// not-leak
# ///
"""A queue that fills in bursts and is drained again before the next burst."""

import queue
import threading
import time

JOBS = queue.Queue()


def consume():
    while True:
        job = JOBS.get()
        if job is None:
            return
        assert job["body"]
        time.sleep(0.005)


def main():
    consumer = threading.Thread(target=consume, name="consumer")
    consumer.start()
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(150):
            JOBS.put({"number": number, "body": "b" * 2500})
            number += 1
            time.sleep(0.002)
        while not JOBS.empty():
            time.sleep(0.02)
    JOBS.put(None)
    consumer.join()


main()
