# /// leak
# severity = "leak"
# kind = "container"
# names = ["drafts", "mailer-1|CURRENT|local"]
# advice = ["thread"]
# ///
"""A long-lived worker thread keeps its drafts in a threading.local that is never cleared."""

import threading
import time

CURRENT = threading.local()


def compose(number):
    text = "Dear customer %d, %s" % (number, "thank you. " * 180)  # LEAK
    CURRENT.drafts.append({"to": "customer-%d" % number, "text": text})  # LEAK


def work():
    CURRENT.drafts = []
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        compose(number)
        number += 1
        time.sleep(0.01)


worker = threading.Thread(target=work, name="mailer-1")
worker.start()
worker.join()
