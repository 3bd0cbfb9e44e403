# /// not-leak
# ///
"""A logging handler that keeps the last 300 records in a deque with a maxlen, and a rotating one beside it."""

import collections
import logging
import logging.handlers
import os
import tempfile
import time


class Ring(logging.Handler):
    def __init__(self, size):
        super().__init__()
        self.records = collections.deque(maxlen=size)

    def emit(self, record):
        self.records.append(record)


def main():
    with tempfile.TemporaryDirectory() as folder:
        log = logging.getLogger("app")
        log.propagate = False
        log.addHandler(Ring(300))
        rotating = logging.handlers.RotatingFileHandler(os.path.join(folder, "app.log"), maxBytes=20_000, backupCount=2)
        log.addHandler(rotating)
        stop = time.monotonic() + 11
        number = 0
        while time.monotonic() < stop:
            log.warning("request %d %s", number, "r" * 900)
            number += 1
            time.sleep(0.012)
        rotating.close()


main()
