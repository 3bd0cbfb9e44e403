# /// leak
# severity = "leak"
# kind = "container|backlog"
# names = ["HISTORY", "Frame"]
# advice = ["maxlen|bound"]
# ///
"""A renderer that keeps an undo history in a deque made without a maxlen."""

import time
from collections import deque, namedtuple

Frame = namedtuple("Frame", "number pixels labels")
HISTORY = deque()


def render(number):
    scratch = [bytearray(256) for _ in range(20)]
    pixels = b"".join(bytes(row) for row in scratch[:10])  # LEAK
    return Frame(number, pixels, ["label %d" % n for n in range(5)])  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        HISTORY.append(render(number))
        number += 1
        time.sleep(0.01)


main()
