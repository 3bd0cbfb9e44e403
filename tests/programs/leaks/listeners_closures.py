# /// leak
# severity = "leak"
# kind = "container"
# names = ["BUS", "listeners", "function|on_change"]
# advice = ["unsubscribe|listener|remove|weak"]
# ///
"""An event bus: each request subscribes a closure that holds the request, none unsubscribes."""

import time


class Bus:
    def __init__(self):
        self.listeners = {"change": []}

    def subscribe(self, event, listener):
        self.listeners[event].append(listener)  # LEAK


BUS = Bus()


def handle(request):
    body = {"request": request, "text": "t" * 2000}  # LEAK

    def on_change(value):  # LEAK
        body["value"] = value

    BUS.subscribe("change", on_change)  # LEAK


def main():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        handle(request)
        request += 1
        time.sleep(0.01)


main()
