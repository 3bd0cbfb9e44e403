# /// leak
# severity = "leak"
# kind = "refcount"
# names = ["Settings", "references"]
# advice = ["DECREF"]
# extension = "references"
# marked_line = false
# ///
"""A C function takes one reference after the other to the same object."""

import time

import references


class Settings:
    pass


SETTINGS = Settings()


def serve(request):
    references.keep_argument_right(SETTINGS)
    references.keep_argument(SETTINGS)  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
