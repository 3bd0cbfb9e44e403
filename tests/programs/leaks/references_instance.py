# /// leak
# severity = "leak"
# kind = "refcount"
# names = ["Order", "references"]
# advice = ["DECREF"]
# extension = "references"
# ///
"""A C function calls a class and forgets the result."""

import time

import references


class Order:
    def __init__(self):
        self.lines = [1, 2]


def serve(request):
    references.leak_instance_right(Order)
    references.leak_instance(Order)  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
