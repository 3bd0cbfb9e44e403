# /// not-leak
# ///
"""Rows build up in a list and are written out every two seconds: a saw-tooth."""

import time

BATCH = []


def flush():
    size = sum(len(row["text"]) for row in BATCH)
    BATCH.clear()
    return size


def main():
    begin = flushed = time.monotonic()
    number = 0
    while time.monotonic() < begin + 11:
        BATCH.append({"number": number, "text": "text %06d " % number * 300})
        number += 1
        if time.monotonic() > flushed + 2:
            flush()
            flushed = time.monotonic()
        time.sleep(0.01)


main()
