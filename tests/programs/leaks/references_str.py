# /// leak
# severity = "leak"
# kind = "refcount|site"
# names = ["references"]
# advice = ["DECREF"]
# extension = "references"
# ///
"""A C function makes a str and forgets it: no object leads to it and the collector does not know it."""

import time

import references



def serve(request):
    for number in range(20):
        references.leak_str_right(number)
        references.leak_str(request * 100 + number)  # LEAK

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    serve(request)
    request += 1
    time.sleep(0.004)
