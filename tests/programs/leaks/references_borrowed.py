# /// leak
# severity = "leak"
# kind = "refcount"
# names = ["Settings", "references"]
# advice = ["INCREF"]
# extension = "references"
# marked_line = false
# ///
"""A C function returns a borrowed reference: each call takes one reference away from the object."""

import time

import references


class Settings:
    pass


SETTINGS = [Settings()] * 1_000_000


def serve(request):
    references.borrowed_item_right(SETTINGS)
    references.borrowed_item(SETTINGS)  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
