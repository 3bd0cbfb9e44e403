# /// leak
# severity = "leak"
# kind = "container"
# names = ["FLAGS", "list"]
# advice = ["list|bound|remove|deque|maxlen"]
# ///
"""A list of True and None: no object is ever gained, only the list itself gets longer."""

import time

FLAGS = []


def probe(number):
    FLAGS.extend([number % 3 == 0, None] * 250)  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        probe(number)
        number += 1
        time.sleep(0.01)


main()
