# /// leak
# severity = "leak"
# kind = "container"
# names = ["TIMELINE", "Event", "previous"]
# advice = ["chain|link|cut|bound|weak|previous"]
# ///
"""A timeline whose newest event points to the one before it: no container, only attributes."""

import time


class Event:
    def __init__(self, text, previous):
        self.text = text
        self.previous = previous


class Timeline:
    def __init__(self):
        self.latest = None

    def add(self, text):
        self.latest = Event(text, self.latest)  # LEAK


TIMELINE = Timeline()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(3):
            TIMELINE.add("event %06d " % number * 50)  # LEAK
            number += 1
        ["%d" % n for n in range(100)]
        time.sleep(0.01)
    # Unlinked by hand: the deep chain's own deallocation is not what is tried here.
    event = TIMELINE.latest
    TIMELINE.latest = None
    while event is not None:
        event.previous, event = None, event.previous


main()
