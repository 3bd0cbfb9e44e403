# /// leak
# severity = "leak"
# kind = "container"
# names = ["loggerDict", "Logger"]
# advice = ["logg|name|getLogger"]
# ///
"""A logger named after each request: the logging package keeps every logger it ever made."""

import logging
import time


def handle(request):
    log = logging.getLogger("shop.request.%08d" % request)  # LEAK
    log.seen = ["step %d of %d" % (n, request) for n in range(20)]  # LEAK
    log.debug("handled")  # LEAK


def main():
    logging.basicConfig(level=logging.WARNING)
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        handle(request)
        request += 1
        time.sleep(0.01)


main()
