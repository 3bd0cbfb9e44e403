# /// leak
# severity = "leak"
# kind = "container"
# names = ["CALLBACKS", "Context"]
# advice = ["context"]
# ///
"""Callbacks kept with a copy of the context they were made in: each copy holds that request's user."""

import contextvars
import time

USER = contextvars.ContextVar("user")
CALLBACKS = []


class User:
    def __init__(self, number):
        self.name = "user-%d" % number
        self.rights = ["right %d of %d" % (n, number) for n in range(30)]  # LEAK


def later(callback):
    CALLBACKS.append((contextvars.copy_context(), callback))  # LEAK


def handle(number):
    token = USER.set(User(number))  # LEAK
    later(print)
    USER.reset(token)


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        handle(number)
        number += 1
        time.sleep(0.01)


main()
