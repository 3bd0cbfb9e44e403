# /// leak
# severity = "leak"
# kind = "container"
# names = ["postings", "build_index", "indexer"]
# advice = ["bound|dict|local|remove|flush|evict"]
# ///
"""What grows is only a local variable of a running function of a worker thread with a name."""

import threading
import time


def tokens(document):
    return tuple("token %d %d" % (document, n) for n in range(25))  # LEAK


def build_index(stop):
    postings = {}
    document = 0
    while time.monotonic() < stop:
        postings[document] = tokens(document)  # LEAK
        document += 1
        time.sleep(0.008)


def main():
    thread = threading.Thread(target=build_index, args=(time.monotonic() + 9,), name="indexer")
    thread.start()
    while thread.is_alive():
        sum(range(1000))
        time.sleep(0.05)
    thread.join()


main()
