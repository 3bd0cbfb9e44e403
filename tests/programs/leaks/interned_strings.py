# /// leak
# severity = "leak"
# kind = "container"
# names = ["VOCABULARY", "str"]
# advice = ["bound|intern|lru|remove|evict|expire"]
# ///
"""An indexer interns every word it meets and keeps it as a key: ids are words too, so it never ends."""

import sys
import time

VOCABULARY = {}


def index(document):
    for number in range(5):
        word = sys.intern("word-%d-%d-%s" % (document, number, "z" * 400))  # LEAK
        VOCABULARY[word] = VOCABULARY.get(word, 0) + 1  # LEAK


def main():
    stop = time.monotonic() + 9
    document = 0
    while time.monotonic() < stop:
        index(document)
        document += 1
        time.sleep(0.01)


main()
