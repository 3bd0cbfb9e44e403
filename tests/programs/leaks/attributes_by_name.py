# /// leak
# severity = "leak"
# kind = "container"
# names = ["METRICS", "Gauge"]
# advice = ["attribute|bound|dict|remove"]
# ///
"""Metrics set as attributes of one object, with the request's id in their names."""

import time


class Metrics:
    pass


class Gauge:
    def __init__(self, value):
        self.value = value
        self.samples = [value + n / 8 for n in range(40)]  # LEAK


METRICS = Metrics()


def record(request):
    setattr(METRICS, "request_%d" % request, Gauge(request))  # LEAK


def main():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        record(request)
        request += 1
        time.sleep(0.008)


main()
