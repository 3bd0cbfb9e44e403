# /// not-leak
# status = "not_enough_evidence|clean"
# ///
"""A program that fills a list and is gone after two seconds: too short to call anything a leak."""

import time

RESULTS = []


def main():
    stop = time.monotonic() + 2
    while time.monotonic() < stop:
        RESULTS.append({"number": len(RESULTS), "text": "t" * 2500})
        time.sleep(0.01)


main()
