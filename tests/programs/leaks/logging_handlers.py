# /// leak
# severity = "leak"
# kind = "container"
# names = ["handlers", "Handler", "LOG|shop.audit"]
# advice = ["handler"]
# ///
"""Each job adds a handler of its own to a logger of the logging package and never removes it."""

import io
import logging
import time

LOG = logging.getLogger("shop.audit")
LOG.propagate = False


def run_job(number):
    stream = io.StringIO("job %d\n" % number + "-" * 1000)  # LEAK
    handler = logging.StreamHandler(stream)  # LEAK
    handler.setFormatter(logging.Formatter("%(asctime)s job " + str(number) + " %(message)s"))  # LEAK
    LOG.addHandler(handler)  # LEAK
    if number % 100 == 0:
        LOG.warning("job started")


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        run_job(number)
        number += 1
        time.sleep(0.012)


main()
