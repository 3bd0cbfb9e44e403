# /// leak
# severity = "leak"
# kind = "container"
# names = ["collected", "poll_feed"]
# advice = ["bound|list|local|remove|flush"]
# ///
"""What grows is only a local variable of a running function of the main thread."""

import time


def fetch(number):
    return {"number": number, "title": "title %d" % number, "text": "words " * 350}  # LEAK


def poll_feed():
    collected = []
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        collected.append(fetch(len(collected)))  # LEAK
        time.sleep(0.01)
    return len(collected)


poll_feed()
