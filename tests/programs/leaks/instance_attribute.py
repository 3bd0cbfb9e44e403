# /// leak
# severity = "leak"
# kind = "container"
# names = ["pending", "Order"]
# advice = ["bound|remove|pop|evict|expire|list|dict"]
# ///
"""A service object that keeps each order in its attribute `pending` and forgets to take it out."""

import time


class Order:
    def __init__(self, number):
        self.number = number
        self.lines = [("article %d" % n, "x" * 150) for n in range(8)]  # LEAK


class Desk:
    def __init__(self, name):
        self.name = name
        self.pending = {}
        self.done = 0

    def take(self, number):
        self.pending[number] = Order(number)  # LEAK

    def finish(self, number):
        order = self.pending.get(number)
        self.done += len(order.lines)


class Service:
    def __init__(self):
        self.desk = Desk("front")

    def run(self):
        stop = time.monotonic() + 9
        number = 0
        while time.monotonic() < stop:
            self.desk.take(number)
            self.desk.finish(number)
            number += 1
            time.sleep(0.01)


service = Service()
service.run()
