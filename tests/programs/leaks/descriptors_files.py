# /// leak
# severity = "leak|warning"
# kind = "resource"
# names = ["descriptor|fd|file", "part-"]
# marked_line = false
# advice = ["close|with"]
# ///
"""Files opened by number and never closed: a descriptor a moment, and hardly any memory."""

import os
import tempfile
import time


def touch(folder, number):
    path = os.path.join(folder, "part-%d" % (number % 5))
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)  # LEAK
    os.write(descriptor, b"x")
    return descriptor


def main():
    with tempfile.TemporaryDirectory() as folder:
        stop = time.monotonic() + 9
        number = 0
        while time.monotonic() < stop:
            touch(folder, number)
            number += 1
            time.sleep(0.04)


main()
