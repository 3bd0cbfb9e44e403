# /// leak
# severity = "leak"
# kind = "container"
# names = ["FAILURES", "ValueError|UploadError"]
# advice = ["traceback"]
# ///
"""Failures kept for a status page: each exception's traceback holds the frames, and those hold the upload."""

import time

FAILURES = []


class UploadError(ValueError):
    pass


def parse(upload):
    lines = upload.split(b"\n")
    raise UploadError("bad header in %d lines" % len(lines))  # LEAK


def receive(number):
    upload = b"\n".join(b"line %d" % n for n in range(150)) + bytes(800)  # LEAK
    parse(upload)


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        try:
            receive(number)
        except UploadError as failure:
            FAILURES.append(failure)  # LEAK
        number += 1
        time.sleep(0.012)


main()
