# /// leak
# severity = "leak"
# kind = "refcount"
# names = ["dict", "references"]
# advice = ["DECREF"]
# extension = "references"
# ///
"""A C function fills a dict and forgets it."""

import time

import references



def serve(request):
    references.leak_dict_right()
    references.leak_dict()  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
