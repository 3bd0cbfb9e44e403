# /// leak
# severity = "leak"
# kind = "container"
# names = ["SEEN", "str"]
# advice = ["set|bound|expire|lru|remove|discard|evict"]
# ///
"""A consumer that drops duplicate messages by remembering the id of every message it ever saw."""

import time

SEEN = set()


def message(number):
    return {"id": "urn:message:%08d:%s" % (number, "q" * 900), "body": "hello " * 20}  # LEAK


def consume(number):
    incoming = message(number // 2)
    if incoming["id"] in SEEN:
        return False
    SEEN.add(incoming["id"])  # LEAK
    return True


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(6):
            consume(number)
            number += 1
        time.sleep(0.01)


if __name__ == "__main__":
    main()
