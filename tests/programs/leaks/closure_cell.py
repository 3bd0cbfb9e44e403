# /// leak
# severity = "leak"
# kind = "container"
# names = ["history", "handle"]
# advice = ["bound|closure|remove|list|maxlen"]
# ///
"""A handler made by a factory: the list that grows is a variable of the enclosing function."""

import time


def make_handler(prefix):
    history = []

    def handle(request):
        answer = "%s %d %s" % (prefix, request, "body " * 400)  # LEAK
        history.append((request, answer))  # LEAK
        return len(answer)

    return handle


handler = make_handler("GET")


def main():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        handler(request)
        request += 1
        time.sleep(0.01)


main()
