# /// leak
# severity = "leak"
# kind = "container"
# names = ["AUDIT", "Entry"]
# advice = ["list|bound|deque|maxlen|flush|remove"]
# ///
"""An audit log that is meant to be written out and is only ever appended to. Its entries have slots."""

import time

AUDIT = []


class Entry:
    __slots__ = ("at", "actor", "before", "after")

    def __init__(self, actor, before, after):
        self.at = time.time()
        self.actor = actor
        self.before = before
        self.after = after


def change_price(article, price):
    before = {"article": article, "price": price, "note": "n" * 600}
    after = dict(before, price=price + 1, note="m" * 600)  # LEAK
    AUDIT.append(Entry("clerk-%d" % (article % 7), before, after))  # LEAK
    return after


def main():
    stop = time.monotonic() + 9
    article = 0
    while time.monotonic() < stop:
        for _ in range(2):
            change_price(article, article * 3)
            article += 1
        sum(len(str(n)) for n in range(200))
        time.sleep(0.01)


main()
