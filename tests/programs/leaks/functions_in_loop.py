# /// leak
# severity = "leak"
# kind = "container"
# names = ["FORMATTERS", "function|formatter"]
# advice = ["function|closure|bound|evict|lru|remove"]
# ///
"""Functions made in a loop, one for each request, with what they close over and their default values."""

import time

FORMATTERS = {}


def formatter_for(request):
    columns = ["column %d of %d" % (n, request) for n in range(25)]  # LEAK

    def formatter(row, columns=columns, request=request):  # LEAK
        return "%d: %s" % (request, ", ".join(columns[:row]))

    return formatter


def main():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        FORMATTERS[request] = formatter_for(request)  # LEAK
        FORMATTERS[request](3)
        request += 1
        time.sleep(0.01)


main()
