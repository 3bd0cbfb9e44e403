"""Serves requests: of made-up users, until the time is over."""

import time

from shop.login import login, logout
from shop.pages import render

REQUESTS_A_SECOND = 400


def handle(number):
    """One visit: sign in, look at a few articles, sign out."""
    token = login("user%d@example.org" % number)
    for article in range(5):
        render("article %d" % ((number * 7 + article) % 2000))
    return logout(token)


def serve(seconds):
    """Serves so many seconds."""
    begin = time.monotonic()
    served = 0
    while time.monotonic() < begin + seconds:
        handle(served)
        served += 1
        time.sleep(1 / REQUESTS_A_SECOND)
    print("served %d visits" % served)
