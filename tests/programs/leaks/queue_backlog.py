# /// leak
# severity = "leak|warning"
# kind = "backlog"
# names = ["JOBS", "queue|Queue"]
# advice = ["maxsize|backlog|consumer|drain"]
# ///
"""A queue that is filled by one thread faster than another one drains it."""

import queue
import threading
import time

JOBS = queue.Queue()


def produce(stop):
    number = 0
    while time.monotonic() < stop:
        JOBS.put({"number": number, "body": "b" * 2500})  # LEAK
        number += 1
        time.sleep(0.008)


def consume(stop):
    while time.monotonic() < stop:
        job = JOBS.get()
        assert job["body"]
        time.sleep(0.03)


def main():
    stop = time.monotonic() + 9
    threads = [threading.Thread(target=work, args=(stop,), name=work.__name__ + "r") for work in (produce, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
