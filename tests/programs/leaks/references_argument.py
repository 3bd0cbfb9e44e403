# /// leak
# severity = "leak"
# kind = "refcount"
# names = ["Order", "references"]
# advice = ["DECREF"]
# extension = "references"
# ///
"""A C function takes a reference to its argument and never gives it back."""

import time

import references


class Order:
    def __init__(self, number):
        self.number = number


def serve(request):
    order = Order(request)  # LEAK
    references.keep_argument_right(order)
    references.keep_argument(order)  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
